"""Evidence documents taken apart for pages: the head without plots, and the plots by stratum.

A document of 50,000 plots takes some tenths of a second to read; the few that were asked for last
stay in memory, in a form without exact areas. A document never changes under its digest.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import Lineage, lineage_graph
from registry_api.db.models import Estimate
from registry_api.errors import NotFound

DOCUMENTS_KEPT: Final = 4  # 50,000 plots of one take about 15 MB


@dataclass(frozen=True, slots=True)
class PlotLine:
    """What one plot contributed; amounts in kilograms of CO2e, signed."""

    plot_id: str
    stratum: str
    sampled: bool
    trees_measured: int
    clear_looks: int
    gross_kg: int
    net_kg: int


@dataclass(frozen=True, slots=True)
class OpenedEvidence:
    """One document, taken apart.

    Attributes:
        head: All of it but the plots.
        graph: What it stands on, the plots of each stratum as one node; what the registry adds
            above is left out.
        plots: By id, in the document's order.
        ranked: Plots, those that contributed most first.
        strata: The same by stratum.
    """

    sha256: str
    head: EvidenceDocument
    graph: Lineage
    plots: Mapping[str, PlotLine]
    ranked: tuple[PlotLine, ...]
    strata: Mapping[str, tuple[PlotLine, ...]]


@dataclass(frozen=True, slots=True)
class Handed:
    """By whom and when a document was handed in."""

    by: str
    at: datetime


_recent: "OrderedDict[str, OpenedEvidence]" = OrderedDict()
_lock = Lock()


def handed_in(session: Session, sha256: str) -> Handed:
    """Say by whom and when a document was handed in.

    Raises:
        NotFound: If there is none with that digest.
    """
    row = session.execute(
        select(Estimate.submitted_by, Estimate.submitted_at).where(Estimate.sha256 == sha256)
    ).first()
    if row is None:
        raise NotFound("There is no estimate with that digest.", estimate=sha256)
    return Handed(*row)


def opened(session: Session, sha256: str) -> OpenedEvidence:
    """Give a document taken apart, from memory where it was asked for lately.

    Raises:
        NotFound: If this registry has none with that digest.
    """
    handed_in(session, sha256)  # memory may hold it for another database of this process
    with _lock:
        known = _recent.get(sha256)
        if known is not None:
            _recent.move_to_end(sha256)
            return known
    text = session.scalars(select(Estimate.document).where(Estimate.sha256 == sha256)).one()
    taken_apart = _take_apart(sha256, text)
    with _lock:
        _recent[sha256] = taken_apart
        while len(_recent) > DOCUMENTS_KEPT:
            _recent.popitem(last=False)
    return taken_apart


def _take_apart(sha256: str, text: str) -> OpenedEvidence:
    document = EvidenceDocument.model_validate_json(text)
    graph = lineage_graph(document, every_plot=False)
    head = document.model_copy(update={"plots": ()})
    plots = {
        plot.plot_id: PlotLine(
            plot.plot_id,
            intern(plot.stratum),
            plot.sampled,
            plot.trees_measured,
            plot.clear_looks,
            plot.gross_kg,
            plot.net_kg,
        )
        for plot in document.plots
    }
    ranked = tuple(sorted(plots.values(), key=lambda plot: -plot.net_kg))
    strata: dict[str, list[PlotLine]] = {name.stratum: [] for name in head.strata}
    for plot in ranked:
        strata[plot.stratum].append(plot)
    members = {name: tuple(some) for name, some in strata.items()}
    return OpenedEvidence(sha256, head, graph, plots, ranked, members)
