"""A file's bytes as lines, and a line as cells, whatever wrote them. Pure.

Encodings, line ends and separators are found out; fields never span lines in price files, so each physical line is read
by itself: a stray quote costs one row, not the rest of the file.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from prices.cells import Unreadable

LARGEST_BYTES = 32 * 1024 * 1024
LARGEST_ROWS = 600_000


class UnreadableFile(Invalid):
    """The whole file was refused; nothing of it was taken."""

    title = "The price file cannot be read"


@dataclass(frozen=True, slots=True)
class Line:
    """One line below the header: its number in the file (from 1), its text, and its cells.

    `cells` is None where nothing but separators stands there, or where `fault` says why it could not be cut.
    """

    number: int
    text: str
    cells: list[str] | None
    fault: str = ""


def lines_of(content: bytes) -> list[str]:
    """The lines of a file, without their ends.

    Raises UnreadableFile: empty, larger than 32 MiB or 600,000 lines, a workbook, or not text.
    """
    if not content.strip(b"\xef\xbb\xbf\r\n\t ,;\x00"):
        raise UnreadableFile("the file is empty")
    if len(content) > LARGEST_BYTES:
        raise UnreadableFile(f"the file is larger than {LARGEST_BYTES // 2**20} MiB", size_bytes=len(content))
    if content.startswith(b"PK\x03\x04"):
        raise UnreadableFile("this is a workbook or an archive: save the sheet as CSV")
    text = _decoded(content)
    if "\x00" in text:
        raise UnreadableFile("the file is not text")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if len(lines) > LARGEST_ROWS:
        raise UnreadableFile(f"the file has more than {LARGEST_ROWS} lines", lines=len(lines))
    return lines


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in content:
        encodings = list[str]()
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Text has line ends and tabs below the space, and little else; a picture or a program has plenty.
        strange = sum(1 for c in text[:20_000] if (c < " " and c not in "\t\n\r") or "\x7f" <= c < "\xa0")
        if strange <= len(text[:20_000]) // 500:
            return text
    raise UnreadableFile("the file is not text")


def cells_of(line: str, delimiter: str, expected: int) -> list[str]:
    """The cells of one line; a row wrapped in quotes once more is unwrapped. Raises Unreadable on a stray quote."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), list[str]())
        if len(cells) == 1 < expected and delimiter in cells[0]:
            cells = next(csv.reader([cells[0]], delimiter=delimiter, strict=True), list[str]())
    except csv.Error:
        raise Unreadable("a quotation mark is not closed") from None
    return cells


def header_of(lines: Sequence[str]) -> tuple[int, str, list[str]]:
    """The place of the first line that says anything, its separator and its cells. Raises UnreadableFile."""
    start = next((place for place, line in enumerate(lines) if line.strip(' \t,;|"')), None)
    if start is None:
        raise UnreadableFile("the file is empty")
    delimiter = max(",;\t|", key=lines[start].count)
    try:
        return start, delimiter, cells_of(lines[start], delimiter, 2)
    except Unreadable as error:
        raise UnreadableFile(f"in its header {error}") from None


def ends_whole(content: bytes) -> bool:
    """Whether the last line has its end; if not, the file may have been cut off within it."""
    return content.rstrip(b"\x00").endswith((b"\n", b"\r"))


def below(lines: Sequence[str], start: int, delimiter: str, expected: int, *, whole: bool = True) -> Iterator[Line]:
    """Every line after the header at `start`, cut into `expected` cells, or with the reason why it could not be.

    `whole` is false where the last line has no end (`ends_whole`).
    """
    for number, text in enumerate(lines[start + 1 :], start=start + 2):
        if not text.strip(f' \t"{delimiter}'):
            yield Line(number, text, None)
            continue
        try:
            cells = cells_of(text, delimiter, expected)
        except Unreadable as error:
            yield Line(number, text, None, str(error))
            continue
        if len(cells) > expected and not any(cell.strip() for cell in cells[expected:]):
            cells = cells[:expected]  # separators at the end of a line, as spreadsheets leave them
        if len(cells) < expected:
            cut = ": the file is cut off" if number == len(lines) and not whole else ""
            yield Line(number, text, None, f"{len(cells)} of {expected} columns{cut}")
        elif len(cells) > expected:
            yield Line(number, text, None, f"{len(cells)} columns where the header names {expected}")
        else:
            yield Line(number, text, cells)
