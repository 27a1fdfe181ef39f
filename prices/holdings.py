"""What the shared warehouses of a province hold of a commodity and may let go: neither held back nor picked already."""

from dataclasses import dataclass

from sqlmodel import Session

from core.database import raw
from warehouses.overview import stock_by_lot, warehouses


@dataclass(frozen=True, slots=True)
class Holding:
    """One warehouse's usable stock in tonnes."""

    warehouse: str
    gln: str
    tonnes: float


def holdings(session: Session, commodity: str, province: str) -> list[Holding]:
    """Every warehouse of the province with usable stock of the commodity, the fullest first."""
    connection = raw(session)
    found: list[Holding] = []
    for place in warehouses(connection):
        if place["province"] != province:
            continue
        lots = stock_by_lot(connection, place["id"], commodity=commodity)
        # A lot is held back whole or in part: only the units that are not are usable, taken as equally heavy.
        kg = sum(float(lot["kg"]) * (1 - lot["held_units"] / lot["units"]) - float(lot["picked_kg"]) for lot in lots)
        if kg > 0:
            found.append(Holding(place["name"], place["gln"], kg / 1000))
    return sorted(found, key=lambda holding: -holding.tonnes)
