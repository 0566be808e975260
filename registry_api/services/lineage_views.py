"""What services hand out about the way down: a serial to its scenes, a plot to its trees.

Like `views`, all of it is safe to show to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from registry_api.services.views import BatchCard, PlotShare, SerialBlock


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One thing a credit stands on.

    Attributes:
        id: Unique in its graph, e.g. `scene:S2A_...`.
        kind: serial, batch, decision, estimate, run, methodology, artifact, plot, scene, ...
        label: For people.
        facts: What a table beside the graph would show.
    """

    id: str
    kind: str
    label: str
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """`source` stands on `target`."""

    source: str
    target: str
    relation: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The way down from one serial to scenes and trees.

    Its `unit` is the one credit asked for, None where it was a whole block.
    """

    serial: str
    unit: int | None
    block: SerialBlock
    batch: BatchCard
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]


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
