"""The API's description at /openapi.json: what FastAPI knows, and problems as RFC 9457 says them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "a URI that names the kind of problem"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong this time"},
        "instance": {"type": "string"},
        "reference": {"type": "string", "description": "the number to tell us"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
ANSWER = {
    "description": "A problem: nothing was changed",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> None:
    """Let `app` describe itself with our problems in place of FastAPI's own validation error."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                license_info=app.license_info,
                routes=app.routes,
            )
            for path in schema["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
                    operation["responses"].setdefault("4XX", ANSWER)
                    operation["responses"].setdefault("503", ANSWER)
            components = schema.setdefault("components", {}).setdefault("schemas", {})
            for ours_instead in ("HTTPValidationError", "ValidationError"):
                components.pop(ours_instead, None)
            components["Problem"] = PROBLEM
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
