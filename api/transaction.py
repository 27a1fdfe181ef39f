"""One database transaction a request, committed before the answer goes out; and one a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from core import database
from core.settings import settings


def get_session(request: Request) -> Iterator[Session]:
    """A session on `app.state.engine`: commits when the route has returned, rolls back when it has raised."""
    # Read after commit: an answer is made from objects whose values must not be asked for again.
    with Session(request.app.state.engine, expire_on_commit=False) as session:
        yield session
        session.commit()


# scope="function": by default FastAPI would commit after the answer went out, so a failing commit would still say 201.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]


@contextmanager
def command_session() -> Iterator[Session]:
    """The same for a command line: a session as the application's role, committed unless the command raised."""
    engine = database.engine(settings().urls.app, pool_size=1)
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
            session.commit()
    finally:
        engine.dispose()
