"""Prices over HTTP and in the console: who may read, who may import, what is said when nothing is known."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import Engine
from sqlmodel import Session

from prices import carried, observations

Headers = dict[str, str]
Bearer = Callable[..., Headers]
HEADER = "date,province,commodity,price_idr_kg\n"
ROWS = "2026-03-02,Riau,Beras Medium,13000\n2026-03-03,Riau,Beras Medium,x\n2026-03-04,Riau,Beras Medium,14500\n"


@pytest.fixture(scope="module", autouse=True)
def figures(engine: Engine) -> None:
    """The carried-over figures, once for the module."""
    with Session(engine) as session:
        carried.load(session, now=datetime.now(UTC))
        session.commit()


def send(client: TestClient, headers: Headers, text: str = HEADER + ROWS, **form: str) -> tuple[int, dict[str, object]]:
    answer = client.post(
        "/api/v1/prices/imports", files={"file": ("harga.csv", text.encode(), "text/csv")}, data=form, headers=headers
    )
    return answer.status_code, answer.json()


def test_series_come_with_source_age_and_imputed_share(client: TestClient, bearer: Bearer) -> None:
    found = client.get("/api/v1/prices/series", params={"area": "Lampung"}, headers=bearer("observer")).json()
    medium = next(s for s in found if s["name"] == "Beras Medium")
    assert medium["source"] == "Panel harian, penerbit tidak disebut"
    assert medium["grade"] == "medium"
    assert medium["stale"] is True
    assert medium["imputed_share"] == 0
    assert medium["observed_on"] == "2024-09-30"


def test_a_series_is_read_as_it_was_known(client: TestClient, bearer: Bearer) -> None:
    headers = bearer("observer")
    (corn,) = client.get("/api/v1/prices/series", params={"commodity": "corn"}, headers=headers).json()
    address = f"/api/v1/prices/series/{corn['id']}"
    now = client.get(address, params={"since": "2025-01-01"}, headers=headers).json()
    assert len(now["values"]) == 11
    assert now["values"][-1] == {"on": "2025-11-01", "price_idr": "6835.00", "kind": "observed"}
    before = client.get(address, params={"as_known_at": "2020-01-01T00:00:00Z"}, headers=headers).json()
    assert before["values"] == []
    unknown = client.get("/api/v1/prices/series/00000000-0000-0000-0000-000000000000", headers=headers)
    assert unknown.status_code == 404
    assert unknown.headers["content-type"].startswith("application/problem+json")


def test_old_data_leave_only_suspended_and_ended_alerts(client: TestClient, bearer: Bearer) -> None:
    headers = bearer("officer")
    assert client.get("/api/v1/prices/alerts", params={"state": "open"}, headers=headers).json() == []
    suspended = client.get("/api/v1/prices/alerts", params={"state": "suspended"}, headers=headers).json()
    assert all(alert["stale_on"] for alert in suspended)
    corn = next(alert for alert in suspended if alert["commodity"] == "corn")
    assert (corn["instrument"], corn["reference_idr"], corn["began_on"]) == ("HAP", "5800.00", "2024-07-01")


def test_an_import_tells_every_row_and_a_second_one_changes_nothing(client: TestClient, bearer: Bearer) -> None:
    headers = bearer("officer")
    status, tried = send(client, headers, dry_run="true")
    assert (status, tried["dry_run"], tried["new"]) == (200, True, 2)
    status, done = send(client, headers)
    assert (status, done["new"], done["rows_read"]) == (201, 2, 3)
    assert done["refused"] == [
        {"line": 3, "reason": "the price is not a number", "text": "2026-03-03,Riau,Beras Medium,x"}
    ]
    assert done["alerts_raised"] == 1
    status, again = send(client, headers)
    assert (status, again["new"], again["unchanged"], again["import_id"]) == (201, 0, 2, None)


def test_a_file_that_is_none_is_a_problem_and_changes_nothing(client: TestClient, bearer: Bearer) -> None:
    status, problem = send(client, bearer("officer"), "a,b\n1,2\n")
    assert status == 422
    assert "no known layout" in str(problem["detail"])


def test_only_those_who_work_on_prices_may_import(client: TestClient, bearer: Bearer) -> None:
    assert send(client, bearer("observer"))[0] == 403
    assert send(client, {})[0] == 401
    assert client.get("/api/v1/prices/series", headers=bearer("driver")).status_code == 403


def page(client: TestClient, headers: Headers, address: str) -> str:
    answer = client.get(f"/konsol/harga{address}", headers={**headers, "accept": "text/html", "accept-language": "id"})
    assert answer.status_code == 200
    return answer.text


def test_the_chart_page_says_source_age_and_official_price_and_has_no_script(
    client: TestClient, bearer: Bearer
) -> None:
    text = page(client, bearer("officer"), "/beras/lampung")
    assert "Beras medium, Lampung" in text
    assert text.count('class="chart ') == 3
    assert "HET Rp12.500, Perbadan 5/2024" in text
    assert "Sumber: Panel harian, penerbit tidak disebut" in text
    assert "Peringatan ditahan" in text
    assert "<script" not in text
    assert " style=" not in text


def test_bananas_say_that_there_is_no_series(client: TestClient, bearer: Bearer) -> None:
    text = page(client, bearer("officer"), "/pisang/lampung")
    assert "Belum ada seri harga pisang di Lampung." in text
    assert '<svg class="chart' not in text


def test_the_mean_of_six_grades_says_why_it_is_not_compared(client: TestClient, bearer: Bearer) -> None:
    text = page(client, bearer("officer"), "/beras/lampung?mutu=mean_of_six")
    assert "Rata-rata enam mutu tidak dibandingkan dengan HET beras medium" in text
    assert 'class="het"' not in text


def test_every_value_is_in_the_table_twin(client: TestClient, bearer: Bearer, session: Session) -> None:
    headers = bearer("officer")
    (corn,) = observations.all_series(session, commodity="corn")
    rows = re.findall(r'<th scope="row">', page(client, headers, "/jagung/indonesia?lihat=tabel"))
    assert len(rows) == corn.observations == 43


def test_a_download_can_be_imported_again(client: TestClient, bearer: Bearer) -> None:
    headers = bearer("officer")
    answer = client.get("/konsol/harga/jagung/indonesia?format=csv", headers=headers)
    assert "attachment" in answer.headers["content-disposition"]
    status, report = send(client, headers, answer.text)
    assert (status, report["layout"], report["new"], report["unchanged"]) == (201, "lumbung", 0, 43)
    book = load_workbook(io.BytesIO(client.get("/konsol/harga/jagung/indonesia?format=xlsx", headers=headers).content))
    assert book["harga"].max_row == 44


def test_an_unknown_province_or_commodity_is_not_found(client: TestClient, bearer: Bearer) -> None:
    headers = {**bearer("officer"), "accept": "text/html"}
    assert client.get("/konsol/harga/beras/atlantis", headers=headers).status_code == 404
    assert client.get("/konsol/harga/emas/lampung", headers=headers).status_code in (404, 422)


def test_the_board_shows_all_areas_side_by_side(client: TestClient, bearer: Bearer) -> None:
    text = page(client, bearer("observer"), "")
    for words in ("DKI Jakarta", "Lampung", "Nasional", "belum ada seri", "HET Rp13.500"):
        assert words in text


def test_old_data_set_no_state_and_the_last_one_is_told(client: TestClient, bearer: Bearer) -> None:
    text = page(client, bearer("officer"), "/ayam/lampung")
    assert "Keadaan ditahan" in text
    assert "terlalu tua untuk menetapkan keadaan" in text
    assert text.count('<path class="fan"') >= 3  # each width of the drawing


def test_the_forecast_stands_in_a_table_with_what_it_missed_and_naive_beside(
    client: TestClient, bearer: Bearer
) -> None:
    text = page(client, bearer("officer"), "/beras/lampung?mutu=mean_of_six")
    assert "Perkiraan, pita 80 % dari riwayatnya sendiri" in text
    assert "Sebulan ke depan meleset" in text
    assert "naif" in text


def test_the_record_says_how_many_alerts_were_right_and_the_base_rate(client: TestClient, bearer: Bearer) -> None:
    text = page(client, bearer("officer"), "/beras/indonesia?lihat=peringatan")
    assert "disusul kenaikan 3 % dalam tiga bulan" in text
    assert "Tanpa peringatan pun kenaikan menyusul" in text
    assert "palsu" in text
    assert "tepat" in text


def test_a_release_is_recommended_where_demand_is_known_with_all_its_sources(
    client: TestClient, bearer: Bearer
) -> None:
    text = page(client, bearer("officer"), "/beras/dki-jakarta")
    assert "Saran pelepasan stok" in text
    assert "4 sumber kebutuhan" in text
    assert "Petugas yang memutuskan" in text
    assert "Saran pelepasan stok" not in page(client, bearer("officer"), "/beras/lampung")
