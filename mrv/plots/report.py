"""The report on a screened file, as tables: every feature with its verdict, and what to mend.

Pages draw it, people mend by it. Writing the tables down is the business of whoever keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mrv.plots.catalogue import CATALOGUE
from mrv.plots.findings import Finding, as_table
from mrv.plots.mending import REASONS, to_mend
from mrv.plots.screen import ScreenedPlots

LEFT_CODE = "left_programme"
FOLDER_CODE = "folder_not_taken_in"
_WGS84 = "EPSG:4326"
_EARTH = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a file.

    Attributes:
        findings: Columns of `findings.FINDING_COLUMNS`.
        features: One row per feature: feature, plot_id, verdict (accepted, repaired, warned or
            refused), area_ha (NaN where refused), codes (";" between them), geometry in WGS 84
            (None where it could not be placed).
        repairs: As in `ScreenedPlots`.
        proposals: As in `ScreenedPlots`.
        rejected: As `mending.to_mend` lays it out.
    """

    findings: pd.DataFrame
    features: gpd.GeoDataFrame
    repairs: gpd.GeoDataFrame
    proposals: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame


def report_on(raw: gpd.GeoDataFrame, screened: ScreenedPlots) -> Report:
    """Put the report together.

    Args:
        raw: The file as it was read, under its own column names.
        screened: What came of it.
    """
    return Report(
        findings=screened.findings,
        features=_features(screened),
        repairs=screened.repairs,
        proposals=screened.proposals,
        rejected=to_mend(raw, screened.refused),
    )


def drawn(raw: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Place what a file holds on the map as far as it says where it is: feature and geometry.

    Nothing is judged yet; what lies off the globe is left out.
    """
    table = {"feature": np.arange(1, len(raw) + 1)}
    if raw.crs is None:
        return gpd.GeoDataFrame({"feature": []}, geometry=[], crs=_WGS84)
    placed = raw.geometry.to_crs(_WGS84)
    west, south, east, north = placed.bounds.to_numpy().T
    on_earth = (west >= _EARTH[0]) & (south >= _EARTH[1]) & (east <= _EARTH[2])
    on_earth &= north <= _EARTH[3]  # not so for NaN and infinity
    frame = gpd.GeoDataFrame(table, geometry=placed.to_numpy(), crs=_WGS84)
    return frame[on_earth].reset_index(drop=True)


def refuse_left(screened: ScreenedPlots, left: Mapping[str, date]) -> ScreenedPlots:
    """Refuse plots that left the programme, as if screening had found it.

    A file that states itself when they left brings nothing back, so it may hold them.

    Args:
        screened: What came of screening.
        left: Plots of the project that left -> when.
    """
    plots = screened.plots
    stated = zip(plots["plot_id"], plots["left_on"], strict=True)
    gone = np.array([one in left and day != left[one] for one, day in stated], dtype=bool)
    if not gone.any():
        return screened
    code = CATALOGUE[LEFT_CODE]
    found = [
        Finding(
            *(int(row.feature), row.plot_id, code.code, code.severity),
            f"Plot {row.plot_id} left the programme on {left[row.plot_id].isoformat()}.",
            code.hint,
            *shapely.point_on_surface(row.geometry).coords[0],
        )
        for row in plots[gone].itertuples()
    ]
    refused = gpd.GeoDataFrame(
        {
            "feature": [one.feature for one in found],
            "plot_id": [one.plot_id for one in found],
            "codes": [one.code for one in found],
            "reasons": [one.message for one in found],
            "hints": [one.hint for one in found],
        },
        geometry=plots[gone].geometry.to_numpy(),
        crs=_WGS84,
    )
    findings = pd.concat([screened.findings, as_table(found)], ignore_index=True)
    return replace(
        screened,
        plots=plots[~gone].reset_index(drop=True),
        findings=findings.sort_values("feature", kind="stable", ignore_index=True),
        refused=gpd.GeoDataFrame(
            pd.concat([screened.refused, refused] if len(screened.refused) else [refused])
        ).sort_values("feature", kind="stable", ignore_index=True),
        people=screened.people[~screened.people["plot_id"].isin(list(left))],
    )


def tell_of_folder(screened: ScreenedPlots, message: str) -> ScreenedPlots:
    """Say on the file as a whole that plots of its project's folder were left behind."""
    code = CATALOGUE[FOLDER_CODE]
    told = as_table([Finding(0, "", code.code, code.severity, message, code.hint)])
    return replace(screened, findings=pd.concat([told, screened.findings], ignore_index=True))


def none_rejected() -> gpd.GeoDataFrame:
    """Give the table of rejected features of a file that has none."""
    return gpd.GeoDataFrame({name: [] for name in REASONS.values()}, geometry=[], crs=_WGS84)


def shaped(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Make a table of shapes of one whose column `geometry` holds WKB (or None), WGS 84."""
    shapes = shapely.from_wkb(table["geometry"].to_numpy(dtype=object))
    return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes, crs=_WGS84)


def _features(screened: ScreenedPlots) -> gpd.GeoDataFrame:
    numbers = pd.RangeIndex(1, screened.features + 1, name="feature")
    accepted = screened.plots.set_index("feature")
    refused = screened.refused[screened.refused["feature"] > 0].set_index("feature")
    told = screened.findings[screened.findings["feature"] > 0]
    codes = told.groupby("feature")["code"].agg(lambda found: ";".join(dict.fromkeys(found)))
    verdict = pd.Series("accepted", index=numbers, dtype=object)
    for severity, name in (("warning", "warned"), ("repair", "repaired")):
        verdict[told.loc[told["severity"] == severity, "feature"].unique()] = name
    verdict[refused.index] = "refused"
    names = pd.concat([accepted["plot_id"], refused["plot_id"]]).reindex(numbers)
    shapes = np.full(screened.features, None, dtype=object)
    for some in (accepted, refused):
        shapes[some.index.to_numpy(dtype=np.int64) - 1] = some.geometry.to_numpy()
    return gpd.GeoDataFrame(
        {
            "feature": numbers.to_numpy(),
            "plot_id": names.fillna("").to_numpy(),
            "verdict": verdict.to_numpy(),
            "area_ha": accepted["area_ha"].reindex(numbers).to_numpy(),
            "codes": codes.reindex(numbers).fillna("").to_numpy(),
        },
        geometry=shapes,
        crs=_WGS84,
    )
