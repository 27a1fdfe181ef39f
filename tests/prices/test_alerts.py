"""One alert for one rise above the official price of the same grade: once, ended once, never on doubtful data."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from prices import alerts
from prices.alerts import Alert
from prices.observations import import_file
from prices.references import import_references
from tests.prices.test_references import RICE, collected

DAY = timedelta(days=1)
MONDAY = date(2026, 3, 2)
HEADER = "date,province,commodity,price_idr_kg\n"


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def observe(
    session: Session, *prices: int, first: date = MONDAY, name: str = "Beras Medium", now: date | None = None
) -> None:
    text = HEADER + "".join(f"{first + n * DAY},Lampung,{name},{price}\n" for n, price in enumerate(prices))
    import_file(session, text.encode(), "harga.csv", now=at(now or first + len(prices) * DAY))


def refreshed(session: Session, on: date) -> list[Alert]:
    alerts.refresh(session, now=at(on))
    return alerts.listed(session)


def test_a_price_above_the_ceiling_of_its_grade_raises_one_alert_with_the_figures_of_its_first_day(
    session: Session,
) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13500, 13600, 13700)
    (alert,) = refreshed(session, date(2026, 3, 6))
    assert (alert.state, alert.began_on, alert.ended_on) == ("open", date(2026, 3, 4), None)
    assert (alert.price_idr, alert.reference_idr, alert.gap_percent) == (13600, 13500, Decimal("0.74"))
    assert (alert.instrument, alert.decree) == ("HET", "Keputusan 299/2025")
    again = alerts.refresh(session, now=at(date(2026, 3, 6)))
    assert (again.opened, again.ended, again.suspended) == (0, 0, 0)
    assert alerts.listed(session) == [alert]


def test_it_ends_on_the_first_day_not_above_and_a_new_rise_is_a_new_alert(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13600)
    assert [a.state for a in refreshed(session, date(2026, 3, 4))] == ["open"]
    observe(session, 13500, 13600, first=date(2026, 3, 4))
    again, first = refreshed(session, date(2026, 3, 6))
    assert (first.state, first.ended_on) == ("ended", date(2026, 3, 4))
    assert (again.state, again.began_on) == ("open", date(2026, 3, 5))


def test_each_day_is_held_against_the_ceiling_in_force_that_day(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, *[13000] * 4, first=date(2025, 8, 20))  # 12,500 until the 21st, 13,500 from the 22nd
    (alert,) = refreshed(session, date(2025, 8, 24))
    assert (alert.began_on, alert.ended_on) == (date(2025, 8, 20), date(2025, 8, 22))


def test_a_suspicious_value_raises_nothing(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13400, 13400, 134000, 13400)
    assert refreshed(session, date(2026, 3, 7)) == []


def test_a_copy_carried_over_the_weekend_raises_and_ends_nothing(session: Session) -> None:
    import_references(
        session,
        collected("HAP,daging ayam ras,konsumen,nasional,40000,,Perbadan 6/2024,2024-04-25,,seen,press"),
    )
    friday = date(2026, 3, 6)
    observe(session, 41000, 41000, 41000, first=friday, name="Daging Ayam")
    assert [a.began_on for a in refreshed(session, friday + 4 * DAY)] == [friday]
    # Only the weekend is known: PIHPS does not collect then, so nobody saw this price.
    text = HEADER + "2026-03-14,Banten,Daging Ayam,41000\n2026-03-15,Banten,Daging Ayam,41000\n"
    import_file(session, text.encode(), "x.csv", now=at(date(2026, 3, 16)))
    assert [a.area for a in refreshed(session, date(2026, 3, 16))] == ["Lampung"]


def test_the_mean_of_six_grades_is_never_held_against_the_medium_ceiling(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 19000, 19000, 19000, name="Beras")
    assert refreshed(session, date(2026, 3, 5)) == []


def test_stale_data_suspend_an_alert_and_fresh_data_take_it_up_again(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13600)  # the last on Tuesday 3 March
    assert [a.state for a in refreshed(session, date(2026, 3, 10))] == ["open"]
    changed = alerts.refresh(session, now=at(date(2026, 3, 12)))
    (alert,) = alerts.listed(session)
    assert (alert.state, alert.stale_on) == ("suspended", date(2026, 3, 11))
    assert changed.suspended == 1
    assert changed.stale_series == ["Beras Medium, Lampung (Panel harian, penerbit tidak disebut)"]
    observe(session, 13650, first=date(2026, 3, 12))
    changed = alerts.refresh(session, now=at(date(2026, 3, 13)))
    (resumed,) = alerts.listed(session)
    assert (changed.resumed, resumed.state, resumed.began_on) == (1, "open", date(2026, 3, 3))


def test_old_files_fill_in_the_record_without_waking_anybody(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13600, 13400)
    observe(session, 13600, first=date(2026, 2, 20), now=date(2026, 3, 6))
    found = refreshed(session, date(2026, 3, 6))
    assert [(a.state, a.began_on) for a in found] == [("ended", date(2026, 3, 3)), ("ended", date(2026, 2, 20))]


def test_an_alert_once_raised_keeps_its_figures_when_the_value_is_corrected(session: Session) -> None:
    import_references(session, collected(*RICE))
    observe(session, 13400, 13600)
    (raised,) = refreshed(session, date(2026, 3, 4))
    observe(session, 13400, 13400, now=date(2026, 3, 5))
    (alert,) = refreshed(session, date(2026, 3, 5))
    assert (alert.id, alert.price_idr) == (raised.id, 13600)
    assert (alert.state, alert.ended_on) == ("ended", date(2026, 3, 3))
