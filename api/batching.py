"""Group commit of positions: what arrives within some milliseconds is one transaction, answered after its commit.

A fix a request would cost a commit each. Here all that wait when a connection is free are written by one statement and
answered once that is durable; a failing commit answers nobody with success. Long lists gain nothing from waiting and go
by threads and connections of their own. What cannot be taken in time is refused (503), so that
memory stays bounded. See docs/adr/0009.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import structlog

from core.errors import DomainError
from tracking.fixes import Fix
from tracking.intake import Outcome, ingest, insert_plain, plain

GROUP_MAX = 512  # fixes in one group: some 5 ms of work
LONG_FROM = 100  # a list as long as this is a group by itself
GROUPS_AT_ONCE = 2  # while one is being made durable the next is gathered and sent
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
    """A thread and its connection, for one list at a time; several lanes share what waits."""

    def __init__(self, conninfo: str, waiting: deque[_Told], changed: threading.Condition, months: set[date]) -> None:
        self._conninfo, self._waiting, self._changed, self._months = conninfo, waiting, changed, months
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="positions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take what still waits, then end."""
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
                told = self._waiting.popleft()
            try:
                outcome: list[Outcome] | Exception = self._commit(told.fixes)
            except Exception as error:
                outcome = error
            try:
                told.loop.call_soon_threadsafe(_answer, told, outcome)
            except RuntimeError:
                log.warning("nobody waits for positions any more")  # the loop is closed
        if self._connection:
            self._connection.close()

    def _commit(self, fixes: Sequence[Fix]) -> list[Outcome]:
        """Write and commit; once more on a new connection where the old one is gone.

        A commit whose answer was lost may have happened: the second try finds its rows and says "repeated".
        """
        if self._connection is not None and not self._connection.closed:
            try:
                return self._ingest(self._connection, fixes)
            except psycopg.OperationalError as error:
                log.warning("positions: connecting anew", error=type(error).__name__)
                self._connection.close()
        self._connection = psycopg.connect(self._conninfo, application_name="lumbung-positions")
        return self._ingest(self._connection, fixes)

    def _ingest(self, connection: psycopg.Connection[tuple[Any, ...]], fixes: Sequence[Fix]) -> list[Outcome]:
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
        self._months |= months  # only now: a partition that was rolled back is none
        return outcomes


def _answer(told: _Told, outcome: list[Outcome] | Exception) -> None:
    if told.answer.done():
        return  # the client went away
    if isinstance(outcome, Exception):
        told.answer.set_exception(outcome)
    else:
        told.answer.set_result(outcome)


class Groups:
    """Short lists on the event loop: what waits when a connection is free is one statement and one commit.

    Only `plain` fixes; what turns out to be known already is judged by the lanes of threads (`judge`).
    """

    def __init__(self, conninfo: str, judge: Callable[[Sequence[Fix]], Awaitable[list[Outcome]]]) -> None:
        self._conninfo, self._judge = conninfo, judge
        self._waiting: deque[_Told] = deque()
        self._free: deque[psycopg.AsyncConnection[tuple[Any, ...]] | None] = deque([None] * GROUPS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, told: _Told) -> None:
        """Let it wait for the next group."""
        self._waiting.append(told)
        if self._free:
            task = told.loop.create_task(self._work(self._free.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, connection: psycopg.AsyncConnection[tuple[Any, ...]] | None) -> None:
        """Write group after group until nothing waits."""
        try:
            await asyncio.sleep(0)  # what arrived in the same round of the loop comes along
            while self._waiting:
                group: list[_Told] = []
                size = 0
                while self._waiting and size + len(self._waiting[0].fixes) <= GROUP_MAX:
                    group.append(self._waiting.popleft())
                    size += len(group[-1].fixes)
                connection = await self._write(group, connection)
        finally:
            self._free.append(connection)

    async def _write(
        self, group: list[_Told], connection: psycopg.AsyncConnection[tuple[Any, ...]] | None
    ) -> psycopg.AsyncConnection[tuple[Any, ...]] | None:
        fixes = [fix for told in group for fix in told.fixes]
        no_outcomes: list[Outcome | None] = [None] * len(fixes)
        try:
            if connection is None or connection.closed:
                connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, application_name="lumbung-positions"
                )
            outcomes = await insert_plain(connection, fixes, now=datetime.now(UTC))
        except Exception as error:
            log.warning("positions: group failed, each is tried by itself", error=type(error).__name__)
            if connection is not None and isinstance(error, psycopg.OperationalError):
                await connection.close()
            outcomes = no_outcomes
        at = 0
        for told in group:
            mine = outcomes[at : at + len(told.fixes)]
            at += len(told.fixes)
            if None in mine:
                task = told.loop.create_task(self._look_closer(told, mine))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif not told.answer.done():
                told.answer.set_result([outcome for outcome in mine if outcome])
        return connection

    async def _look_closer(self, told: _Told, found: list[Outcome | None]) -> None:
        try:
            judged = iter(await self._judge([f for f, o in zip(told.fixes, found, strict=True) if o is None]))
            answer = [outcome or next(judged) for outcome in found]
        except Exception as error:
            if not told.answer.done():
                told.answer.set_exception(error)
        else:
            if not told.answer.done():
                told.answer.set_result(answer)

    async def stop(self) -> None:
        """Write what still waits, and close the connections."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        while self._free:
            connection = self._free.popleft()
            if connection is not None:
                await connection.close()


class Batcher:
    """The way in for positions of one process: groups of short lists, lanes for long ones and for whatever is odd."""

    def __init__(self, conninfo: str, *, waiting_max: int = WAITING_MAX) -> None:
        self._conninfo, self._waiting_max = conninfo, waiting_max
        self._waiting_fixes = 0
        self._long: deque[_Told] = deque()
        self._changed = threading.Condition()
        self._lanes: list[Lane] = []
        self._groups: Groups | None = None
        self._months: set[date] = set()
        self._starting = threading.Lock()

    async def take(self, fixes: Sequence[Fix]) -> list[Outcome]:
        """What became of each fix, in their order, once all are durable. All devices must exist.

        Raises Overloaded where too many wait already, psycopg.Error where the database refuses or is away.
        """
        if not fixes:
            return []
        if self._waiting_fixes + len(fixes) > self._waiting_max and self._waiting_fixes:
            raise Overloaded("more positions wait than can be written at once", retry_after_s=RETRY_AFTER_S)
        self._waiting_fixes += len(fixes)
        try:
            now = datetime.now(UTC)
            if len(fixes) < LONG_FROM and all(plain(fix, self._months, now=now) for fix in fixes):
                if self._groups is None:
                    self._groups = Groups(self._conninfo, self._by_lane)
                told = _Told(fixes, asyncio.get_running_loop())
                self._groups.put(told)
                return await told.answer
            return await self._by_lane(fixes)
        finally:
            self._waiting_fixes -= len(fixes)

    async def _by_lane(self, fixes: Sequence[Fix]) -> list[Outcome]:
        if not self._lanes:
            with self._starting:
                if not self._lanes:
                    made = (Lane(self._conninfo, self._long, self._changed, self._months) for _ in range(LANES))
                    self._lanes = list(made)
        told = _Told(fixes, asyncio.get_running_loop())
        with self._changed:
            self._long.append(told)
            self._changed.notify()
        return await told.answer

    async def stop(self) -> None:
        """Take what still waits, and close the connections."""
        if self._groups:
            await self._groups.stop()
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await asyncio.to_thread(lane.stop)
