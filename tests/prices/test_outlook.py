"""A series as an officer weighs it, and how fast: the whole country's history under a minute, one series at once."""

from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

from prices import carried
from prices.charts import WIDE, Point, Reach, draw
from prices.observations import Known
from prices.outlook import Outlook, outlook
from tests.prices.price_stage import working_days

FIRST, LAST = date(2018, 1, 1), date(2024, 10, 16)
VALUES = [Known(on, Decimal(round(price)), "observed") for on, price in working_days(FIRST, LAST)]


def weighed(values: list[Known], today: date = LAST, commodity: str = "rice") -> Outlook | None:
    return outlook(values, commodity=commodity, frequency="daily", official=[], lebaran=carried.lebaran(), today=today)


def test_the_month_that_still_runs_is_judged_as_far_as_it_is_known() -> None:
    found = weighed(VALUES)
    assert found is not None
    assert (found.running, found.now.number) == (True, 2024 * 12 + 9)
    whole = weighed([v for v in VALUES if v.on <= date(2024, 9, 30)])
    assert whole is not None
    assert (whole.running, whole.now.number) == (False, 2024 * 12 + 8)
    assert whole.judged == found.judged  # a running month adds nothing to the record


def test_the_fan_spreads_from_what_the_running_month_tells_so_far() -> None:
    found = weighed(VALUES)
    assert found is not None
    assert [step.number - 2024 * 12 for step in found.steps] == [10, 11, 12]


def test_the_season_drawn_for_a_month_is_that_of_the_years_before_it() -> None:
    whole, then = weighed(VALUES), weighed([v for v in VALUES if v.on <= date(2023, 6, 30)])
    assert whole is not None
    assert then is not None
    known = [reach for reach in then.band if reach[0] <= date(2023, 7, 31)]
    assert known
    assert known == whole.band[: len(known)]
    assert then.band[-1][0] == date(2023, 9, 15)


def test_copies_change_nothing_that_is_weighed() -> None:
    on, last = VALUES[-1].on, VALUES[-1].price_idr
    copies = [Known(on + timedelta(days=n), last * 2, "carried_forward") for n in (1, 2)]
    one, other = weighed([*VALUES, *copies]), weighed(VALUES)
    assert one is not None
    assert other is not None
    assert (one.now, one.judged, one.steps) == (other.now, other.judged, other.steps)


def test_nothing_is_said_without_a_whole_month() -> None:
    assert weighed([]) is None
    assert weighed(VALUES[:5]) is None


def test_the_lebaran_reminder_stands_from_sixty_days_before_for_chicken_alone() -> None:
    eid = date(2025, 3, 31)
    for days, stands in ((61, False), (60, True), (0, True), (-1, False)):
        found = weighed(VALUES, eid - timedelta(days=days), "chicken")
        assert found is not None
        assert (found.notice is not None) is stands
    rice = weighed(VALUES, eid - timedelta(days=30))
    assert rice is not None
    assert rice.notice is None


def test_a_series_of_seven_years_is_weighed_in_less_than_a_second() -> None:
    """34 provinces with four commodities are 136 series: at this pace their whole history takes under a minute."""
    began = perf_counter()
    weighed(VALUES)
    assert perf_counter() - began < 1.0


def test_the_fan_spreads_from_the_last_point_and_stays_within_the_frame() -> None:
    points = [Point(date(2024, 1, 1) + timedelta(days=n), 12000.0 + n) for n in range(90)]
    fan = [Reach(points[-1].on + timedelta(days=30 * n), 12000 - 300 * n, 12100 + 300 * n, 12089) for n in (1, 2, 3)]
    band = [Reach(date(2024, n, 15), 11800, 12200) for n in (1, 2, 3)]
    chart = draw(WIDE, points, fan=fan, band=band)
    assert chart is not None
    assert chart.fan.startswith(f"M{chart.last[0]:g} {chart.last[1]:g}")
    assert chart.fan.count("L") == 7
    assert chart.band.count("L") == 5
    assert chart.fan_middle.startswith("M")
    numbers = [float(n) for n in chart.fan.replace("M", " ").replace("L", " ").replace("Z", "").split()]
    assert all(0 <= x <= WIDE.right for x in numbers[::2])
    assert all(WIDE.top <= y <= WIDE.bottom for y in numbers[1::2])
    bare = draw(WIDE, points)
    assert bare is not None
    assert (bare.fan, bare.band, bare.fan_middle) == ("", "", "")
