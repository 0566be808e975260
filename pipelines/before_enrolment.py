"""What stood on the plots before enrolment, from what the stages left on the shelf."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from mrv.change.before_enrolment import LossRecord, known_before, what_stood_before
from mrv.imagery.composites import nearest_season
from mrv.project import Season
from mrv.quality import Verdict
from mrv.sources.loss_years import loss_reader
from pipelines.draws import take_draws
from pipelines.plots import screened_plots
from pipelines.shelf import Note
from pipelines.stage import Stage


def look_before_enrolment(stage: Stage) -> pd.DataFrame:
    """Put the three witnesses together: scenes, the first inventory and the loss raster."""
    plots = screened_plots(stage.shelf)
    return what_stood_before(
        plots,
        dry_looks(stage.shelf.table("observations"), stage.settings.seasons.dry),
        _pre_existing_t_ha(stage),
        _losses(stage, plots),
        stage.methodology,
        start=stage.epochs[0],
    )


def dry_looks(observations: pd.DataFrame, dry: Season) -> pd.DataFrame:
    """Keep what was seen in a dry season of any year: in the wet one everything is green."""
    days = pd.to_datetime(observations["acquired_at"], utc=True).dt.date
    inside = {
        day: first <= day <= last
        for day in days.unique()
        for first, last in [nearest_season(day, dry)]
    }
    return observations[days.map(inside).astype(bool)]


def keep_before_enrolment(stage: Stage, table: pd.DataFrame) -> Note:
    """Leave the table, which names plots, where only evidence and roles reach it."""
    return stage.shelf.put_table("before_enrolment", table)


def before_enrolment_of(stage: Stage) -> Verdict:
    """Judge whether enough is known; says counts, and names no plot."""
    return known_before(stage.shelf.table("before_enrolment"), stage.methodology)


def _pre_existing_t_ha(stage: Stage) -> Mapping[str, float]:
    biomass = take_draws(stage.shelf)
    if not len(biomass.plot_ids):
        return {}
    first = biomass.pre_existing_agb_t_ha[:, :, 0].mean(axis=0)
    return dict(zip(biomass.plot_ids, map(float, first), strict=True))


def _losses(stage: Stage, plots: gpd.GeoDataFrame) -> Mapping[str, LossRecord]:
    settings = stage.workspace.settings
    if settings.loss_raster is None or plots.empty:
        return {}
    lost = loss_reader(settings.loss_raster, product=settings.loss_product)(
        plots.geometry.to_crs(4326).to_numpy()
    )
    years = lost.years.tolist()
    return {
        plot_id: LossRecord(None if np.isnan(row).any() else dict(zip(years, row, strict=True)))
        for plot_id, row in zip(plots["plot_id"], lost.lost_ha.tolist(), strict=True)
    }
