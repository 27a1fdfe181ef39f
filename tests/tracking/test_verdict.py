"""What a label is worth follows from its records alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tracking.verdict import Reason, Record, distance_km, judge

START = datetime(2026, 11, 2, tzinfo=UTC)
FARM, PANJANG, PRIOK, MARKET = (105.37, -4.90), (105.32, -5.47), (106.89, -6.10), (106.88, -6.21)


def record(hours: float, step: str, place: tuple[float, float] | None, **more: object) -> Record:
    lon, lat = place or (None, None)
    values = {"at": START + timedelta(hours=hours), "biz_step": step, "place": str(place), "lon": lon, "lat": lat}
    return Record(**(values | {"told_by": f"{hours}{step}"} | more))  # type: ignore[arg-type]


def life() -> list[Record]:
    return [
        record(0, "packing", FARM, tagging=True),
        record(4, "arriving", PANJANG, own=False),
        record(20, "arriving", PRIOK, own=False),
        record(30, "stocking", MARKET),
    ]


def kinds(verdict: object) -> list[str]:
    return [reason.kind for reason in verdict.reasons]  # type: ignore[attr-defined]


def test_records_that_agree_are_consistent() -> None:
    assert judge(life(), issued=True, check="right").state == "consistent"


def test_a_number_we_never_gave_out_is_not_ours() -> None:
    assert judge([], issued=False).state == "foreign"


def test_a_tag_not_yet_used_is_blank() -> None:
    assert judge([], issued=True).state == "blank"


def test_a_wrong_check_is_suspicious_even_on_a_blank_tag() -> None:
    assert kinds(judge([], issued=True, check="wrong")) == ["wrong_check"]
    assert kinds(judge(life(), issued=True, check="wrong")) == ["wrong_check"]


def test_no_check_at_all_is_no_reason() -> None:
    assert judge(life(), issued=True, check="absent").state == "consistent"


def test_a_recall_outweighs_everything() -> None:
    verdict = judge(life(), issued=True, check="wrong", recalls=[Reason("recalled")], held=True)
    assert verdict.state == "recalled"


def test_sold_twice_is_suspicious() -> None:
    sold = [*life(), record(40, "retail_selling", MARKET), record(40.1, "retail_selling", MARKET)]
    assert kinds(judge(sold, issued=True)) == ["already_sold"]


def test_a_life_after_the_sale_is_suspicious_but_counting_at_the_till_is_not() -> None:
    sold = [*life(), record(40, "retail_selling", MARKET)]
    assert judge([*sold, record(40.1, "stocking", MARKET)], issued=True).state == "consistent"
    assert kinds(judge([*sold, record(60, "stocking", MARKET)], issued=True)) == ["already_sold"]


def test_ten_minutes_across_the_strait_is_two_places() -> None:
    verdict = judge([*life(), record(30.17, "inspecting", PANJANG)], issued=True)
    assert kinds(verdict) == ["two_places"]
    assert verdict.reasons[0].facts["minutes"] == 10
    assert 180 < verdict.reasons[0].facts["km"] < 200


def test_records_without_a_tagging_are_suspicious() -> None:
    assert kinds(judge(life()[1:], issued=True)) == ["not_commissioned"]


def test_two_taggings_by_two_scans_are_suspicious_two_events_of_one_scan_are_not() -> None:
    again = record(1, "packing", FARM, tagging=True)
    assert kinds(judge([life()[0], again], issued=True)) == ["already_tagged"]
    same_scan = record(0.001, "packing", FARM, tagging=True, told_by=life()[0].told_by)
    assert judge([life()[0], same_scan], issued=True).state == "consistent"


def test_panjang_to_priok_is_about_187_km_through_the_air() -> None:
    assert abs(distance_km((105.318658, -5.468175), (106.889722, -6.098333)) - 187.5) < 1.5


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from([FARM, PANJANG, PRIOK, MARKET, None])), max_size=20))
def test_a_verdict_never_fails_and_suspicion_always_has_a_reason(moves: list[tuple[int, tuple[float, float]]]) -> None:
    records = [record(hours, "inspecting", place) for hours, place in sorted(moves, key=lambda move: move[0])]
    verdict = judge(records, issued=True)
    assert (verdict.state == "suspicious") == bool(verdict.reasons)
