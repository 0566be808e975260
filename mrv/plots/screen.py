"""Screening of plots: boundaries as they came in, usable plots and every finding out.

Each bad plot gets a code, a sentence and a hint; the good ones beside it go in. Nothing is mended
in silence. The checks are in `shapes`, `places`, `shared_ground` and `land`, cells are checked by
`columns`, and `catalogue` lists what may be found. Reading files is `mrv.sources`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mrv.errors import BoundaryFileRefused
from mrv.plots import land, places, shapes, shared_ground
from mrv.plots.bench import Bench
from mrv.plots.columns import COLUMNS, PRIVATE_COLUMNS, as_text, check_columns
from mrv.plots.findings import Finding, as_table
from mrv.plots.measure import areas_of
from mrv.plots.rules import PlotRules
from mrv.plots.surroundings import Floats, Surroundings

_WGS84 = "EPSG:4326"
_NOTHING_AROUND = Surroundings()
_BESIDE_THE_SHAPE = ("geometry_problem", "geometry_note", "geometry_crs", "gps_accuracy_m")


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
        raw: As read from a file, columns under our names; needs geometry. Read if there:
            `geometry_problem`, `geometry_note`, `geometry_crs`, `gps_accuracy_m`.
        country: ISO 3166 code of the country they must lie in.
        rules: Limits of the methodology.
        today: Dates after it are told; None asks no such thing.
        surroundings: Registered plots, excluded areas and lost trees to hold them against.
        accept_proposals: Features (from 1) whose proposed boundary was accepted; one is named again
            for each further proposal that its first one led to.
        progress: Told how many of the features are done, of how many.

    Raises:
        BoundaryFileRefused: If neither the table nor its rows name a coordinate system.
    """
    row_crs = raw["geometry_crs"] if "geometry_crs" in raw.columns else None
    if raw.crs is None and (row_crs is None or row_crs.isna().all()):
        raise BoundaryFileRefused(
            "crs_missing",
            "The plots do not say in which coordinate system they are, as a shapefile does in its "
            ".prj: bring that too, state it (--crs EPSG:32636, or the field on the upload's page), "
            "or save them in WGS 84.",
        )
    bench = _bench(raw, accept_proposals, surroundings)
    done = _Steps(len(raw), progress)
    shapes.check_presence(bench, _cells(raw, "geometry_problem"))
    shapes.flatten(bench)
    degrees = places.to_degrees(bench, raw.crs, row_crs)
    bench.drawn[bench.sound] = bench.shapes[bench.sound]
    done.one()
    _check_cells(bench, named_by_shape=_name_by_shape(bench, surroundings))
    shapes.check_notes(bench, _cells(raw, "geometry_note"))
    places.across_date_line(bench)
    shapes.check_kinds(bench)
    shapes.remove_empty_parts(bench)
    places.check_places(bench, country)
    done.one()
    shapes.simplify_tracks(bench)
    shapes.check_validity(bench)
    shapes.remove_repeated(bench)
    shapes.cut_spikes(bench)
    shapes.turn_rings(bench)
    done.one()
    shapes.look_at(bench, degrees)
    if "gps_accuracy_m" in raw.columns:
        shapes.check_gps(bench, raw["gps_accuracy_m"])
    done.one()
    areas_ha = _check_areas(bench, rules)
    done.one()
    land.check_dates(bench, rules, today)
    land.check_consent(bench, asked="consent_given" in raw.columns)
    land.check_loss(bench, rules, today, surroundings.lost_trees)
    shared_ground.check_excluded(bench, rules, surroundings.excluded)
    done.one()
    mended = len(bench.repairs)
    shared_ground.check_ground(bench, rules, surroundings)
    cut = np.array(sorted({repair.row for repair in bench.repairs[mended:]}), dtype=int)
    areas_ha[cut] = areas_of(bench.shapes[cut])
    done.all()
    return _screened(bench, raw, areas_ha)


