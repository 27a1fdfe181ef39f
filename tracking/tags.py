"""Tags before harvests: SSCCs given out in ranges, and the keyed check that each printed one carries.

See docs/adr/0007. A `key` here is the setting LUMBUNG_TAG_KEY: one key, or several with commas, the newest first;
the newest signs, all are accepted.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from sqlmodel import Session, col, func, select

from core import database
from core.credentials import mac
from core.errors import Conflict, Invalid, NotFound
from tracking.gs1 import digital_link, keys
from tracking.labels import Label, LabelFormat, render
from tracking.models import Party, TagRange

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: 1 and 0 are not mistaken for letters
CHECK_LENGTH = 8  # × 5 bits = 40: a guess is right once in 1.1 × 10¹², and each guess is a request that can be counted
KEY_CHARACTERS = 32
COUNT_MAX = 1000  # 40 A4 sheets


class Tag(NamedTuple):
    """One tag of a range: its SSCC and the whole address its QR code holds."""

    sscc: str
    uri: str


# --- the keyed check -------------------------------------------------------------------------------------------------


def _keys(key: str) -> list[str]:
    found = [one.strip() for one in key.split(",")]
    if any(len(one) < KEY_CHARACTERS for one in found):
        raise Invalid(f"each tag key has {KEY_CHARACTERS} characters or more")
    return found


def _check(sscc: str, one_key: str) -> str:
    bits = int.from_bytes(mac(one_key, "tag", sscc.encode())[: CHECK_LENGTH * 5 // 8])
    return "".join(CROCKFORD[bits >> 5 * place & 31] for place in reversed(range(CHECK_LENGTH)))


def check_of(sscc: str, key: str) -> str:
    """The check of a tag: 40 bits of HMAC-SHA256 under the newest key, 8 characters of Crockford's base32.

    Raises Gs1KeyError where `sscc` is none, Invalid where a key is too short.
    """
    return _check(keys.require_key("sscc", sscc), _keys(key)[0])


def check_tag(sscc: str, check: str | None, key: str) -> bool:
    """Whether `check` is what one of our keys gives for `sscc`; False for anything malformed, in constant time a key.

    Read as people write it: lower case is upper case, O is 0, I and L are 1.
    """
    given = (check or "").upper().replace("O", "0").replace("I", "1").replace("L", "1")
    if not keys.is_valid_key("sscc", sscc):
        return False
    matches = [hmac.compare_digest(_check(sscc, one).encode(), given.encode()) for one in _keys(key)]
    return any(matches)


def tag_uri(base_url: str, sscc: str, key: str) -> str:
    """The GS1 Digital Link that the tag's QR code holds: `https://host/00/{sscc}?c=XXXXXXXX`.

    Raises Gs1KeyError where `sscc` is none, Invalid where a key is too short.
    """
    return f"{digital_link.sscc_uri(sscc, stem=base_url)}?c={check_of(sscc, key)}"


# --- giving out ------------------------------------------------------------------------------------------------------


def issue(session: Session, party: Party, count: int, now: datetime, issued_by: UUID | None = None) -> TagRange:
    """Give `party` a range of `count` SSCCs (1 to 1,000) that nobody has had before.

    Ranges never overlap, however many are issued at once: the prefix, which parties may share, is locked until the
    transaction ends.
    Raises Invalid (count, or a party without GS1 prefix), Conflict where the prefix has no such room left.
    """
    if not 1 <= count <= COUNT_MAX:
        raise Invalid(f"1 to {COUNT_MAX} tags at a time", count=count)
    if not party.gs1_prefix:
        raise Invalid("this party has no GS1 prefix to number tags with", gln=party.gln)
    locked = party.gs1_prefix
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(f"tags of {locked}", 0)))).one()
    last_of = dict(
        session.exec(
            select(TagRange.extension_digit, func.max(TagRange.last_serial))
            .where(TagRange.gs1_prefix == locked)
            .group_by(col(TagRange.extension_digit))
        ).all()
    )
    serial_max = 10 ** (16 - len(locked)) - 1
    for extension_digit in range(10):
        first = last_of.get(extension_digit, 0) + 1
        if first + count - 1 <= serial_max:
            break
    else:
        raise Conflict("the party's GS1 prefix has no room left for so many tags", gs1_prefix=locked, count=count)
    given = TagRange(
        party_id=party.id,
        gs1_prefix=locked,
        extension_digit=extension_digit,
        first_serial=first,
        last_serial=first + count - 1,
        issued_at=now,
        issued_by=issued_by,
    )
    session.add(given)
    session.flush()
    return given


def ssccs(given: TagRange) -> list[str]:
    """The SSCCs of a range, in order."""
    return [
        keys.sscc(given.extension_digit, given.gs1_prefix, serial)
        for serial in range(given.first_serial, given.last_serial + 1)
    ]


def tags_of(given: TagRange, base_url: str, key: str) -> list[Tag]:
    """The tags of a range, in order, with what their QR codes hold."""
    return [Tag(sscc, tag_uri(base_url, sscc, key)) for sscc in ssccs(given)]


def labels_pdf(given: TagRange, party: Party, base_url: str, key: str, label_format: LabelFormat) -> bytes:
    """The labels of a range, ready to print. Raises UriTooLong where `base_url` is too long for a label."""
    sheet = [Label(tag.sscc, tag.uri, given.gs1_prefix, party.name) for tag in tags_of(given, base_url, key)]
    return render(sheet, label_format, title=f"Label {party.name}, {len(sheet)}")


def range_by_id(session: Session, range_id: UUID, *, party_id: UUID | None = None) -> tuple[TagRange, Party]:
    """A range and whose it is; with `party_id`, only where it is that party's. Raises NotFound."""
    given = session.get(TagRange, range_id)
    if given is None or (party_id is not None and given.party_id != party_id):
        raise NotFound("no such range of tags")
    party = session.get(Party, given.party_id)
    assert party is not None  # a foreign key says so
    return given, party


