"""Level 2: the statistics again, from field tables and observations to the estimate and its gates.

The same functions as in a run, on the tables of the bundle. What a registry or a person decided
(which plots were accepted, which suspects were cleared, what a loss raster showed) is taken as it
stands, and named so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from mrv.biomass.assignment import tree_biomass
from mrv.biomass.context import BiomassContext
from mrv.change.before_enrolment import known_before
from mrv.change.drop_out import watched_until
from mrv.change.held_growth import held_plots, hold_growth
from mrv.change.stated import additionality_of
from mrv.crediting.gates import judge_estimate
from mrv.estimation.by_baseline import estimate_by_baseline, trees_that_count
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import BiomassDraws, draw_plot_biomass
from mrv.estimation.written import DRAWS, biomass_summary, estimate_json
from mrv.field.inventory import Inventory, read_inventory
from mrv.field.trusted_trees import suspect_shares, trusted_trees
from mrv.imagery.composites import clear_looks, season_features
from mrv.imagery.indices import INDICES
from mrv.imagery.offsets import offsets_sane
from mrv.imagery.rules import ImageryRules
from mrv.project_period import seed_of
from mrv.quality import Verdict
from mrv.verification.comparing import CLOSE, document_difference, table_difference
from mrv.verification.opened import Bundle
from mrv.verification.report import Node

Progress = Callable[[int, int], None]
STATED = {
    "plots": "Which plots were accepted is taken as stated: screening asks the registry.",
    "disturbances": "What the watch found and people decided is taken as stated.",
    "backscatter": "What radar says of each plot is taken as stated; its scenes are named in it.",
    "before_enrolment": "What stood before enrolment is taken as stated; its gate is asked again.",
    "stocking_history": "Stocking before the start, by which controls were matched, is taken as "
    "stated.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Performed:
    """What came out again.

    Attributes:
        estimate: Of the change since the first epoch, held growth taken out.
        biomass: Summary of the draws of plot biomass.
        features: Seasonal features, plot_id and epoch as columns.
        verdicts: Of every gate.
    """

    estimate: ChangeEstimate
    biomass: pd.DataFrame
    features: pd.DataFrame
    verdicts: list[Verdict]


def check_statistics(
    bundle: Bundle, observations: pd.DataFrame, scenes_read: pd.DataFrame, progress: Progress
) -> Iterator[Node | Performed]:
    """Perform the statistics again; the last thing given is what came out.

    Args:
        bundle: What is stated.
        observations: From which features are made: as stated, or as level 3 made them again.
        scenes_read: The same of the scenes' levels.
        progress: Called with plots drawn and plots in all.
    """
    yield _run(bundle)
    for name, sentence in STATED.items():
        if bundle.has(name) and len(bundle.table(name)):
            yield Node(2, name, "stated", sentence)
    plots = bundle.plots()
    yield _scenes(bundle)
    inventory = _checked(bundle, plots)
    counted = trees_that_count(bundle.of, inventory.trees)
    trees = _weighed(bundle, counted)
    yield _told("trees", table_difference(bundle.table("trees"), trees, ["row"]))
    findings, keys = bundle.table("tree_findings"), ["row", "column", "code"]
    yield _told("tree_findings", table_difference(findings, inventory.findings, keys))
    biomass = _draw(bundle, plots, counted, progress)
    summary = biomass_summary(biomass)
    yield _told("biomass", table_difference(bundle.table("biomass"), summary, ["plot_id", "epoch"]))
    yield _told(
        "equations",
        table_difference(bundle.table("equations"), biomass.equations, ["species", "equation_id"]),
    )
    features = _features(bundle, observations)
    yield _told(
        "features", table_difference(bundle.table("features"), features, ["plot_id", "epoch"])
    )
    watched = bundle.table("disturbances")
    estimate = estimate_by_baseline(
        bundle.of,
        biomass,
        watched_until(plots, watched),
        features.set_index(["plot_id", "epoch"]),
        trees,
        bundle.document.run.seed,
        bundle.table("stocking_history") if bundle.has("stocking_history") else None,
    )
    estimate = hold_growth(estimate, held_plots(watched))
    yield from _estimated(bundle, estimate)
    verdicts = _verdicts(bundle, estimate, plots, features, scenes_read)
    yield Performed(estimate, summary, features, verdicts)


def _run(bundle: Bundle) -> Node:
    run, due = bundle.document.run, int(bundle.methodology.number("uncertainty.draws"))
    if run.seed != seed_of(bundle.settings.id):
        said = f"The seed is {run.seed}; the project's own is {seed_of(bundle.settings.id)}."
        return Node(2, "seed", "differs", said)
    if run.draws < due:
        return Node(
            2, "seed", "equal", f"Of {run.draws} draws, where the rules ask for {due}: a trial run."
        )
    return Node(2, "seed", "equal")


def _scenes(bundle: Bundle) -> Node:
    """Ask that the scenes that were read are those that the evidence names."""
    named = {scene.id for scene in bundle.document.scenes}
    read = set(bundle.table("scenes_read")["scene_id"].astype(str))
    looked = set(bundle.table("observations")["scene_id"].astype(str))
    if stray := sorted((read | looked) - named):
        return _told("scenes", f"{stray[0]} was looked at and is not one of the scenes named")
    if lost := sorted(named - read):
        return _told("scenes", f"{lost[0]} is named and was not read")
    stated = {scene.id: scene for scene in bundle.document.scenes}
    for row in bundle.table("scenes_read").to_dict("records"):
        scene = stated[str(row["scene_id"])]
        if pd.Timestamp(row["acquired_at"]) != pd.Timestamp(scene.acquired_at):
            said = (
                f"{scene.id} was taken at {scene.acquired_at:%Y-%m-%d %H:%M} as the evidence names "
                f"it and at {row['acquired_at']:%Y-%m-%d %H:%M} as it was read"
            )
            return _told("scenes", said)
    return _told("scenes", "")


def _checked(bundle: Bundle, plots: gpd.GeoDataFrame) -> Inventory:
    return read_inventory(
        bundle.table("inventory").set_index("row"),
        plot_ids=set(plots["plot_id"]),
        today=bundle.taken_in_on,
    )


def _weighed(bundle: Bundle, counted: pd.DataFrame) -> pd.DataFrame:
    ecology = BiomassContext.of(bundle.settings.ecology, bundle.methodology)
    weighed = tree_biomass(counted, ecology)[["row", "equation_id", "agb_kg"]]
    return counted.merge(weighed, on="row", how="left")


def _draw(
    bundle: Bundle, plots: gpd.GeoDataFrame, trees: pd.DataFrame, progress: Progress
) -> BiomassDraws:
    return draw_plot_biomass(
        trees,
        dict(zip(plots["plot_id"], plots["area_ha"], strict=True)),
        bundle.of.epochs,
        BiomassContext.of(bundle.settings.ecology, bundle.methodology),
        draws=bundle.document.run.draws,
        seed=bundle.document.run.seed,
        progress=progress,
    )


def _features(bundle: Bundle, observations: pd.DataFrame) -> pd.DataFrame:
    missing, seasons = bundle.json("missing_indices"), bundle.settings.seasons
    backscatter = bundle.table("backscatter") if bundle.has("backscatter") else pd.DataFrame()
    return season_features(
        observations,
        bundle.of.epochs,
        seasons.dry,
        seasons.wet,
        [name for name in INDICES if name not in missing],
        rules=ImageryRules.of(bundle.methodology),
        backscatter=backscatter if len(backscatter) else None,
    ).reset_index()


def _estimated(bundle: Bundle, again: ChangeEstimate) -> Iterator[Node]:
    stated = bundle.json("estimate")
    fresh = estimate_json(again) | {"start": str(again.start), "end": str(again.end)}
    yield _told("estimate", document_difference(stated, _plain(fresh), ""))
    kept = bundle.arrays("draws")
    said = ""
    for name in DRAWS:
        new = getattr(again, name)
        if kept[name].shape != new.shape:
            said = f"{name} has {len(kept[name]):,} draws in the bundle and {len(new):,} came out"
        elif not np.allclose(kept[name], new, rtol=CLOSE, atol=CLOSE):
            draw = int(np.flatnonzero(~np.isclose(kept[name], new, rtol=CLOSE, atol=CLOSE))[0])
            said = f"draw {draw} of {name} is {kept[name][draw]:.6f} t CO2e in the bundle and came "
            said += f"out as {new[draw]:.6f}"
        if said:
            break
    yield _told("draws", said)
    yield _told(
        "plot_changes", table_difference(bundle.table("plot_changes"), again.plots, ["plot_id"])
    )


def _verdicts(
    bundle: Bundle,
    estimate: ChangeEstimate,
    plots: gpd.GeoDataFrame,
    features: pd.DataFrame,
    scenes_read: pd.DataFrame,
) -> list[Verdict]:
    """Ask every gate, in the order of a run."""
    rules = ImageryRules.of(bundle.methodology)
    enrolled = plots.loc[plots["role"] == "enrolled", "plot_id"].tolist()
    growth_cap = bundle.settings.ecology.growth_cap
    return [
        *judge_estimate(estimate, bundle.methodology, growth_cap=growth_cap),
        trusted_trees(suspect_shares(bundle.table("trees"), plots), bundle.methodology),
        additionality_of(bundle.of),
        known_before(bundle.table("before_enrolment"), bundle.methodology),
        clear_looks(features.set_index(["plot_id", "epoch"]), enrolled, rules),
        offsets_sane(scenes_read, rules.offset_sanity_low, rules.offset_sanity_high),
    ]


def _plain(value: object) -> object:
    """Write tuples as lists, as JSON does."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _told(name: str, said: str) -> Node:
    said = f"{said[0].upper()}{said[1:]}." if said else ""
    return Node(2, name, "differs" if said else "equal", said)
