"""What stood on an estimate's plots before enrolment, and whose growth is held: for its verifier.

In public there are counts only; which plot it was, its developer and verifiers read here, and each
look of a verifier is written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from mrv.errors import SourceFailed
from mrv.evidence.documents import EvidenceDocument
from registry_api.errors import EvidenceMissing, NotFound
from registry_api.services import private_reads
from registry_api.services.accounts import AccountView
from registry_api.services.estimates import stored_document
from registry_api.services.plot_growth import PlotGrowth, growth_of_plots
from registry_api.services.project_access import open_to
from registry_api.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_GRAVEST_FIRST = ("lost_trees", "canopy", "unseen", "scattered_trees", "open")


@dataclass(frozen=True, slots=True)
class PlotBefore:
    """What was known of one plot before it was enrolled.

    Attributes:
        plot_id: Its name.
        verdict: `lost_trees`, `canopy`, `unseen`, `scattered_trees` or `open`.
        enrolled_on: Day of enrolment.
        looks: Clear looks in dry seasons before it.
        first_seen: Day of the first of them.
        last_seen: Day of the last.
        ndvi: Their median [1].
        pre_existing_t_ha: Biomass at the first visit in trees that stood before [t d.m./ha].
        lost_ha: Tree cover lost in the five years before [ha]; None where nobody looked.
    """

    plot_id: str
    verdict: str
    enrolled_on: date | None
    looks: int
    first_seen: date | None
    last_seen: date | None
    ndvi: float | None
    pre_existing_t_ha: float | None
    lost_ha: float | None


@dataclass(frozen=True, slots=True)
class HeldPlot:
    """One plot whose growth is not credited until somebody has looked.

    Attributes:
        plot_id: Its name.
        monitoring: Whether it was seen of late.
        state: Of its case; empty without one.
        broke_on: First look below what its season is; None without a case.
        signal: Index that fell.
        depth: How far, in standard deviations.
        cause: What was decided it was; else what it looks like; empty where nobody knows.
    """

    plot_id: str
    monitoring: str
    state: str
    broke_on: date | None
    signal: str
    depth: float | None
    cause: str


@dataclass(frozen=True, slots=True)
class PlotEvidence:
    """Of one estimate.

    Attributes:
        before: All enrolled plots, the gravest first.
        counts: Verdict -> plots.
        held: Plots whose growth is held; None where the evidence keeps no watch.
        growth: Of every plot.
        cap_t_ha_year: Growth that is plausible at the place; None where no gate looked.
        plausible: What that gate said.
    """

    project_id: str
    period_id: str
    sha256: str
    before: tuple[PlotBefore, ...]
    counts: Mapping[str, int]
    held: tuple[HeldPlot, ...] | None
    growth: tuple[PlotGrowth, ...]
    cap_t_ha_year: float | None
    plausible: str


def plot_evidence(
    session: Session,
    settings: Settings,
    sha256: str,
    *,
    by: AccountView,
    purpose: str,
) -> PlotEvidence:
    """Read an estimate's evidence of its plots, and write down that a verifier did.

    Args:
        session: Of a reader.
        settings: Of the registry.
        sha256: Of the estimate's evidence document.
        by: Who asks: the developer, or a verifier.
        purpose: What for; a verifier must say.

    Raises:
        NotFound: If there is no such estimate for this account, or a file is lost.
        EvidenceMissing: If the estimate was made before this was kept.
        NotAcceptable: If a verifier states no purpose.
    """
    document = stored_document(session, sha256)
    project_id = document.project.id
    project = open_to(session, project_id, by)
    before = _table(document, "before_enrolment", settings)
    if project.developer_id != by.id:  # who looks at what is their own leaves no line
        private_reads.note(
            session,
            settings,
            by=by,
            purpose=purpose,
            what="evidence",
            project_id=project_id,
            subject=sha256,
        )
    held = None
    if any(artifact.name == "disturbances" for artifact in document.artifacts):
        held = _held(_table(document, "disturbances", settings))
    rows = sorted(
        (_before(row) for row in before.to_dict("records")),
        key=lambda plot: (_GRAVEST_FIRST.index(plot.verdict), plot.plot_id),
    )
    cap = next((v for v in document.verdicts if v.gate == "plausible_growth"), None)
    return PlotEvidence(
        project_id=project_id,
        period_id=document.period.id,
        sha256=sha256,
        before=tuple(rows),
        counts={v: sum(row.verdict == v for row in rows) for v in _GRAVEST_FIRST},
        held=held,
        growth=growth_of_plots(document, settings),
        cap_t_ha_year=None if cap is None else cap.limit,
        plausible="" if cap is None else cap.sentence,
    )


def _before(row: Mapping[Any, Any]) -> PlotBefore:
    return PlotBefore(
        plot_id=str(row["plot_id"]),
        verdict=str(row["verdict"]),
        enrolled_on=_day(row["enrolled_on"]),
        looks=int(row["looks"]),
        first_seen=_day(row["first_seen"]),
        last_seen=_day(row["last_seen"]),
        ndvi=_number(row["ndvi"]),
        pre_existing_t_ha=_number(row["pre_existing_t_ha"]),
        lost_ha=_number(row["lost_ha"]),
    )


def _held(table: "pd.DataFrame") -> tuple[HeldPlot, ...]:
    return tuple(
        HeldPlot(
            plot_id=str(row["plot_id"]),
            monitoring=str(row["monitoring"]),
            state=str(row["state"]),
            broke_on=_day(row["broke_on"]),
            signal=str(row["signal"]),
            depth=_number(row["depth"]),
            cause=str(row["cause"] or row["likely"]),
        )
        for row in table[~table["may_grow"]].sort_values("plot_id").to_dict("records")
    )


def _table(document: EvidenceDocument, name: str, settings: Settings) -> "pd.DataFrame":
    # brings pandas, which start-up does without
    from registry_api.services.kept_files import KeptFiles

    sha256 = next((a.sha256 for a in document.artifacts if a.name == name), None)
    if sha256 is None:
        raise EvidenceMissing(f"The evidence names no artifact '{name}'.", artifact=name)
    try:
        return KeptFiles(settings).get_table(sha256)
    except SourceFailed as lost:
        raise NotFound(lost.message, artifact=name) from lost


def _number(value: Any) -> float | None:  # noqa: ANN401  (a cell of a table)
    return None if value is None or value != value else float(value)  # noqa: PLR0124  NaN


def _day(value: Any) -> date | None:  # noqa: ANN401  (a cell of a table)
    import pandas as pd

    return None if pd.isna(value) else pd.Timestamp(value).date()
