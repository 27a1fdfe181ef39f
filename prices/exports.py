"""A series as rows of our own layout: what is downloaded can be imported again. Pure."""

import csv
import io
from collections.abc import Iterable

from prices.observations import Known, Series

COLUMNS = ("source", "frequency", "area", "market", "name", "level", "unit", "date", "price_idr", "kind")


def table(series: Series, values: Iterable[Known]) -> list[tuple[str, ...]]:
    """The header and a row for each value, as text."""
    said = (series.source, series.frequency, series.area, series.market, series.name, series.level, series.unit)
    rows = [(*said, value.on.isoformat(), f"{value.price_idr.normalize():f}", value.kind) for value in values]
    return [COLUMNS, *rows]


def as_csv(tables: Iterable[list[tuple[str, ...]]]) -> str:
    """Several tables of `table()` as one CSV with one header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rows in tables:
        writer.writerows(rows[1:])
    return out.getvalue()
