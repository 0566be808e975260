"""What plots grew, as an estimate shares it out, and how one of them lies among its stratum's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mrv.crediting.deduction import Z_TWO_SIDED_90
from mrv.errors import SourceFailed
from mrv.evidence.documents import EvidenceDocument
from registry_api.errors import NotFound
from registry_api.settings import Settings

_DAYS_PER_YEAR = 365.25
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class PlotGrowth:
    """What one plot grew [t d.m./ha/year]."""

    plot_id: str
    stratum: str
    t_ha_year: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What 5, 25, 50, 75 and 95 of a hundred plots lie below."""

    p05: float
    p25: float
    p50: float
    p75: float
    p95: float


@dataclass(frozen=True, slots=True)
class GrowthAmongOthers:
    """One plot's growth beside that of its stratum; all of above-ground biomass [t d.m./ha/year].

    Attributes:
        plot: Of the plot.
        stratum: Name of its stratum.
        plots: How many plots that has.
        quantiles: Of the plots of the stratum.
        mean: Of the stratum, as estimated.
        half_width: Of the 90 % interval of the mean.
        cap: What is plausible at the place; None where no gate looked.
    """

    plot: float
    stratum: str
    plots: int
    quantiles: Quantiles
    mean: float
    half_width: float
    cap: float | None


def growth_of_plots(document: EvidenceDocument, settings: Settings) -> tuple[PlotGrowth, ...]:
    """Give growth per year of every plot; nothing where the evidence does not name it.

    Raises:
        NotFound: If a file is lost.
    """
    from registry_api.services.kept_files import KeptFiles

    digests = {artifact.name: artifact.sha256 for artifact in document.artifacts}
    if not {"plot_changes", "estimate"} <= set(digests):
        return ()
    years = _years(document, settings)
    try:
        changes = KeptFiles(settings).get_table(digests["plot_changes"])
    except SourceFailed as lost:
        raise NotFound(lost.message, artifact="plot_changes") from lost
    return tuple(
        PlotGrowth(str(plot_id), str(stratum), float(change) / years)
        for plot_id, stratum, change in changes[
            ["plot_id", "stratum", "agb_change_t_ha"]
        ].itertuples(index=False)
    )


def growth_among_others(
    document: EvidenceDocument, settings: Settings, plot_id: str
) -> GrowthAmongOthers | None:
    """Lay a plot's growth beside that of its stratum; None where the evidence does not name it.

    Raises:
        NotFound: If a file is lost.
    """
    grown = growth_of_plots(document, settings)
    mine = next((each for each in grown if each.plot_id == plot_id), None)
    whole = next((s for s in document.strata if mine and s.stratum == mine.stratum), None)
    if mine is None or whole is None:
        return None
    years = _years(document, settings)
    others = sorted(each.t_ha_year for each in grown if each.stratum == mine.stratum)
    cap = next((v.limit for v in document.verdicts if v.gate == "plausible_growth"), None)
    return GrowthAmongOthers(
        plot=mine.t_ha_year,
        stratum=mine.stratum,
        plots=len(others),
        quantiles=Quantiles(*(_quantile(others, share) for share in _SHARES)),
        mean=whole.agb_change_t_ha / years,
        half_width=Z_TWO_SIDED_90 * whole.agb_change_se_t_ha / years,
        cap=cap,
    )


def _years(document: EvidenceDocument, settings: Settings) -> float:
    """Say over how long growth was counted: since the project's first epoch."""
    from registry_api.services.kept_files import KeptFiles

    sha256 = next(a.sha256 for a in document.artifacts if a.name == "estimate")
    try:
        estimate = json.loads(KeptFiles(settings).get_bytes(sha256))
    except SourceFailed as lost:
        raise NotFound(lost.message, artifact="estimate") from lost
    since = date.fromisoformat(estimate["end"]) - date.fromisoformat(estimate["start"])
    return since.days / _DAYS_PER_YEAR


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Interpolate between the two nearest of ordered values (Hyndman and Fan 1996, type 7)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
