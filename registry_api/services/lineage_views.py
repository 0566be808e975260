"""What services hand out about the way down: a serial to its scenes, a plot to its trees.

Like `views`, all of it is safe to show to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from registry_api.services.views import BatchCard, PlotShare, SerialBlock

Tier = Literal["public", "buyer", "verifier", "developer"]
"""How much a reader is told: registrars as verifiers; any other account as a buyer."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One thing a credit stands on.

    Attributes:
        id: Unique in its graph, e.g. `scene:S2A_...`; its address is that of the serial's lineage,
            `/nodes/` and the id.
        kind: serial, batch, decision, waterfall, estimate, verdict, stratum, plots (those of one
            stratum), plot, tree, look (of one scene at one plot), model, run, methodology,
            artifact or scene.
        label: For people.
        facts: What a table beside the graph would show.
        digest: sha-256 of the content: of a file as it is, of a ledger entry, or of canonical JSON
            (RFC 8785); of a plot the salted commitment to its boundary.
        made_by: Account, developer, image collection or run; None where the tier is not told.
        made_at: When it was written down, or taken.
        code_version: Of what computed it; None where nothing was computed.
    """

    id: str
    kind: str
    label: str
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    digest: str | None = None
    made_by: str | None = None
    made_at: datetime | None = None
    code_version: str | None = None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """`source` stands on `target`."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The way down from one serial to scenes and trees; the plots of a stratum are one node.

    Attributes:
        unit: The one credit asked for; None where it was a whole block.
        tier: How much the reader was told.
    """

    serial: str
    unit: int | None
    block: SerialBlock
    batch: BatchCard
    tier: Tier
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


@dataclass(frozen=True, slots=True)
class LineageLink:
    """A neighbour of a node in the graph; `relation` is as the edge names it."""

    relation: str
    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class NodeDetail:
    """One node, and its neighbours.

    Attributes:
        made_from: What it stands on; the first of them where there are very many.
        made_from_total: How many there are; the others are found by kind and stratum.
        made_into: What stands on it.
        orchestrated_at: Page in Dagster of the asset that made it; None where this registry names
            none, or the reader is not led there.
    """

    serial: str
    batch: BatchCard
    tier: Tier
    node: LineageNode
    made_from: tuple[LineageLink, ...]
    made_from_total: int
    made_into: tuple[LineageLink, ...]
    made_into_total: int
    orchestrated_at: str | None = None


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One measured stem; where it stands is not told.

    Attributes:
        equation_id: Which equation weighed it; None where it is not credited.
        agb_kg: Its dry above-ground biomass by that equation, without errors [kg].
    """

    tree_id: str
    stem: int
    species: str
    dbh_cm: float | None
    height_m: float | None
    status: str
    measured_on: date
    row: int | None
    equation_id: str | None = None
    agb_kg: float | None = None


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """What one scene saw of a plot; an index is None where no pixel was clear."""

    scene_id: str
    acquired_at: datetime
    clear_fraction: float
    indices: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class PlotTrace:
    """One plot's share in an estimate, down to its stems and its looks from space."""

    estimate_sha256: str
    share: PlotShare
    trees: tuple[TreeRow, ...]
    observations: tuple[ObservationRow, ...]
