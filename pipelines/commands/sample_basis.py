"""What a sample is planned from: a project's plots and pilot, stated figures, or a landscape."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from mrv.biomass.carbon import root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.errors import InputRejected
from mrv.estimation.estimate import DAYS_PER_YEAR
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.estimation.paired import PairedGrowth, paired_growth
from mrv.field.inventory import read_inventory
from mrv.methodologies import Methodology, load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.project import Ecology
from mrv.sampling.expected import (
    ICC_UNKNOWN,
    Expected,
    conversion_cv,
    from_pilot,
    from_stated,
    with_likeness,
)
from mrv.sampling.frame import Frame
from mrv.sampling.plan import Costs
from mrv.sampling.selection import seed_of
from mrv.simulation.archetypes import find_archetype
from mrv.simulation.landscape import simulate_landscape
from mrv.sources.projects import read_project
from pipelines.commands.show import notes, progress_bar
from registry_api.services import clock

_DRAWS: Final = 400  # of a pilot's biomass; they tell spread and shared error, not credits
_LATE_VISIT = timedelta(days=31)  # a simulated crew may come some days after the epoch
_METHODOLOGY = ("agroforestry_removals", 1)  # of a landscape, which has no project.toml


@dataclass(frozen=True)
class Asked:
    """What one plan was asked for.

    Attributes:
        project: Folder with plots, and trees where they are the pilot.
        archetype: A simulated landscape instead of a project, with so many plots and this seed.
        period: Of project.toml; "" takes the first.
        u90: Wanted half-width; None looks for the sample worth most.
        growth_t_ha_year, cv, icc, shared_cv: Stated figures; None takes the pilot's.
        map_r2: What a map is expected to explain.
        design: A key of `plan_sample.MAY_CHOOSE`.
        seed: Of the draw; None takes the one that follows from plots and plan.
        out: Folder for the drawn sample; None draws none.
    """

    project: Path | None = None
    archetype: str = ""
    plots: int | None = None
    landscape_seed: int = 1
    period: str = ""
    u90: float | None = None
    growth_t_ha_year: float | None = None
    cv: float | None = None
    icc: float | None = None
    shared_cv: float | None = None
    map_r2: float = 0.0
    design: str = "either"
    costs: Costs = field(default_factory=Costs)
    currency: str = "EUR"
    seed: int | None = None
    out: Path | None = None


@dataclass(frozen=True)
class Place:
    """Where the sample is to be drawn: plots, rules, dates, and trees that may be the pilot."""

    name: str
    plots: gpd.GeoDataFrame
    trees: pd.DataFrame | None
    ecology: Ecology
    methodology: Methodology
    start: date
    end: date
    today: date


def find_place(asked: Asked) -> Place:
    """Find the plots to draw from, and what belongs to them.

    Raises:
        InputRejected: If it is not said where, or no plots are there.
    """
    if (asked.project is None) == (not asked.archetype):
        raise InputRejected("Name a project folder with --project, or a landscape --archetype.")
    if asked.project is None:
        return _simulated(asked)
    folder = read_project(asked.project, allow_outside=True)
    settings = folder.settings
    if folder.plots_raw is None:
        raise InputRejected(
            f"{asked.project} brings no plots of its own; name their file in project.toml under "
            "[inputs], a sample cannot be drawn from plots that are not there."
        )
    rules = load_methodology(settings.methodology.id, settings.methodology.version)
    period = settings.period(asked.period) if asked.period else settings.periods[0]
    today = clock.today()
    with progress_bar(f"{settings.id}: screening plots") as progress:
        screened = screen_plots(
            folder.plots_raw,
            country=settings.country,
            rules=PlotRules.of(rules),
            today=today,
            progress=progress,
        )
    return Place(
        settings.id,
        screened.plots,
        folder.trees_raw,
        settings.ecology,
        rules,
        period.start,
        period.end,
        today,
    )


def _simulated(asked: Asked) -> Place:
    spec = find_archetype(asked.archetype, asked.plots)
    rules = load_methodology(*_METHODOLOGY)
    notes.print(f"inventing {spec.plots} plots of '{asked.archetype}' …")
    landscape = simulate_landscape(spec, asked.landscape_seed)
    plots = screen_plots(landscape.plots, country=spec.country, rules=PlotRules.of(rules)).plots
    name = f"{asked.archetype}, seed {asked.landscape_seed} (simulated)"
    start, end = spec.epochs[0], spec.epochs[1]
    return Place(
        name, plots, landscape.inventory, spec.ecology, rules, start, end, end + _LATE_VISIT
    )


def expect(asked: Asked, place: Place, frame: Frame) -> Expected:
    """Tell what growth and spread to expect: as stated, else from the place's own pilot.

    Raises:
        InputRejected: If neither is there, or makes no sense.
    """
    stated = asked.growth_t_ha_year is not None and asked.cv is not None
    if not stated and (asked.growth_t_ha_year is not None or asked.cv is not None):
        raise InputRejected("--growth and --cv go together; leave both out to use the pilot.")
    conversion = conversion_cv(place.methodology, root_shoot_ratio(place.ecology.root_shoot_zone))
    if asked.growth_t_ha_year is not None and asked.cv is not None:
        years = (place.end - place.start).days / DAYS_PER_YEAR
        site = place.methodology.number("allometry.site_sd_ln")
        return from_stated(
            frame,
            net_t_ha=asked.growth_t_ha_year * years,
            cv=asked.cv,
            icc=ICC_UNKNOWN if asked.icc is None else asked.icc,
            shared_cv=(
                float(np.hypot(site, conversion)) if asked.shared_cv is None else asked.shared_cv
            ),
        )
    known = from_pilot(frame, _pilot(place, frame), conversion, source=f"pilot {place.name}")
    if asked.icc is not None:
        known = with_likeness(known, asked.icc)
    return known


def _pilot(place: Place, frame: Frame) -> PairedGrowth:
    if place.trees is None:
        raise InputRejected(
            f"{place.name} has no trees to learn from; state --growth and --cv, or bring a pilot "
            "measured at both ends of a period."
        )
    inventory = read_inventory(place.trees, plot_ids=set(frame.plots["plot_id"]), today=place.today)
    areas = dict(zip(frame.plots["plot_id"], frame.area_ha.tolist(), strict=True))
    epochs = (place.start, place.end)
    with progress_bar(f"{place.name}: weighing trees") as progress:
        biomass = draw_plot_biomass(
            inventory.trees,
            areas,
            epochs,
            BiomassContext.of(place.ecology, place.methodology),
            _DRAWS,
            seed_of(place.name),
            progress,
        )
    return paired_growth(biomass, frame.plots, *epochs)
