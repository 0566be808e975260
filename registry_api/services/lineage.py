"""The way down: from a serial to the scenes and trees it stands on.

The registry knows the upper half (serial, batch, decision); the lower half is read off the evidence
document. Drill-down to one plot opens the artifacts that the document names.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from mrv.errors import SourceFailed
from mrv.evidence.documents import EvidenceDocument
from registry_api.errors import EvidenceMissing, NotFound
from registry_api.services.credits import batch as batch_detail
from registry_api.services.credits import find_serial
from registry_api.services.estimates import plot_shares, stored_document
from registry_api.services.views import (
    Lineage,
    LineageEdge,
    LineageNode,
    ObservationRow,
    PlotTrace,
    SerialAnswer,
    TreeRow,
)
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_NOT_AN_INDEX = {"plot_id", "scene_id", "acquired_at", "mgrs_tile", "clear_fraction", "n_eff"}
_NOT_AN_INDEX |= {"outside_fraction", "pixels", "area_ha"}


def lineage(session: Session, text: str, *, unit: int | None = None) -> Lineage:
    """Show everything a serial stands on.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued.
    """
    found = find_serial(session, text, unit=unit)
    document = stored_document(session, found.batch.estimate_sha256)
    upper_nodes, upper_edges = _registry_part(session, found)
    lower_nodes, lower_edges = _document_part(document, f"estimate:{found.batch.estimate_sha256}")
    return Lineage(
        serial=found.serial,
        unit=found.unit,
        block=found.block,
        batch=found.batch,
        nodes=(*upper_nodes, *lower_nodes),
        edges=(*upper_edges, *lower_edges),
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
        trees=tuple(_trees(_rows_of(document, "trees", plot_id, settings))),
        observations=tuple(_observations(_rows_of(document, "observations", plot_id, settings))),
    )


def _registry_part(
    session: Session, found: SerialAnswer
) -> tuple[list[LineageNode], list[LineageEdge]]:
    detail = batch_detail(session, found.batch.id)
    card, decision = detail.card, detail.decision
    serial, batch = f"serial:{found.serial}", f"batch:{card.id}"
    estimate, signed = f"estimate:{card.estimate_sha256}", f"decision:{decision.id}"
    nodes = [
        LineageNode(serial, "serial", found.serial, {"quantity_t": _quantity(found)}),
        LineageNode(
            batch,
            "batch",
            f"Batch {card.number} of {card.project_name}",
            {
                "credits_t": card.credits_t,
                "buffer_t": card.buffer_t,
                "issued_at": _iso(card.issued_at),
            },
        ),
        LineageNode(
            signed,
            "decision",
            f"Approved by {decision.account_name}",
            {
                "statement": decision.statement,
                "decided_at": _iso(decision.decided_at),
                "demonstration": decision.demonstration,
            },
        ),
    ]
    edges = [
        LineageEdge(serial, batch, "issued in"),
        LineageEdge(batch, signed, "allowed by"),
        LineageEdge(signed, estimate, "decides on"),
    ]
    return nodes, edges


def _document_part(
    document: EvidenceDocument, estimate: str
) -> tuple[list[LineageNode], list[LineageEdge]]:
    graph = list(_things(document))
    q = document.quantities
    top = LineageNode(
        estimate,
        "estimate",
        f"Evidence of {document.project.name}, {document.period.id}",
        {
            "sha256": estimate.partition(":")[2],
            "cumulative_net_kg": q.cumulative_net_kg,
            "u90": document.u90,
            "deducted_fraction": document.deducted_fraction,
        },
    )
    edges = [LineageEdge(source or estimate, node.id, said) for node, source, said in graph]
    return [top, *(node for node, _source, _said in graph)], edges


def _things(document: EvidenceDocument) -> Iterator[tuple[LineageNode, str | None, str]]:
    run, rules = document.run, document.methodology
    yield (
        LineageNode(
            f"run:{run.id}",
            "run",
            f"Computed by Parkland {run.code_version}",
            {"python": run.python, "seed": run.seed, "draws": run.draws, **run.libraries},
        ),
        None,
        "computed by",
    )
    yield (
        LineageNode(
            f"methodology:{rules.digest}",
            "methodology",
            f"{rules.id} version {rules.version}",
            {"digest": rules.digest, "unverified_rules": len(rules.unverified)},
        ),
        None,
        "under the rules of",
    )
    artifacts = {artifact.name: f"artifact:{artifact.name}" for artifact in document.artifacts}
    for artifact in document.artifacts:
        yield (
            LineageNode(
                artifacts[artifact.name],
                "artifact",
                artifact.name,
                {
                    "sha256": artifact.sha256,
                    "media_type": artifact.media_type,
                    "rows": artifact.rows,
                },
            ),
            None,
            "reads",
        )
    for plot in document.plots:
        yield (
            LineageNode(
                f"plot:{plot.plot_id}",
                "plot",
                plot.plot_id,
                {
                    "stratum": plot.stratum,
                    "sampled": plot.sampled,
                    "trees_measured": plot.trees_measured,
                    "clear_looks": plot.clear_looks,
                    "net_kg": plot.net_kg,
                },
            ),
            None,
            "adds up",
        )
    for scene in document.scenes:
        yield (
            LineageNode(
                f"scene:{scene.id}",
                "scene",
                scene.id,
                {
                    "collection": scene.collection,
                    "acquired_at": _iso(scene.acquired_at),
                    "mgrs_tile": scene.mgrs_tile,
                    "cloud_percent": scene.cloud_percent,
                    "offset": scene.offset,
                    "item_sha256": scene.item_sha256,
                },
            ),
            artifacts.get("observations"),
            "seen by",
        )


def _quantity(found: SerialAnswer) -> int:
    return 1 if found.unit is not None else found.block.quantity_t


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _rows_of(
    document: EvidenceDocument, name: str, plot_id: str, settings: Settings
) -> "pd.DataFrame":
    from mrv.sources.artifacts import ArtifactStore  # brings pandas, which start-up does without

    artifact = next((a for a in document.artifacts if a.name == name), None)
    if artifact is None:
        raise EvidenceMissing(f"The evidence names no artifact '{name}'.", artifact=name)
    try:
        table = ArtifactStore(settings.artifact_root).get_table(artifact.sha256)
    except SourceFailed as lost:
        raise NotFound(lost.message, artifact=name) from lost
    return table[table["plot_id"].astype(str) == plot_id]


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
        )


def _observations(rows: "pd.DataFrame") -> Iterator[ObservationRow]:
    indices = [
        column
        for column in rows.select_dtypes("number").columns
        if column not in _NOT_AN_INDEX and not column.endswith("_sd")
    ]
    for row in rows.sort_values("acquired_at").to_dict("records"):
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
