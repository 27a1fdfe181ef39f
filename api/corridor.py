"""A whole corridor: what tracking, hubs and warehouses each know of it, loaded and given back together."""

from typing import Any

import psycopg
from sqlmodel import Session

import hubs.corridor
import tracking.corridor
import warehouses.corridor
from tracking.corridor_rows import Tally


def load(session: Session, document: dict[str, Any]) -> dict[str, Tally]:
    """Write all of `document`, or nothing: sites, products, carriers, routes, hubs, warehouses, rooms.

    Inside the caller's transaction, which the caller commits. Loading again changes only what differs. Returns by
    section how many rows were new, changed, same. Raises CorridorInvalid with every fault before anything is written.
    """
    return {
        **tracking.corridor.load(session, document),
        **hubs.corridor.load(session, document),
        **warehouses.corridor.load(session, document),
    }


def export(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """The whole corridor as a document that `load` takes."""
    return {
        **tracking.corridor.export(connection),
        **hubs.corridor.export(connection),
        **warehouses.corridor.export(connection),
    }
