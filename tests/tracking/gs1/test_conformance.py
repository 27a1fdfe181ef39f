"""Vectors of GS1's syntax engine, of the OpenEPCIS translator and of the event hash reference, every one of them."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tracking.gs1.application_identifiers import TABLE, is_path_sequence
from tracking.gs1.digital_link import CANONICAL_STEM, DigitalLinkError, build, parse
from tracking.gs1.element_strings import parse_bracketed
from tracking.gs1.keys import Gs1Error
from tracking.gs1.urn import UrnError, normalise, to_digital_link, to_urn

ROOT = Path(__file__).parents[3]
VECTORS = Path(os.environ.get("LUMBUNG_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "digital-link"


def vectors(name: str, key: str) -> list[Any]:
    path = VECTORS / name
    if not path.exists():
        reason = "conformance material is not here; set LUMBUNG_CONFORMANCE to where it is"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=f"{name} absent")]
    found = json.loads(path.read_text())[key]
    assert found, f"{name} holds no {key}"
    return [pytest.param(vector, id=str(number)) for number, vector in enumerate(found)]


def prefix_length(vector: dict[str, Any]) -> int:
    """The prefix length given, or the one in the answer: GS1's table of prefix lengths is not part of Lumbung."""
    if vector["gcp_length"] is not None:
        return vector["gcp_length"]
    answer = re.match("urn:epc:[a-z]+:[a-z]+:([0-9]+)", vector["expected"])
    return len(answer[1]) if answer else 7


@pytest.mark.parametrize("vector", vectors("syntax-engine-parse.json", "vectors"))
def test_digital_link_parses_as_in_the_syntax_engine(vector: dict[str, Any]) -> None:
    options = vector.get("options", {})

    def read() -> str:
        return parse(
            vector["uri"],
            alpha_names=options.get("permitConvenienceAlphas", False),
            short_gtin=options.get("permitZeroSuppressedGTIN", False),
            unknown_ais=options.get("permitUnknownAIs", False) and options.get("unknownAIasDLattr", False),
        ).element_string()

    if vector["valid"]:
        assert read() == vector["element_string"]
    else:
        with pytest.raises(DigitalLinkError):
            read()


@pytest.mark.parametrize("vector", vectors("syntax-engine-generate.json", "vectors"))
def test_digital_link_is_built_as_in_the_syntax_engine(vector: dict[str, Any]) -> None:
    unknown_ais = vector.get("options", {}).get("permitUnknownAIs", False)

    def write() -> str:
        elements = parse_bracketed(vector["ai_data"], unknown_ais=unknown_ais)
        return build(elements, stem=vector["stem"] or CANONICAL_STEM).uri()

    if vector["valid"]:
        assert write() == vector["uri"]
    else:
        with pytest.raises(Gs1Error):
            write()


@pytest.mark.parametrize("sequence", vectors("syntax-engine-path-sequences.json", "valid_path_sequences"))
def test_path_sequence_of_the_syntax_engine_is_accepted(sequence: list[str]) -> None:
    assert is_path_sequence(sequence)


@pytest.mark.parametrize("vector", vectors("openepcis-urn-dl.json", "valid"))
def test_urn_and_digital_link_translate_as_in_openepcis(vector: dict[str, Any]) -> None:
    if vector["direction"] == "urn_to_dl":
        translated = to_digital_link(vector["input"])
    else:
        translated = to_urn(vector["input"], prefix_length(vector), level=vector["level"])
    assert translated == vector["expected"]


@pytest.mark.parametrize("vector", vectors("openepcis-urn-dl.json", "invalid"))
def test_what_openepcis_rejects_is_rejected(vector: dict[str, Any]) -> None:
    def translate() -> str:
        if vector["call"] in ("toDigitalLink", "toURIForClassLevelIdentifier"):
            return to_digital_link(vector["input"])
        level = "instance" if vector["call"] == "toURN" else "class"
        return to_urn(vector["input"], prefix_length(vector), level=level)

    with pytest.raises(UrnError):
        translate()


@pytest.mark.parametrize("vector", vectors("event-hash-normaliser.json", "vectors"))
def test_normal_form_is_the_event_hash_references(vector: dict[str, Any]) -> None:
    # Where the reference answers "none", the event keeps the value as it stands.
    assert normalise(vector["input"]) == (vector["expected"] or vector["input"])


@pytest.mark.skipif(not (VECTORS / "gs1-syntax-dictionary.txt").exists(), reason="conformance material is not here")
def test_table_says_what_the_syntax_dictionary_says() -> None:
    named: dict[str, tuple[bool, bool, bool, str]] = {}
    for line in (VECTORS / "gs1-syntax-dictionary.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        body, _, title = line.partition("#")
        first, _, last = body.split()[0].partition("-")
        flags = re.sub("[A-Za-z0-9].*", "", body.split()[1])
        for number in range(int(first), int(last or first) + 1):
            named[f"{number:0{len(first)}}"] = ("*" in flags, "?" in flags, "dlpkey" in body, title.strip())
            entry = TABLE[f"{number:0{len(first)}}"]
            assert sum(len(part.checks) for part in entry.components) == len(re.findall(",[a-z]", body))
            requires = re.search(r"req=(\S+)", body)
            assert ",".join("+".join(group) for group in entry.requires) == (requires[1] if requires else "")
            excludes = re.search(r" ex=(\S+)", body)
            assert ",".join(entry.excludes) == (excludes[1] if excludes else "")
            qualifiers = re.search(r"dlpkey=(\S+)", body)
            assert "|".join(",".join(way) for way in entry.sequences or ()) == (qualifiers[1] if qualifiers else "")
    ours = {
        ai: (entry.predefined_length, entry.is_attribute, entry.is_primary_key, entry.title)
        for ai, entry in TABLE.items()
    }
    assert ours == named
