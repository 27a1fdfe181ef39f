"""The environment is validated once, and nothing that must be safe is left to a default outside the demo."""

import stat
from pathlib import Path

import pytest

from core import settings
from core.steps import SetupFailed

KEYS = {"LUMBUNG_SECRET_KEY": "a" * 64, "LUMBUNG_TAG_KEY": "b" * 64}


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"LUMBUNG_DATA": str(tmp_path / "data"), **more}


def test_the_demo_needs_nothing_and_keeps_its_secrets(tmp_path: Path) -> None:
    first = settings.read(environment(tmp_path))
    again = settings.read(environment(tmp_path))
    assert first == again
    assert first.demo
    assert first.public_base_url == "http://127.0.0.1:8000"
    assert first.secret_key != first.tag_key
    assert stat.S_IMODE((tmp_path / "data" / "secrets.json").stat().st_mode) == 0o600


def test_two_data_folders_do_not_share_secrets(tmp_path: Path) -> None:
    one = settings.read(environment(tmp_path, LUMBUNG_DATA=str(tmp_path / "one")))
    two = settings.read(environment(tmp_path, LUMBUNG_DATA=str(tmp_path / "two")))
    assert {one.secret_key, one.tag_key}.isdisjoint({two.secret_key, two.tag_key})


def test_outside_the_demo_the_printed_address_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="LUMBUNG_PUBLIC_BASE_URL must be set"):
        settings.read(environment(tmp_path, LUMBUNG_DEMO="0"))


def test_outside_the_demo_an_existing_server_asks_for_keys_too(tmp_path: Path) -> None:
    given = environment(tmp_path, LUMBUNG_DEMO="0", LUMBUNG_DATABASE_URL="postgresql://owner@db/lumbung")
    with pytest.raises(SetupFailed, match="LUMBUNG_PUBLIC_BASE_URL, LUMBUNG_SECRET_KEY, LUMBUNG_TAG_KEY"):
        settings.read(given)
    read = settings.read(given | KEYS | {"LUMBUNG_PUBLIC_BASE_URL": "https://lumbung.example/"})
    assert read.public_base_url == "https://lumbung.example"
    assert not read.private_cluster
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LUMBUNG_PORT", "0"),
        ("LUMBUNG_PORT", "eight"),
        ("LUMBUNG_SECRET_KEY", "changeme"),
        ("LUMBUNG_DATABASE_URL", "mysql://db/lumbung"),
        ("LUMBUNG_PUBLIC_BASE_URL", "lumbung.example"),
        ("LUMBUNG_WORKERS", "0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SetupFailed, match=name):
        settings.read(environment(tmp_path, **{name: value}))


def test_the_same_key_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="must differ"):
        settings.read(environment(tmp_path, **KEYS | {"LUMBUNG_TAG_KEY": "a" * 64}))


def test_secrets_are_not_in_the_printed_form(tmp_path: Path) -> None:
    read = settings.read(environment(tmp_path, **KEYS, LUMBUNG_DATABASE_URL="postgresql://owner:harvest@db/lumbung"))
    assert not any(secret in repr(read) for secret in (*KEYS.values(), "harvest"))


def test_the_application_takes_on_its_role_on_an_existing_server(tmp_path: Path) -> None:
    read = settings.read(environment(tmp_path, LUMBUNG_DATABASE_URL="postgres://owner@db/lumbung?sslmode=require"))
    assert read.urls.owner == "postgresql://owner@db/lumbung?sslmode=require"
    assert read.urls.app == read.urls.owner + "&options=-c%20role%3Dlumbung_app"
