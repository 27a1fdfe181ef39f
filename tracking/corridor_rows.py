"""Rows of master data brought into step with a document: new ones inserted, known ones updated, counted apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

Tally = dict[str, int]
"""How many rows were `new`, `changed`, `same`."""

ROWS_AT_ONCE = 1000  # a statement takes 65,535 parameters at most


def upsert(
    connection: psycopg.Connection[Any], table: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Tally:
    """Insert `rows` into `table`, or bring the row of the same `key` up to date where it differs.

    All rows have the same columns. A column `id` is given to new rows alone: what is there keeps its own.
    """
    tally = {"new": 0, "changed": 0, "same": 0}
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        touched = connection.execute(
            _statement(table, key, list(part[0]), len(part)), [row[name] for row in part for name in part[0]]
        ).fetchall()
        new = sum(is_new for (is_new,) in touched)
        tally["new"] += new
        tally["changed"] += len(touched) - new
        tally["same"] += len(part) - len(touched)
    return tally


def _statement(table: str, key: Sequence[str], columns: Sequence[str], row_count: int) -> sql.Composed:
    told = [name for name in columns if name not in key and name != "id"]
    one_row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    # xmax is 0 in a row version that no transaction has replaced or locked: it was inserted just now.
    return sql.SQL(
        "INSERT INTO {table} AS kept ({columns}) VALUES {rows} ON CONFLICT ({key}) DO UPDATE SET {updates} "
        "WHERE ({old}) IS DISTINCT FROM ({new}) RETURNING xmax = 0"
    ).format(
        table=sql.Identifier(table),
        columns=_names(columns),
        rows=sql.SQL(", ").join([one_row] * row_count),
        key=_names(key),
        updates=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in told),
        old=_names(told, "kept"),
        new=_names(told, "excluded"),
    )


def _names(names: Sequence[str], table: str | None = None) -> sql.Composed:
    qualified = [(table, name) if table else (name,) for name in names]
    return sql.SQL(", ").join(sql.Identifier(*parts) for parts in qualified)