def without_people(raw: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out every column that screening does not read, and those that name a farmer."""
    read = {*_BESIDE_THE_SHAPE, raw.geometry.name, *(column.name for column in COLUMNS)}
    return gpd.GeoDataFrame(raw[[name for name in raw.columns if name in read]])


class _Steps:
    """Progress by steps of about equal time, told as features."""

    COUNT = 7

    def __init__(self, features: int, progress: Callable[[int, int], None] | None) -> None:
        self._features, self._progress, self._done = features, progress, 0

    def one(self) -> None:
        self._done += 1
        self._tell(self._features * self._done // self.COUNT)

    def all(self) -> None:
        self._tell(self._features)

    def _tell(self, features: int) -> None:
        if self._progress is not None:
            self._progress(features, self._features)


def _bench(raw: gpd.GeoDataFrame, accepted: Collection[int], around: Surroundings) -> Bench:
    texts = as_text(raw)
    drawn = np.array(raw.geometry.to_numpy(), dtype=object)
    return Bench(
        texts=texts,
        names=texts["plot_id"].fillna("").to_numpy(dtype=object),
        shapes=drawn,
        drawn=np.full(len(raw), None, dtype=object),
        sound=np.ones(len(raw), dtype=bool),
        standing=np.ones(len(raw), dtype=bool),
        accepted=Counter(feature - 1 for feature in accepted),
        upheld=frozenset(around.upheld),
    )


def _cells(raw: gpd.GeoDataFrame, column: str) -> Sequence[object]:
    cells: Sequence[object] = raw[column].tolist() if column in raw.columns else [None] * len(raw)
    return cells


def _name_by_shape(bench: Bench, around: Surroundings) -> bool:
    """Name plots by their ground where the file names none."""
    if (bench.names != "").any():
        return False
    bench.names = np.array(places.name_by_shape(bench.drawn, around.named_by_shape), dtype=object)
    bench.texts["plot_id"] = pd.Series(bench.names, dtype=object).replace("", None)
    bench.tell_file(
        "named_by_shape", "The file names no plots (no plot_id); they are named by their shape."
    )
    return True


def _check_cells(bench: Bench, *, named_by_shape: bool) -> None:
    for row, name, cell in check_columns(bench.texts):
        if cell:
            bench.tell(row, f"bad_{name}", f"has {name} '{cell[:40]}'")
        elif not named_by_shape:
            bench.tell(row, f"missing_{name}", f"has no {name}")
    times = Counter(name for name in bench.names if name)
    seen: set[str] = set()
    for row, name in enumerate(bench.names):
        if name and named_by_shape and name in seen:
            bench.tell(row, "duplicate_in_file", "is there before it in the file")
        elif name and not named_by_shape and times[name] > 1:
            what = f"is there {times[name]} times, so it is not clear which boundary is meant"
            bench.tell(row, "duplicate_id", what)
        seen.add(name)


def _check_areas(bench: Bench, rules: PlotRules) -> Floats:
    """Give the area of each boundary [ha], NaN where it cannot be measured."""
    rows = bench.rows()
    areas_ha = np.full(len(bench.shapes), np.nan)
    areas_ha[rows] = areas_of(bench.shapes[rows])
    for row in np.flatnonzero(areas_ha < rules.area_min_ha).tolist():
        has = f"has {areas_ha[row]:.3f} ha"
        limit = f"the methodology takes plots from {rules.area_min_ha:g} ha"
        bench.tell(row, "too_small", f"{has}; {limit}")
    for row in np.flatnonzero(areas_ha > rules.area_max_ha).tolist():
        has = f"has {areas_ha[row]:.1f} ha"
        limit = f"the methodology takes plots up to {rules.area_max_ha:g} ha"
        bench.tell(row, "too_large", f"{has}; {limit}")
    return areas_ha


def _screened(bench: Bench, raw: gpd.GeoDataFrame, areas_ha: Floats) -> ScreenedPlots:
    findings = bench.placed_findings()
    return ScreenedPlots(
        plots=_plots(bench, areas_ha),
        findings=as_table(findings),
        repairs=_repairs(bench),
        refused=_refused(bench, findings),
        proposals=_proposals(bench),
        people=_people(bench, raw),
        features=len(raw),
    )


def _plots(bench: Bench, areas_ha: Floats) -> gpd.GeoDataFrame:
    rows = np.flatnonzero(bench.standing)
    table = bench.texts.iloc[rows].reset_index(drop=True)
    table.insert(0, "feature", rows + 1)
    for column in COLUMNS:
        if column.is_date:
            texts = table[column.name].tolist()
            days = [None if text is None else date.fromisoformat(text) for text in texts]
            table[column.name] = pd.Series(days, dtype=object)
    table["area_ha"] = areas_ha[rows]
    return gpd.GeoDataFrame(table, geometry=list(bench.shapes[rows]), crs=_WGS84)


def _repairs(bench: Bench) -> gpd.GeoDataFrame:
    before = np.array([repair.before for repair in bench.repairs], dtype=object)
    after = np.array([repair.after for repair in bench.repairs], dtype=object)
    one, two = shapely.area(before), shapely.area(after)
    table = {
        "feature": np.array([repair.row + 1 for repair in bench.repairs], dtype="int64"),
        "plot_id": np.array([bench.names[repair.row] for repair in bench.repairs], dtype=object),
        "code": np.array([repair.code for repair in bench.repairs], dtype=object),
        "before": np.array(shapely.to_wkb(before), dtype=object),
        "area_change": (two - one) / np.maximum(np.maximum(one, two), 1e-300),
    }
    return gpd.GeoDataFrame(table, geometry=list(after), crs=_WGS84)


def _proposals(bench: Bench) -> gpd.GeoDataFrame:
    table = {
        "feature": np.array([one.row + 1 for one in bench.proposals], dtype="int64"),
        "plot_id": np.array([bench.names[one.row] for one in bench.proposals], dtype=object),
        "code": np.array([one.code for one in bench.proposals], dtype=object),
        "text": np.array([one.text for one in bench.proposals], dtype=object),
    }
    return gpd.GeoDataFrame(table, geometry=[one.shape for one in bench.proposals], crs=_WGS84)


def _refused(bench: Bench, findings: list[Finding]) -> gpd.GeoDataFrame:
    rows = np.flatnonzero(~bench.standing)
    reasons: dict[int, list[Finding]] = {row: [] for row in rows.tolist()}
    for finding in findings:
        if finding.feature and finding.severity == "error":
            reasons[finding.feature - 1].append(finding)
    table = {
        "feature": rows + 1,
        "plot_id": bench.names[rows],
        "codes": [";".join(one.code for one in found) for found in reasons.values()],
        "reasons": [" | ".join(one.message for one in found) for found in reasons.values()],
        "hints": [" | ".join(one.hint for one in found) for found in reasons.values()],
    }
    return gpd.GeoDataFrame(table, geometry=list(bench.drawn[rows]), crs=_WGS84)


def _people(bench: Bench, raw: gpd.GeoDataFrame) -> pd.DataFrame:
    people = as_text(raw, PRIVATE_COLUMNS)
    names = [column.name for column in PRIVATE_COLUMNS]
    table = pd.concat([bench.texts[["plot_id", "farmer_id"]], people[names]], axis=1)
    any_known = people[names].notna().any(axis=1).to_numpy()
    return table[any_known & bench.standing].reset_index(drop=True)
