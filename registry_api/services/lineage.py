"""The way down: from a serial to the scenes and trees it stands on.

The registry hands in the upper half (serial, batch, decision); drawing is `mrv.evidence.lineage`.
Drill-down to one plot opens the artifacts that the document names.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from mrv.errors import SourceFailed
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import Issued, lineage_graph, plot_looks, plot_trees
from registry_api.errors import EvidenceMissing, NotFound
from registry_api.services.credits import batch as batch_detail
from registry_api.services.credits import find_serial
from registry_api.services.estimates import plot_shares, stored_document
from registry_api.services.lineage_views import (
    Lineage,
    LineageEdge,
    LineageNode,
    ObservationRow,
    PlotTrace,
    TreeRow,
)
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_NOT_AN_INDEX = {"plot_id", "scene_id", "acquired_at", "mgrs_tile", "clear_fraction", "n_eff"}
_NOT_AN_INDEX |= {"outside_fraction", "nodata_fraction", "pixels", "area_ha"}


def lineage(session: Session, text: str, *, unit: int | None = None) -> Lineage:
    """Show everything a serial stands on.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued.
    """
    found = find_serial(session, text, unit=unit)
    detail = batch_detail(session, found.batch.id)
    graph = lineage_graph(
        stored_document(session, found.batch.estimate_sha256),
        Issued(
            serial=found.serial,
            batch_id=found.batch.id,
            batch_label=f"Batch {found.batch.number} of {found.batch.project_name}",
            credits_t=found.batch.credits_t,
            issued_at=found.batch.issued_at,
            decision_id=detail.decision.id,
            decided_by=detail.decision.account_name,
            decided_at=detail.decision.decided_at,
            statement=detail.decision.statement,
        ),
    )
    return Lineage(
        serial=found.serial,
        unit=found.unit,
        block=found.block,
        batch=found.batch,
        nodes=tuple(LineageNode(n.id, n.kind, n.label, n.facts) for n in graph.nodes),
        edges=tuple(LineageEdge(e.parent, e.child, e.relation) for e in graph.edges),
    )


def plot_trace(session: Session, settings: Settings, sha256: str, plot_id: str) -> PlotTrace:
    """Show one plot's share in an estimate, down to its stems and its looks from space.

    Raises:
        NotFound: If there is no such estimate, the plot is not part of it, or an artifact is lost.
        EvidenceMissing: If the evidence names no trees or observations.
    """
    document = stored_document(session, sha256)
    share = next((s for s in plot_shares(session, document) if s.plot_id == plot_id), None)
    if share is None:
        raise NotFound(f"The estimate has no plot '{plot_id[:80]}'.", plot=plot_id[:80])
    return PlotTrace(
        estimate_sha256=sha256,
        share=share,
        trees=tuple(_trees(plot_trees(_table(document, "trees", settings), plot_id))),
        observations=tuple(
            _observations(plot_looks(_table(document, "observations", settings), plot_id))
        ),
    )


def _table(document: EvidenceDocument, name: str, settings: Settings) -> "pd.DataFrame":
    # brings pandas, which start-up does without
    from registry_api.services.kept_files import KeptFiles

    artifact = next((a for a in document.artifacts if a.name == name), None)
    if artifact is None:
        raise EvidenceMissing(f"The evidence names no artifact '{name}'.", artifact=name)
    try:
        return KeptFiles(settings).get_table(artifact.sha256)
    except SourceFailed as lost:
        raise NotFound(lost.message, artifact=name) from lost


def _trees(rows: "pd.DataFrame") -> Iterator[TreeRow]:
    for row in rows.to_dict("records"):
        yield TreeRow(
            tree_id=_text(row.get("tree_id")),
            stem=int(_number(row.get("stem")) or 1),
            species=_text(row.get("species")),
            dbh_cm=_number(row.get("dbh_cm")),
            height_m=_number(row.get("height_m")),
            status=_text(row.get("status")),
            measured_on=_day(row["measured_on"]),
            row=None if (n := _number(row.get("row"))) is None else int(n),
            equation_id=_text(row.get("equation_id")) or None,
            agb_kg=_number(row.get("agb_kg")),
        )


def _observations(rows: "pd.DataFrame") -> Iterator[ObservationRow]:
    indices = [
        column
        for column in rows.select_dtypes("number").columns
        if column not in _NOT_AN_INDEX and not column.endswith("_sd")
    ]
    for row in rows.to_dict("records"):
        yield ObservationRow(
            scene_id=_text(row["scene_id"]),
            acquired_at=_moment(row["acquired_at"]),
            clear_fraction=_number(row["clear_fraction"]) or 0.0,
            indices={name: _number(row[name]) for name in indices},
        )


def _text(value: Any) -> str:  # noqa: ANN401  (a cell of a table)
    return "" if value is None or value != value else str(value)  # noqa: PLR0124  NaN


def _number(value: Any) -> float | None:  # noqa: ANN401  (a cell of a table)
    import pandas as pd

    return None if pd.isna(value) else float(value)


def _moment(value: Any) -> datetime:  # noqa: ANN401  (a cell of a table)
    import pandas as pd

    moment = pd.Timestamp(value)
    return (moment.tz_localize("UTC") if moment.tz is None else moment).to_pydatetime()


def _day(value: Any) -> date:  # noqa: ANN401  (a cell of a table)
    import pandas as pd

    return pd.Timestamp(value).date()
