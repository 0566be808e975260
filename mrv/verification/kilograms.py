"""Level 1: from the estimate to kilograms: rules, deductions, books, and each plot's share.

What the evidence states is built a second time by the functions that built it, and held against it
part by part.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from mrv.crediting.issuance import Issuance
from mrv.crediting.period import Carried, credit, kilograms_of
from mrv.crediting.waterfall import Waterfall
from mrv.errors import MrvError
from mrv.estimation.estimate import ChangeEstimate
from mrv.evidence.bundle import Origin, build_document, contributions
from mrv.evidence.crate import RULES
from mrv.evidence.documents import EvidenceDocument, PlotContribution
from mrv.methodologies import load_methodology
from mrv.quality import Verdict
from mrv.verification.comparing import document_difference, table_difference
from mrv.verification.opened import Bundle
from mrv.verification.report import Level, Node

_PARTS = (
    "project", "period", "model", "check", "strata", "u90", "deducted_fraction", "waterfall",
    "verdicts", "plots", "quantities",
)  # fmt: skip


def check_kilograms(bundle: Bundle) -> Iterator[Node]:
    """Do waterfall and allocation again from the estimate as it is stated."""
    yield rules_node(bundle)
    yield _plots_node(bundle)
    stated = [
        Verdict(v.gate, v.passed, v.measured, v.limit, v.sentence) for v in bundle.document.verdicts
    ]
    yield from kilogram_nodes(
        bundle,
        bundle.estimate,
        verdicts=stated,
        biomass=bundle.table("biomass"),
        features=bundle.table("features"),
        level=1,
    )


def kilogram_nodes(
    bundle: Bundle,
    estimate: ChangeEstimate,
    *,
    verdicts: list[Verdict],
    biomass: pd.DataFrame,
    features: pd.DataFrame,
    level: Level,
) -> Iterator[Node]:
    """Take an estimate to kilograms and hold each part against the evidence.

    Args:
        bundle: What is stated.
        estimate: As it is stated or came out again.
        verdicts: The same of the gates.
        biomass: Summary of the draws of plot biomass.
        features: Seasonal features, plot_id and epoch as columns.
        level: Of the answers.
    """
    carried = bundle.carried
    yield _books(bundle, carried, level)
    steps, issuance = credit(bundle.of, estimate, carried)
    kept_steps, kept_issuance = kilograms_of(bundle.json("waterfall"))
    yield _answer(level, "waterfall", document_difference(asdict(kept_steps), asdict(steps), ""))
    yield _answer(
        level, "issuance", document_difference(asdict(kept_issuance), asdict(issuance), "")
    )
    shares, fault = _shares(bundle, estimate, (steps, issuance), biomass, features)
    if fault:
        yield Node(level, "allocation", "differs", fault)
        return
    table = pd.DataFrame([share.model_dump() for share in shares])
    yield _answer(
        level, "allocation", table_difference(bundle.table("allocation"), table, ["plot_id"])
    )
    again = _document(bundle, estimate, (steps, issuance), verdicts, shares)
    yield from _parts(bundle.document, again, level)


def recomputed_kg(bundle: Bundle, estimate: ChangeEstimate) -> int:
    """Give the issuable kilograms of an estimate [kg CO2e]."""
    return credit(bundle.of, estimate, bundle.carried)[0].issuable_kg


def rules_node(bundle: Bundle) -> Node:
    """Hold the bundle's rules against those that are published, and name the first that differs."""
    stated = bundle.document.methodology
    published = load_methodology(stated.id, stated.version)
    if published.digest == stated.digest:
        return Node(1, "rules", "equal")
    said = "their digest is another"
    if RULES in bundle.files:
        said = _first_rule(bundle.files[RULES], published.rules) or said
    return Node(
        1,
        "rules",
        "differs",
        f"The rules in the bundle are not those published as {stated.id} version {stated.version}: "
        f"{said}.",
    )


