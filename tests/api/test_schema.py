"""Every address of the API answers as it describes itself, whatever is sent: schemathesis and a real database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from sqlalchemy import Engine
from sqlmodel import Session

from api.app import create_app
from api.corridor import load
from core import accounts
from core.settings import Settings
from tracking.corridor import lampung_jakarta

EXAMPLES = 12
SLOW_OR_LARGE = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


@pytest.fixture(scope="module")
def described(engine: Engine) -> tuple[Any, dict[str, str]]:
    """The API's own description, asked as an administrator in a database with the corridor."""
    given = Settings(
        data_dir=Path("nowhere"),
        port=8000,
        public_base_url="http://127.0.0.1:8000",
        secret_key="s" * 64,
        tag_key="t" * 64,
    )
    with Session(engine) as session:
        load(session, lampung_jakarta())
        now = datetime.now(UTC)
        account = accounts.create_account(session, login="schema", name="schema", role="administrator", now=now)
        token = accounts.create_token(session, account, name="schema", now=now)
        session.commit()
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(given, engine))
    return schema, {"authorization": f"Bearer {token}"}


def test_every_operation_answers_as_it_says(described: tuple[Any, dict[str, str]]) -> None:
    schema, headers = described
    failures: list[str] = []
    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=SLOW_OR_LARGE)
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(
                headers=headers,
                checks=[not_a_server_error, content_type_conformance, response_schema_conformance],
            )

        try:
            answers()
        except (Exception, BaseExceptionGroup) as group:  # schemathesis tells its own in groups
            failures.append(f"{operation.label}: {group}")
    assert not failures, "\n\n".join(failures)
