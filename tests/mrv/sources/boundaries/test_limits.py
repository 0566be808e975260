"""Fifty thousand plots are read with room to spare, and the child can reach nothing."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.errors import BoundaryFileRefused
from mrv.sources import limited
from mrv.sources.boundaries import Limits, read_boundaries
from mrv.sources.boundaries.write import to_geojson


def test_fifty_thousand_plots_need_a_gigabyte_and_ten_seconds_at_most() -> None:
    side = np.arange(50_000)
    west, south = 34 + side % 250 / 500, side // 250 / 500
    plots = gpd.GeoDataFrame(
        {"plot_id": [f"KE-{n:05d}" for n in side]} | {f"c{n}": "some text" for n in range(8)},
        geometry=shapely.box(west, south, west + 0.001, south + 0.001),
        crs=4326,
    )
    narrow = Limits(memory_bytes=1 << 30, time_s=10, time_s_per_mb=0)
    found = read_boundaries(to_geojson(plots), "plots.geojson", limits=narrow).frame
    assert found["plot_id"].tolist() == plots["plot_id"].tolist()
    assert shapely.equals_exact(
        found.geometry[[0, 49_999]], plots.geometry[[0, 49_999]], 1e-6
    ).all()


REACHES = {
    "nothing": ("1 + 1", True),
    "a file": ("open('/etc/passwd').read()", False),
    "a file to write": ("open('/dev/shm/parkland', 'w')", False),
    "a socket": ("_socket.socket()", False),
    "the environment": ("posix.environ[b'HOME']", False),
}


@pytest.mark.parametrize(("reach", "reached"), REACHES.values(), ids=REACHES)
def test_code_of_a_stranger_would_reach_nothing(
    reach: str, *, reached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a file could make a reader run what it says: it is put in the reader's place."""
    imports = "import _socket, posix; import mrv.sources.boundaries.geojson as g; old = g.read; "
    instead = f"g.read = lambda data, name: (name == 'x.json' and {reach}, old(data, name))[1]; "
    start = limited._START.replace("reader.main()", imports + instead + "reader.main()")
    monkeypatch.setattr(limited, "_START", start)
    monkeypatch.setenv("HOME", "here")
    point = b'{"type":"Point","coordinates":[0,0]}'
    if reached:
        assert len(read_boundaries(point, "x.json").frame) == 1
        return
    with pytest.raises(BoundaryFileRefused) as caught:
        read_boundaries(point, "x.json")
    assert caught.value.fault == "damaged"


def test_a_place_that_is_no_file_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(BoundaryFileRefused, match="is no file that can be read"):
        read_boundaries(tmp_path_factory.mktemp("a"), "plots.geojson")
