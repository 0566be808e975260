"""`parkland plots check`: told in a terminal, to a program and to QGIS, without any registry."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from rich.console import Console

from mrv.errors import MrvError
from mrv.sources.boundaries import BoundaryFile, parse_boundaries
from pipelines.commands import plot_verdicts
from pipelines.commands.plots_check import Asked, check_plots

WEST, SOUTH, SIDE = 34.600123, -0.120457, 0.0015  # squares of about 2.8 ha in Kenya


def square(number: float) -> shapely.Polygon:
    west = WEST + number * 2 * SIDE
    return shapely.box(west, SOUTH, west + SIDE, SOUTH + SIDE)


def bow_tie(number: int) -> shapely.Polygon:
    west, south, east, north = square(number).bounds
    return shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])


def a_file(folder: Path, *shapes: shapely.Geometry, name: str = "plots.geojson") -> Path:
    """Write plots with column names that are not ours."""
    frame = gpd.GeoDataFrame(
        {
            "Plot No": [f"K-{number}" for number in range(1, len(shapes) + 1)],
            "village": "Kolwa",
            "consent": "yes",
        },
        geometry=list(shapes),
        crs="EPSG:4326",
    )
    place = folder / name
    frame.to_file(place)
    return place


@pytest.fixture(autouse=True)
def in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read without the limited child, which takes a second to start, unless a test is marked."""
    if "in_the_child" in request.fixturenames:
        return

    def read(file: Path, name: str, *, crs: str = "") -> BoundaryFile:
        return parse_boundaries(file.read_bytes(), name, crs=crs)

    for module in ("plots_check", "plots_around"):
        monkeypatch.setattr(f"pipelines.commands.{module}.read_boundaries", read)


@pytest.fixture
def in_the_child() -> None:
    """Read as people's files are read."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a check and give what a terminal of some width shows."""

    def run(asked: Asked, *, width: int = 100, report: Path | None = None, code: int = 0) -> str:
        page = StringIO()
        console = Console(file=page, width=width, markup=False, highlight=False)
        for module in ("plot_verdicts", "plots_check"):
            monkeypatch.setattr(f"pipelines.commands.{module}.console", console)
        assert check_plots(asked, report=report, as_json=False) == code
        return page.getvalue()

    return run


def document(
    asked: Asked, capsys: pytest.CaptureFixture[str], *, code: int = 0
) -> dict[str, object]:
    assert check_plots(asked, report=None, as_json=True) == code
    printed: dict[str, object] = json.loads(capsys.readouterr().out)
    return printed


def test_what_fits_is_said_to_fit(tmp_path: Path, told: Callable[..., str]) -> None:
    page = told(Asked(a_file(tmp_path, square(1), square(2)), country="KE"))
    assert "plots.geojson  GeoJSON, 2 features, borders of KE" in page
    assert "plot_id = Plot No" in page
    assert "2 of 2 plots can go in" in page
    assert "parkland plots upload plots.geojson --project PROJECT" in page
    assert "refused" not in page


def test_what_the_whole_file_lacks_comes_with_how_to_mend_it(
    tmp_path: Path, told: Callable[..., str]
) -> None:
    bare = gpd.GeoDataFrame({"plot_id": ["K-1"]}, geometry=[square(1)], crs="EPSG:4326")
    bare.to_file(tmp_path / "bare.gpkg")
    page = told(Asked(tmp_path / "bare.gpkg"))
    steps = page[page.index("What to do next") :]
    assert "Add columns consent_given and consent_on" in steps
    assert "add --country and two letters" in steps
    assert "Nothing needs to be done" not in steps


@pytest.mark.parametrize("width", [80, 120])
def test_what_does_not_fit_is_told_by_code_and_by_plot(
    tmp_path: Path, told: Callable[..., str], width: int
) -> None:
    shapes = [square(n) for n in range(12)] + [square(0.2)] + [bow_tie(n) for n in range(20, 30)]
    page = told(Asked(a_file(tmp_path, *shapes), country="KE"), width=width, code=1)
    assert "12 of 23 plots can go in" in page
    assert "✗ 11 refused" in page
    code_line = next(line for line in page.splitlines() if "self_crossing" in line)
    assert code_line.split()[:4] == ["✗", "refused", "self_crossing", "10"]
    assert "the first 8 of 11" in page
    assert "K-14" in page
    assert "What to do next" in page
    assert "--report to-mend.gpkg" in page
    assert max(len(line.rstrip()) for line in page.splitlines()) <= width


