"""The set-up says what is missing, and skips what is done."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core import bootstrap, ports, system_packages
from core.cluster import ROOT
from core.steps import SetupFailed, plain_failures


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ROOT / "run"), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_help_names_every_command() -> None:
    said = run("--help")
    assert said.returncode == 0
    for command in ("./run test", "./run check", "./run bench", "./run lumbung", "--port N", "--data DIR", "--fresh"):
        assert command in said.stdout


def test_an_unknown_command_is_refused_with_the_list() -> None:
    said = run("harvest")
    assert said.returncode == 1
    assert "does not know 'harvest'" in said.stderr
    assert "./run test" in said.stderr


def test_everything_below_the_bootstrap_needs_the_standard_library_alone() -> None:
    bare = "import sys; sys.path[:0] = [sys.argv[1]]; import core.bootstrap, core.watcher, core.ports"
    subprocess.run([sys.executable, "-I", "-S", "-c", bare, str(ROOT)], check=True, capture_output=True)


def test_the_digest_of_inputs_changes_with_content_and_with_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    (tmp_path / "a").write_text("rice")
    (tmp_path / "b").write_text("rice")
    first = bootstrap._digest([tmp_path / "a"])
    assert first == bootstrap._digest([tmp_path / "a"])
    assert first != bootstrap._digest([tmp_path / "b"])
    (tmp_path / "a").write_text("chilli")
    assert first != bootstrap._digest([tmp_path / "a"])


def test_a_taken_port_is_told_with_who_has_it_and_another() -> None:
    with ports.listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SetupFailed) as told:
            ports.listen(port)
    assert re.search(rf"port {port} is taken by .+ \(process {os.getpid()}\)", told.value.reason)
    assert f"--port {port + 1}" in told.value.remedy


def test_a_port_of_127_0_0_1_only_is_listened_on() -> None:
    with ports.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.family == socket.AF_INET


def test_a_full_disk_is_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"the disk that holds .* is full"), plain_failures(tmp_path):
        Path("/dev/full").write_text("harvest")


def test_a_browser_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMBUNG_CHROMIUM", "/no/such/browser")
    with pytest.raises(SetupFailed, match="LUMBUNG_CHROMIUM names /no/such/browser"):
        system_packages.chromium()


def test_no_index_address_is_in_a_lock_file() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text().replace("# via", "")
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
