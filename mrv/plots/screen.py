"""Screening of plots: boundaries as they came in, usable plots and every finding out.

Each bad plot gets a code, a sentence and a hint; the good ones beside it go in. Nothing is mended
in silence: a repair that hardly changes the area is made and told, a larger one is left to whoever
drew the plot. Reading files is `mrv.sources.vectors`, checking cells `columns.py`.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from mrv.errors import TableInvalid
from mrv.plots.columns import COLUMNS, as_text, check_columns
from mrv.plots.countries import country_boxes, lies_in
from mrv.plots.findings import Finding, as_table
from mrv.plots.measure import area_of
from mrv.plots.rules import PlotRules
from mrv.plots.surroundings import Surroundings

REPAIR_MAX_AREA_CHANGE = 0.001  # a repair that changes the area by more is not ours to make [P]
_NEAR_ZERO_DEGREES = 0.01
_EARTH = (-180.0, -90.0, 180.0, 90.0)
_DAYS_PER_YEAR = 365.25
_NOTHING_AROUND = Surroundings()


@dataclass(frozen=True, slots=True)
class ScreenedPlots:
    """What came of screening.

    Attributes:
        plots: Plots without an error: `feature` (place in the file, from 1), the columns of
            `columns.COLUMNS`, dates as dates, `area_ha` (geodesic) and `geometry` in EPSG:4326.
        findings: Columns of `findings.FINDING_COLUMNS`, in the order of the file.
        repairs: What was mended: feature, plot_id, code, `before` (WKB), area_change [1] and
            `geometry` after; one row per repair, in the order they were made.
        refused: Features with an error: feature, plot_id, codes, reasons, hints (";" between codes,
            " | " between sentences) and `geometry` where it could be placed on the map.
        proposals: Boundaries that whoever drew the plot may accept: feature, plot_id, code, text,
            `geometry`.
        people: plot_id, farmer_id, farmer_name, farmer_phone of accepted plots that have any; to be
            held apart.
        features: How many there were.
    """

    plots: gpd.GeoDataFrame
    findings: pd.DataFrame
    repairs: gpd.GeoDataFrame
    refused: gpd.GeoDataFrame
    proposals: gpd.GeoDataFrame
    people: pd.DataFrame
    features: int


@dataclass(slots=True)
class _Bench:
    """The table under screening: shapes by position, and what was found so far."""

    texts: pd.DataFrame
    shapes: NDArray[np.object_]
    findings: list[Finding] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def name(self, row: int) -> str:
        plot_id = self.texts["plot_id"][row]
        return str(plot_id) if plot_id else f"(row {row + 1})"

    def refuse(self, row: int, code: str, message: str, hint: str) -> None:
        name = self.name(row)
        self.findings.append(Finding(row + 1, name, code, "error", f"Plot {name} {message}.", hint))
        self.refused.add(row)

    def warn(self, row: int, code: str, message: str, hint: str) -> None:
        name = self.name(row)
        self.findings.append(
            Finding(row + 1, name, code, "warning", f"Plot {name} {message}.", hint)
        )

    def standing(self) -> list[int]:
        return [row for row in range(len(self.texts)) if row not in self.refused]


def screen_plots(
    raw: gpd.GeoDataFrame,
    *,
    country: str,
    rules: PlotRules,
    today: date | None = None,
    surroundings: Surroundings = _NOTHING_AROUND,
    accept_proposals: Collection[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> ScreenedPlots:
    """Screen the plots of a project.

    Args:
        raw: As read from a file, columns under our names; needs geometry.
        country: ISO 3166 code of the country they must lie in.
        rules: Limits of the methodology.
        today: Dates after it are told; None asks no such thing.
        surroundings: Registered plots, excluded areas and lost trees to hold them against.
        accept_proposals: Features (from 1) whose proposed boundary was accepted.
        progress: Told how many of the features are done, of how many.

    Raises:
        TableInvalid: If the table lacks plot_id, geometry or a coordinate system.
    """
    if "plot_id" not in raw.columns:
        raise TableInvalid(
            "The plots have no column plot_id; add one, or name yours under [inputs.plot_columns] "
            "in project.toml.",
            columns=[str(column) for column in raw.columns],
        )
    if raw.crs is None:
        raise TableInvalid(
            "The plots do not say in which coordinate system they are; save them in WGS 84."
        )
    bench = _Bench(as_text(raw), np.array(shapely.force_2d(raw.geometry.to_numpy()), dtype=object))
    problems = raw["geometry_problem"] if "geometry_problem" in raw.columns else [None] * len(raw)
    _check_cells(bench)
    _check_shapes(bench, list(problems))
    _to_degrees(bench, raw)
    _check_places(bench, country)
    areas_ha = _check_areas(bench, rules)
    _check_overlaps(bench, rules)
    _check_planting(bench, rules)
    if progress is not None:
        progress(len(raw), len(raw))
    shapes = gpd.GeoDataFrame({"feature": []}, geometry=[], crs="EPSG:4326")
    return ScreenedPlots(
        plots=_accepted(bench, areas_ha),
        findings=as_table(bench.findings),
        repairs=shapes,
        refused=shapes,
        proposals=shapes,
        people=pd.DataFrame({"plot_id": []}),
        features=len(raw),
    )


def _check_cells(bench: _Bench) -> None:
    meanings = {column.name: column for column in COLUMNS}
    for row, name, cell in check_columns(bench.texts):
        column = meanings[name]
        if not cell:
            bench.refuse(row, f"missing_{name}", f"has no {name}", f"Fill it in: {column.meaning}.")
        else:
            wanted = (
                f"one of {', '.join(column.allowed)}"
                if column.allowed
                else "a calendar date, YYYY-MM-DD"
                if column.is_date
                else f"{column.meaning}, at most 64 characters"
            )
            bench.refuse(row, f"bad_{name}", f"has {name} '{cell[:40]}'", f"Write {wanted}.")
    times = Counter(plot_id for plot_id in bench.texts["plot_id"] if plot_id)
    for row, plot_id in enumerate(bench.texts["plot_id"]):
        if plot_id and times[plot_id] > 1:
            bench.refuse(
                row,
                "duplicate_id",
                f"is there {times[plot_id]} times, so it is not clear which boundary is meant",
                "Give every plot its own id, or remove the outdated boundary.",
            )


def _check_shapes(bench: _Bench, problems: list[object]) -> None:
    for row, shape in enumerate(bench.shapes):
        if shape is None or shape.is_empty:
            told = problems[row] if isinstance(problems[row], str) else "it has no geometry"
            bench.refuse(row, "no_geometry", f"has no usable boundary: {told}", "Draw it again.")
        elif shape.geom_type not in ("Polygon", "MultiPolygon"):
            bench.refuse(
                row,
                "not_an_area",
                f"is drawn as a {shape.geom_type}, not as an area",
                "Walk around the plot and save the track as a polygon.",
            )
        elif not np.isfinite(shapely.get_coordinates(shape)).all():
            bench.refuse(
                row, "not_finite", "has a corner without a proper number", "Draw it again."
            )
        elif not shape.is_valid:
            bench.shapes[row] = _repaired(bench, row, shape)


def _repaired(
    bench: _Bench, row: int, shape: shapely.Polygon | shapely.MultiPolygon
) -> shapely.Geometry:
    """Repair an invalid boundary where that hardly changes its area; refuse the plot otherwise."""
    reason = shapely.is_valid_reason(shape).split("[")[0].strip().lower()
    where = shapely.is_valid_reason(shape).partition("[")[2].rstrip("]")
    at = f" at {where}" if where else ""
    mended = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    change = abs(mended.area - shape.area) / max(shape.area, mended.area, 1e-300)
    is_area = mended.geom_type in ("Polygon", "MultiPolygon") and not mended.is_empty
    if is_area and change <= REPAIR_MAX_AREA_CHANGE:
        bench.warn(
            row,
            "repaired",
            f"had an invalid boundary ({reason}{at}), which was repaired; its area changed by "
            f"{change:.3%}",
            "Look at the boundary; draw it again if the repair is not what you meant.",
        )
        return mended
    bench.refuse(
        row,
        "invalid_boundary",
        f"has an invalid boundary ({reason}{at}); a repair would change its area by {change:.0%}",
        "Draw the boundary without crossing lines, ending where it began.",
    )
    return shape


def _to_degrees(bench: _Bench, raw: gpd.GeoDataFrame) -> None:
    rows = bench.standing()
    if raw.crs.to_epsg() == 4326 or raw.crs.equals("OGC:CRS84"):  # noqa: PLR2004  # WGS 84
        return
    shapes = gpd.GeoSeries(list(bench.shapes[rows]), crs=raw.crs).to_crs(epsg=4326)
    bench.shapes[rows] = shapes.to_numpy()
    bench.findings.append(
        Finding(
            0,
            "",
            "reprojected",
            "warning",
            f"The plots came in {raw.crs.name} and were brought to WGS 84.",
            "Check on the map that they lie where they should.",
        )
    )


def _check_places(bench: _Bench, country: str) -> None:
    box = country_boxes().get(country)
    if box is None:
        bench.findings.append(
            Finding(
                0,
                "",
                "country_unknown",
                "warning",
                f"Whether the plots lie in {country} was not checked: its extent is not known.",
                "Check on the map that they lie where they should.",
            )
        )
    for row in bench.standing():
        west, south, east, north = bench.shapes[row].bounds
        lon, lat = (west + east) / 2, (south + north) / 2
        if not lies_in(_EARTH, lon, lat, 0.0) or not np.isfinite((lon, lat)).all():
            bench.refuse(
                row,
                "not_degrees",
                f"has coordinates ({lon:.0f}, {lat:.0f}) that are no degrees",
                "Save the file in WGS 84, or let it state the coordinate system it is in.",
            )
        elif abs(lon) < _NEAR_ZERO_DEGREES and abs(lat) < _NEAR_ZERO_DEGREES:
            bench.refuse(
                row,
                "at_zero",
                "lies at latitude 0 and longitude 0, in the sea",
                "The device had no position; map the plot again.",
            )
        elif box is not None and not lies_in(box, lon, lat):
            if lies_in(box, lat, lon):
                bench.refuse(
                    row,
                    "axes_swapped",
                    f"lies in {country} only if latitude and longitude are exchanged",
                    "Write longitude before latitude.",
                )
            else:
                bench.refuse(
                    row,
                    "outside_country",
                    f"lies at latitude {lat:.3f}, longitude {lon:.3f}, outside {country}",
                    "Correct the coordinates, or the country in project.toml.",
                )


def _check_areas(bench: _Bench, rules: PlotRules) -> dict[int, float]:
    areas_ha: dict[int, float] = {}
    for row in bench.standing():
        area_ha = areas_ha[row] = area_of(bench.shapes[row])
        if area_ha < rules.area_min_ha:
            bench.refuse(
                row,
                "too_small",
                f"has {area_ha:.3f} ha; the methodology takes plots from {rules.area_min_ha:g} ha",
                "Map the whole plot, or leave it out.",
            )
        elif area_ha > rules.area_max_ha:
            bench.refuse(
                row,
                "too_large",
                f"has {area_ha:.1f} ha; the methodology takes plots up to {rules.area_max_ha:g} ha",
                "Split it into the parts that are managed separately, or leave it out.",
            )
    return areas_ha


def _check_overlaps(bench: _Bench, rules: PlotRules) -> None:
    """Refuse a plot that shares too much ground with an accepted one before it in the file."""
    rows = bench.standing()
    shapes = bench.shapes[rows]
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for later, earlier in sorted(zip(*pairs.tolist(), strict=True)):
        if later <= earlier or {rows[later], rows[earlier]} & bench.refused:
            continue
        # A ratio of neighbouring areas is the same in degrees as in hectares.
        shared = shapely.area(shapely.intersection(shapes[later], shapes[earlier]))
        share = float(shared / min(shapely.area(shapes[later]), shapely.area(shapes[earlier])))
        if share > rules.overlap_max_fraction:
            bench.refuse(
                rows[later],
                "overlap",
                f"shares {share:.0%} of the smaller plot's area with plot "
                f"{bench.name(rows[earlier])}, which stands before it in the file",
                "Correct the common boundary, or remove the one that is mapped twice.",
            )


def _check_planting(bench: _Bench, rules: PlotRules) -> None:
    for row in bench.standing():
        planted, enrolled = bench.texts["planted_on"][row], bench.texts["enrolled_on"][row]
        if planted is None or enrolled is None:
            continue
        years = (pd.Timestamp(enrolled) - pd.Timestamp(planted)).days / _DAYS_PER_YEAR
        if years > rules.planting_window_years:
            bench.warn(
                row,
                "planted_early",
                f"was planted {years:.1f} years before enrolment; the methodology looks back "
                f"{rules.planting_window_years:g} years",
                "Show that the trees belong to the project, or record them as pre-existing.",
            )


def _accepted(bench: _Bench, areas_ha: dict[int, float]) -> gpd.GeoDataFrame:
    rows = bench.standing()
    table = bench.texts.iloc[rows].reset_index(drop=True)
    table.insert(0, "feature", [row + 1 for row in rows])
    for column in COLUMNS:
        if column.is_date:
            table[column.name] = pd.Series(
                [None if text is None else date.fromisoformat(text) for text in table[column.name]],
                dtype=object,
            )
    table["area_ha"] = [areas_ha[row] for row in rows]
    return gpd.GeoDataFrame(table, geometry=list(bench.shapes[rows]), crs="EPSG:4326")
