"""The way of a scan: told → read → checked → events → state, each scan by itself, inside the caller's transaction.

A scan is known by its phone's UUIDv7. Told again it is the same scan; told with other content it is a conflict. What
contradicts the records is kept and flagged; only what cannot be understood or is not allowed is refused, and then
nothing of it is kept.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import psycopg
from pydantic import ValidationError

from core.database import Row, one, run
from core.errors import DomainError, Forbidden
from core.permissions import Viewer
from tracking import derivation, findings, reading, steps
from tracking.findings import Found
from tracking.reading import IsRight, Unreadable
from tracking.scanning import Outcome, Scanning

Connection = psycopg.Connection[Any]
BATCH_MAX = 1000


def record_batch(
    connection: Connection,
    told: Sequence[object],
    *,
    who: Viewer,
    now: datetime,
    phone_now: datetime | None,
    is_right: IsRight,
) -> list[Outcome]:
    """Record scans as they were told; one outcome each, in the same order.

    `phone_now` is the phone's clock at sending: its error corrects the moments told. `is_right` checks a label's
    keyed check. The caller commits, then answers. Scans are worked through in the order in which they happened.
    """
    offset = now - phone_now if phone_now else timedelta(0)
    outcomes: list[Outcome | None] = [None] * len(told)
    understood: list[tuple[datetime, str, int, steps.AnyStep]] = []
    for index, item in enumerate(told):
        try:
            step = steps.STEP.validate_python(item)
        except ValidationError as error:
            outcomes[index] = _not_understood(item, error)
            continue
        understood.append((step.at, str(step.id), index, step))
    _lock(connection, [step for *_, step in understood])
    for _, _, index, step in sorted(understood, key=lambda entry: entry[:3]):
        try:
            with connection.transaction():
                outcomes[index] = _record(connection, step, who=who, now=now, offset=offset, is_right=is_right)
        except Unreadable as error:
            errors = [{"field": str(error.facts.get("field", "")), "message": str(error)}]
            outcomes[index] = Outcome(str(step.id), "refused", reason=str(error), errors=errors, step=step)
        except DomainError as error:
            outcomes[index] = Outcome(str(step.id), "refused", reason=str(error), step=step)
    return [outcome for outcome in outcomes if outcome is not None]


def _lock(connection: Connection, told: Sequence[steps.AnyStep]) -> None:
    """Hold whatever a batch names and we know, in one order, until the transaction ends.

    Scan by scan, two batches about the same sacks and trucks would take them crosswise and wait for each other.
    """
    keys: set[str] = set()
    for step in told:
        codes = [getattr(step, "tag", None), getattr(step, "parent", None)]
        codes += [*(getattr(step, "tags", None) or []), *getattr(step, "inputs", [])]
        codes += [made.tag for made in getattr(step, "outputs", [])]
        for code in filter(None, codes):
            with suppress(Unreadable):
                keys.add(reading.read_tag(code).epc)
    names = {name for step in told if (name := getattr(step, "carrier", None))}
    names |= {name for step in told for name in getattr(step, "carriers", None) or []}
    for name in names:
        with suppress(Unreadable):
            keys.add(reading.find_carrier(connection, name)["uri"])
    derivation.hold(connection, keys)


def _not_understood(item: object, error: ValidationError) -> Outcome:
    """A refusal that says where each field went wrong."""
    named = item.get("id") if isinstance(item, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    errors: list[Row] = [
        {"field": ".".join(str(part) for part in fault["loc"] if part not in _STEP_NAMES), "message": fault["msg"]}
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    # Half a character (a lone surrogate) can be read in JSON, but not answered.
    id_text = named[:64].encode(errors="replace").decode() if isinstance(named, str) else None
    if error.errors()[0]["type"] in ("union_tag_not_found", "union_tag_invalid"):
        errors = [{"field": "step", "message": f"say what happened: one of {', '.join(steps.PERMISSIONS_OF)}"}]
    elif not isinstance(item, dict):
        errors = [{"field": "", "message": "a scan is a JSON object"}]
    first = errors[0]
    return Outcome(id_text, "refused", reason=f"{first['field'] or 'scan'}: {first['message']}", errors=errors)


_STEP_NAMES = frozenset(steps.PERMISSIONS_OF)


def _record(
    connection: Connection,
    step: steps.AnyStep,
    *,
    who: Viewer,
    now: datetime,
    offset: timedelta,
    is_right: IsRight,
) -> Outcome:
    if not any(who.may(permission) for permission in steps.PERMISSIONS_OF[step.step]):
        raise Forbidden(f"A {who.role.replace('_', ' ')} may not report {step.step.replace('_', ' ')}.")
    content = json.dumps(step.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).digest()
    at, clock = _corrected(step.at, offset, now)
    claimed = one(
        connection,
        """
        INSERT INTO scan
            (id, body_sha256, step, phone_at, scanned_at, received_at, account_id, device_id, outcome, answer)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'recorded', '{}') ON CONFLICT DO NOTHING RETURNING id
        """,
        (step.id, digest, step.step, step.at, at, now, who.account_id, who.device_id),
    )
    if claimed is None:
        return _told_again(connection, step, digest)
    outcome = Scanning(connection, step, who, at, now, is_right).carry_out(clock)
    run(
        connection,
        "UPDATE scan SET outcome = %s, answer = %s, site_id = %s WHERE id = %s",
        (
            outcome.status,
            json.dumps({"events": outcome.events, "findings": outcome.findings}),
            outcome.site["id"] if outcome.site else None,
            step.id,
        ),
    )
    return outcome


def _corrected(at: datetime, offset: timedelta, now: datetime) -> tuple[datetime, list[Found]]:
    """The moment told, set right by the phone's clock error; one that still cannot be is taken as now, and flagged."""
    try:
        corrected = at + offset if abs(offset) >= timedelta(seconds=2) else at
    except OverflowError:  # no clock error, but no clock at all
        corrected = at
    corrected = corrected.replace(microsecond=corrected.microsecond // 1000 * 1000)  # EPCIS tells milliseconds
    if corrected > now + findings.CLOCK_AHEAD or corrected < now - findings.CLOCK_BEHIND:
        return now.replace(microsecond=0), [
            Found("clock_wrong", None, {"told": at.isoformat(), "received": now.isoformat()})
        ]
    return min(corrected, now), []


def _told_again(connection: Connection, step: steps.AnyStep, digest: bytes) -> Outcome:
    known = one(connection, "SELECT body_sha256, outcome, answer FROM scan WHERE id = %s", (step.id,))
    if known is None:  # claimed by a transaction that then gave up: the phone will send again
        raise Forbidden("This scan is just being recorded; send it again.")
    if known["body_sha256"] != digest:
        reason = "A scan with this id is recorded with other content."
        return Outcome(str(step.id), "conflict", reason=reason, step=step)
    answer = known["answer"]
    return Outcome(str(step.id), "repeated", answer["events"], answer["findings"], first=known["outcome"], step=step)


__all__ = ["BATCH_MAX", "Outcome", "record_batch"]