def ranges(session: Session, *, party_id: UUID | None, limit: int = 100) -> list[tuple[TagRange, Party]]:
    """The latest ranges, newest first; of one party, or with None of all."""
    query = select(TagRange, Party).join(Party, col(Party.id) == col(TagRange.party_id))
    if party_id is not None:
        query = query.where(TagRange.party_id == party_id)
    # UUIDv7 after the moment: ranges of one moment keep their order
    found = session.exec(query.order_by(col(TagRange.issued_at).desc(), col(TagRange.id).desc()).limit(limit)).all()
    return [(given, party) for given, party in found]


# --- recognising -----------------------------------------------------------------------------------------------------

# Where the prefix ends is not written in an SSCC, so every length is tried. Ours do not begin one another; the longest
# would win.
_ISSUERS: LiteralString = """
    SELECT DISTINCT ON (asked.sscc) asked.sscc, tag_range.party_id
    FROM unnest(%s::text[]) AS asked (sscc)
    CROSS JOIN generate_series(4, 12) AS length
    JOIN tag_range
      ON tag_range.gs1_prefix = substr(asked.sscc, 2, length)
     AND tag_range.extension_digit = substr(asked.sscc, 1, 1)::int
     AND substr(asked.sscc, 2 + length, 16 - length)::bigint
         BETWEEN tag_range.first_serial AND tag_range.last_serial
    ORDER BY asked.sscc, length DESC
"""


def issuers(connection: psycopg.Connection[Any], asked: Sequence[str]) -> dict[str, UUID]:
    """For those of the `asked` SSCCs that were ever given out, the id of the party they were given to."""
    valid = [sscc for sscc in asked if keys.is_valid_key("sscc", sscc)]
    if not valid:
        return {}
    return {row["sscc"]: row["party_id"] for row in database.rows(connection, _ISSUERS, [valid])}


def is_issued(connection: psycopg.Connection[Any], sscc: str) -> UUID | None:
    """The id of the party that `sscc` was given to, or None: not given out, or no SSCC at all."""
    return issuers(connection, [sscc]).get(sscc)
