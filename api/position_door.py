"""The short way to `POST /api/v1/positions` for devices that report for themselves: nearly all that ever comes.

Routing, dependencies and a session for each request cost ten times what the position does. This door knows the
credential from a moment ago, reads, waits for the commit and answers. Whatever is unusual (another credential, fixes of
other devices, a list that is wrong, a database that is away) goes on to the ordinary route, which says what it always
says; a fix taken twice on the way is one row.
"""

import asyncio
import time
from types import SimpleNamespace
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.datastructures import State
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.batching import Overloaded
from api.routes.positions import REPORT, encode_outcomes, reporting_device
from core import credentials
from core.database import raw, rows
from core.permissions import DEVICE, role_may
from tracking.fixes import Fix

PATH = "/api/v1/positions"
RECHECK_S = 5.0  # how long a revoked credential may still be taken, at most twice that where the database is slow
FORGET_S = 900.0  # a credential not used for so long is read anew
KNOWN_MAX = 100_000


class KnownDevices:
    """Credentials seen lately and the devices that they are of; all of them are read again every RECHECK_S."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[UUID, float]] = {}  # by digest: device, when it was last used
        self._checked_at = time.monotonic()
        self._check: asyncio.Task[None] | None = None

    async def device(self, engine: Engine, credential: str) -> UUID | None:
        """The device that may report with `credential`, or None."""
        now = time.monotonic()
        if now - self._checked_at > RECHECK_S:
            if self._check is None or self._check.done():
                self._check = asyncio.create_task(self._read_again(engine))
            if now - self._checked_at > 2 * RECHECK_S:
                await asyncio.shield(self._check)
        digest = credentials.digest(credential).hex()
        if known := self._known.get(digest):
            self._known[digest] = (known[0], now)
            return known[0]
        device_id = await asyncio.to_thread(_look_up, engine, credential)
        if device_id is not None and len(self._known) < KNOWN_MAX:
            self._known[digest] = (device_id, now)
        return device_id

    async def _read_again(self, engine: Engine) -> None:
        began = time.monotonic()
        before = set(self._known)
        asked = [digest for digest, (_, used_at) in self._known.items() if began - used_at < FORGET_S]
        try:
            valid = await asyncio.to_thread(_still_valid, engine, asked) if asked else set()
        except Exception:
            self._known.clear()  # then each is asked for by itself, and fails by itself
            raise
        finally:
            self._checked_at = began
        # What came meanwhile was read just now; what was not asked for is forgotten.
        self._known = {d: known for d, known in self._known.items() if d in valid or d not in before}


def _look_up(engine: Engine, credential: str) -> UUID | None:
    with Session(engine) as session:
        return reporting_device(session, credential)


def _still_valid(engine: Engine, digests: list[str]) -> set[str]:
    """Those of `digests` whose device is not revoked, and whose owner is there and may report."""
    with Session(engine) as session:
        found = rows(
            raw(session),
            """
            SELECT d.credential_hash AS digest, a.role FROM device d LEFT JOIN account a ON a.id = d.account_id
            WHERE d.credential_hash = ANY(%s) AND d.revoked_at IS NULL AND a.disabled_at IS NULL
            """,
            (digests,),
        )
    return {row["digest"] for row in found if role_may(row["role"] or DEVICE, "positions:report")}


class PositionDoor:
    """In front of the application; takes the requests described above and passes all others on."""

    def __init__(self, app: ASGIApp, *, state: State, body_max_bytes: int) -> None:
        self.app, self.state, self.body_max_bytes = app, state, body_max_bytes
        self.known = KnownDevices()
        self.route = SimpleNamespace(path=PATH)  # what the figures call it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scheme, _, credential = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        length = headers.get(b"content-length", b"")
        if scheme.lower() != "bearer" or not credential.startswith("dev_") or not length.isdigit():
            await self.app(scope, receive, send)
            return
        if int(length) > self.body_max_bytes:
            await self.app(scope, receive, send)
            return
        messages: list[Message] = []
        answer = await self._answer(credential.strip(), receive, messages)
        if answer is None:
            await self.app(scope, _replay(messages, receive), send)
            return
        status, body, extra = answer
        scope["route"] = self.route
        kind = b"application/json" if status == 200 else b"application/problem+json"
        told = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *extra]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, credential: str, receive: Receive, messages: list[Message]
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]] | None:
        """Status, body and further headers; None where the ordinary route is to answer. Keeps what it received."""
        try:
            device_id = await self.known.device(self.state.engine, credential)
            if device_id is None:
                return None
            while True:
                message = await receive()
                messages.append(message)
                if message["type"] != "http.request":
                    return None
                if not message.get("more_body"):
                    break
            body = messages[0]["body"] if len(messages) == 1 else b"".join(m["body"] for m in messages)
            told = REPORT.decode(body)
            if any(fix.device_id is not None and fix.device_id != device_id for fix in told):
                return None
            fixes = [
                Fix(device_id, fix.recorded_at, fix.lon, fix.lat, fix.speed_kmh, fix.heading_deg, fix.accuracy_m)
                for fix in told
            ]
            return 200, encode_outcomes(await self.state.positions.take(fixes)), []
        except Overloaded as error:
            seconds = str(error.facts["retry_after_s"])
            problem = {"type": "urn:lumbung:problem:overloaded", "title": error.title, "status": 503}
            told_so = problem | {"detail": str(error), "instance": PATH}
            return 503, msgspec.json.encode(told_so), [(b"retry-after", seconds.encode())]
        except (msgspec.DecodeError, UnicodeDecodeError, psycopg.Error):
            return None
        except Exception:  # SQLAlchemy's, where the database is away: the ordinary route meets and words it, too
            return None


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """What was received already, then the rest."""
    waiting = iter(messages)

    async def again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return again
