"""What is issued stands on one document: the evidence of one project and monitoring period.

The class is the source, `schemas/evidence/1-0-0.json` is the promise. Amounts are whole kilograms
of CO2e; large tables (trees, observations, draws) stay outside as artifacts, named by their digest.
Building the document from an estimate is `bundle.py`; following it is `lineage.py`.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectRef(_Part):
    """Whose evidence this is."""

    id: str
    name: str
    country: str
    developer: str
    simulated: bool = Field(description="landscape, trees and scenes are invented")


class PeriodRef(_Part):
    """One monitoring period: start inclusive, end exclusive."""

    id: str
    start: date
    end: date


class MethodologyRef(_Part):
    """The rules, by content."""

    id: str
    version: int
    digest: Sha256
    unverified: tuple[str, ...] = Field(description="rules that rest on memory alone")


class RunRef(_Part):
    """The computation: enough to do it again."""

    id: str
    code_version: str
    python: str
    libraries: dict[str, str]
    seed: int
    draws: int


class Artifact(_Part):
    """A file the evidence stands on, by content."""

    name: str = Field(description="e.g. project.toml, plots, trees, observations, features, draws")
    sha256: Sha256
    media_type: str
    rows: int | None = None
    content_sha256: Sha256 | None = Field(
        default=None,
        description="of what it says, whoever wrote the file (mrv.evidence.content)",
    )


class SceneRef(_Part):
    """One scene that was read."""

    id: str
    collection: str
    acquired_at: datetime
    mgrs_tile: str
    item_sha256: Sha256
    cloud_percent: float | None
    offset: float = Field(description="added to DN x scale [reflectance]")
    offset_reason: str


class ModelReport(_Part):
    """How the map did on villages it had not seen, and which estimator was used."""

    estimator: Literal["greg", "expansion"]
    features: tuple[str, ...]
    r2: float | None
    slope: float | None
    bias_fraction: float | None
    rmse_t_ha: float | None
    rrmse: float | None = Field(default=None, description="RMSE over mean observed growth [1]")
    accepted: bool
    reason: str


class CrossCheck(_Part):
    """The same total by other roads; none of these numbers is credited."""

    greg_t: float | None = Field(description="change by GREG [t d.m.]")
    greg_sampling_se_t: float | None
    expansion_t: float = Field(description="change without the map [t d.m.]")
    expansion_sampling_se_t: float
    gross_u90: float = Field(description="of gross removals, from the draws [1]")
    approach_1_u90: float = Field(description="the same from closed formulas, IPCC Approach 1 [1]")


class StratumResult(_Part):
    """What was estimated in one stratum over the period."""

    stratum: str
    plots: int
    sampled: int
    clusters: int
    area_ha: float
    agb_change_t_ha: float
    agb_change_se_t_ha: float
    gross_kg: int
    root_shoot: float


class WaterfallLine(_Part):
    """One step from gross removals to whole credits; a deduction is negative."""

    key: Literal[
        "gross",
        "baseline",
        "uncertainty",
        "project_emissions",
        "leakage",
        "net_benefit",
        "buffer",
        "issuable",
    ]
    quantity_kg: int
    source: str = Field(description="clause the step rests on")
    note: str = ""


class VerdictRecord(_Part):
    """One gate's answer, as it stood at the time."""

    gate: str
    passed: bool
    measured: float | None
    limit: float | None
    sentence: str


class PlotContribution(_Part):
    """What one plot contributed; signed, never floored."""

    plot_id: str
    stratum: str
    area_ha: float
    sampled: bool
    trees_measured: int
    clear_looks: int
    gross_kg: int
    net_kg: int = Field(description="share of the period's issuable kilograms; adds up exactly")


class Quantities(_Part):
    """Kilograms in, whole tonnes out, the rest carried."""

    cumulative_net_kg: int = Field(description="after all deductions and buffer, since the start")
    issued_before_kg: int
    carried_in_kg: int = Field(description="less any reversal left open by earlier periods")
    credits_t: int
    buffer_t: int
    buffer_before_t: int = Field(default=0, description="set aside in earlier periods")
    carried_out_kg: int
    reversal_kg: int = Field(description="how far the cumulative net lies below what was issued")


class EvidenceDocument(_Part):
    """Everything one issuance stands on."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "parkland/evidence/1-0-0",
        },
    )

    schema_: Literal["parkland/evidence/1-0-0"] = Field(
        default="parkland/evidence/1-0-0", alias="schema"
    )
    project: ProjectRef
    period: PeriodRef
    methodology: MethodologyRef
    run: RunRef
    artifacts: tuple[Artifact, ...]
    scenes: tuple[SceneRef, ...]
    model: ModelReport
    check: CrossCheck | None = None
    strata: tuple[StratumResult, ...]
    u90: float = Field(description="relative half-width of the 90 % interval of net change [1]")
    deducted_fraction: float
    waterfall: tuple[WaterfallLine, ...]
    verdicts: tuple[VerdictRecord, ...]
    plots: tuple[PlotContribution, ...]
    quantities: Quantities
