"""`lumbung prices evaluate`: JSON alone, files alone, any province, nothing from the future."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from prices import carried
from prices.evaluation import Evidence, evaluate, gathered
from prices.importers import judge, read
from tests.prices.conftest import ROOT
from tests.prices.price_stage import working_days

KEYS = {
    *("series", "commodity", "area", "frequency", "from", "to", "observations", "imputed_share", "mape"),
    *("coverage_80", "alerts", "rise_within_3_months", "lebaran_lead_days"),
}
DAYS = working_days(date(2020, 1, 1), date(2024, 6, 28))


def csv_of(until: date = date.max, commodity: str = "Daging Ayam") -> str:
    rows = [f"{on},Sulawesi Selatan,{commodity},{price:.0f}" for on, price in DAYS if on <= until]
    return "\n".join(["date,province,commodity,price_idr_kg", *rows]) + "\n"


def evidence_of(content: str) -> Evidence:
    return gathered([judge(read(content.encode(), file_name="a.csv", today=date(2026, 11, 21)))])[0]


def told(content: str) -> dict[str, Any]:
    return evaluate(evidence_of(content), carried.official_prices(), carried.lebaran())


def test_the_command_prints_json_alone_and_needs_no_database(tmp_path: Path) -> None:
    (tmp_path / "harga.csv").write_text(csv_of())
    (tmp_path / "lain.csv").write_text("a,b\n1,2\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LUMBUNG_")}
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "prices", "evaluate", tmp_path / "harga.csv", tmp_path / "lain.csv"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment | {"LUMBUNG_DATA": str(tmp_path / "data")},
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr  # the other file was refused, and the first told all the same
    assert "lain.csv: refused" in done.stderr
    (series,) = json.loads(done.stdout)
    assert set(series) == KEYS
    assert (series["area"], series["commodity"], series["frequency"]) == ("Sulawesi Selatan", "chicken", "daily")
    assert series["observations"] == len(DAYS)
    assert not (tmp_path / "data").exists()


def test_the_shape_is_that_of_the_contract() -> None:
    found = told(csv_of())
    assert set(found["mape"]) == set(found["coverage_80"]) == {"1", "3"}
    assert all(set(errors) == {"ours", "naive"} for errors in found["mape"].values())
    assert set(found["rise_within_3_months"]) == {"2", "3", "5"}
    assert all(set(r) == {"base_rate", "precision", "recall"} for r in found["rise_within_3_months"].values())
    assert all(set(alert) == {"from", "to", "state", "reason"} for alert in found["alerts"])
    assert found["lebaran_lead_days"] == {"2020": 60, "2021": 60, "2022": 60, "2023": 60, "2024": 60}


def test_the_lebaran_notice_is_for_chicken_alone_and_is_no_alert() -> None:
    assert told(csv_of(commodity="Beras"))["lebaran_lead_days"] == {}
    assert all("Lebaran" not in alert["reason"] for alert in told(csv_of())["alerts"])


@pytest.mark.parametrize("commodity", ["Beras", "Daging Ayam"])
def test_a_file_cut_short_tells_the_same_alerts_up_to_there(commodity: str) -> None:
    whole = told(csv_of(commodity=commodity))["alerts"]
    assert whole
    for year in (2022, 2023):
        for month in range(1, 13):
            until = date(year, month, 17)
            known = [a for a in whole if a["from"] <= until.isoformat()]
            for alert, early in zip(known, told(csv_of(until, commodity))["alerts"], strict=True):
                over = alert["to"] is not None and alert["to"] <= until.isoformat()
                assert early == (alert if over else alert | {"to": None})


def test_a_day_told_by_two_files_counts_once() -> None:
    readings = [judge(read(csv_of().encode(), file_name="a.csv", today=date(2026, 11, 21))) for _ in range(2)]
    (both,) = gathered(readings)
    assert len(both.observed) == len(DAYS)


def test_what_nobody_observed_is_counted_as_imputed_and_used_for_nothing() -> None:
    filled = csv_of() + f"2024-06-29,Sulawesi Selatan,Daging Ayam,{DAYS[-1][1]:.0f}\n"
    found = told(filled)
    assert found["observations"] == len(DAYS)
    assert found["imputed_share"] == pytest.approx(1 / (len(DAYS) + 1), abs=1e-4)
    assert found["to"] == "2024-06-28"


def test_a_short_series_says_null_and_not_a_number() -> None:
    found = told(csv_of(date(2020, 3, 31)))
    assert found["mape"] == {"1": {"ours": None, "naive": None}, "3": {"ours": None, "naive": None}}
    assert found["coverage_80"] == {"1": None, "3": None}
    assert found["alerts"] == []
    assert json.dumps(found, allow_nan=False)


def test_on_the_real_files_ours_is_no_worse_than_naive_and_the_interval_holds(data_files: Path) -> None:
    """The design's four series, with a hair's breadth of room, and the interval within what their number allows."""
    name = "pihps_daily_lampung_dki.csv"
    reading = judge(read((data_files / "prices" / name).read_bytes(), file_name=name, today=date(2026, 11, 21)))
    ours = [e for e in gathered([reading]) if e.facts.commodity]
    assert len(ours) == 4
    for evidence in ours:
        found = evaluate(evidence, carried.official_prices(), carried.lebaran())
        for horizon, errors in found["mape"].items():
            assert errors["ours"] <= errors["naive"] * 1.005, (found["series"], horizon)
            assert 0.65 <= found["coverage_80"][horizon] <= 0.95, (found["series"], horizon)
