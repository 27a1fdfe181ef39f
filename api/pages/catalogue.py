"""Indonesian is the source; English is kept in `api/locales/en/LC_MESSAGES/*.po`, one file a face, read at start.

Every file there is one part of the same catalogue, so that the faces can be written side by side; the same sentence may
stand in several files only with the same translation. `python -m api.pages.catalogue` prints what English still lacks,
ready to be pasted into one of them.
"""

import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import NullTranslations, Translations

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "api" / "locales"
SOURCE_LANGUAGE = "id"
LANGUAGES = ("id", "en")


class ConflictingTranslation(ValueError):
    """One sentence, two translations; carries the sentence and the file that disagrees."""

    def __init__(self, msgid: object, path: Path) -> None:
        super().__init__(f"{path.name} translates {msgid!r} differently from another catalogue file")
        self.msgid, self.path = msgid, path


def read_catalogue(language: str) -> Catalog:
    """All .po files of a language as one catalogue. Raises ConflictingTranslation where two of them disagree."""
    whole = Catalog(locale=language, charset="utf-8")
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as stream:
            part = read_po(stream, locale=language)
        for message in part:
            if not message.id or not message.string:
                continue
            known = whole.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise ConflictingTranslation(message.id, path)
            whole.add(message.id, message.string, flags=message.flags, context=message.context)
    return whole


@cache
def translations(language: str) -> NullTranslations:
    """The compiled catalogue, made in memory once a process; Indonesian needs none."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def sentences() -> Iterator[tuple[str, int, str | tuple[str, ...], str | None]]:
    """Every sentence marked for translation under `api/`: file, line, msgid (or singular and plural), context."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)
    for path, line, msgid, _, context in extract_from_dir(ROOT / "api", methods, options):
        yield path, line, msgid, context


def untranslated(language: str = "en") -> Catalog:
    """Sentences without a translation, or only a doubtful ("fuzzy") one, each with the places it is said."""
    known = read_catalogue(language)
    missing = Catalog(locale=language, charset="utf-8")
    for path, line, msgid, context in sentences():
        message = known.get(msgid, context)
        if message is None or message.fuzzy or not _complete(message.string):
            missing.add(msgid, locations=[(f"api/{path}", line)], context=context)
    return missing


def _complete(string: object) -> bool:
    return all(cast("tuple[str, ...]", string)) if isinstance(string, tuple) else bool(string)


def main() -> int:
    missing = untranslated()
    count = len(missing)
    write_po(sys.stdout.buffer, missing, omit_header=True, width=110)
    sys.stderr.write(f"{count} sentences lack their English\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
