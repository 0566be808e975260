"""Writing the evidence document: what was estimated, what was taken off, and what it stands on.

Nothing is computed here but the integers that must add up. The document's shape is `documents.py`;
the tables it names are kept by the caller.
"""

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from mrv.crediting.allocation import contributions_kg
from mrv.crediting.gates import DEMO_MAY_WAIVE
from mrv.crediting.issuance import Issuance
from mrv.crediting.rounding import KG_PER_T, round_to_total
from mrv.crediting.waterfall import Waterfall
from mrv.errors import NotCreditable
from mrv.evidence.documents import (
    Artifact,
    CrossCheck,
    EvidenceDocument,
    MethodologyRef,
    ModelReport,
    PeriodRef,
    PlotContribution,
    ProjectRef,
    Quantities,
    RunRef,
    SceneRef,
    StratumResult,
    VerdictRecord,
    WaterfallLine,
)
from mrv.methodologies import Methodology
from mrv.project import Period, ProjectSettings
from mrv.quality import Verdict

if TYPE_CHECKING:
    from mrv.estimation.estimate import ChangeEstimate
    from mrv.imagery.scenes import Scene

LIBRARIES: Final = ("exactextract", "geopandas", "numpy", "pandas", "pyproj", "rasterio", "scipy")
"""Libraries whose version can change a number."""


def describe_run(run_id: str, *, code_version: str, seed: int, draws: int) -> RunRef:
    """Note what computed the numbers, libraries at their installed versions."""
    return RunRef(
        id=run_id,
        code_version=code_version,
        python=platform.python_version(),
        libraries={name: version(name) for name in LIBRARIES},
        seed=seed,
        draws=draws,
    )


def refer_to_scenes(scenes: "Iterable[Scene]") -> tuple[SceneRef, ...]:
    """Name scenes by content, in order of time."""
    return tuple(
        SceneRef(
            id=scene.id,
            collection=scene.collection,
            acquired_at=scene.acquired_at,
            mgrs_tile=scene.mgrs_tile,
            item_sha256=scene.item_sha256,
            cloud_percent=scene.cloud_percent,
            offset=scene.offset.offset,
            offset_reason=scene.offset.reason,
        )
        for scene in sorted(scenes, key=lambda scene: (scene.acquired_at, scene.id))
    )


