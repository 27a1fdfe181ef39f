"""What each role may do: one table, and who asks as a value. Pure: no database, no clock."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ROLES = (
    "farmer",
    "group_head",
    "driver",
    "hub_operator",
    "warehouse_operator",
    "officer",
    "observer",
    "partner",
    "administrator",
)

# A device that belongs to nobody (a tracker on a truck, a temperature logger) has no account, only this.
DEVICE = "device"

Via = Literal["cookie", "token", "device"]

# What a permission lets one do; for whom and where is decided by the membership (party, site) and by what one may see.
MEANINGS: dict[str, str] = {
    "scan:commissioning": "put a new tag on a harvest: product, lot, weight",
    "scan:loading": "load units on a carrier or into a container, and unload them",
    "scan:gate": "check carriers in and out of a hub, inspect, put them on a sailing",
    "scan:warehouse": "receive, store, pick and send units of a warehouse",
    "scan:processing": "make new units out of others: mill, slaughter, repack",
    "scan:market": "put on the shelf, sell",
    "scan:hold": "hold, recall, and release again",
    "tags:issue": "give out new tags and print them",
    "shipments:plan": "plan and change shipments, their legs and papers",
    "sailings:manage": "plan and change sailings",
    "positions:report": "send positions of one's own devices",
    "positions:read": "see where carriers are",
    "readings:report": "send temperatures",
    "events:read": "read events (those that one may see)",
    "events:capture": "send EPCIS documents of one's own",
    "findings:close": "settle what did not fit",
    "stock:read": "see the stock of warehouses",
    "figures:read": "read figures without names: prices, flows, dwell",
    "prices:import": "import price files",
    "prices:decide": "settle alerts, set reference prices, prepare and approve releases",
    "devices:enrol": "bind a device of one's own",
    "people:group": "invite farmers into one's own group, reset their PIN",
    "people:manage": "open and close any account, give out tokens",
    "platform:manage": "master data, backup, audit",
}

PERMISSIONS: dict[str, frozenset[str]] = {
    "farmer": frozenset(
        {"scan:commissioning", "scan:loading", "positions:report", "events:read", "devices:enrol"},
    ),
    "group_head": frozenset(
        {
            "scan:commissioning",
            "scan:loading",
            "scan:processing",
            "tags:issue",
            "shipments:plan",
            "positions:report",
            "positions:read",
            "events:read",
            "devices:enrol",
            "people:group",
        }
    ),
    "driver": frozenset({"positions:report", "events:read", "devices:enrol"}),
    "hub_operator": frozenset(
        {
            "scan:gate",
            "scan:loading",
            "sailings:manage",
            "shipments:plan",
            "positions:read",
            "events:read",
            "findings:close",
            "figures:read",
            "devices:enrol",
        }
    ),
    "warehouse_operator": frozenset(
        {
            "scan:warehouse",
            "scan:loading",
            "scan:processing",
            "scan:market",
            "shipments:plan",
            "positions:read",
            "readings:report",
            "events:read",
            "findings:close",
            "stock:read",
            "figures:read",
            "devices:enrol",
        }
    ),
    "officer": frozenset(
        {
            "scan:hold",
            "positions:read",
            "events:read",
            "findings:close",
            "stock:read",
            "figures:read",
            "prices:import",
            "prices:decide",
            "devices:enrol",
        }
    ),
    "observer": frozenset({"figures:read"}),
    "partner": frozenset(
        {
            "scan:market",
            "scan:processing",
            "positions:report",
            "readings:report",
            "events:read",
            "events:capture",
            "figures:read",
        }
    ),
    "administrator": frozenset(MEANINGS),
    DEVICE: frozenset({"positions:report", "readings:report"}),
}


def role_may(role: str, permission: str) -> bool:
    """Whether `role` holds `permission`. Raises KeyError for a permission that is not in the table."""
    if permission not in MEANINGS:
        raise KeyError(permission)
    return permission in PERMISSIONS.get(role, frozenset())


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, known by a credential: their role, and the party and site they work for, if any.

    `account_id` is None only for a device that belongs to nobody (role "device").
    """

    account_id: UUID | None
    role: str
    name: str
    party_id: UUID | None
    site_id: UUID | None
    device_id: UUID | None
    via: Via
    language: str = "id"

    def may(self, permission: str) -> bool:
        """Whether this viewer's role holds `permission`. Raises KeyError for one that is not in the table."""
        return role_may(self.role, permission)

    @property
    def permissions(self) -> frozenset[str]:
        """All that this viewer's role holds."""
        return PERMISSIONS.get(self.role, frozenset())
