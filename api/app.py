"""The application: every way in over HTTP, put together."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from alembic.script import ScriptDirectory
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from sqlalchemy import Engine, text
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.batching import Batcher
from api.description import describe
from api.pages import konsol, tani
from api.pages import prices as price_pages
from api.pages.rendering import static_files
from api.position_door import PositionDoor
from api.routes import accounts, digital_link, front, harvest_form, live, positions, prices, reads, scans, tags
from core import database, settings
from core.settings import ROOT, Settings

BODY_MAX_BYTES = 8 * 1024 * 1024  # a price file of ten years is 1.4 MB, a day of positions 2 MB
ROUTERS = (
    accounts.router,
    digital_link.router,
    front.router,
    konsol.router,
    live.router,
    positions.router,
    price_pages.router,
    prices.router,
    reads.router,
    scans.router,
    tags.router,
    tani.router,
    harvest_form.router,
)

REQUESTS = Counter("lumbung_http_requests_total", "Requests answered", ["method", "route", "status"])
DURATION = Histogram("lumbung_http_request_seconds", "Time to answer", ["route"])


def configure_logging() -> None:
    """One JSON object a line; of an error its traceback, never the values of variables, which may be somebody's."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )


def create_app(given: Settings | None = None, engine: Engine | None = None) -> FastAPI:
    """The application on `given` settings (the environment's by default) and `engine` (the settings' by default)."""
    chosen = given or settings.settings()
    configure_logging()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await app.state.positions.stop()
        if engine is None:
            app.state.engine.dispose()

    app = FastAPI(
        title="Lumbung",
        summary="Food on its way between Lampung and Jakarta: tags, scans, journeys, stock, prices.",
        version="1",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,  # ours, in api/routes/front.py: the usual one needs another origin's script
        redoc_url=None,
        max_body_size=BODY_MAX_BYTES,
    )
    app.state.settings = chosen
    app.state.engine = engine or database.engine(chosen.urls.app, pool_size=20)
    app.state.positions = Batcher(database.conninfo(app.state.engine))
    app.add_middleware(PositionDoor, state=app.state, body_max_bytes=BODY_MAX_BYTES)
    app.add_middleware(GZipMiddleware, minimum_size=500)  # the buyer's page must fit into 20 KiB on the way
    app.add_middleware(Measured)
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", static_files(), name="static")
    _add_health(app)
    describe(app)
    return app


class Measured:
    """Counts and times every request by its route, and tells browsers not to guess content types."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(scope["method"], route, status).inc()
            DURATION.labels(route).observe(time.perf_counter() - began)


def _add_health(app: FastAPI) -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    head = script.get_current_head()

    @app.get("/healthz", tags=["health"], response_class=PlainTextResponse)
    def healthz() -> str:
        """The process is up."""
        return "up"

    @app.get("/readyz", tags=["health"], response_class=PlainTextResponse)
    def readyz(response: Response) -> str:
        """The process is up, the database answers, and its tables are those this version knows."""
        with app.state.engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version != head:
            response.status_code = 503
            return f"the database is at migration {version}, this version needs {head}"
        return "ready"

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
