"""What services hand out about uploads of plots: to the project's developer and to verifiers only.

Unlike `views`, these may hold exact places; nothing here goes to a public page or route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

RunState = Literal["waiting", "working", "done", "failed"]
# accepted, repaired and warned went in; refused did not; pending is not judged yet.
FeatureVerdict = Literal["pending", "accepted", "repaired", "warned", "refused"]


@dataclass(frozen=True, slots=True)
class RunChoices:
    """What was asked of one screening of an upload.

    Attributes:
        columns: Our column -> theirs; empty means the saved mapping, else the guess.
        crs: Coordinate system to read the file in, such as EPSG:32636; "" means what it states.
        accept_proposals: Features (from 1) whose proposed boundary the developer accepted; again
            for each further proposal of the same feature.
    """

    columns: Mapping[str, str]
    crs: str = ""
    accept_proposals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        step: `waiting`, `reading`, `screening`, `deciding`, `writing`; "" once it has ended.
        done, total: Of the step; total 0 where it cannot be told.
        seconds_left: A guess; None where it cannot be told.
    """

    step: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the features of a file; they add up to `features`.

    Attributes:
        new, changed, unchanged: Plots taken in, taken in with another boundary, and known already.
        refused: Features that did not go in.
        repaired, warned: Of those that went in, how many were mended, and how many have warnings.
    """

    features: int
    new: int
    changed: int
    unchanged: int
    refused: int
    repaired: int
    warned: int


@dataclass(frozen=True, slots=True)
class RunView:
    """One screening of an upload.

    Attributes:
        number: Of the upload's runs, from 1.
        fault_code, fault: Why the file as a whole was refused, or the run failed; "" otherwise.
        tally: None until it is done.
    """

    number: int
    state: RunState
    choices: RunChoices
    progress: Progress
    requested_at: datetime
    finished_at: datetime | None
    fault_code: str
    fault: str
    tally: Tally | None


@dataclass(frozen=True, slots=True)
class UploadView:
    """A file that was sent, and its newest run.

    Attributes:
        sha256: Of the file as it came; it is kept under this.
        format: As read, such as "GeoPackage"; "" before.
        erased_at: When its content was erased, because a farmer in it was forgotten; else None.
        runs: How many screenings there were; `run` is the newest.
    """

    id: str
    project_id: str
    name: str
    size_bytes: int
    sha256: str
    format: str
    uploaded_by: str
    received_at: datetime
    erased_at: datetime | None
    runs: int
    run: RunView


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What a column of the file seems to be.

    Attributes:
        ours: Our name.
        theirs: Its name in the file; "" where none fits.
        why: One short sentence; "saved" mappings say so.
        required: Whether a plot needs it.
        private: Whether it is held apart, encrypted.
    """

    ours: str
    meaning: str
    theirs: str
    why: str
    required: bool
    private: bool


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """The columns of an upload, for a person to map.

    Attributes:
        theirs: Column of the file -> a few of its values (none of a private column).
    """

    guesses: tuple[ColumnGuess, ...]
    theirs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding of a run; as `mrv.plots.findings.Finding`."""

    feature: int
    plot_id: str
    code: str
    severity: str
    message: str
    hint: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class BoundaryVersion:
    """One boundary a plot has had.

    Attributes:
        geometry: GeoJSON geometry, WGS 84.
        batches: Issuances that stand on this version.
    """

    version: int
    area_ha: float
    boundary_sha256: str
    commitment: str
    geometry: Mapping[str, object]
    recorded_at: datetime
    upload_id: str
    batches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FarmerView:
    """Who farms a plot; every look at this is logged with its purpose."""

    plot_id: str
    farmer_id: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class PrivateRead:
    """One look at something private."""

    at: datetime
    account_id: str
    role: str
    purpose: str
    what: str
    project_id: str
    subject: str


@dataclass(frozen=True, slots=True)
class ContestView:
    """A finding that a developer contests, and what became of it.

    Attributes:
        evidence_sha256: Of the file that was handed in with it; "" where there is none.
        upheld: None until a verifier has decided.
    """

    id: str
    project_id: str
    plot_id: str
    code: str
    statement: str
    evidence_name: str
    evidence_sha256: str
    filed_by: str
    filed_at: datetime
    upheld: bool | None
    decided_by: str
    decision: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlotExit:
    """That a plot left the programme."""

    plot_id: str
    left_on: date
    reason: str
    recorded_by: str
    recorded_at: datetime
