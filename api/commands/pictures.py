"""`lumbung pictures`: photograph the running demo, for the README and for whoever judges a change by eye."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from api import demo
from api.story.cast import PASSWORD
from core.settings import ROOT, settings
from core.steps import SetupFailed, step

app = typer.Typer()

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 844}}
MARGIN_PX = 24


@app.command()
def pictures(
    folder: Annotated[Path, typer.Argument(help="Where the PNG files go.")] = ROOT / "docs" / "pictures",
    dark: Annotated[bool, typer.Option(help="The dark theme.")] = False,
) -> None:
    """Photograph the buyer's page, the farmer's phone and the hub's board of the running instance; needs Chromium."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as missing:
        raise SetupFailed("Playwright is not installed.", "Run ./run test once: it installs it.") from missing
    address = f"http://127.0.0.1:{settings().port}"
    example = next(line for line in demo.summary().splitlines() if "/00/" in line)
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, step(f"Taking pictures of {address}"):
        chromium = os.environ.get("LUMBUNG_CHROMIUM", "/usr/bin/chromium")
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            scheme = "dark" if dark else "light"

            def take(name: str, url: str, login: str | None, **window: Any) -> Path:
                context = browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", color_scheme=scheme, **window)
                page = context.new_page()
                if login:
                    page.goto(f"{address}/masuk")
                    page.fill("input[name=login]", login)
                    page.fill("input[name=password]", PASSWORD)
                    page.press("input[name=password]", "Enter")
                    page.wait_for_url(lambda there: "/masuk" not in there)
                page.goto(url)
                page.wait_for_timeout(1500)
                path = folder / f"{name}.png"
                page.screenshot(path=path)
                context.close()
                return path

            taken = [
                take("pembeli", example, None, **PHONE),
                take("tani", f"{address}/tani", "tani", **PHONE),
                take("konsol", f"{address}/konsol/pindai", "panjang", **DESK),
            ]
            browser.close()
        except Error as error:
            first = str(error).splitlines()[0]
            raise SetupFailed(f"no picture could be taken: {first}", "Start the demo with ./run first.") from error
        side_by_side(taken, folder / "faces.png")
    for path in taken:
        path.unlink()
    typer.echo(folder / "faces.png")


def side_by_side(paths: list[Path], into: Path) -> None:
    """Pictures of one height in a row, on the ground colour of the pages."""
    shots = [Image.open(path).convert("RGB") for path in paths]
    width = sum(shot.width for shot in shots) + MARGIN_PX * (len(shots) + 1)
    sheet = Image.new("RGB", (width, max(shot.height for shot in shots) + 2 * MARGIN_PX), "#d0d7ce")
    left = MARGIN_PX
    for shot in shots:
        sheet.paste(shot, (left, MARGIN_PX))
        left += shot.width + MARGIN_PX
    sheet.quantize(128).save(into, optimize=True)
