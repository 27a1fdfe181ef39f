"""`POST /api/v1/scans`: the one door through which phones, stations and warehouses tell what happened."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Request
from psycopg.errors import DeadlockDetected
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from api.dependencies import ViewerDep
from api.recording import record
from tracking import steps
from tracking.scans import BATCH_MAX

router = APIRouter(prefix="/api/v1", tags=["scans"])

DEADLOCK_TRIES = 3


class FindingTold(BaseModel):
    """What did not fit."""

    kind: str
    epc: str | None = None
    tail: str | None = None
    facts: dict[str, Any]


class ScanAnswer(BaseModel):
    """What became of one scan."""

    id: str | None = None
    status: Literal["recorded", "repeated", "flagged", "refused", "conflict"]
    events: list[str] = Field(description="CBV hash ids of the events recorded")
    findings: list[FindingTold]
    reason: str | None = None
    errors: list[dict[str, str]] | None = None
    first: Literal["recorded", "flagged"] | None = None


DOCUMENTED = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "maxItems": BATCH_MAX,
                    "items": steps.STEP.json_schema(ref_template="#/components/schemas/{model}"),
                }
            }
        },
    }
}


@router.post("/scans", response_model=list[ScanAnswer], response_model_exclude_none=True)
def post_scans(
    request: Request,
    viewer: ViewerDep,
    told: Annotated[list[Any], Body(max_length=BATCH_MAX)],
    x_phone_time: Annotated[AwareDatetime | None, Header(description="The phone's clock at sending")] = None,
) -> list[dict[str, Any]]:
    """Tell scans. Each is answered by itself, in the same order, after all that is to be kept is committed.

    The same scan told again is `repeated` and changes nothing; the same id with other content is a `conflict`.
    """
    now = datetime.now(UTC)
    for attempt in range(1, DEADLOCK_TRIES + 1):
        try:
            with Session(request.app.state.engine) as session:
                outcomes = record(session, request.app.state.settings, told, viewer, now, x_phone_time)
                session.commit()
                return [outcome.answer for outcome in outcomes]
        except DeadlockDetected:
            # Two batches held what the other wanted; PostgreSQL ended one, and nothing of it was kept.
            if attempt == DEADLOCK_TRIES:
                raise
    raise AssertionError("unreachable")