def test_the_document_is_stable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(a_file(tmp_path, square(1), bow_tie(2)), country="KE")
    first = document(asked, capsys, code=1)
    assert first == document(asked, capsys, code=1)
    assert set(first) == {
        "file", "format", "notes", "country", "columns", "counts", "findings", "accepted",
        "proposals",
    }  # fmt: skip
    assert first["counts"] == {
        "features": 2, "accepted": 1, "repaired": 0, "warned": 0, "refused": 1,
    }  # fmt: skip
    (accepted,) = first["accepted"]  # type: ignore[misc]
    assert (accepted["feature"], accepted["plot_id"]) == (1, "K-1")
    findings = {row["code"]: row for row in first["findings"]}  # type: ignore[attr-defined]
    crossing = findings["self_crossing"]
    assert (crossing["feature"], crossing["severity"]) == (2, "error")
    assert crossing["lon"] == pytest.approx(WEST + 4.5 * SIDE, abs=1e-4)
    assert all(row["lon"] is None for row in findings.values() if row["feature"] == 0)


def test_the_report_opens_as_layers_and_what_is_mended_goes_in(
    tmp_path: Path, told: Callable[..., str]
) -> None:
    doubled = shapely.Polygon([*square(3).exterior.coords[:2], *square(3).exterior.coords[1:]])
    report = tmp_path / "out" / "to-mend.gpkg"
    told(
        Asked(a_file(tmp_path, square(1), bow_tie(2), doubled), country="KE"),
        report=report,
        code=1,
    )
    layers = [str(name) for name, _kind in pyogrio.list_layers(report)]
    assert layers[:3] == ["refused", "repaired", "accepted"]
    refused = gpd.read_file(report, layer="refused")
    assert list(refused["Plot No"]) == ["K-2"]
    assert "self_crossing" in refused["parkland_codes"][0]
    assert refused["parkland_reasons"][0]
    assert refused["parkland_hints"][0]
    assert refused.geometry[0].equals_exact(bow_tie(2), 1e-9)
    assert list(gpd.read_file(report, layer="repaired")["plot_id"]) == ["K-3"]
    assert list(gpd.read_file(report, layer="accepted")["plot_id"]) == ["K-1", "K-3"]
    assert [path.name for path in report.parent.iterdir()] == ["to-mend.gpkg"]

    refused.geometry = [square(2)]
    mended = tmp_path / "mended.gpkg"
    refused.to_file(mended, layer="refused")
    assert "1 of 1 plots can go in" in told(Asked(mended, country="KE"))


