"""`POST /tani/panen`: one sack tagged by a plain form, on phones whose script does not run."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from api.dependencies import SessionDep
from api.pages import words
from api.pages.rendering import _
from api.pages.tani import HarvesterDep, harvest_page
from api.routes.scans import record
from api.security import settings_of
from core.database import Row, raw
from tracking import harvests, reading
from tracking.reading import Unreadable
from tracking.scans import Outcome

router = APIRouter()


class HarvestForm(BaseModel):
    """The plain form, for phones whose script does not run: one sack, as text."""

    scan_id: UUID
    tag: str = ""
    gtin: str = ""
    quantity_kg: str = ""
    head_count: str = ""
    site: str = ""


@router.post("/tani/panen", include_in_schema=False)
def harvest(
    request: Request, session: SessionDep, viewer: HarvesterDep, form: Annotated[HarvestForm, Form()]
) -> Response:
    """Tag one sack without script, the same way that a phone's scans go. Sent twice, it counts once."""
    told: Row = {
        "id": str(form.scan_id),
        "step": "commissioning",
        "at": datetime.now(UTC).isoformat(),
        "tag": form.tag.strip(),
        "gtin": form.gtin,
        "quantity_kg": form.quantity_kg.strip().replace(",", "."),
    }
    if form.site:
        told["site"] = form.site
    if form.head_count.strip().isdecimal():
        told["head_count"] = int(form.head_count)
    wrong = _mistakes(told)
    if not wrong:
        outcome = record(session, settings_of(request), [told], viewer, datetime.now(UTC))[0]
        # Pressed twice: the first press made the record, the second differs from it only by its moment.
        twice = outcome.status == "conflict" and harvests.is_recorded(raw(session), form.scan_id, viewer.account_id)
        if outcome.events or twice:
            sscc = reading.read_tag(told["tag"]).sscc
            return RedirectResponse(f"/tani/panen?tersimpan={sscc}", 303)
        wrong = [_refusal(outcome)]
    return harvest_page(request, session, viewer, status_code=422, wrong=wrong, told=form.model_dump())


def _mistakes(told: Row) -> list[tuple[str, object]]:
    """What to mend before it is told: (field's id, words)."""
    wrong: list[tuple[str, object]] = []
    try:
        reading.read_tag(told["tag"])
    except Unreadable:
        wrong.append(("f-tag", _("Nomor label belum cocok. Periksa lagi 18 angka di bawah QR.")))
    if not re.fullmatch(r"\d{14}", told["gtin"]):
        wrong.append(("f-gtin", _("Pilih isi karung.")))
    try:
        fits = 0 < Decimal(told["quantity_kg"]) <= 1_000_000
    except InvalidOperation:
        fits = False
    if not fits:
        wrong.append(("f-quantity_kg", _("Isi berat dalam kg, misalnya 50.")))
    return wrong


def _refusal(outcome: Outcome) -> tuple[str, object]:
    kinds = {finding["kind"]: finding for finding in outcome.findings}
    if "already_tagged" in kinds:
        day = words.date_id(
            datetime.fromisoformat(kinds["already_tagged"]["facts"]["tagged_at"]), long=True, year=False
        )
        return "f-tag", _("Label ini sudah dipakai pada %(day)s. Pakai label lain.", day=day)
    if "foreign_tag" in kinds:
        return "f-tag", _("Label ini milik kelompok lain. Pakai label kelompok Anda.")
    if kinds.keys() & {"unknown_tag", "wrong_check"}:
        return "f-tag", _("Ini bukan label kami. Pakai label dari ketua kelompok Anda.")
    return "f-tag", _("Catatan ini belum diterima. Periksa isinya, lalu coba lagi.")
