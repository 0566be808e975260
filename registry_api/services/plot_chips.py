"""Chips of the plots that a verifier drew: a sheet of pictures for each, and what is where on it.

Pipelines cut them from the scenes of a run once its sample is drawn. They can be cut again at any
time, so they are no evidence and lie with the kept pixels, encrypted: a picture of a plot tells
where it is.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import VerificationSample, VerificationSamplePlot
from registry_api.errors import NotAllowed, NotFound
from registry_api.services import assignments, period_runs, private_reads
from registry_api.services.accounts import AccountView
from registry_api.services.kept_pixels import pixels_keeper
from registry_api.services.periods import find_period
from registry_api.settings import Settings

if TYPE_CHECKING:
    from mrv.imagery.packing import Packed
    from mrv.sources.sealed import SealedKeeper

_SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class ChipView:
    """One plot in one scene, and where it lies on the sheet.

    Attributes:
        x, y, width, height: Its rectangle on the sheet [pixel].
        masked: What the mask leaves out, for the `d` of an SVG path [pixel from its corner].
        outline: The plot's boundary, likewise.
    """

    scene_id: str
    acquired_at: datetime
    x: int
    y: int
    width: int
    height: int
    masked: str
    outline: str


@dataclass(frozen=True, slots=True)
class ChipSheet:
    """All chips of one plot.

    Attributes:
        plot_id: Which plot.
        pixel_m: Side of a pixel [m].
        width, height: Of the sheet [pixel].
        chips: In order of time.
    """

    plot_id: str
    pixel_m: float
    width: int
    height: int
    chips: tuple[ChipView, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Plots whose chips are to be cut.

    Attributes:
        estimate_sha256: Run whose scenes they are cut from.
        plot_ids: Those of its sample that have none yet.
    """

    estimate_sha256: str
    plot_ids: tuple[str, ...]


def keep(settings: Settings, estimate_sha256: str, sheet: ChipSheet, png: bytes) -> None:
    """Keep a plot's sheet.

    Raises:
        SourceFailed: If there is no room.
    """
    import numpy as np

    from mrv.imagery.packing import pack

    told = asdict(sheet)
    told["chips"] = [
        chip | {"acquired_at": chip["acquired_at"].isoformat()} for chip in told["chips"]
    ]
    packed = pack(told, {_SHEET: np.frombuffer(png, np.uint8)})
    pixels_keeper(settings).put(_place(estimate_sha256, sheet.plot_id), packed)


def note_cut(settings: Settings, estimate_sha256: str, plot_ids: Collection[str]) -> None:
    """Write down that plots were cut, those among them that no scene shows too."""
    keeper = pixels_keeper(settings)
    known = sorted({*_cut(keeper, estimate_sha256), *plot_ids})
    keeper.put(f"chips/{estimate_sha256}/cut", json.dumps(known).encode())


def wanted(session: Session, settings: Settings, project_id: str, period_id: str) -> Wanted:
    """Name the drawn plots of a period's newest run that have no chips yet.

    Raises:
        NotFound: If there is no such period, or no run of it.
    """
    period = find_period(session, project_id, period_id)
    sha256 = period_runs.newest_of(session, period.id)
    if sha256 is None:
        raise NotFound(f"No estimate of {project_id}, {period_id} was handed in yet.")
    rows = session.scalars(
        select(VerificationSamplePlot.plot_id)
        .join(VerificationSample, VerificationSample.id == VerificationSamplePlot.sample_id)
        .where(VerificationSample.estimate_sha256 == sha256)
        .distinct()
        .order_by(VerificationSamplePlot.plot_id)
    )
    cut = _cut(pixels_keeper(settings), sha256)
    return Wanted(sha256, tuple(plot for plot in rows if plot not in cut))


def sheet_of(settings: Settings, estimate_sha256: str, plot_id: str) -> ChipSheet | None:
    """Say which chips there are of a plot, for services that know who may look; None without."""
    packed = _opened(settings, estimate_sha256, plot_id)
    if packed is None:
        return None
    chips = tuple(
        ChipView(**chip | {"acquired_at": datetime.fromisoformat(chip["acquired_at"])})
        for chip in packed.head["chips"]
    )
    return ChipSheet(**packed.head | {"chips": chips})


def picture_of(
    session: Session, settings: Settings, assignment_id: str, plot_id: str, *, by: AccountView
) -> bytes:
    """Give a plot's sheet as a PNG; a verifier's look is written down.

    Raises:
        NotFound: If there is no such verification for this account, or no chips of the plot.
        NotAllowed: If the account is neither its verifier nor the project's developer.
    """
    assignment = assignments.find(session, assignment_id, by)
    if by.role == "registrar":
        raise NotAllowed("Pictures of plots are for the verifier and the developer.")
    shown = assignments.view(session, assignment)
    packed = _opened(settings, shown.estimate_sha256 or "", plot_id)
    if packed is None:
        raise NotFound(
            f"No pictures of plot '{plot_id[:80]}' are cut; they are cut of drawn plots, by "
            f"`parkland chips --project {shown.project_id} --period {shown.period_id}` or by the "
            "pipeline's sensor.",
            plot=plot_id[:80],
        )
    if by.id != shown.developer_id:
        private_reads.note(
            session,
            settings,
            by=by,
            purpose=f"Verification of {shown.project_id}, {shown.period_id}",
            what="evidence",
            project_id=shown.project_id,
            subject=f"chips of {plot_id}",
        )
    return packed.arrays[_SHEET].tobytes()


def _opened(settings: Settings, estimate_sha256: str, plot_id: str) -> "Packed | None":
    from mrv.imagery.packing import unpack

    return unpack(pixels_keeper(settings).get(_place(estimate_sha256, plot_id)))


def _cut(keeper: "SealedKeeper", estimate_sha256: str) -> set[str]:
    kept = keeper.get(f"chips/{estimate_sha256}/cut")
    return set(json.loads(kept)) if kept else set()


def _place(estimate_sha256: str, plot_id: str) -> str:
    named = hashlib.sha256(plot_id.encode()).hexdigest()
    return f"chips/{estimate_sha256}/{named}"
