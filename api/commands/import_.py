"""`lumbung import …`: price files and official prices into the database, every refused row told."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.transaction import command_session
from prices import alerts, observations, references
from prices.importers import Remark
from prices.observations import ImportReport
from prices.rows import UnreadableFile

app = typer.Typer(no_args_is_help=True, help="Take in price files and official prices.")

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV files.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON list on standard output, nothing else.")]


@app.command("prices")
def import_prices(
    files: Files,
    area: Annotated[
        str | None, typer.Option(help="Province that the prices are from, where the file has no column for it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take in price files of every layout we know; a file that is refused whole leaves the others untouched.

    Ends with status 1 if a file was refused whole.
    """
    now = datetime.now(UTC)
    reports: list[dict[str, Any]] = []
    refused = False
    for file in files:
        try:
            with command_session() as session:
                report = observations.import_file(session, file, now=now, area=area, dry_run=dry_run)
        except UnreadableFile as error:
            refused = True
            reports.append({"file": file.name, "error": str(error)})
            _say(as_json, [f"{file.name}: refused, {error}"])
            continue
        reports.append(as_facts(report))
        _say(as_json, _lines(report))
    if not dry_run:
        with command_session() as session:
            changed = alerts.refresh(session, now=now)
        line = f"alerts: {changed.opened} raised, {changed.ended} ended, {changed.suspended} suspended"
        if changed.stale_series:
            line += f"; {len(changed.stale_series)} series are too old to raise any"
        _say(as_json, [line])
    if as_json:
        print(json.dumps(reports, ensure_ascii=False))
    if refused:
        raise typer.Exit(1)


@app.command("references")
def import_references(files: Files, as_json: AsJson = False) -> None:
    """Take in official prices (HET, HAP, HPP) with their decrees; known ones are brought up to date."""
    facts: list[dict[str, Any]] = []
    refused = False
    for file in files:
        try:
            with command_session() as session:
                report = references.import_references(session, file)
        except UnreadableFile as error:
            refused = True
            facts.append({"file": file.name, "error": str(error)})
            _say(as_json, [f"{file.name}: refused, {error}"])
            continue
        facts.append(
            {
                "file": report.file_name,
                "rows_read": report.rows_read,
                "counts": {"taken": report.rows_taken, "blank": report.blank, "refused": len(report.remarks)},
                "references": report.references,
                "new": report.new,
                "changed": report.changed,
                "refused": _facts_of(report.remarks),
            }
        )
        line = f"{report.file_name}: {report.rows_read} rows, {report.rows_taken} taken as {report.references} prices"
        line += f" ({report.new} new, {report.changed} changed), {len(report.remarks)} refused"
        _say(as_json, [line, *_remark_lines(report.remarks)])
    if facts:
        with command_session() as session:
            alerts.refresh(session, now=datetime.now(UTC))
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    if refused:
        raise typer.Exit(1)


def as_facts(report: ImportReport) -> dict[str, Any]:
    """The report as JSON facts; the values of `counts` add up to `rows_read`."""
    return {
        "file": report.file_name,
        "layout": report.layout,
        "import_id": str(report.import_id) if report.import_id else None,
        "dry_run": report.dry_run,
        "rows_read": report.rows_read,
        "counts": report.counts,
        "new": report.new,
        "corrected": report.corrected,
        "unchanged": report.unchanged,
        "series": report.series,
        "from": report.first_on.isoformat() if report.first_on else None,
        "to": report.last_on.isoformat() if report.last_on else None,
        "refused": _facts_of(remark for remark in report.remarks if remark.kind == "refused"),
        "suspicious": _facts_of(remark for remark in report.remarks if remark.kind == "suspicious"),
        "notices": report.notices,
    }


def _facts_of(remarks: Iterable[Remark]) -> list[dict[str, Any]]:
    return [{"line": remark.line, "reason": remark.reason, "text": remark.text} for remark in remarks]


def _lines(report: ImportReport) -> list[str]:
    counts = report.counts
    taken = counts["observed"]
    parts = [f"{taken} taken"]
    parts += [
        f"{counts[name]} {words}"
        for name, words in (
            ("carried_forward", "carried forward"),
            ("imputed", "imputed"),
            ("suspicious", "suspicious"),
            ("blank", "blank"),
            ("repeated", "repeated"),
        )
        if counts[name]
    ]
    parts.append(f"{counts['refused']} refused")
    head = f"{report.file_name}: {report.layout}, {report.rows_read} rows: {', '.join(parts)}"
    change = f"{report.new} new, {report.corrected} corrected, {report.unchanged} unchanged"
    would = " (tried only, nothing written)" if report.dry_run else ""
    notices = [f"  {notice}" for notice in report.notices]
    return [f"{head}; {report.series} series, {change}{would}", *notices, *_remark_lines(report.remarks)]


def _remark_lines(remarks: Iterable[Remark]) -> list[str]:
    return [f"  line {remark.line}: {remark.kind}, {remark.reason}: {remark.text}" for remark in remarks]


def _say(as_json: bool, lines: Iterable[str]) -> None:
    if not as_json:
        for line in lines:
            typer.echo(line)
