"""Tags against a real database: ranges never overlap, the keyed check tells ours from made-up ones."""

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from core import database
from core.cluster import DatabaseUrls
from core.errors import Conflict, Invalid, NotFound
from tracking import tags
from tracking.gs1 import digital_link, keys
from tracking.models import Party, TagRange

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
KEY = "k" * 32
SSCC = "095200001000042179"
OTHER_SSCC = "095200001000042186"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    engine = database.engine(module_database.app, pool_size=12)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


def new_party(session: Session, prefix_digits: int = 9, *, prefix: str | None = "") -> Party:
    number = next(_numbers)
    if prefix == "":
        prefix = "952" + str(number).zfill(prefix_digits - 3)
    party = Party(
        gln=keys.gln("9529", number),
        name="Poktan Sri Rejeki",
        kind="farmer_group",
        province="Lampung",
        district="Lampung Tengah",
        gs1_prefix=prefix,
    )
    session.add(party)
    session.commit()
    return party


def test_first_range_starts_at_serial_one_and_the_next_goes_on(session: Session) -> None:
    party = new_party(session)
    first = tags.issue(session, party, 40, NOW)
    second = tags.issue(session, party, 2, NOW)
    assert (first.extension_digit, first.first_serial, first.last_serial) == (0, 1, 40)
    assert (second.first_serial, second.last_serial) == (41, 42)
    assert tags.ssccs(second) == [keys.sscc(0, str(party.gs1_prefix), 41), keys.sscc(0, str(party.gs1_prefix), 42)]


def test_ranges_issued_at_once_never_overlap(engine: Engine, session: Session) -> None:
    party = new_party(session)
    start = threading.Barrier(8)
    failures: list[Exception] = []

    def head() -> None:
        start.wait()
        try:
            for _ in range(6):
                with Session(engine) as mine:
                    tags.issue(mine, party, 25, NOW)
                    mine.commit()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=head) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    issued = [sscc for given, _ in tags.ranges(session, party_id=party.id) for sscc in tags.ssccs(given)]
    assert len(issued) == len(set(issued)) == 8 * 6 * 25
    assert max(issued) == keys.sscc(0, str(party.gs1_prefix), 8 * 6 * 25)


def test_parties_that_share_a_prefix_never_share_a_number(session: Session) -> None:
    one, other = new_party(session), new_party(session)
    other.gs1_prefix = one.gs1_prefix
    session.flush()
    first, second = tags.issue(session, one, 10, NOW), tags.issue(session, other, 10, NOW)
    assert set(tags.ssccs(first)).isdisjoint(tags.ssccs(second))
    owners = tags.issuers(database.raw(session), tags.ssccs(first) + tags.ssccs(second))
    assert set(owners.values()) == {one.id, other.id}
    assert owners[tags.ssccs(second)[0]] == other.id


def test_an_issue_taken_back_leaves_no_range(session: Session) -> None:
    party = new_party(session)
    tags.issue(session, party, 5, NOW)
    session.rollback()
    assert tags.ranges(session, party_id=party.id) == []


def test_a_full_extension_digit_gives_way_to_the_next_until_none_is_left(session: Session) -> None:
    party = new_party(session, prefix_digits=12)  # 4 digits left: serials 1 to 9,999 under each of 10 digits
    for _ in range(9):
        tags.issue(session, party, 1000, NOW)
    over = tags.issue(session, party, 1000, NOW)
    assert (over.extension_digit, over.first_serial) == (1, 1)
    rest = tags.issue(session, party, 999, NOW)
    assert (rest.extension_digit, rest.last_serial) == (0, 9999)
    session.add_all(
        TagRange(
            party_id=party.id,
            gs1_prefix=str(party.gs1_prefix),
            extension_digit=digit,
            first_serial=2001,
            last_serial=9999,
            issued_at=NOW,
        )
        for digit in range(1, 10)
    )
    session.flush()
    with pytest.raises(Conflict):
        tags.issue(session, party, 1, NOW)


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_senseless_count_is_refused(session: Session, count: int) -> None:
    with pytest.raises(Invalid):
        tags.issue(session, new_party(session), count, NOW)


def test_party_without_prefix_gets_no_tags(session: Session) -> None:
    with pytest.raises(Invalid):
        tags.issue(session, new_party(session, prefix=None), 1, NOW)


