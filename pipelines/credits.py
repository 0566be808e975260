"""A waterfall and an issuance on a shelf, and the books they start from."""

from collections.abc import Mapping
from dataclasses import asdict

from mrv.crediting.issuance import Issuance, issue
from mrv.crediting.waterfall import Line, Waterfall, waterfall
from mrv.evidence.bundle import contributions
from mrv.evidence.documents import PlotContribution
from pipelines.counterfactual import BASELINE_SOURCES, leakage_step_of, project_emissions_tco2e
from pipelines.draws import take_draws
from pipelines.estimates import take_estimate
from pipelines.features import take_features
from pipelines.shelf import Note, Shelf
from pipelines.stage import Stage
from registry_api.services.books import Books, books


def waterfall_of(stage: Stage) -> tuple[Waterfall, Issuance]:
    """Apply the rules to the estimate, and continue the project's books."""
    estimate = take_estimate(stage.shelf)
    gross, baseline = float(estimate.gross_tco2e.mean()), estimate.creditable_baseline_tco2e
    steps = waterfall(
        gross_tco2e=gross,
        baseline_tco2e=baseline,
        u90=estimate.u90,
        project_emissions_tco2e=project_emissions_tco2e(stage),
        methodology=stage.methodology,
        leakage=leakage_step_of(stage, gross - baseline),
        baseline_source=BASELINE_SOURCES[stage.settings.baseline.kind],
    )
    held = books_of(stage)
    return steps, issue(
        steps.issuable_kg,
        cumulative_buffer_kg=steps.buffer_kg,
        issued_before_t=held.issued_before_t,
        buffer_before_t=held.buffer_before_t,
        carried_in_kg=held.carried_in_kg,
    )


def books_of(stage: Stage) -> Books:
    """Read the project's books as they stood when the period began."""
    with stage.workspace.registry() as session:
        return books(session, stage.project_id, before=stage.period.start)


def contributions_of(stage: Stage) -> tuple[PlotContribution, ...]:
    """Share the period's kilograms among the plots."""
    steps, issuance = take_waterfall(stage.shelf)
    return contributions(
        take_estimate(stage.shelf),
        issuance,
        steps.quantity_kg("gross"),
        trees_measured=_trees_measured(stage),
        clear_looks=_clear_looks(stage),
        before_kg=books_of(stage).plot_net_kg,
    )


def keep_waterfall(shelf: Shelf, steps: Waterfall, issuance: Issuance) -> Note:
    """Leave a waterfall and its issuance on a shelf."""
    return shelf.put_json("waterfall", {"steps": asdict(steps), "issuance": asdict(issuance)})


def take_waterfall(shelf: Shelf) -> tuple[Waterfall, Issuance]:
    """Take a waterfall and its issuance off a shelf."""
    document = shelf.json("waterfall")
    steps = document["steps"]
    lines = tuple(Line(**line) for line in steps["lines"])
    return Waterfall(**steps | {"lines": lines}), Issuance(**document["issuance"])


def _trees_measured(stage: Stage) -> Mapping[str, int]:
    biomass = take_draws(stage.shelf)
    return dict(zip(biomass.plot_ids, map(int, biomass.n_trees[:, -1]), strict=True))


def _clear_looks(stage: Stage) -> Mapping[str, int]:
    features = take_features(stage.shelf)
    at_end = features.xs(stage.epochs[1], level="epoch")["clear_looks"]
    return {str(plot_id): int(looks) for plot_id, looks in at_end.items()}
