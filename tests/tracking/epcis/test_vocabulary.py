"""The three spellings of a standard word are one word."""

import json

import pytest

from tracking.epcis import validation, vocabulary
from tracking.epcis.vocabulary import (
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    SENSOR_ALERTS,
    SENSOR_COMPONENTS,
    SENSOR_MEASUREMENTS,
    VOCABULARIES,
    Vocabulary,
    bare_word,
    standard_uri,
    urn,
    web_uri,
)


@pytest.mark.parametrize("which", VOCABULARIES, ids=lambda which: which.name)
def test_every_word_goes_through_every_spelling_and_back(which: Vocabulary) -> None:
    for word in which.words:
        spellings = [word, web_uri(which, word), urn(which, word)]
        assert [bare_word(which, spelling) for spelling in spellings] == [word] * 3
        assert {web_uri(which, spelling) for spelling in spellings} == {which.web_stem + word}


@pytest.mark.parametrize("which", VOCABULARIES, ids=lambda which: which.name)
def test_what_is_not_standard_is_left_as_it_is(which: Vocabulary) -> None:
    for value in ("harvesting", "https://example.com/step/harvesting", "", which.web_stem + "harvesting"):
        assert bare_word(which, value) == value
        assert urn(which, value) == value


def test_spellings_as_the_standard_gives_them() -> None:
    assert web_uri(BIZ_STEPS, "shipping") == "https://ref.gs1.org/cbv/BizStep-shipping"
    assert urn(DISPOSITIONS, "in_transit") == "urn:epcglobal:cbv:disp:in_transit"
    assert bare_word(ERROR_REASONS, "cbv:ER-did_not_occur") == "did_not_occur"
    assert web_uri(SENSOR_MEASUREMENTS, "Temperature") == "https://gs1.org/voc/Temperature"
    assert bare_word(SENSOR_ALERTS, "gs1:ALARM_CONDITION") == "ALARM_CONDITION"
    assert web_uri(SENSOR_COMPONENTS, "x") == "https://ref.gs1.org/cbv/Comp-x"
    assert standard_uri("urn:epcglobal:cbv:btt:po") == "https://ref.gs1.org/cbv/BTT-po"
    assert standard_uri("urn:epcglobal:cbv:bt:0614141073467:1152") == "urn:epcglobal:cbv:bt:0614141073467:1152"


def test_our_words_are_the_words_of_gs1s_schema() -> None:
    definitions = json.loads(validation.SCHEMA_PATH.read_text(encoding="utf-8"))["definitions"]
    schema_words = {
        name: frozenset(next(part["enum"] for part in definitions[name]["anyOf"] if "enum" in part))
        for name in validation._VOCABULARY_OF
    }
    assert {name: which.words for name, which in validation._VOCABULARY_OF.items()} == schema_words
    assert set(validation._VOCABULARY_OF.values()) == set(vocabulary.VOCABULARIES)
