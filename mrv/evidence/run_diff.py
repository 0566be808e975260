"""What changed between two runs of one period: inputs, parameters, code and results.

Two evidence documents in, one difference out. Nothing is judged; a reader sees what was exchanged
and what came of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mrv.evidence.documents import EvidenceDocument

Part = Literal["input", "parameter", "code", "result"]
Told = str | int | float | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same in both.

    Attributes:
        node: What it is, as findings name it.
        before: In the earlier run; None where it was not in it.
        after: In the later run; None where it is gone.
        unit: Of numbers; empty for digests and names.
    """

    part: Part
    node: str
    name: str
    before: Told
    after: Told
    unit: str = ""

    @property
    def difference(self) -> float | None:
        """How much more it is in the later run; None where they are no numbers."""
        if isinstance(self.before, int | float) and isinstance(self.after, int | float):
            return self.after - self.before
        return None


@dataclass(frozen=True, slots=True)
class PlotChange:
    """A plot whose share is not the same in both [kg CO2e]; None where it has none."""

    plot_id: str
    stratum: str
    before_kg: int | None
    after_kg: int | None
    trees_before: int | None
    trees_after: int | None

    @property
    def difference_kg(self) -> int:
        """How much more it gives in the later run [kg CO2e]."""
        return (self.after_kg or 0) - (self.before_kg or 0)


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Everything that is not the same in two runs.

    Attributes:
        plots: By how much they changed, most first.
        plots_alike: How many plots give the same in both.
    """

    changes: tuple[Change, ...]
    plots: tuple[PlotChange, ...]
    plots_alike: int

    def of(self, part: Part) -> tuple[Change, ...]:
        """Give the changes of one part."""
        return tuple(change for change in self.changes if change.part == part)


def run_diff(before: EvidenceDocument, after: EvidenceDocument) -> RunDiff:
    """Put two documents beside each other.

    Args:
        before: The earlier run.
        after: The later one.
    """
    changes = (
        *_inputs(before, after),
        *_parameters(before, after),
        *_code(before, after),
        *_results(before, after),
    )
    earlier = {plot.plot_id: plot for plot in before.plots}
    later = {plot.plot_id: plot for plot in after.plots}
    plots, alike = [], 0
    for plot_id in sorted(earlier.keys() | later.keys()):
        old, new = earlier.get(plot_id), later.get(plot_id)
        if old and new and (old.net_kg, old.trees_measured) == (new.net_kg, new.trees_measured):
            alike += 1
            continue
        known = new or old
        plots.append(
            PlotChange(
                plot_id,
                known.stratum if known else "",
                old.net_kg if old else None,
                new.net_kg if new else None,
                old.trees_measured if old else None,
                new.trees_measured if new else None,
            )
        )
    plots.sort(key=lambda plot: (-abs(plot.difference_kg), plot.plot_id))
    return RunDiff(changes, tuple(plots), alike)


def _inputs(before: EvidenceDocument, after: EvidenceDocument) -> Iterator[Change]:
    yield from _mapped(
        "input",
        "artifact",
        {a.name: a.sha256 for a in before.artifacts},
        {a.name: a.sha256 for a in after.artifacts},
    )
    yield from _mapped(
        "input",
        "scene",
        {s.id: s.item_sha256 for s in before.scenes},
        {s.id: s.item_sha256 for s in after.scenes},
    )


def _parameters(before: EvidenceDocument, after: EvidenceDocument) -> Iterator[Change]:
    old, new = before.methodology, after.methodology
    for name in ("id", "version", "digest"):
        told = getattr(old, name), getattr(new, name)
        yield from _one("parameter", "methodology", f"methodology {name}", *told)
    for name in ("seed", "draws"):
        told = getattr(before.run, name), getattr(after.run, name)
        yield from _one("parameter", "run", name, *told)
    for name in ("start", "end"):
        told = str(getattr(before.period, name)), str(getattr(after.period, name))
        yield from _one("parameter", "period", f"period {name}", *told)


def _code(before: EvidenceDocument, after: EvidenceDocument) -> Iterator[Change]:
    for name in ("code_version", "python"):
        yield from _one("code", "run", name, getattr(before.run, name), getattr(after.run, name))
    yield from _mapped("code", "", before.run.libraries, after.run.libraries)


def _results(before: EvidenceDocument, after: EvidenceDocument) -> Iterator[Change]:
    yield from _mapped(
        "result",
        "waterfall",
        {line.key: line.quantity_kg for line in before.waterfall},
        {line.key: line.quantity_kg for line in after.waterfall},
        "kg CO2e",
    )
    yield from _one("result", "model", "u90", before.u90, after.u90)
    yield from _one("result", "model", "estimator", before.model.estimator, after.model.estimator)
    for name in type(before.quantities).model_fields:
        unit = "t CO2e" if name.endswith("_t") else "kg CO2e"
        old, new = getattr(before.quantities, name), getattr(after.quantities, name)
        yield from _one("result", "books", name, old, new, unit)
    yield from _mapped(
        "result",
        "stratum",
        {stratum.stratum: stratum.gross_kg for stratum in before.strata},
        {stratum.stratum: stratum.gross_kg for stratum in after.strata},
        "kg CO2e",
    )
    yield from _mapped(
        "result",
        "gate",
        {v.gate: "passed" if v.passed else "not passed" for v in before.verdicts},
        {v.gate: "passed" if v.passed else "not passed" for v in after.verdicts},
    )


def _mapped(
    part: Part, kind: str, before: Mapping[str, Told], after: Mapping[str, Told], unit: str = ""
) -> Iterator[Change]:
    for name in _names(before, after):
        node = f"{kind}:{name}" if kind else "run"
        yield from _one(part, node, name, before.get(name), after.get(name), unit)


def _names(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *after)))


def _one(
    part: Part, node: str, name: str, before: Told, after: Told, unit: str = ""
) -> Iterator[Change]:
    if before != after:
        yield Change(part, node, name, before, after, unit)
