"""What happens, as it is told: server-sent events that miss nothing, and where carriers are now.

One reader a process for all listeners, and one query for all who see the same. An event's id is its place in the
ledger's sealed sequence: who comes back with Last-Event-ID goes on behind it. A stream ends after STREAM_S, so that a
revoked sign-in does not listen for ever; browsers come back by themselves.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine
from sqlmodel import Session

from api.batching import Overloaded
from api.dependencies import Viewer, allow
from core.database import Row, raw
from tracking import positions, told
from tracking.visibility import SEES_ALL

router = APIRouter(tags=["live"])

POLL_S = 1.0
POSITIONS_EVERY_S = 10.0
HEARTBEAT_S = 15.0  # proxies give up a connection that is silent for half a minute
STREAM_S = 900.0
LISTENERS_MAX = 2_000
PAGE = 500
QUERIES_AT_ONCE = 4
log = structlog.get_logger()


class Feed:
    """What one process tells its listeners."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners = 0
        self._newest = 0
        self._moved = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._asked: dict[tuple[object, ...], asyncio.Task[list[Row]]] = {}
        self._at_once = asyncio.Semaphore(QUERIES_AT_ONCE)

    @property
    def full(self) -> bool:
        """Whether nobody more can listen."""
        return self._listeners >= LISTENERS_MAX

    async def listen(self, viewer: Viewer, after: int | None) -> AsyncIterator[bytes]:
        """The stream of one listener: events told behind `after` (None: from now on), and positions."""
        self._listeners += 1
        try:
            if self._poller is None or self._poller.done():
                self._newest = await asyncio.to_thread(self._in_session, told.newest)
                self._poller = asyncio.create_task(self._poll())
            yield b"retry: 2000\n\n"
            sequence = self._newest if after is None else after
            seen: dict[str, datetime] = {}
            began = spoke = time.monotonic()
            placed = 0.0
            while (now := time.monotonic()) - began < STREAM_S:
                moved = self._moved
                until = self._newest
                while sequence < until:
                    page = await self._events(viewer, sequence, until)
                    for row in page:
                        yield _event(row)
                    spoke = now if page else spoke
                    sequence = page[-1]["sequence"] if len(page) == PAGE else until
                if now - placed >= POSITIONS_EVERY_S:
                    placed = now
                    news = [row for row in await self._positions(viewer) if seen.get(row["giai"]) != row["recorded_at"]]
                    if news:
                        seen |= {row["giai"]: row["recorded_at"] for row in news}
                        yield b"event: positions\ndata: %b\n\n" % msgspec.json.encode(news)
                        spoke = now
                if now - spoke >= HEARTBEAT_S:
                    yield b": still here\n\n"
                    spoke = now
                with suppress(TimeoutError):
                    await asyncio.wait_for(moved.wait(), min(POLL_S * 2, max(0.05, began + STREAM_S - now)))
        finally:
            self._listeners -= 1

    async def _poll(self) -> None:
        """See what was told, for all, as long as somebody listens."""
        while self._listeners:
            await asyncio.sleep(POLL_S)
            self._asked.clear()  # who asks the same within one round shares the answer; nothing is kept longer
            try:
                newest = await asyncio.to_thread(self._in_session, told.newest)
            except Exception as error:
                log.warning("live: the database did not answer", error=type(error).__name__)
                continue
            if newest > self._newest:
                self._newest = newest
                self._moved.set()
                self._moved = asyncio.Event()

    async def _events(self, viewer: Viewer, after: int, until: int) -> list[Row]:
        return await self._once(
            ("events", _sees(viewer), after, until),
            lambda connection: told.visible_after(connection, viewer, after, until, PAGE),
        )

    async def _positions(self, viewer: Viewer) -> list[Row]:
        now = datetime.now(UTC)
        return await self._once(
            ("positions", _sees(viewer)), lambda connection: positions.latest(connection, viewer, now=now)
        )

    async def _once(self, key: tuple[object, ...], ask: Callable[[Any], list[Row]]) -> list[Row]:
        """The answer to one question, asked once for all who ask the same meanwhile."""
        task = self._asked.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._asked[key] = asyncio.create_task(self._ask(ask))
        return await asyncio.shield(task)

    async def _ask(self, ask: Callable[[Any], list[Row]]) -> list[Row]:
        async with self._at_once:
            return await asyncio.to_thread(self._in_session, ask)

    def _in_session(self, ask: Callable[[Any], Any]) -> Any:
        with Session(self._engine) as session:
            return ask(raw(session))


def _sees(viewer: Viewer) -> tuple[object, ...]:
    """What decides what `viewer` sees: two with the same see the same (tracking.visibility)."""
    return (viewer.role in SEES_ALL, viewer.role, viewer.party_id)


def _event(row: Row) -> bytes:
    data = msgspec.json.encode({name: value for name, value in row.items() if value is not None})
    return b"id: %d\nevent: event\ndata: %b\n\n" % (row["sequence"], data)


@router.get("/api/v1/live", include_in_schema=False)  # a stream without end is nothing for a description's client
async def live(
    request: Request,
    viewer: Annotated[Viewer, Depends(allow("positions:read", "events:read"))],
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
    after: Annotated[int | None, Query(ge=0, description="as Last-Event-ID, for the first request")] = None,
) -> StreamingResponse:
    """Server-sent events: `event`, with its place in the order of telling as id, and `positions`, the latest fixes.

    Nothing is skipped between a Last-Event-ID and the next event; without one it begins now.
    """
    feed: Feed | None = getattr(request.app.state, "live", None)
    if feed is None:
        feed = request.app.state.live = Feed(request.app.state.engine)
    if feed.full:
        raise Overloaded("too many listen already", retry_after_s=30)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = feed.listen(viewer, last_event_id if last_event_id is not None else after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
