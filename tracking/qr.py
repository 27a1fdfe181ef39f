"""QR codes of Digital Link URIs: the modules, and as SVG or 1-bit PNG. Pure."""

import io
import re
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from core.errors import Invalid

QUIET_MODULES = 4  # ISO/IEC 18004: clear on every side
VERSION_MIN = 4  # every label looks alike: short addresses take no smaller symbol
SSCC_DIGITS = 18  # a run of so many digits is written as numbers, in 60 bits instead of 144


class UriTooLong(Invalid):
    """An address that no QR version allowed here holds. Facts: `uri`, `version_max`."""

    title = "This address is too long for the label"


@dataclass(frozen=True)
class QrModules:
    """A symbol without its quiet zone: `rows[y][x]` is whether that module is dark."""

    version: int
    rows: tuple[tuple[bool, ...], ...]

    @property
    def side(self) -> int:
        """Modules along one side."""
        return len(self.rows)


@lru_cache(maxsize=4096)  # qrcode makes about 200 a second; a sheet is looked at, then printed
def qr_modules(uri: str, version_max: int = 6) -> QrModules:
    """The smallest symbol from version 4 to `version_max`, error correction M, that holds `uri`.

    Raises UriTooLong, and Invalid for an address that is not printable ASCII.
    """
    if not re.fullmatch(r"[!-~]+", uri):
        raise Invalid("an address in a QR code is printable ASCII", uri=uri[:200])
    for version in range(VERSION_MIN, version_max + 1):
        symbol = QRCode(version=version, error_correction=ERROR_CORRECT_M, border=0)
        symbol.add_data(uri, optimize=SSCC_DIGITS)
        try:
            symbol.make(fit=False)
        except DataOverflowError:
            continue
        return QrModules(version, tuple(tuple(map(bool, row)) for row in symbol.modules))
    raise UriTooLong(
        f"the address has {len(uri)} characters: choose a shorter public base URL", uri=uri, version_max=version_max
    )


def dark_runs(modules: QrModules) -> list[tuple[int, int, int]]:
    """The dark modules as horizontal runs (x, y, length), which draw as rectangles."""
    runs: list[tuple[int, int, int]] = []
    for y, row in enumerate(modules.rows):
        x = 0
        while x < len(row):
            length = next((n for n, dark in enumerate(row[x:]) if not dark), len(row) - x)
            if length:
                runs.append((x, y, length))
            x += length or 1
    return runs


def qr_svg(uri: str) -> str:
    """The symbol with its quiet zone as an SVG document, one unit a module, black on white."""
    modules = qr_modules(uri)
    side = modules.side + 2 * QUIET_MODULES
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in dark_runs(modules))
    start = f"{-QUIET_MODULES} {-QUIET_MODULES}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{start} {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M{start}h{side}v{side}h-{side}z"/><path d="{path}"/></svg>'
    )


def qr_png(uri: str, module_px: int = 8) -> bytes:
    """The symbol with its quiet zone as a PNG of 1 bit a pixel, `module_px` pixels a module."""
    modules = qr_modules(uri)
    side = modules.side + 2 * QUIET_MODULES
    image = Image.new("1", (side, side), 1)
    for x, y, length in dark_runs(modules):
        image.paste(0, (x + QUIET_MODULES, y + QUIET_MODULES, x + QUIET_MODULES + length, y + QUIET_MODULES + 1))
    image = image.resize((side * module_px, side * module_px), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
