"""Two runs of a project beside each other, as anybody may see them; both stay readable."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mrv.evidence.run_diff import Part, run_diff
from registry_api.errors import NotAcceptable
from registry_api.services.estimates import stored_document


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that is not the same in both runs.

    Attributes:
        part: `input`, `parameter`, `code` or `result`.
        node: What it is, as findings name it.
        before, after: None where that run has it not.
        difference: How much more it is in the later run; None where they are no numbers.
    """

    part: Part
    node: str
    name: str
    before: str | int | float | None
    after: str | int | float | None
    unit: str
    difference: float | None


@dataclass(frozen=True, slots=True)
class PlotChanged:
    """A plot whose share or number of measured trees is not the same [kg CO2e]."""

    plot_id: str
    stratum: str
    before_kg: int | None
    after_kg: int | None
    difference_kg: int
    trees_before: int | None
    trees_after: int | None


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What changed from one run to another.

    Attributes:
        before_sha256, after_sha256: Their documents.
        credits_before_t, credits_after_t: What they lead to [t CO2e].
        plots: By how much they changed, most first.
        plots_alike: How many give the same in both.
    """

    before_sha256: str
    after_sha256: str
    project_id: str
    project_name: str
    period_before: str
    period_after: str
    credits_before_t: int
    credits_after_t: int
    changes: tuple[Changed, ...]
    plots: tuple[PlotChanged, ...]
    plots_alike: int


def changes(session: Session, before_sha256: str, after_sha256: str) -> RunChanges:
    """Put two estimates of one project beside each other.

    Raises:
        NotFound: If one of them is not here.
        NotAcceptable: If they are of two projects.
    """
    before, after = stored_document(session, before_sha256), stored_document(session, after_sha256)
    if before.project.id != after.project.id:
        raise NotAcceptable(
            f"One run is of {before.project.id}, the other of {after.project.id}; compare two of "
            "one project."
        )
    found = run_diff(before, after)
    return RunChanges(
        before_sha256=before_sha256,
        after_sha256=after_sha256,
        project_id=after.project.id,
        project_name=after.project.name,
        period_before=before.period.id,
        period_after=after.period.id,
        credits_before_t=before.quantities.credits_t,
        credits_after_t=after.quantities.credits_t,
        changes=tuple(
            Changed(c.part, c.node, c.name, c.before, c.after, c.unit, c.difference)
            for c in found.changes
        ),
        plots=tuple(
            PlotChanged(
                p.plot_id, p.stratum, p.before_kg, p.after_kg, p.difference_kg, p.trees_before,
                p.trees_after,
            )
            for p in found.plots
        ),
        plots_alike=found.plots_alike,
    )  # fmt: skip
