"""Another base map by setting: its host is let in, for maps, and nothing else is."""

from pathlib import Path

from fastapi.testclient import TestClient

from registry_api.app import create_app
from registry_api.db import database
from tests.registry_api import a_registry


def _policy(home: Path, basemap: str) -> dict[str, str]:
    settings = a_registry.make_settings(home).model_copy(
        update={"basemap_style": basemap, "worker": False}
    )
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        header = client.get("/about").headers["content-security-policy"]
    database(settings.database).close()
    return dict(part.split(" ", 1) for part in header.split("; "))


def test_only_the_host_of_the_style_is_let_in(tmp_path: Path) -> None:
    ours = _policy(tmp_path, "")
    theirs = _policy(tmp_path, "https://tiles.example.org/styles/light.json?key=1")
    changed = {name: theirs[name] for name in ours if ours[name] != theirs[name]}
    assert changed == {
        "connect-src": "'self' https://tiles.example.org",
        "img-src": "'self' data: blob: https://tiles.example.org",
    }


def test_style_of_our_own_needs_nobody(tmp_path: Path) -> None:
    """A path on this site changes nothing."""
    assert _policy(tmp_path, "/static/style.json") == _policy(tmp_path, "")
