"""One database transaction a request, committed before the answer goes out."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session


def get_session(request: Request) -> Iterator[Session]:
    """A session on `app.state.engine`: commits when the route has returned, rolls back when it has raised."""
    # Read after commit: an answer is made from objects whose values must not be asked for again.
    with Session(request.app.state.engine, expire_on_commit=False) as session:
        yield session
        session.commit()


# scope="function": by default FastAPI would commit after the answer went out, so a failing commit would still say 201.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
