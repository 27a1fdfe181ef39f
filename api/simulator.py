"""Keeps the demo's story moving, through the same HTTP API as real phones, scanners and trackers.

A process of its own that keeps nothing: what has been told it asks the API, what comes next follows from the moment
(see `api.story`). It never runs ahead of the real clock; after a pause it catches up, `speed` times as fast as life.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import httpx

from api.story import cast
from api.story.feed import Feed, Item
from api.story.journeys import journeys
from api.story.motion import Placed
from api.story.stage import Stage

LOOKS_BACK = timedelta(days=7)  # a longer pause than that is not made up for
SCANS_AT_ONCE = 50
STANDING_EVERY = timedelta(minutes=5)
WAITS_S = (1, 2, 4, 8, 15, 30)  # after failures in a row
PAGE = 500


class Stop(BaseException):
    """Somebody asked the process to stop."""


class NotNow(Exception):
    """The server cannot be reached, is starting anew, or asks to wait."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(slots=True)
class Pace:
    """How the story's clock goes: from `start` on, `speed` times as fast as real time until it has caught up."""

    start: datetime
    speed: float
    began: datetime

    def now(self, real: datetime) -> datetime:
        """The story's moment at the real one; never later than that."""
        return min(real, self.start + (real - self.began) * self.speed)


@dataclass(slots=True)
class Simulator:
    """Tells the story to the server at `http`'s base address."""

    http: httpx.Client
    stage: Stage
    secret_key: str
    speed: float = 600.0
    positions_every_s: float = 10.0
    scans_an_hour: int = 3000
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    told: int = 0
    refused: int = 0
    placed: int = 0
    _credentials: dict[str, str] = field(default_factory=dict[str, str])

    # --- asking ------------------------------------------------------------------------------------------------------

    def begin(self) -> tuple[Feed, Pace]:
        """Ask what the story has come to, and go on from there. Raises NotNow."""
        now = self.clock()
        known = self._known_shipments(now)
        latest = [j.planned_at for j in journeys(self.stage, now - LOOKS_BACK, now) if j.shipment["gsin"] in known]
        since = max(max(latest, default=now), now - LOOKS_BACK)
        return Feed(self.stage, min(since, now), known), Pace(min(since, now), self.speed, now)

    def _known_shipments(self, now: datetime) -> set[str]:
        """The GSINs of shipments of the last days."""
        known: set[str] = set()
        oldest = now
        while oldest > now - 2 * LOOKS_BACK:
            query = {"limit": PAGE, "offset": len(known)}
            page = self._send("GET", "/api/v1/shipments", "admin", params=query).json()
            if not page["rows"]:
                break
            known |= {row["gsin"] for row in page["rows"]}
            oldest = datetime.fromisoformat(page["rows"][-1]["planned_departure_at"])
        return known

    # --- telling -----------------------------------------------------------------------------------------------------

    def tell_due(self, feed: Feed, now: datetime, at_most: int) -> int:
        """Tell what is due by `now`, `at_most` so many scans; how many were told. Raises NotNow with the rest kept."""
        told = 0
        while told < at_most:
            batch = self._next_batch(feed, now)
            if not batch:
                break
            if batch[0].kind == "plan":
                self._send("POST", "/api/v1/shipments", batch[0].actor, json=batch[0].body, fine=(201, 409))
            else:
                answer = self._send("POST", "/api/v1/scans", batch[0].actor, json=[item.body for item in batch])
                for outcome in answer.json():
                    if outcome["status"] in ("refused", "conflict"):
                        self.refused += 1
                        _log(f"{outcome['status']}: {outcome.get('reason')} ({outcome['id']})")
                told += len(batch)
            feed.done(batch)
        self.told += told
        return told

    @staticmethod
    def _next_batch(feed: Feed, now: datetime) -> list[Item]:
        """The first that are due of one teller, or one plan."""
        batch: list[Item] = []
        for item in feed.due(now):
            if batch and (item.kind == "plan" or item.actor != batch[0].actor or len(batch) == SCANS_AT_ONCE):
                break
            batch.append(item)
            if item.kind == "plan":
                break
        return batch

    def place(self, positions: dict[str, Placed]) -> None:
        """Every tracker tells where its carrier is. Raises NotNow."""
        for giai, (at, lon, lat, speed_kmh, heading_deg) in positions.items():
            fix = {
                "recorded_at": at.replace(microsecond=0).isoformat(),
                "lon": lon,
                "lat": lat,
                "speed_kmh": speed_kmh,
                "heading_deg": heading_deg,
            }
            self._send("POST", "/api/v1/positions", cast.tracker(giai), json=[fix])
            self.placed += 1

    def _send(
        self, method: str, path: str, actor: str, *, fine: tuple[int, ...] = (200,), **more: Any
    ) -> httpx.Response:
        """One request as `actor`'s device. Raises NotNow where it may go better later."""
        credential = self._credentials.get(actor)
        if credential is None:
            credential = self._credentials[actor] = cast.credential(self.secret_key, actor)
        try:
            answer = self.http.request(method, path, headers={"Authorization": f"Bearer {credential}"}, **more)
        except httpx.TransportError as error:
            raise NotNow(f"{method} {path}: {error!r}") from None
        if answer.status_code in fine:
            return answer
        retry_after = answer.headers.get("retry-after", "")
        raise NotNow(
            f"{method} {path} as {actor}: {answer.status_code} {answer.text[:200]}",
            float(retry_after) if retry_after.isdigit() else None,
        )

    # --- living ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until stopped (Stop is raised into it)."""
        failures = 0
        while True:
            try:
                feed, pace = self.begin()
                failures = 0
                _log(f"going on from {pace.start:%Y-%m-%d %H:%M} UTC")
                for _ in self._live(feed, pace):
                    failures = 0
            except NotNow as reason:
                wait_s = reason.wait_s or WAITS_S[min(failures, len(WAITS_S) - 1)]
                if failures in (0, len(WAITS_S)):
                    _log(f"{reason}; trying again in {wait_s:g} s and later")
                failures += 1
                time.sleep(wait_s)

    def _live(self, feed: Feed, pace: Pace) -> Iterator[None]:
        """One round after the other; each yields when it went well."""
        allowance, counted, stood = float(SCANS_AT_ONCE), time.monotonic(), pace.start - STANDING_EVERY
        while True:
            round_began = time.monotonic()
            allowance = min(self.scans_an_hour / 6, allowance + (round_began - counted) * self.scans_an_hour / 3600)
            counted = round_began
            now = pace.now(self.clock())
            allowance -= self.tell_due(feed, now, int(allowance))
            if now - stood >= STANDING_EVERY:
                self.place(feed.standing(now))
                stood = now
            self.place(feed.moving(now))
            yield
            time.sleep(max(0.2, self.positions_every_s - (time.monotonic() - round_began)))


def _log(words: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} simulator: {words}", file=sys.stderr, flush=True)


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """SIGTERM and SIGINT end the block wherever it waits."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stop

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except Stop:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
