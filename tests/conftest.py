"""What every test may ask for: real data, where it is there; and on which database it runs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the registry's tests run on another database than SQLite."""
    parser.addoption("--on", choices=("sqlite", "postgresql"), default="sqlite")


@pytest.fixture(scope="session", autouse=True)
def _server(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.config.getoption("--on") == "sqlite":
        yield
        return
    from tests.registry_api.db import a_server

    with a_server.postgresql():
        yield


def real_data_home() -> Path:
    """Say where the real test data would be."""
    home = Path(os.environ.get("PARKLAND_REAL_DATA", "../shared/real_data"))
    return home if home.is_absolute() else _ROOT / home


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Give the path of a folder or file of the real test data; skip where it is absent.

    The data are not part of the project (their licences differ); PARKLAND_REAL_DATA says where they
    are, by default `../shared/real_data` beside the repository.
    """
    home = real_data_home()

    def find(part: str) -> Path:
        path = home / part
        if not path.exists():
            pytest.skip(f"real data are not here: {path} (see PARKLAND_REAL_DATA)")
        return path

    return find
