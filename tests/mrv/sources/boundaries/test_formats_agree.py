"""The same forty fields of western Kenya in every format they came in, and the trap beside them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import (
    GEOMETRY_NOTE,
    GEOMETRY_PROBLEM,
    parse_boundaries,
    read_boundaries,
)
from mrv.sources.boundaries.write import to_geoparquet
from tests.hostile.files import zipped

Find = Callable[[str], Path]
HOME = "field_boundaries/kenya_busia_formats"
DEGREE_M = 111_320.0  # of longitude at the equator [m]
CENTIMETRE = 0.01 / DEGREE_M


def files(home: Path) -> dict[str, bytes]:
    """Give every format, from the parts that are there."""
    parts = {p.name: p.read_bytes() for p in sorted(home.glob("plots_utm36n.*"))}
    geopackage = parts.pop("plots_utm36n.gpkg")
    geojson, kml = ((home / f"plots.{end}").read_bytes() for end in ("geojson", "kml"))
    features = [line.rstrip(b",") for line in geojson.splitlines() if b'"Feature"' in line]
    return {
        "plots.geojson": geojson,
        "plots.geojsonl": b"\n".join(features),
        "plots.gpkg": geopackage,
        "plots.zip": zipped({f"fields/{name}": data for name, data in parts.items()}),
        "plots.kml": kml,
        "plots.kmz": zipped({"doc.kml": kml, "files/icon.png": b"\x89PNG"}),
        "plots.parquet": to_geoparquet(read_boundaries(geopackage, "plots.gpkg").frame),
        "plots_wkt.csv": (home / "plots_wkt.csv").read_bytes(),
        "plots_vertices.csv": (home / "plots_vertices.csv").read_bytes(),
    }


def test_every_format_gives_the_same_forty_plots(real_data: Find) -> None:
    brought = {
        name: read_boundaries(data, name).frame.to_crs(epsg=4326)
        for name, data in files(real_data(HOME)).items()
    }
    wanted = brought.pop("plots.geojson")
    assert len(wanted) == 40
    for name, found in brought.items():
        assert found["plot_id"].tolist() == wanted["plot_id"].tolist(), name
        assert shapely.equals_exact(
            found.geometry.to_numpy(), wanted.geometry.to_numpy(), tolerance=CENTIMETRE
        ).all(), name
        for column in {"crop1", "gps_acc_m", "tile"} & set(found.columns):
            assert found[column].tolist() == wanted[column].tolist(), (name, column)


@pytest.mark.parametrize("part", ["00", "01", "02"])
def test_metres_in_a_geojson_land_where_they_should(real_data: Find, part: str) -> None:
    """As published: a legacy `crs` member, which a careless reader overlooks."""
    field_id = "Field ID"
    home = real_data("field_boundaries/kenya_busia_original")
    folder = home / f"ref_african_crops_kenya_01_labels_{part}"
    original = read_boundaries(folder / "labels.geojson", "labels.geojson").frame
    assert original.crs.to_epsg() == 32636
    ours = read_boundaries(home.parent / "kenya_busia.geojson", "kenya_busia.geojson").frame
    ours = ours[ours["tile"] == part].set_index("field_id").geometry
    placed = original.to_crs(epsg=4326).set_index(field_id).geometry
    assert len(placed) > 50
    common = [name for name in placed.index if name in ours.index]
    assert len(common) == len(placed)
    apart = [
        np.abs(shapely.get_coordinates(placed[name]) - shapely.get_coordinates(ours[name])).max()
        for name in common
    ]
    assert max(apart) < CENTIMETRE


def test_every_bad_file_is_rows_or_one_sentence(real_data: Find) -> None:
    """The files of geojsonhint and the fixtures: none crashes, and none of them is lost."""
    paths = sorted(real_data("bad_geometry").rglob("*.geojson"))
    broken = sound = 0
    sentences: list[str] = []
    for path in paths:
        try:
            frame = parse_boundaries(path.read_bytes(), path.name).frame
        except BoundaryFileRefused as error:
            sentences.append(error.message)
            continue
        without = frame.geometry.isna()
        if without.any():
            assert frame[GEOMETRY_PROBLEM].notna().tolist() == without.tolist()
            broken += 1
        else:
            sound += 1
    assert len(paths) >= 60
    assert all(told.endswith(".") and "\n" not in told for told in sentences)
    assert (len(sentences), broken) == (9, 20)
    assert sound == len(paths) - 29


def test_good_files_of_geojsonhint_are_sound(real_data: Find) -> None:
    for path in sorted(real_data("bad_geometry/geojsonhint/good").glob("*.geojson")):
        frame = parse_boundaries(path.read_bytes(), path.name).frame
        assert path.stem == "nullgeometry" or frame.geometry.notna().all(), path.name
        assert GEOMETRY_NOTE not in frame, path.name
