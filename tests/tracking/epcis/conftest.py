"""Where the EPCIS tests find their material: our own golden documents, and the upstream sets where they lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of our own documents and of their pre-hash strings, written by hand."""
    return ROOT / "tests" / "golden" / "epcis"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `conformance_file` runs once for every upstream file that `from_conformance` names."""
    if "conformance_file" not in metafunc.fixturenames:
        return
    pattern = metafunc.function.conformance_files
    folder = Path(os.environ.get("LUMBUNG_CONFORMANCE", ROOT.parent / "shared" / "conformance"))
    files = sorted(folder.glob(pattern))
    absent = pytest.param(None, marks=pytest.mark.skip(reason=f"no conformance material at {pattern}"), id="absent")
    metafunc.parametrize("conformance_file", [pytest.param(file, id=file.stem) for file in files] or [absent])
