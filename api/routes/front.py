"""The two doors outside the faces: the front page at `/`, and `/docs`, where the API's operations are listed.

The list is drawn by us from the API's own description: the usual viewers fetch their script from another origin,
which our policy forbids.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import OptionalViewerDep
from api.pages.rendering import _, page
from api.routes.accounts import home_of
from tracking.gs1 import keys

router = APIRouter(include_in_schema=False)

LABEL_DIGITS = 18


@router.get("/", response_class=Response)
def front(request: Request, viewer: OptionalViewerDep, nomor: str = "") -> Response:
    """Who is signed in goes on to work; everybody else may type a label's number, or sign in."""
    if viewer is not None and viewer.via == "cookie":
        return RedirectResponse(home_of(viewer.role), 303)
    digits = "".join(letter for letter in nomor[:80] if letter.isascii() and letter.isdigit())
    if len(digits) == LABEL_DIGITS + 2 and digits.startswith("00"):
        digits = digits[2:]  # the (00) printed before the number was typed too
    if keys.is_valid_key("sscc", digits):
        return RedirectResponse(f"/00/{digits}", 303)
    wrong: object = ""
    if nomor.strip():
        wrong = (
            _("Salah satu angkanya keliru. Cocokkan lagi dengan label.")
            if len(digits) == LABEL_DIGITS
            else _("Ketik semua 18 angka di bawah QR; yang terbaca %(n)s angka.", n=str(len(digits)))
        )
    return page(request, "depan.html", status_code=422 if wrong else 200, nomor=nomor[:80], wrong=wrong)


@router.get("/docs", response_class=Response)
def operations(request: Request) -> Response:
    """Every operation of the API by its group, as /openapi.json describes them."""
    schema: dict[str, Any] = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            group = (told.get("tags") or ["others"])[0]
            groups.setdefault(group, []).append(_operation(path, method, told))
    return page(
        request, "operasi.html", title=_("Untuk program"), groups=groups, summary=schema["info"].get("summary", "")
    )


def _operation(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {
            "name": each["name"],
            "place": each["in"],
            "required": each.get("required", False),
            "type": _type(each.get("schema", {})),
        }
        for each in told.get("parameters", [])
    ]
    takes = list(told.get("requestBody", {}).get("content", {}))
    gives = [media for answer in told.get("responses", {}).values() for media in answer.get("content", {})]
    return {
        "id": told["operationId"],
        "method": method.upper(),
        "path": path,
        "says": told.get("description") or told.get("summary", ""),
        "parameters": parameters,
        "takes": takes,
        "gives": [media for media in dict.fromkeys(gives) if media != "application/problem+json"],
    }


def _type(schema: dict[str, Any]) -> str:
    """A parameter's type in a word or two: `string`, `integer`, `string or nothing`, `one of a, b`."""
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return str(schema["const"])
    told = "nothing" if schema.get("type") == "null" else str(schema.get("format") or schema.get("type", "any"))
    return f"list of {_type(schema['items'])}" if told == "array" and "items" in schema else told
