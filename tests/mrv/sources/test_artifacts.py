"""The artifact store: content is the name, and the name is checked."""

import hashlib
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.errors import SourceFailed
from mrv.sources.artifacts import ArtifactStore


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts"))


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


def test_what_goes_in_comes_out_under_its_digest(store: ArtifactStore, tmp_path: Path) -> None:
    sha256 = store.put_bytes(b"shea")
    assert sha256 == hashlib.sha256(b"shea").hexdigest()
    assert store.get_bytes(sha256) == b"shea"
    assert store.has(sha256)
    assert store.put_bytes(b"shea") == sha256
    assert [path.name for path in files(tmp_path)] == [sha256]


def test_a_changed_artifact_is_named(store: ArtifactStore, tmp_path: Path) -> None:
    sha256 = store.put_bytes(b"100 kg")
    (path,) = files(tmp_path)
    path.write_bytes(b"900 kg")
    with pytest.raises(SourceFailed, match=f"Artifact {sha256} has been changed"):
        store.get_bytes(sha256)


def test_a_lost_artifact_is_named(store: ArtifactStore) -> None:
    with pytest.raises(SourceFailed, match="is not in the store"):
        store.get_bytes("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_only_digests_are_names(store: ArtifactStore, name: str) -> None:
    with pytest.raises(SourceFailed, match="not the digest"):
        store.get_bytes(name)


def test_a_failed_write_leaves_nothing_to_be_seen(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store._files, "mv", fail)
    with pytest.raises(OSError, match="disk full"):
        store.put_bytes(b"half")
    assert not store.has(hashlib.sha256(b"half").hexdigest())


def test_tables_keep_types_index_and_gaps(store: ArtifactStore) -> None:
    table = pd.DataFrame(
        {
            "plot_id": ["a", "b"],
            "ndvi": [0.5, None],
            "looks": [3, 0],
            "seen_at": pd.to_datetime(["2021-01-01T08:00Z", None]),
            "epoch": [date(2021, 1, 1), date(2024, 1, 1)],
        }
    ).set_index("plot_id")
    sha256, rows = store.put_table(table)
    back = store.get_table(sha256)
    assert rows == 2
    assert back["plot_id"].tolist() == ["a", "b"]
    assert back["ndvi"].isna().tolist() == [False, True]
    assert back["looks"].dtype == "int64"
    assert back["seen_at"].dt.tz is not None
    assert back["epoch"].tolist() == [date(2021, 1, 1), date(2024, 1, 1)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=5), st.floats(allow_nan=True)), max_size=20))
def test_the_same_table_has_the_same_digest(rows: list[tuple[str, float]]) -> None:
    store = ArtifactStore("memory://tables")
    one = store.put_table(pd.DataFrame(rows, columns=["plot_id", "value"]))
    other = store.put_table(pd.DataFrame(rows, columns=["plot_id", "value"]).copy())
    assert one == other == (one[0], len(rows))


def test_any_fsspec_store_will_do() -> None:
    store = ArtifactStore("memory://somewhere/else")
    assert store.get_bytes(store.put_bytes(b"x")) == b"x"


def test_the_registry_can_import_it_without_the_geospatial_stack() -> None:
    probe = (
        "import sys, mrv.sources.artifacts; "
        "print([m for m in ('rasterio', 'geopandas', 'pystac', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
