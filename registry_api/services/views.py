"""What services hand out: frozen answers for pages, routes and pipelines, never ORM objects.

Everything here is safe to show to anybody: cells and area bands instead of boundaries and areas of
single plots, no farmer, no village. Amounts are whole tonnes (`_t`) or kilograms (`_kg`) of CO2e.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from mrv.evidence.documents import (
    Artifact,
    MethodologyRef,
    ModelReport,
    Quantities,
    RunRef,
    SceneRef,
    StratumResult,
    VerdictRecord,
    WaterfallLine,
)
from mrv.project import Species

EstimateState = Literal["refused", "submitted", "sent_back", "superseded", "approved", "issued"]
OpinionKind = Literal["positive", "qualified", "adverse", "withheld"]
CreditStatus = Literal["active", "buffer"]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of many, and where to go on.

    Attributes:
        items: At most as many as were asked for.
        next_cursor: Hand it back for what follows; None at the end.
    """

    items: tuple[Item, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class SerialBlock:
    """A run of consecutive credits of one tonne CO2e each, first and last inclusive.

    Attributes:
        text: The block's serial as people write it, with its check character.
        status: `active`, or `buffer` for credits kept against reversals.
    """

    text: str
    status: CreditStatus
    first_serial: int
    last_serial: int
    quantity_t: int


@dataclass(frozen=True, slots=True)
class BatchCard:
    """One issuance in a list.

    Attributes:
        number: Of the project's issuances, from 1.
        vintage_start, vintage_end: First day of the monitoring period, and the day after its last.
        credits, buffer: The block for sale and the one kept against reversals; None where empty.
        unverified: Rules that rest on memory alone; not empty only in a demonstration registry.
        registrars: How many agreed to it: one proposed and another issued, or one did alone.
    """

    id: str
    number: int
    project_id: str
    project_name: str
    country: str
    developer_name: str
    period_id: str
    vintage_start: date
    vintage_end: date
    methodology_id: str
    methodology_version: int
    credits_t: int
    buffer_t: int
    credits: SerialBlock | None
    buffer: SerialBlock | None
    issued_at: datetime
    estimate_sha256: str
    simulated: bool
    unverified: tuple[str, ...]
    registrars: int


@dataclass(frozen=True, slots=True)
class CreditFilter:
    """What to search for; None asks for everything.

    Attributes:
        country: ISO 3166-1 alpha-2.
        vintage: A calendar year that the monitoring period touches.
        methodology: Methodology id.
    """

    country: str | None = None
    project: str | None = None
    vintage: int | None = None
    status: CreditStatus | None = None
    methodology: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a verifier said.

    Attributes:
        demonstration: Signed by a program in a demonstration registry; nobody looked.
        opinion: As ISO 14064-3 names it; None of what was decided before opinions were signed.
        qualification: What it is qualified by, or why it is not positive.
    """

    id: str
    account_id: str
    account_name: str
    approved: bool
    statement: str
    decided_at: datetime
    demonstration: bool
    opinion: OpinionKind | None = None
    qualification: str = ""


@dataclass(frozen=True, slots=True)
class PlotShare:
    """What one plot contributed, as the public may see it."""

    plot_id: str
    stratum: str
    area_band: str
    sampled: bool
    trees_measured: int
    clear_looks: int
    gross_kg: int
    net_kg: int


@dataclass(frozen=True, slots=True)
class EstimateDetail:
    """The evidence of one project and period, as the public may see it.

    Attributes:
        sha256: Digest of the exact document, in canonical JSON (RFC 8785).
        decisions: Oldest first.
    """

    sha256: str
    state: EstimateState
    project_id: str
    project_name: str
    country: str
    developer_name: str
    period_id: str
    period_start: date
    period_end: date
    simulated: bool
    submitted_at: datetime
    methodology: MethodologyRef
    run: RunRef
    model: ModelReport
    u90: float
    deducted_fraction: float
    waterfall: tuple[WaterfallLine, ...]
    quantities: Quantities
    strata: tuple[StratumResult, ...]
    verdicts: tuple[VerdictRecord, ...]
    scenes: tuple[SceneRef, ...]
    artifacts: tuple[Artifact, ...]
    plots: tuple[PlotShare, ...]
    decisions: tuple[Decision, ...]
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class BatchDetail:
    """One issuance and everything it stands on."""

    card: BatchCard
    decision: Decision
    estimate: EstimateDetail


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """One monitoring period of a project and how far it has come.

    Attributes:
        state: Of its newest estimate; None before the first.
    """

    id: str
    start: date
    end: date
    state: EstimateState | None
    estimate_sha256: str | None
    credits_t: int
    buffer_t: int
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One project in a list or on the map.

    Attributes:
        plots: Enrolled plots; control plots are counted apart.
        area_ha: Of the enrolled plots together.
        longitude, latitude: Middle of the coarse cells of its plots [degree]; None before plots.
    """

    id: str
    name: str
    summary: str
    country: str
    region: str
    developer_id: str
    developer_name: str
    simulated: bool
    methodology_id: str
    methodology_version: int
    plots: int
    control_plots: int
    area_ha: float
    credits_t: int
    buffer_t: int
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True)
class ProjectDetail:
    """One project with its periods and issuances.

    Attributes:
        version: Of its settings, from 1; settings_sha256 is that version's digest.
        unverified: Rules of its methodology that rest on memory alone.
    """

    card: ProjectCard
    version: int
    settings_sha256: str
    registered_at: datetime
    ecoregion: str
    species: tuple[Species, ...]
    unverified: tuple[str, ...]
    periods: tuple[PeriodCard, ...]
    batches: tuple[BatchCard, ...]


@dataclass(frozen=True, slots=True)
class PlotCell:
    """One plot as the public may see it: a cell it lies in, a band its area lies in.

    Attributes:
        west, south, east, north: The coarse cell [degree, WGS 84].
        commitment: Salted digest that lets a verifier prove which boundary stands behind it.
    """

    plot_id: str
    project_id: str
    stratum: str
    role: str
    area_band: str
    west: float
    south: float
    east: float
    north: float
    commitment: str


@dataclass(frozen=True, slots=True)
class SerialAnswer:
    """The block that a serial, or one unit inside it, belongs to."""

    serial: str
    unit: int | None
    block: SerialBlock
    batch: BatchCard


@dataclass(frozen=True, slots=True)
class CountryTotals:
    """What the projects of one country add up to."""

    country: str
    projects: int
    plots: int
    area_ha: float
    credits_t: int
    buffer_t: int


@dataclass(frozen=True, slots=True)
class VintageTotals:
    """What the monitoring periods that end in one calendar year add up to."""

    year: int
    credits_t: int
    buffer_t: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The registry in a few numbers; `simulated_projects` are invented."""

    projects: int
    simulated_projects: int
    plots: int
    area_ha: float
    batches: int
    credits_t: int
    buffer_t: int
    countries: tuple[CountryTotals, ...]
    vintages: tuple[VintageTotals, ...]
