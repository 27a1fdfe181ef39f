"""The database of this process's settings: there, migrated, and kept running for as long as it is used."""

import contextlib
from collections.abc import Generator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from core.cluster import EXTENSIONS, Cluster
from core.database import migrate
from core.postmaster import OLDEST_MAJOR
from core.settings import settings
from core.steps import SetupFailed


@contextlib.contextmanager
def database_in_use(*, migrated: bool = True) -> Generator[None]:
    """Keep the private cluster running for a block, and bring it up to date first; an existing server is left alone."""
    owner = settings().database_url
    if owner is not None:
        require_server(owner)
        yield
        return
    with Cluster(settings().data_dir):
        if migrated:
            migrate(settings().urls.owner)
        yield


def require_server(url: str) -> None:
    """Make sure that an existing server answers and can hold Lumbung. SetupFailed says what it lacks."""
    where = f"the database of LUMBUNG_DATABASE_URL (on {urlsplit(url).hostname or 'this machine'})"
    try:
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            if connection.info.server_version < OLDEST_MAJOR * 10_000:
                raise SetupFailed(f"{where} is older than PostgreSQL {OLDEST_MAJOR}.", "Upgrade it.")
            held = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
            for name in [name for name in EXTENSIONS if name not in held]:
                connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise SetupFailed(
            f"{where} does not answer: {str(error).strip()}", "Correct the address, or start it."
        ) from error
    except psycopg.errors.Error as error:
        commands = " ".join(f"CREATE EXTENSION IF NOT EXISTS {name};" for name in EXTENSIONS)
        raise SetupFailed(
            f"{where} lacks an extension, and its owner may not add it: {str(error).strip()}",
            f"Install PostGIS on the server, then as its superuser: {commands}",
        ) from error