def contributions(
    estimate: "ChangeEstimate",
    issuance: Issuance,
    gross_kg: int,
    *,
    trees_measured: Mapping[str, int],
    clear_looks: Mapping[str, int],
    before_kg: Mapping[str, int] | None = None,
) -> tuple[PlotContribution, ...]:
    """Give every enrolled plot's signed share; gross and net add up to the waterfall and the books.

    Args:
        estimate: With its plots' values.
        issuance: Of the period.
        gross_kg: First line of the waterfall [kg CO2e].
        trees_measured: Plot -> creditable trees measured at the end of the period.
        clear_looks: Plot -> clear looks in the dry season at the end of the period.
        before_kg: Plot -> what it contributed in earlier periods [kg CO2e].
    """
    rows = estimate.plots.to_dict("records")
    ids = [str(row["plot_id"]) for row in rows]
    net = contributions_kg(
        issuance,
        ids,
        [float(row["net_tco2e"]) for row in rows],
        [float(row["area_ha"]) for row in rows],
        before_kg=before_kg,
    )
    gross = round_to_total(gross_kg, [float(row["gross_tco2e"]) * KG_PER_T for row in rows])
    return tuple(
        PlotContribution(
            plot_id=plot_id,
            stratum=str(row["stratum"]),
            area_ha=float(row["area_ha"]),
            sampled=bool(row["sampled"]),
            trees_measured=int(trees_measured.get(plot_id, 0)),
            clear_looks=int(clear_looks.get(plot_id, 0)),
            gross_kg=plot_gross_kg,
            net_kg=net[plot_id],
        )
        for plot_id, row, plot_gross_kg in zip(ids, rows, gross, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """What a document says of where its numbers come from.

    Attributes:
        settings: The project's.
        period: The monitoring period.
        methodology: The rules.
        run: The computation.
        artifacts: Files it stands on; `lineage.REQUIRED_ARTIFACTS` must be among them.
        scenes: Scenes that were read.
    """

    settings: ProjectSettings
    period: Period
    methodology: Methodology
    run: RunRef
    artifacts: Sequence[Artifact]
    scenes: Sequence[SceneRef]


def build_document(
    origin: Origin,
    estimate: "ChangeEstimate",
    waterfall: Waterfall,
    issuance: Issuance,
    *,
    verdicts: Iterable[Verdict],
    plots: Sequence[PlotContribution],
) -> EvidenceDocument:
    """Write down everything one issuance stands on.

    A failed verdict is written down like a passed one: the document of a refused estimate can be
    shown, and the registry refuses to issue on it. Whether the methodology is verified stands in
    its reference, because a registry and not the science decides what follows from it.

    Raises:
        NotCreditable: If nothing was estimated, so that there is nothing to give evidence of.
    """
    settings, period, methodology = origin.settings, origin.period, origin.methodology
    if estimate.estimator == "none" or not math.isfinite(estimate.u90):
        raise NotCreditable(
            f"There is no evidence to write for {settings.id} {period.id}: {estimate.map.reason}.",
            project=settings.id,
            period=period.id,
        )
    return EvidenceDocument(
        project=ProjectRef(
            id=settings.id,
            name=settings.name,
            country=settings.country,
            developer=settings.developer,
            simulated=settings.simulation is not None,
        ),
        period=PeriodRef(id=period.id, start=period.start, end=period.end),
        methodology=MethodologyRef(
            id=methodology.id,
            version=methodology.version,
            digest=methodology.digest,
            unverified=methodology.unverified,
        ),
        run=origin.run,
        artifacts=tuple(origin.artifacts),
        scenes=tuple(origin.scenes),
        model=_model(estimate),
        check=_check(estimate),
        strata=_strata(estimate, waterfall.quantity_kg("gross")),
        u90=estimate.u90,
        deducted_fraction=waterfall.deducted_fraction,
        waterfall=tuple(
            WaterfallLine(
                key=line.key, quantity_kg=line.quantity_kg, source=line.source, note=line.note
            )
            for line in waterfall.lines
        ),
        verdicts=tuple(_record(v) for v in verdicts if v.gate not in DEMO_MAY_WAIVE),
        plots=tuple(plots),
        quantities=Quantities(
            cumulative_net_kg=issuance.cumulative_net_kg,
            issued_before_kg=issuance.issued_before_kg,
            carried_in_kg=issuance.carried_in_kg,
            credits_t=issuance.credits_t,
            buffer_t=issuance.buffer_t,
            buffer_before_t=issuance.buffer_before_t,
            carried_out_kg=issuance.carried_out_kg,
            reversal_kg=issuance.reversal_kg,
        ),
    )


def _model(estimate: "ChangeEstimate") -> ModelReport:
    report = estimate.map
    return ModelReport(
        estimator="greg" if estimate.estimator == "greg" else "expansion",
        features=report.features,
        r2=report.r2,
        slope=report.slope,
        bias_fraction=_finite(report.bias_fraction),
        rmse_t_ha=report.rmse_t_ha,
        rrmse=report.rrmse,
        accepted=report.accepted,
        reason=report.reason,
    )


def _check(estimate: "ChangeEstimate") -> CrossCheck | None:
    check = estimate.check
    if check is None or not math.isfinite(check.gross_u90 + check.approach_1_u90):
        return None
    return CrossCheck(
        greg_t=check.greg_t,
        greg_sampling_se_t=check.greg_sampling_se_t,
        expansion_t=check.expansion_t,
        expansion_sampling_se_t=check.expansion_sampling_se_t,
        gross_u90=check.gross_u90,
        approach_1_u90=check.approach_1_u90,
    )


def _strata(estimate: "ChangeEstimate", gross_kg: int) -> tuple[StratumResult, ...]:
    kilograms = round_to_total(gross_kg, [s.gross_tco2e * KG_PER_T for s in estimate.strata])
    return tuple(
        StratumResult(
            stratum=stratum.stratum,
            plots=stratum.plots,
            sampled=stratum.sampled,
            clusters=stratum.clusters,
            area_ha=stratum.area_ha,
            agb_change_t_ha=stratum.agb_change_t_ha,
            agb_change_se_t_ha=stratum.agb_change_se_t_ha,
            gross_kg=stratum_kg,
            root_shoot=stratum.root_shoot,
        )
        for stratum, stratum_kg in zip(estimate.strata, kilograms, strict=True)
    )


def _record(verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        gate=verdict.gate,
        passed=verdict.passed,
        measured=_finite(verdict.measured),
        limit=_finite(verdict.limit),
        sentence=verdict.sentence,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
