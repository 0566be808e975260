"""A waterfall and an issuance on a shelf, and the books they start from."""

from collections.abc import Mapping
from dataclasses import asdict

from mrv.crediting.issuance import Issuance
from mrv.crediting.period import Carried, credit, kilograms_of
from mrv.crediting.waterfall import Waterfall
from mrv.evidence.bundle import contributions
from mrv.evidence.documents import PlotContribution
from pipelines.draws import take_draws
from pipelines.estimates import take_estimate
from pipelines.features import take_features
from pipelines.shelf import Note, Shelf
from pipelines.stage import Stage
from registry_api.services.books import books


def waterfall_of(stage: Stage) -> tuple[Waterfall, Issuance]:
    """Apply the rules to the estimate, and continue the project's books."""
    return credit(stage.of, take_estimate(stage.shelf), take_books(stage.shelf))


def keep_books(stage: Stage) -> Note:
    """Leave the project's books as they stood when the period began."""
    with stage.workspace.registry() as session:
        held = books(session, stage.project_id, before=stage.period.start)
    carried = Carried(
        held.issued_before_t, held.buffer_before_t, held.carried_in_kg, dict(held.plot_net_kg)
    )
    return stage.shelf.put_json("books", asdict(carried))


def take_books(shelf: Shelf) -> Carried:
    """Take the books off a shelf."""
    return Carried(**shelf.json("books"))


def contributions_of(stage: Stage) -> tuple[PlotContribution, ...]:
    """Share the period's kilograms among the plots."""
    steps, issuance = take_waterfall(stage.shelf)
    return contributions(
        take_estimate(stage.shelf),
        issuance,
        steps.quantity_kg("gross"),
        trees_measured=_trees_measured(stage),
        clear_looks=_clear_looks(stage),
        before_kg=take_books(stage.shelf).plot_net_kg,
    )


def keep_waterfall(shelf: Shelf, steps: Waterfall, issuance: Issuance) -> Note:
    """Leave a waterfall and its issuance on a shelf."""
    return shelf.put_json("waterfall", {"steps": asdict(steps), "issuance": asdict(issuance)})


def take_waterfall(shelf: Shelf) -> tuple[Waterfall, Issuance]:
    """Take a waterfall and its issuance off a shelf."""
    return kilograms_of(shelf.json("waterfall"))


def _trees_measured(stage: Stage) -> Mapping[str, int]:
    biomass = take_draws(stage.shelf)
    return dict(zip(biomass.plot_ids, map(int, biomass.n_trees[:, -1]), strict=True))


def _clear_looks(stage: Stage) -> Mapping[str, int]:
    features = take_features(stage.shelf)
    at_end = features.xs(stage.epochs[1], level="epoch")["clear_looks"]
    return {str(plot_id): int(looks) for plot_id, looks in at_end.items()}
