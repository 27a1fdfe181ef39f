"""The demo: the corridor, people with printed sign-ins, and weeks of story told through the same door as real scans.

What stands ready before the story (places, people, tags, plans, prices) is written in one transaction. The story is
told scan by scan as phones tell it, each batch committed; told again it is the same, so a load that was broken off is
finished by the next.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, text
from sqlmodel import Session

import api.corridor
from api import demo_places
from api.routes.scans import record
from api.story import cast
from api.story.haul import crossings
from api.story.journeys import journey
from api.story.stage import Stage
from api.story.telling import Journey, Told, every, numbers
from api.story.timetable import LINES
from core import accounts, database
from core.database import one, raw, rows
from core.permissions import Viewer
from core.settings import Settings
from core.settings import settings as settings_of_process
from core.steps import step
from prices import carried
from tracking import shipments, tags
from tracking.corridor import lampung_jakarta
from tracking.corridor_document import CorridorDocument, read

# What is under way now is told whole, until it has landed and driven on; of the weeks before, a few journeys a lane.
BEGAN_WITHIN = timedelta(hours=30)
LANDED_WITHIN = timedelta(hours=1)
WEEKS_BEFORE = timedelta(days=16)
SHELVED = timedelta(hours=44)  # a journey begun so long ago has its first part on the shelf
SETTLED = timedelta(days=5)
AT_SEA = timedelta(hours=13)  # every vessel has told its latest crossing since
SLICE = timedelta(hours=3)
RESERVES = 2  # loads of a lane that have stayed in a warehouse, of the weeks before
TELLERS = 3  # at once: Python's part of one scan overlaps PostgreSQL's part of another


def load(
    *, fresh: bool = False, now: datetime | None = None, settings: Settings | None = None, engine: Engine | None = None
) -> bool:
    """Fill an empty database with the demo as of `now` (the present by default); False where nothing was to be done.

    A database that holds something else is left alone. `fresh` changes nothing: an emptied database is filled anyway.
    Raises RuntimeError outside the demo.
    """
    del fresh
    chosen = settings or settings_of_process()
    if not chosen.demo:
        raise RuntimeError("demo data are loaded in the demo alone (LUMBUNG_DEMO)")
    own = engine or database.engine(chosen.urls.app, pool_size=TELLERS)
    try:
        corridor = _corridor()
        stage = Stage(corridor, chosen.tag_key)
        with Session(own, expire_on_commit=False) as session:
            began = _as_of(session)
            if began is None:
                if one(raw(session), "SELECT 1 FROM party LIMIT 1"):
                    return False
                began = now or datetime.now(UTC)
                with step("Setting the demo's stage"):
                    _set_up(session, chosen, stage, began)
                    session.commit()
            viewers = demo_places.viewers(session, corridor)
            untold = _untold(session, stage, began)
        if not any(untold):
            return False
        with step(f"Telling the demo's story ({sum(map(len, untold))} scans)"), ThreadPoolExecutor(TELLERS) as tellers:
            for slice_ in _slices(untold):
                for told in [tellers.submit(_tell, own, chosen, viewers, part, began) for part in slice_]:
                    told.result()
        return True
    finally:
        if engine is None:
            own.dispose()


def _as_of(session: Session) -> datetime | None:
    """The moment as of which the demo in this database is told, or None where there is none."""
    someone = accounts.account_by_login(session, demo_places.FIRST_LOGIN)
    return someone.created_at + WEEKS_BEFORE if someone else None


def _set_up(session: Session, settings: Settings, stage: Stage, now: datetime) -> None:
    """Everything that stands ready before the first scan, and where carriers were lately."""
    api.corridor.load(session, lampung_jakarta())
    demo_places.people(session, settings, stage.corridor, now=now - WEEKS_BEFORE)
    demo_places.tags_for(session, stage, now=now - WEEKS_BEFORE)
    demo_places.timetable(session, stage, now)
    told = list(story_until(stage, now))
    viewers = demo_places.viewers(session, stage.corridor)
    for each in told:
        if each.planned_at <= now:
            plan = demo_places.as_plan(each.shipment)
            shipments.plan(raw(session), viewers[each.planner], plan, now=each.planned_at)
    demo_places.positions(session, stage, told, now)
    carried.load(session, now=now)


def story_until(stage: Stage, now: datetime) -> Iterator[Journey]:
    """The journeys that the demo tells at `now`: all that are fresh, and every so many of the weeks before.

    Of those before: one a lane that is on the shelf now, loads kept as a reserve, and the latest where something went
    wrong, which is what an operator wants to see.
    """
    for lane in stage.lanes:
        recent = numbers(lane, now - BEGAN_WITHIN, now)
        older = list(numbers(lane, now - WEEKS_BEFORE, now - BEGAN_WITHIN))
        mishaps = (lane.loses_papers_every, lane.too_warm_every, lane.underweight_every)
        mishaps += (lane.sold_twice_every, lane.recalled_every)
        settled = [number for number in older if number < numbers(lane, now - SETTLED, now).start]
        wrong = [number for number in settled if any(every(mishap, number) for mishap in mishaps)]
        kept = [number for number in older if every(lane.reserve_every, number)]
        shelved = [
            number for number in older if number < numbers(lane, now - SHELVED, now).start and number not in kept
        ]
        spread = max(1, len(kept) // RESERVES)
        chosen = {*shelved[-1:], *kept[spread // 2 :: spread][:RESERVES], *wrong[-1:]}
        for number in sorted({*chosen, *recent}):
            one_journey = journey(stage, lane, number)
            if number in chosen or one_journey.landed_at > now - LANDED_WITHIN:
                yield one_journey


def _untold(session: Session, stage: Stage, now: datetime) -> list[list[Told]]:
    """What is still to be told of the story until `now`, in order, parted so that several can tell at once.

    What one vessel carries is told by one: a hub's board follows a vessel's scans in the order in which they come.
    """
    teller_of = {line.vessel: place % TELLERS for place, line in enumerate(LINES)}
    parts: list[dict[str, Told]] = [{} for _ in range(TELLERS)]
    for each in story_until(stage, now):
        part = parts[teller_of[each.vessel]]
        part.update({one_told.scan["id"]: one_told for one_told in each.told if one_told.at <= now})
    for told in crossings(stage, now - AT_SEA, now):
        parts[teller_of[told.scan["carrier"]]][told.scan["id"]] = told
    ids = [scan_id for part in parts for scan_id in part]
    known = {str(row["id"]) for row in rows(raw(session), "SELECT id FROM scan WHERE id = ANY(%s::uuid[])", (ids,))}
    return [_in_order(told for scan_id, told in part.items() if scan_id not in known) for part in parts]


def _slices(parts: list[list[Told]]) -> Iterator[list[list[Told]]]:
    """The parts, three hours of story at a time: no teller runs ahead, a truck is unloaded before its next load."""

    def number(told: Told) -> int:
        return int(told.at.timestamp() // SLICE.total_seconds())

    by_slice = [{key: list(group) for key, group in groupby(part, key=number)} for part in parts]
    for key in sorted({key for part in by_slice for key in part}):
        yield [part[key] for part in by_slice if key in part]


def _in_order(told: Iterable[Told]) -> list[Told]:
    return sorted(told, key=attrgetter("at"))


def _tell(engine: Engine, settings: Settings, viewers: dict[str, Viewer], told: Sequence[Told], now: datetime) -> None:
    """Tell scans in order, a batch for each who tells several in a row. Raises RuntimeError for one that is refused."""
    for actor, batch in groupby(told, key=attrgetter("actor")):
        scans = [entry.scan for entry in batch]
        for _ in range(10):
            try:
                refused = _tell_batch(engine, settings, viewers[actor], scans, now)
                break
            except DeadlockDetected:  # two met at one truck; nothing of this batch was kept
                continue
        else:
            raise RuntimeError("the demo's tellers keep waiting for each other")
        if refused:
            raise RuntimeError(f"the demo's story is refused: {refused}")


def _tell_batch(
    engine: Engine, settings: Settings, viewer: Viewer, scans: list[dict[str, object]], now: datetime
) -> list[str]:
    with Session(engine) as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))  # what a crash takes is told again
        outcomes = record(session, settings, list(scans), viewer, now)
        session.commit()
    return [f"{outcome.id} {outcome.reason} {outcome.errors}" for outcome in outcomes if outcome.status in BROKEN]


BROKEN = ("refused", "conflict")


# --- what is printed -------------------------------------------------------------------------------------------------


def example_tag(session: Session, settings: Settings) -> str | None:
    """The full address, with its check, of the sack of milled rice on a Jakarta shelf of which most is recorded."""
    found = one(
        raw(session),
        """
        SELECT right(s.epc, 18) AS sscc FROM epc_state s JOIN product p ON p.gtin = s.gtin
        WHERE s.kind = 'unit' AND p.grade = 'premium' AND NOT p.harvested AND p.unit_kg = 25
          AND s.disposition = 'sellable_accessible' AND s.sold_at IS NULL AND s.persistent = '[]'
        ORDER BY s.record_count DESC, s.commissioned_at, s.epc LIMIT 1
        """,
    )
    return tags.tag_uri(settings.public_base_url, found["sscc"], settings.tag_key) if found else None


def summary(settings: Settings | None = None, engine: Engine | None = None) -> str:
    """What a person needs to look around: one example tag's full address on a line of its own, and who can sign in."""
    chosen = settings or settings_of_process()
    own = engine or database.engine(chosen.urls.app, pool_size=1)
    try:
        with Session(own) as session:
            tag = example_tag(session, chosen)
    finally:
        if engine is None:
            own.dispose()
    lines = ["An example tag, a sack of rice on a shelf in Jakarta:", tag] if tag else []
    lines.append(f"Sign in at {chosen.public_base_url}/masuk, with the password {cast.PASSWORD} for everybody:")
    lines += [f"  {who.login:<9} {who.role:<19} {who.says}" for who in cast.actors(_corridor()) if who.login]
    return "\n".join(lines)


def _corridor() -> CorridorDocument:
    return read(lampung_jakarta())
