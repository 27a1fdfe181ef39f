"""Group commit of positions: what arrives within some milliseconds is one transaction, answered after its commit.

A fix a request would cost a commit each. Here a thread with a connection of its own takes all that wait, writes them in
one transaction and wakes every request once that is durable; a failing commit answers nobody with success. Long lists
gain nothing from waiting and go by connections of their own. What cannot be taken in time is refused (503), so that
memory stays bounded. See docs/adr/0009.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime

import psycopg
import structlog

from core.errors import DomainError
from tracking.fixes import Fix
from tracking.intake import Outcome, ingest

GROUP_MAX = 512  # fixes in one group: some 5 ms of work
LONG_FROM = 100  # a list as long as this is a group by itself
LANES = 3  # connections for long lists
WAITING_MAX = 40_000  # fixes, some 20 MB; at 50,000 a second less than a second's work
RETRY_AFTER_S = 2
log = structlog.get_logger()


class Overloaded(DomainError):
    """More positions wait than can be taken in time; nothing was recorded. Facts: retry_after_s (503)."""

    title = "Too much at once"


class _Told:
    """One request's fixes and who waits for what becomes of them."""

    __slots__ = ("answer", "fixes", "loop")

    def __init__(self, fixes: Sequence[Fix], loop: asyncio.AbstractEventLoop) -> None:
        self.fixes = fixes
        self.loop = loop
        self.answer: asyncio.Future[list[Outcome]] = loop.create_future()


class Lane:
    """A thread, its connection, and what waits for both; several lanes may share what waits."""

    def __init__(self, conninfo: str, waiting: deque[_Told], changed: threading.Condition, *, group_max: int) -> None:
        self._conninfo, self._waiting, self._changed, self._group_max = conninfo, waiting, changed, group_max
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._months: set[date] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="positions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take what still waits, then end. Call it without holding the condition."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(10)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                if not self._waiting:
                    break
                group = [self._waiting.popleft()]
                size = len(group[0].fixes)
                while self._waiting and size + len(self._waiting[0].fixes) <= self._group_max:
                    group.append(self._waiting.popleft())
                    size += len(group[-1].fixes)
            self._take(group)
        if self._connection:
            self._connection.close()

    def _take(self, group: list[_Told]) -> None:
        """Write a group and wake who waits. If it fails, each of it is tried by itself: one cannot spoil the others.

        A commit whose answer was lost may have happened: the second try finds its rows and says "repeated".
        """
        try:
            outcomes = self._commit([fix for told in group for fix in told.fixes])
        except psycopg.OperationalError as error:
            self._wake([(told, error) for told in group])
        except Exception as error:
            if len(group) == 1:
                self._wake([(group[0], error)])
            else:
                for told in group:
                    self._take([told])
        else:
            answers: list[tuple[_Told, list[Outcome] | Exception]] = []
            at = 0
            for told in group:
                answers.append((told, outcomes[at : at + len(told.fixes)]))
                at += len(told.fixes)
            self._wake(answers)

    def _commit(self, fixes: list[Fix]) -> list[Outcome]:
        if self._connection is not None and not self._connection.closed:
            try:
                return self._ingest(self._connection, fixes)
            except psycopg.OperationalError as error:
                log.warning("positions: connecting anew", error=str(error).splitlines()[0] if str(error) else "")
                self._connection.close()
        self._connection = psycopg.connect(self._conninfo, application_name="lumbung-positions")
        return self._ingest(self._connection, fixes)

    def _ingest(self, connection: psycopg.Connection[tuple[object, ...]], fixes: list[Fix]) -> list[Outcome]:
        months = set(self._months)
        try:
            outcomes = ingest(connection, fixes, now=datetime.now(UTC), months=months)
            connection.commit()
        except psycopg.OperationalError:
            connection.close()
            raise
        except BaseException:
            connection.rollback()
            raise
        self._months = months
        return outcomes

    @staticmethod
    def _wake(answers: Sequence[tuple[_Told, list[Outcome] | Exception]]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Told, list[Outcome] | Exception]]] = {}
        for pair in answers:
            by_loop.setdefault(pair[0].loop, []).append(pair)
        for loop, pairs in by_loop.items():
            try:
                loop.call_soon_threadsafe(_answer, pairs)
            except RuntimeError:
                log.warning("nobody waits for positions any more", requests=len(pairs))  # the loop is closed


def _answer(pairs: Sequence[tuple[_Told, list[Outcome] | Exception]]) -> None:
    for told, outcome in pairs:
        if told.answer.done():
            continue  # the client went away
        if isinstance(outcome, Exception):
            told.answer.set_exception(outcome)
        else:
            told.answer.set_result(outcome)


class Batcher:
    """The way in for positions of one process: one lane that groups short lists, some for long ones."""

    def __init__(self, conninfo: str, *, waiting_max: int = WAITING_MAX) -> None:
        self._conninfo, self._waiting_max = conninfo, waiting_max
        self._waiting_fixes = 0
        self._short: deque[_Told] = deque()
        self._long: deque[_Told] = deque()
        self._short_changed, self._long_changed = threading.Condition(), threading.Condition()
        self._lanes: list[Lane] = []
        self._starting = threading.Lock()

    async def take(self, fixes: Sequence[Fix]) -> list[Outcome]:
        """What became of each fix, in their order, once all are durable. All devices must exist.

        Raises Overloaded where too many wait already, psycopg.Error where the database refuses or is away.
        """
        if not fixes:
            return []
        if self._waiting_fixes + len(fixes) > self._waiting_max and self._waiting_fixes:
            raise Overloaded("more positions wait than can be written at once", retry_after_s=RETRY_AFTER_S)
        if not self._lanes:
            self._start()
        told = _Told(fixes, asyncio.get_running_loop())
        waiting, changed = (
            (self._long, self._long_changed) if len(fixes) >= LONG_FROM else (self._short, self._short_changed)
        )
        self._waiting_fixes += len(fixes)
        try:
            with changed:
                waiting.append(told)
                changed.notify()
            return await told.answer
        finally:
            self._waiting_fixes -= len(fixes)

    def _start(self) -> None:
        with self._starting:
            if not self._lanes:
                lanes = [Lane(self._conninfo, self._short, self._short_changed, group_max=GROUP_MAX)]
                lanes += [Lane(self._conninfo, self._long, self._long_changed, group_max=0) for _ in range(LANES)]
                self._lanes = lanes

    def stop(self) -> None:
        """Take what still waits, and close the connections."""
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            lane.stop()
