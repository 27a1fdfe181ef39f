"""The state's rule: what sets it, what clears it, that it wears out, and that later data change nothing."""

from datetime import date, timedelta

import numpy as np
import pytest

from prices import carried
from prices.months import by_month
from prices.seasons import Season, season_of
from prices.stability import Assessment, Rule, assess, record, spells
from tests.prices.price_stage import JANUARY_2020, monthly, wandering, working_days

EIDS = carried.lebaran()
RICE, CORN = season_of("rice"), season_of("corn")
CALM = [10000.0, 10050.0] * 12  # moves by half a percent a month: u = .005


def states(prices: list[float], commodity: str = "corn", ceilings: dict[int, float] | None = None) -> list[str | None]:
    return [a.state for a in assess(monthly(prices), season_of(commodity), EIDS, ceilings=ceilings)]


def test_a_month_that_rises_one_and_a_half_times_as_much_as_usual_is_siaga() -> None:
    assert states([*CALM, 10050 * 1.0076])[-1] == "siaga"
    assert states([*CALM, 10050 * 1.0070])[-1] == "aman"


def test_the_usual_change_does_not_hold_the_month_itself() -> None:
    assert states([*CALM, 10050 * 1.5])[-1] == "siaga"


def test_in_the_rising_season_half_as_much_above_the_last_three_months_is_enough() -> None:
    calm = CALM[:20]  # to August; September is rice's first rising month
    september = [*calm, float(np.mean(calm[-3:])) * 1.003]
    assert states(september, "rice")[-1] == "siaga"
    assert states(september, "corn")[-1] == "aman"


def test_while_the_harvest_comes_in_a_rise_of_rice_is_no_siaga() -> None:
    to_january = [*CALM, 10000.0]
    march = [*to_january, 10000.0, 10200.0]
    assert states(march, "rice")[-1] != "siaga"
    assert states(march, "corn")[-1] == "siaga"


def test_five_percent_above_the_official_ceiling_makes_siaga_an_intervensi_and_below_it_a_waspada() -> None:
    ceilings = {JANUARY_2020 + n: 9900.0 for n in range(60)}
    assert states([*CALM, 10500.0], ceilings=ceilings)[-1] == "intervensi"
    assert states([*CALM, 10390.0], ceilings=ceilings)[-1] == "siaga"
    assert states([*CALM, 10000.0], ceilings=ceilings)[-1] == "waspada"
    assert states([*CALM, 9800.0], ceilings=ceilings)[-1] == "aman"


def test_a_short_history_and_an_old_price_set_no_state() -> None:
    assert states(CALM[:13]) == [None] * 13
    silent = assess(monthly([*CALM, float("nan")]), CORN, EIDS)[-1]
    assert (silent.state, silent.why_none) == (None, "stale")
    days = working_days(date(2020, 1, 1), date(2022, 6, 30))
    holed = [pair for pair in days if not date(2022, 6, 20) <= pair[0]]
    last = assess(by_month(holed, daily=True, seen_until=date(2022, 6, 30)), RICE, EIDS)[-1]
    assert (last.number, last.state, last.why_none) == (2022 * 12 + 5, None, "stale")


def climbing(months: int, share: float) -> list[float]:
    return [*CALM, *(10050 * (1 + share) ** n for n in range(1, months + 1))]


def test_siaga_wears_out_after_six_months_unless_the_price_justifies_it_anew() -> None:
    always = assess(monthly(climbing(14, 0.05)), CORN, EIDS)
    anew = [a.number - JANUARY_2020 for a in always if any(s.kind == "justified_anew" for s in a.signs)]
    assert anew[0] == 30  # the seventh month's end, six months after the first
    assert all(((s.until or s.since) - s.since).days <= 184 for s in spells(always))


def test_a_spell_that_wears_out_is_waspada_until_the_signs_cease() -> None:
    """A price that creeps up by a third of a percent a month, in a season that never ends."""
    always_rising, slow = Season(rising=frozenset(range(1, 13))), Rule(month_rise=10.0)
    creeping = [10050 * 1.0035**n for n in range(1, 11)]
    prices = [*CALM, *creeping, creeping[-1] * 0.97, creeping[-1] * 1.02]
    told = [a.state for a in assess(monthly(prices), always_rising, EIDS, rule=slow)]
    first = told.index("siaga", 23)
    assert told[first : first + 6] == ["siaga"] * 6
    assert set(told[first + 6 : 34]) == {"waspada"}
    assert told[34:] == ["aman", "intervensi"]


def test_alerts_are_stretches_of_one_state_with_open_end() -> None:
    def at(number: int, state: str) -> Assessment:
        return Assessment(JANUARY_2020 + number, state)

    found = spells(
        [at(0, "aman"), at(1, "siaga"), at(2, "siaga"), at(3, "intervensi"), at(4, "waspada"), at(5, "siaga")]
    )
    assert [(s.since, s.until, s.state) for s in found] == [
        (date(2020, 2, 29), date(2020, 4, 30), "siaga"),
        (date(2020, 4, 30), date(2020, 5, 31), "intervensi"),
        (date(2020, 6, 30), None, "siaga"),
    ]


def test_the_record_counts_months_whose_three_next_are_known() -> None:
    months = monthly([100, 100, 104, 100, 100, 100, 100])
    told = [
        Assessment(months.start + n, state) for n, state in enumerate(["siaga", "aman", "siaga", None] + ["aman"] * 3)
    ]
    found = record(months, told, 3)
    assert (found.cases, found.rises, found.alerts, found.hits) == (3, 2, 2, 1)
    assert (found.base_rate, found.precision, found.recall) == (2 / 3, 0.5, 0.5)
    assert record(months, told[:0], 3).precision is None


def test_no_alert_lasts_over_six_months_whatever_the_price_does() -> None:
    for seed in range(20):
        for commodity in ("rice", "chicken", "corn"):
            months = monthly(wandering(150, seed=seed, size=0.03))
            found = assess(months, season_of(commodity), EIDS)
            assert all(((s.until or s.since) - s.since).days <= 184 for s in spells(found))


@pytest.mark.parametrize("commodity", ["rice", "chicken"])
def test_on_every_day_the_states_so_far_are_those_that_the_whole_series_tells(commodity: str) -> None:
    days = working_days(date(2020, 1, 1), date(2024, 6, 30))
    season = season_of(commodity)
    whole = assess(by_month(days, daily=True, seen_until=date(2024, 6, 30)), season, EIDS)
    on = date(2023, 5, 1)
    while on <= date(2024, 6, 30):
        known = [pair for pair in days if pair[0] <= on]
        then = assess(by_month(known, daily=True, seen_until=on), season, EIDS)
        assert then == whole[: len(then)]
        on += timedelta(days=1)