def _first_rule(data: bytes, published: Mapping[str, Any]) -> str:
    try:
        told = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return "they cannot be read"
    values = {
        f"{section}.{name}": row.get("value")
        for section, rows in told.items()
        if section != "methodology"
        for name, row in rows.items()
        if isinstance(row, dict)
    }
    for name in [*published, *(name for name in values if name not in published)]:
        here = values.get(name)
        there = published[name].value if name in published else None
        if here != there:
            return f"{name} is {here} in the bundle and {there} as published"
    return ""


def _plots_node(bundle: Bundle) -> Node:
    """Ask that every plot that gets kilograms is among the plots, and the other way round."""
    plots = bundle.table("plots")
    enrolled = set(plots.loc[plots["role"] == "enrolled", "plot_id"].astype(str))
    credited = {plot.plot_id for plot in bundle.document.plots}
    left_out = bundle.estimate.joined_later + bundle.estimate.left_early
    if stray := sorted(credited - enrolled):
        said = (
            f"{len(stray)} plots get kilograms and have no boundary here: {', '.join(stray[:5])}."
        )
        return Node(1, "plots", "differs", said)
    if len(enrolled) - len(credited) != left_out:
        lost = sorted(enrolled - credited)
        said = (
            f"{len(enrolled)} plots are enrolled, {left_out} of them joined late or left, and "
            f"{len(credited)} get a share: {', '.join(lost[:5])} have none."
        )
        return Node(1, "plots", "differs", said)
    return Node(1, "plots", "equal")


def _books(bundle: Bundle, carried: Carried, level: Level) -> Node:
    quantities = bundle.document.quantities
    stated = {
        "issued_before_kg": quantities.issued_before_kg,
        "buffer_before_t": quantities.buffer_before_t,
        "carried_in_kg": quantities.carried_in_kg,
    }
    held = {
        "issued_before_kg": carried.issued_before_t * 1000,
        "buffer_before_t": carried.buffer_before_t,
        "carried_in_kg": carried.carried_in_kg,
    }
    return _answer(level, "books", document_difference(stated, held, ""))


def _shares(
    bundle: Bundle,
    estimate: ChangeEstimate,
    kilograms: tuple[Waterfall, Issuance],
    biomass: pd.DataFrame,
    features: pd.DataFrame,
) -> tuple[tuple[PlotContribution, ...], str]:
    steps, issuance = kilograms
    end = str(bundle.of.epochs[1])
    measured = biomass[biomass["epoch"].astype(str) == end]
    seen = features[features["epoch"].astype(str) == end]
    try:
        shares = contributions(
            estimate,
            issuance,
            steps.quantity_kg("gross"),
            trees_measured=dict(zip(measured["plot_id"], measured["n_trees"], strict=True)),
            clear_looks=dict(zip(seen["plot_id"], seen["clear_looks"], strict=True)),
            before_kg=bundle.carried.plot_net_kg,
        )
    except ValueError as error:
        return (), f"The kilograms cannot be shared: {error}."
    return shares, ""


def _document(
    bundle: Bundle,
    estimate: ChangeEstimate,
    kilograms: tuple[Waterfall, Issuance],
    verdicts: list[Verdict],
    plots: tuple[PlotContribution, ...],
) -> EvidenceDocument | str:
    stated = bundle.document
    origin = Origin(
        settings=bundle.settings,
        period=bundle.of.period,
        methodology=bundle.methodology,
        run=stated.run,
        artifacts=stated.artifacts,
        scenes=stated.scenes,
    )
    try:
        return build_document(origin, estimate, *kilograms, verdicts=verdicts, plots=plots)
    except MrvError as error:
        return error.message


def _parts(stated: EvidenceDocument, again: EvidenceDocument | str, level: Level) -> Iterator[Node]:
    if isinstance(again, str):
        yield Node(level, "evidence document", "differs", again)
        return
    a, b = (document.model_dump(mode="json") for document in (stated, again))
    for part in _PARTS:
        yield _answer(level, f"evidence: {part}", document_difference(a[part], b[part], part))


def _answer(level: Level, name: str, said: str) -> Node:
    said = f"{said[0].upper()}{said[1:]}." if said else ""
    return Node(level, name, "differs" if said else "equal", said)
