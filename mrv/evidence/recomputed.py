"""What an evidence document states, computed again: rules, waterfall, books and shares of plots.

A document holds whole kilograms, each a difference of running totals that were rounded down. A line
that follows from lines above it is therefore known to the kilogram only within what the rounding of
those leaves open; where it lies in there it is called equal. Everything else is exact.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mrv.crediting.allocation import contributions_kg
from mrv.crediting.buffer import buffer_tco2e
from mrv.crediting.deduction import deduction_in_force
from mrv.crediting.issuance import Issuance, issue
from mrv.crediting.rounding import KG_PER_T, floor_kg, round_to_total
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import Methodology

Verdict = Literal["equal", "differs", "missing"]


@dataclass(frozen=True, slots=True)
class Node:
    """One stored number beside the same computed again.

    Attributes:
        node: What it is of, as findings name it: `waterfall:buffer`, `plot:KWG-001`.
        unit: Of both numbers.
        stored: As the document states it.
        recomputed: None where what it takes is missing.
        said: Why they differ or what is missing; empty where they are equal.
    """

    node: str
    unit: str
    stored: float
    recomputed: float | None
    verdict: Verdict
    said: str


def recompute(document: EvidenceDocument, rules: Methodology) -> tuple[Node, ...]:
    """Compute again what follows from a document's own numbers and its rules.

    Args:
        document: The evidence.
        rules: The methodology it names, from this machine.
    """
    return (*_rules(document, rules), *_waterfall(document, rules), *_books(document))


def recompute_gross(document: EvidenceDocument, gross_tco2e: Sequence[float] | None) -> Node:
    """Compute the first line of the waterfall again from the draws of the total.

    Args:
        document: The evidence.
        gross_tco2e: Draws of gross removals since the first epoch [draw; t CO2e]; None where they
            are not at hand.
    """
    stored = _lines(document).get("gross", 0)
    if gross_tco2e is None:
        return Node(
            "waterfall:gross", "kg CO2e", stored, None, "missing", "the draws are not kept here"
        )
    return _compared("waterfall:gross", stored, floor_kg(_mean(gross_tco2e)), "the mean draw")


def recompute_plots(
    document: EvidenceDocument,
    changes: Iterable[tuple[str, float, float, float]] | None,
    *,
    before_kg: Mapping[str, int],
) -> tuple[Node, ...]:
    """Share gross removals and the period's kilograms among the plots again, to the kilogram.

    Args:
        document: The evidence.
        changes: Plot, its gross and its net change [t CO2e], its area [ha]; None where they are not
            at hand.
        before_kg: Plot -> what it contributed in earlier periods [kg CO2e].
    """
    stored = {plot.plot_id: plot for plot in document.plots}
    rows = {plot_id: rest for plot_id, *rest in changes or () if plot_id in stored}
    if len(rows) < len(stored):
        why = "the changes of the plots are not kept here"
        return tuple(
            Node(f"plot:{plot_id}", "kg CO2e", plot.net_kg, None, "missing", why)
            for plot_id, plot in stored.items()
        )
    order = list(rows)
    try:
        net = contributions_kg(
            issuance_of(document),
            order,
            [rows[plot_id][1] for plot_id in order],
            [rows[plot_id][2] for plot_id in order],
            before_kg=before_kg,
        )
    except ValueError as fault:
        return tuple(
            Node(f"plot:{plot_id}", "kg CO2e", plot.net_kg, None, "missing", str(fault))
            for plot_id, plot in stored.items()
        )
    total_kg = _lines(document).get("gross", 0)
    gross = dict(
        zip(
            order,
            round_to_total(total_kg, [rows[plot_id][0] * KG_PER_T for plot_id in order]),
            strict=True,
        )
    )
    nodes = []
    for plot_id, plot in stored.items():
        node = _compared(f"plot:{plot_id}", plot.net_kg, net[plot_id], "sharing by net change")
        if node.verdict == "equal" and gross[plot_id] != plot.gross_kg:
            node = _compared(
                f"plot:{plot_id}", plot.gross_kg, gross[plot_id], "sharing gross removals"
            )
        nodes.append(node)
    return tuple(nodes)


def issuance_of(document: EvidenceDocument) -> Issuance:
    """Give what a document says of the books, as `mrv.crediting.issuance` knows it."""
    return Issuance(**document.quantities.model_dump())


def nodes_of(document: EvidenceDocument) -> Iterator[str]:
    """Name everything of a document that a finding may be on."""
    yield from ("project", "period", "run", "model", "methodology", "books")
    for artifact in document.artifacts:
        yield f"artifact:{artifact.name}"
    for line in document.waterfall:
        yield f"waterfall:{line.key}"
    for stratum in document.strata:
        yield f"stratum:{stratum.stratum}"
    for verdict in document.verdicts:
        yield f"gate:{verdict.gate}"
    for scene in document.scenes:
        yield f"scene:{scene.id}"
    for plot in document.plots:
        yield f"plot:{plot.plot_id}"


def _rules(document: EvidenceDocument, rules: Methodology) -> Iterator[Node]:
    if rules.digest != document.methodology.digest:
        said = "the rules of this name and version are other rules here"
        yield Node("methodology", "version", document.methodology.version, None, "missing", said)
        return
    held = document.methodology.version
    yield Node("methodology", "version", held, rules.version, "equal", "")
    lines = _lines(document)
    due = 0.0
    if lines.get("gross", 0) + lines.get("baseline", 0) > 0:
        due = deduction_in_force(document.u90, rules)
    near = math.isclose(due, document.deducted_fraction, rel_tol=1e-9, abs_tol=1e-12)
    said = "" if near else f"the rule {rules.text('uncertainty.strategy')} gives another share"
    verdict: Verdict = "equal" if near else "differs"
    yield Node("waterfall:uncertainty", "share", document.deducted_fraction, due, verdict, said)


def _waterfall(document: EvidenceDocument, rules: Methodology) -> Iterator[Node]:
    kg = _lines(document)
    missing = {"gross", "baseline", "uncertainty", "leakage", "buffer"} - kg.keys()
    if missing:
        said = f"the waterfall has no {', '.join(sorted(missing))}"
        yield Node("waterfall:issuable", "kg CO2e", 0, None, "missing", said)
        return
    net_kg = kg["gross"] + kg["baseline"]
    kept = 1.0 - document.deducted_fraction if net_kg > 0 else 1.0
    adjusted_kg = net_kg + kg["uncertainty"]
    benefit_kg = adjusted_kg + kg["project_emissions"] + kg["leakage"]
    yield _within(
        "waterfall:uncertainty", kg["uncertainty"], (net_kg * kept, (net_kg + 1) * kept), net_kg
    )
    benefit = _compared("waterfall:net_benefit", kg["net_benefit"], benefit_kg, "adding the lines")
    yield benefit
    fraction, base = rules.number("buffer.fraction"), rules.text("buffer.base")
    held = [
        (benefit_kg + slack) / KG_PER_T
        - buffer_tco2e(
            (adjusted_kg + other) / KG_PER_T,
            (benefit_kg + slack) / KG_PER_T,
            fraction=fraction,
            base=base,
        )
        for slack in (0, 1)
        for other in (0, 1)
    ]
    span = (min(held) * KG_PER_T, max(held) * KG_PER_T)
    yield _within("waterfall:buffer", kg["buffer"], span, benefit_kg)
    yield _compared(
        "waterfall:issuable", kg["issuable"], benefit_kg + kg["buffer"], "adding the lines"
    )


def _books(document: EvidenceDocument) -> Iterator[Node]:
    stated, kg = document.quantities, _lines(document)
    try:
        due = issue(
            kg.get("issuable", 0),
            cumulative_buffer_kg=-kg.get("buffer", 0),
            issued_before_t=stated.issued_before_kg // KG_PER_T,
            buffer_before_t=stated.buffer_before_t,
            carried_in_kg=stated.carried_in_kg,
        )
    except ValueError as fault:
        yield Node("books", "t CO2e", stated.credits_t, None, "missing", str(fault))
        return
    for name in ("credits_t", "buffer_t", "carried_out_kg", "reversal_kg"):
        unit = "t CO2e" if name.endswith("_t") else "kg CO2e"
        node = _compared("books", getattr(stated, name), getattr(due, name), "the books")
        said = f"{name}: {node.said}" if node.said else ""
        yield Node(f"books:{name}", unit, node.stored, node.recomputed, node.verdict, said)


def _compared(node: str, stored: int, due: int, how: str) -> Node:
    said = "" if stored == due else f"{how} gives {due} kg, {stored - due:+d} kg are stated more"
    return Node(node, "kg CO2e", stored, due, "equal" if stored == due else "differs", said)


def _within(node: str, stored: int, span_kg: tuple[float, float], above_kg: int) -> Node:
    """Hold a line against the ends that the rounding of the lines above it leaves open."""
    ends = [floor_kg(end / KG_PER_T) - above_kg for end in span_kg]
    lowest, highest = min(ends), max(ends)
    due = stored if lowest <= stored <= highest else highest
    return _compared(node, stored, due, "the rule")


def _lines(document: EvidenceDocument) -> dict[str, int]:
    return {line.key: line.quantity_kg for line in document.waterfall}


def _mean(draws: Sequence[float]) -> float:
    import numpy as np

    return float(np.asarray(draws, np.float64).mean())
