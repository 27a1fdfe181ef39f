"""The database of this process's settings: there, migrated, and kept running for as long as it is used."""

import contextlib
from collections.abc import Iterator

from core.cluster import Cluster
from core.database import migrate
from core.settings import settings


@contextlib.contextmanager
def database_in_use(*, migrated: bool = True) -> Iterator[None]:
    """Keep the private cluster running for a block, and bring it up to date first; an existing server is left alone."""
    if not settings().private_cluster:
        yield
        return
    with Cluster(settings().data_dir):
        if migrated:
            migrate(settings().urls.owner)
        yield