def test_a_project_gives_country_rules_and_columns(
    tmp_path: Path, told: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[2] / "sample_plots" / "kisumu-women"
    found = document(Asked(sample / "plots.geojson", project=sample), capsys)
    assert found["country"] == "KE"
    elsewhere = Asked(a_file(tmp_path, square(1)), project=sample, country="TG")
    assert "outside" in told(elsewhere, code=1)
    with pytest.raises(MrvError, match=r"no project\.toml"):
        check_plots(Asked(sample / "plots.geojson", project=tmp_path), report=None, as_json=True)


@pytest.mark.parametrize("country", ["Kenya", "ke", "KEN"])
def test_a_country_that_is_no_code_is_not_passed_over(tmp_path: Path, country: str) -> None:
    with pytest.raises(MrvError, match="two letters"):
        check_plots(Asked(a_file(tmp_path, square(1)), country=country), report=None, as_json=True)


def test_columns_are_named_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = a_file(tmp_path, square(1))
    found = document(Asked(place, country="KE", columns=["plot_id=village"]), capsys)
    assert found["accepted"][0]["plot_id"] == "Kolwa"  # type: ignore[index]
    for wrong, told in (("plot_id", "ours=theirs"), ("plot_id=Plots", "has no column Plots")):
        with pytest.raises(MrvError, match=told):
            check_plots(Asked(place, columns=[wrong]), report=None, as_json=True)


def test_what_lies_around_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plots = a_file(tmp_path, square(1), square(2), square(3), square(4))
    gpd.GeoDataFrame({"plot_id": ["OLD-1"]}, geometry=[square(1.1)], crs="EPSG:4326").to_file(
        tmp_path / "before.gpkg"
    )
    gpd.GeoDataFrame(
        {"name": ["Kakamega Forest"]}, geometry=[square(2).buffer(0.001)], crs="EPSG:4326"
    ).to_file(tmp_path / "protected.geojson")
    lost = tmp_path / "loss.tif"
    west, _south, _east, north = square(3).bounds
    with rasterio.open(
        lost, "w", driver="GTiff", width=12, height=12, count=1, dtype="uint8", crs="EPSG:4326",
        transform=rasterio.Affine(0.00025, 0, west - SIDE / 2, 0, -0.00025, north + SIDE / 2),
    ) as raster:  # fmt: skip
        raster.write(pd.Series([23] * 144).to_numpy(dtype="uint8").reshape(1, 12, 12))
    asked = Asked(
        plots,
        country="KE",
        against=tmp_path / "before.gpkg",
        excluded=tmp_path / "protected.geojson",
        loss_raster=lost,
    )
    found = document(asked, capsys, code=1)
    refused = {
        (row["plot_id"], row["code"]): row["message"]
        for row in found["findings"]  # type: ignore[attr-defined]
        if row["severity"] == "error"
    }
    assert {plot for plot, _code in refused} == {"K-1", "K-2", "K-3"}
    assert "Kakamega Forest" in refused["K-2", "excluded_area"]
    assert ("K-3", "tree_loss") in refused
    assert any(
        code.startswith(("overlap", "contained", "same")) for p, code in refused if p == "K-1"
    )


@pytest.mark.parametrize(("column", "same"), [([], False), (["plot_id=shamba"], True)])
def test_a_column_named_by_hand_holds_for_what_was_accepted_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: list[str], *, same: bool
) -> None:
    """The same plot drawn anew is not refused for lying on itself."""
    for name, by in (("now.gpkg", 0.0), ("before.gpkg", SIDE / 4)):
        shape = shapely.transform(square(1), lambda corners, by=by: corners + by)
        cells = {"plot_id": [name], "shamba": ["K-1"], "consent_given": ["yes"]}
        gpd.GeoDataFrame(cells, geometry=[shape], crs="EPSG:4326").to_file(tmp_path / name)
    asked = Asked(
        tmp_path / "now.gpkg", country="KE", columns=column, against=tmp_path / "before.gpkg"
    )
    found = document(asked, capsys, code=0 if same else 1)
    codes = {row["code"] for row in found["findings"]}  # type: ignore[attr-defined]
    assert ("overlap_registered" in codes) is not same


@pytest.mark.usefixtures("in_the_child")
def test_real_fields(
    real_data: Callable[[str], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Invalid fields of Mali: each repaired or refused, none passes unseen."""
    place = real_data("field_boundaries/mali_segou.geojson")
    raw = gpd.read_file(place)
    report = tmp_path / "report.gpkg"
    assert check_plots(Asked(place, country="ML"), report=report, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    counts = found["counts"]
    assert counts["features"] == len(raw)
    assert counts["accepted"] + counts["refused"] == len(raw)
    seen = {row["feature"] for row in found["findings"]}
    invalid = {place + 1 for place in range(len(raw)) if not raw.geometry[place].is_valid}
    assert invalid
    assert invalid <= seen
    assert gpd.read_file(report, layer="accepted").geometry.is_valid.all()
    assert len(gpd.read_file(report, layer="refused")) == counts["refused"]


def test_counts_tell_the_refused_from_the_rest() -> None:
    findings = pd.DataFrame(
        [(0, "warning"), (1, "repair"), (2, "repair"), (2, "error"), (3, "warning"), (2, "error")],
        columns=["feature", "severity"],
    )
    counts = plot_verdicts.Counts.of(findings, 5)
    assert counts.as_data() == {
        "features": 5, "accepted": 4, "repaired": 1, "warned": 1, "refused": 1,
    }  # fmt: skip
