"""When vessels sail in the demo: a timetable without end, worked out from the moment alone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A vessel's round, out and back, again after `every`. Ports by their sites' names, times after a round's start."""

    vessel: str
    mode: str  # sea, ferry
    home: str
    away: str
    starts: timedelta  # after ANCHOR
    every: timedelta
    crossing: timedelta
    back_after: timedelta

    def sailings(self, since: datetime, until: datetime) -> Iterator["Sailing"]:
        """The crossings that are under way at some moment from `since` to `until`."""
        round_number = (since - ANCHOR - self.starts) // self.every - 1
        while (begins := ANCHOR + self.starts + round_number * self.every) < until:
            there = Sailing(self.vessel, self.mode, self.home, self.away, begins, begins + self.crossing)
            leaves = begins + self.back_after
            back = Sailing(self.vessel, self.mode, self.away, self.home, leaves, leaves + self.crossing)
            yield from (each for each in (there, back) if each.arrives_at > since and each.departs_at < until)
            round_number += 1


@dataclass(frozen=True, slots=True)
class Sailing:
    """One crossing of one vessel."""

    vessel: str
    mode: str
    start: str
    end: str
    departs_at: datetime
    arrives_at: datetime


PANJANG, PRIOK = "Hub Panjang", "Hub Tanjung Priok"
BAKAUHENI, MERAK = "Pelabuhan Bakauheni", "Pelabuhan Merak"

# Twelve ro-ro vessels keep a departure every two hours each way, with an hour and a half at the quay; three ferries do
# so too.
VESSELS = (
    *("KM Lumbung Samudra", "KM Sai Bahtera", "KM Teluk Kencana", "KM Way Sekampung", "KM Tanjung Lesung Raya"),
    *("KM Cahaya Krui", "KM Semaka Jaya", "KM Sebesi Bahari", "KM Pesagi Nusantara"),
    *("KM Legundi Jaya", "KM Way Rarem", "KM Tanggamus Raya"),
)
LINES = (
    *(
        Line(vessel, "sea", PANJANG, PRIOK, (2 * number + 0.5) * HOUR, 24 * HOUR, 10.5 * HOUR, 12 * HOUR)
        for number, vessel in enumerate(VESSELS)
    ),
    *(
        Line(vessel, "ferry", BAKAUHENI, MERAK, starts * HOUR, 6 * HOUR, 2 * HOUR, 3 * HOUR)
        for vessel, starts in (("KMP Selat Ragom", 0), ("KMP Rajabasa Indah", 2), ("KMP Merpati Selat", 4))
    ),
)


def sailings(since: datetime, until: datetime) -> list[Sailing]:
    """Every crossing under way at some moment from `since` to `until`, by departure."""
    found = [sailing for line in LINES for sailing in line.sailings(since, until)]
    return sorted(found, key=lambda sailing: (sailing.departs_at, sailing.vessel))


def next_sailing(start: str, after: datetime) -> Sailing:
    """The first to leave the port `start` at `after` or later."""
    leaving = (s for s in sailings(after, after + 3 * 24 * HOUR) if s.start == start and s.departs_at >= after)
    return next(leaving)
