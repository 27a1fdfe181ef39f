"""Changes since a week, a month and a year: only where there was a value then."""

from datetime import date, timedelta
from decimal import Decimal

from prices.changes import changes
from prices.observations import Known

LAST = date(2024, 9, 30)


def value(days_ago: int, price: int) -> Known:
    return Known(LAST - timedelta(days=days_ago), Decimal(price), "observed")


def shares(values: list[Known], frequency: str = "daily") -> dict[str, Decimal]:
    return {change.span: change.share for change in changes(values, frequency)}


def test_each_span_takes_the_last_value_known_then() -> None:
    values = [value(368, 8000), value(33, 9000), value(7, 10500), value(3, 9900), value(0, 10000)]
    assert shares(values) == {
        "before": Decimal("0.0101"),
        "week": Decimal("-0.0476"),
        "month": Decimal("0.1111"),
        "year": Decimal("0.2500"),
    }


def test_a_value_long_before_a_span_says_nothing_of_it() -> None:
    assert set(shares([value(300, 8000), value(60, 9000), value(1, 9500), value(0, 10000)])) == {"before"}


def test_a_monthly_series_goes_by_months() -> None:
    months = [Known(date(2024 - (n > 8), (8 - n) % 12 + 1, 1), Decimal(10000 - 100 * n), "observed") for n in range(14)]
    found = shares(months[::-1], "monthly")
    assert found == {"month": Decimal("0.0101"), "year": Decimal("0.1364")}


def test_one_value_has_no_change() -> None:
    assert shares([value(0, 10000)]) == {}