def test_only_what_was_given_out_is_recognised_and_as_whose(session: Session) -> None:
    mine, other = new_party(session), new_party(session, prefix_digits=7)
    given = tags.issue(session, mine, 3, NOW)
    others = tags.issue(session, other, 3, NOW)
    connection = database.raw(session)
    unused = keys.sscc(0, str(mine.gs1_prefix), 4)
    wrong_extension = keys.sscc(1, str(mine.gs1_prefix), 1)
    asked = [*tags.ssccs(given), *tags.ssccs(others), unused, wrong_extension, "nonsense", SSCC[:-1] + "0"]
    assert tags.issuers(connection, asked) == {
        **dict.fromkeys(tags.ssccs(given), mine.id),
        **dict.fromkeys(tags.ssccs(others), other.id),
    }
    assert tags.is_issued(connection, tags.ssccs(given)[2]) == mine.id
    assert tags.is_issued(connection, unused) is None
    assert tags.is_issued(connection, "") is None


def test_a_strangers_range_is_not_there(session: Session) -> None:
    given = tags.issue(session, new_party(session), 3, NOW)
    assert tags.range_by_id(session, given.id)[0].id == given.id
    with pytest.raises(NotFound):
        tags.range_by_id(session, given.id, party_id=new_party(session).id)
    with pytest.raises(NotFound):
        tags.range_by_id(session, uuid4())


def test_check_is_the_truncated_hmac_in_crockfords_base32() -> None:
    # printf 'tag\000095200001000042179' | openssl dgst -sha256 -hmac kkk… begins dfa4562c56: 27 30 18 5 12 11 2 22
    assert tags.check_of(SSCC, KEY) == "VYJ5CB2P"


def test_check_of_another_tag_key_or_letter_is_refused() -> None:
    check = tags.check_of(SSCC, KEY)
    assert tags.check_tag(SSCC, check, KEY)
    assert not tags.check_tag(OTHER_SSCC, check, KEY)
    assert not tags.check_tag(SSCC, check, "x" * 32)
    assert not tags.check_tag(SSCC, check[:-1], KEY)
    assert not tags.check_tag(SSCC, check + "0", KEY)
    for place, letter in itertools.product(range(8), tags.CROCKFORD):
        forged = check[:place] + letter + check[place + 1 :]
        assert tags.check_tag(SSCC, forged, KEY) == (forged == check)


@pytest.mark.parametrize("nothing", [None, "", " ", "ÄÖÜ", "\0" * 8, "0" * 10_000])
def test_malformed_check_is_refused(nothing: str | None) -> None:
    assert not tags.check_tag(SSCC, nothing, KEY)


@given(st.text(max_size=30), st.text(max_size=12))
def test_nothing_typed_at_random_is_taken_or_breaks(sscc: str, check: str) -> None:
    assert not tags.check_tag(sscc, check, KEY)


@given(st.integers(0, 9_999_999))
def test_check_typed_by_hand_is_read_as_meant(serial: int) -> None:
    sscc = keys.sscc(0, "952000010", serial)
    check = tags.check_of(sscc, KEY)
    typed = check.lower().replace("0", "o").replace("1", "l")
    assert tags.check_tag(sscc, typed, KEY)


def test_after_a_new_key_old_labels_hold_and_new_ones_are_signed_by_it() -> None:
    new = "n" * 32
    both = f"{new},{KEY}"
    assert tags.check_of(SSCC, both) == tags.check_of(SSCC, new)
    assert tags.check_tag(SSCC, tags.check_of(SSCC, KEY), both)
    assert tags.check_tag(SSCC, tags.check_of(SSCC, new), both)
    assert not tags.check_tag(SSCC, tags.check_of(SSCC, new), KEY)


def test_short_key_is_refused_also_beside_a_good_one() -> None:
    for key in ("", "short", f"{KEY},", f"{KEY},short"):
        with pytest.raises(Invalid):
            tags.check_of(SSCC, key)


def test_address_of_a_tag_is_a_digital_link_that_reads_back() -> None:
    uri = tags.tag_uri("https://lumbung.example", SSCC, KEY)
    assert uri == f"https://lumbung.example/00/{SSCC}?c={tags.check_of(SSCC, KEY)}"
    read = digital_link.parse(uri)
    assert read.primary == ("00", SSCC)
    assert read.other_params == (("c", tags.check_of(SSCC, KEY)),)
    with pytest.raises(Invalid):
        tags.tag_uri("https://lumbung.example", SSCC[:-1] + "0", KEY)
