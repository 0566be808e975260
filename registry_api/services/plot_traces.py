"""One plot in an estimate: its share, its measured stems, and what each scene saw of it.

The tables are those that the evidence names, opened for this one plot.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.errors import SourceFailed
from mrv.evidence.lineage import plot_looks, plot_trees
from mrv.methodologies import load_methodology
from registry_api.db.models import Plot
from registry_api.errors import EvidenceMissing, NotFound
from registry_api.services.latest import newest_plots
from registry_api.services.lineage_views import ObservationRow, PlotTrace, TreeRow
from registry_api.services.opened_evidence import OpenedEvidence, PlotLine, opened
from registry_api.services.views import PlotShare
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_NOT_AN_INDEX = {"plot_id", "scene_id", "acquired_at", "mgrs_tile", "clear_fraction", "n_eff"}
_NOT_AN_INDEX |= {"outside_fraction", "nodata_fraction", "pixels", "area_ha"}


def plot_trace(session: Session, settings: Settings, sha256: str, plot_id: str) -> PlotTrace:
    """Show one plot's share in an estimate, down to its stems and its looks from space.

    Raises:
        NotFound: If there is no such estimate, the plot is not part of it, or an artifact is lost.
        EvidenceMissing: If the evidence names no trees or observations.
    """
    evidence = opened(session, sha256)
    line = plot_line(evidence, plot_id)
    return PlotTrace(
        estimate_sha256=sha256,
        share=_shares(session, evidence, [line])[0],
        trees=stems_of(evidence, plot_id, settings),
        observations=looks_at(evidence, plot_id, settings),
    )


def plot_line(evidence: OpenedEvidence, plot_id: str) -> PlotLine:
    """Find a plot of an estimate.

    Raises:
        NotFound: If it is not part of it.
    """
    line = evidence.plots.get(plot_id)
    if line is None:
        raise NotFound(f"The estimate has no plot '{plot_id[:80]}'.", plot=plot_id[:80])
    return line


def stems_of(evidence: OpenedEvidence, plot_id: str, settings: Settings) -> tuple[TreeRow, ...]:
    """List a plot's stems, visit by visit; errors as `plot_trace`."""
    return tuple(_trees(plot_trees(_table(evidence, "trees", plot_id, settings), plot_id)))


def looks_at(
    evidence: OpenedEvidence, plot_id: str, settings: Settings
) -> tuple[ObservationRow, ...]:
    """List what each scene saw of a plot, in order of time; errors as `plot_trace`."""
    rows = plot_looks(_table(evidence, "observations", plot_id, settings), plot_id)
    return tuple(_observations(rows))


def clear_fraction_min(session: Session, sha256: str) -> float:
    """Give the share of a plot's area from which a look counts, by the rules of an estimate [1].

    Raises:
        NotFound: If there is no such estimate.
    """
    rules = opened(session, sha256).head.methodology
    return load_methodology(rules.id, rules.version).number("imagery.clear_fraction_min")


def largest_shares(session: Session, sha256: str, most: int) -> tuple[PlotShare, ...]:
    """List the plots of an estimate that contributed most.

    Raises:
        NotFound: If there is no such estimate.
    """
    evidence = opened(session, sha256)
    return _shares(session, evidence, evidence.ranked[:most])


def shares_by_rank(session: Session, sha256: str, most: int) -> tuple[PlotLine, ...]:
    """Pick plots at even steps from the one that contributed most to the one that did least.

    Raises:
        NotFound: If there is no such estimate.
    """
    ranked = opened(session, sha256).ranked
    if len(ranked) <= most:
        return ranked
    last = len(ranked) - 1
    return tuple(ranked[round(step * last / (most - 1))] for step in range(most))


def _shares(
    session: Session, evidence: OpenedEvidence, lines: Sequence[PlotLine]
) -> tuple[PlotShare, ...]:
    public = registered(session, evidence, [line.plot_id for line in lines])
    return tuple(
        PlotShare(
            plot_id=line.plot_id,
            stratum=line.stratum,
            area_band=public[line.plot_id].area_band,
            sampled=line.sampled,
            trees_measured=line.trees_measured,
            clear_looks=line.clear_looks,
            gross_kg=line.gross_kg,
            net_kg=line.net_kg,
        )
        for line in lines
    )


@dataclass(frozen=True, slots=True)
class PublicPlot:
    """What the public may know of a registered plot."""

    area_band: str
    commitment: str


def registered(
    session: Session, evidence: OpenedEvidence, plot_ids: Collection[str]
) -> dict[str, PublicPlot]:
    """Say what the public may know of some plots; of one that is not registered nothing."""
    plot = newest_plots()
    rows = session.execute(
        select(Plot.plot_id, plot.area_band, plot.commitment)
        .join(plot, plot.plot_key == Plot.id)
        .where(Plot.project_id == evidence.head.project.id, Plot.plot_id.in_(plot_ids))
    )
    unknown = dict.fromkeys(plot_ids, PublicPlot("unknown", ""))
    return unknown | {plot_id: PublicPlot(band, seal) for plot_id, band, seal in rows}


def _table(evidence: OpenedEvidence, name: str, plot_id: str, settings: Settings) -> "pd.DataFrame":
    # brings pandas, which start-up does without
    from registry_api.services.kept_files import KeptFiles

    artifact = next((a for a in evidence.head.artifacts if a.name == name), None)
    if artifact is None:
        raise EvidenceMissing(f"The evidence names no artifact '{name}'.", artifact=name)
    try:
        return KeptFiles(settings).get_table(artifact.sha256, where=("plot_id", plot_id))
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
