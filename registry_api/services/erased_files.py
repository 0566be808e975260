"""Files that were erased: their rows say when and why, and what they held is not shown again."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import ErasedFile, PlotUpload
from registry_api.errors import NotFound
from registry_api.services.private_store import PrivateStore
from registry_api.services.unit_of_work import reading
from registry_api.settings import Settings


def erased_at(session: Session, sha256: str) -> datetime | None:
    """Say when a file was erased; None where it was not."""
    erased = session.get(ErasedFile, sha256)
    return erased.erased_at if erased else None


def refuse_erased(session: Session, upload: PlotUpload) -> None:
    """Insist that a file is still there.

    Raises:
        NotFound: If it was erased.
    """
    if (when := erased_at(session, upload.sha256)) is not None:
        raise NotFound(
            f"{upload.name} was erased on {when:%Y-%m-%d} because a farmer in it was forgotten, "
            "and what was found in it stays; to go on, send a file without that farmer.",
            upload=str(upload.id),
        )


def not_erased(session: Session, files: Mapping[str, str]) -> dict[str, str]:
    """Leave out the files, digests by name, that were erased."""
    gone = set(
        session.scalars(select(ErasedFile.sha256).where(ErasedFile.sha256.in_(files.values())))
    )
    return {name: sha256 for name, sha256 in files.items() if sha256 not in gone}


def finish(settings: Settings) -> int:
    """Remove what should be gone: left by a process that died, or sent again since.

    Returns:
        How many files there were.
    """
    store = PrivateStore(settings)
    with reading(settings) as session:
        left = [one for one in session.scalars(select(ErasedFile.sha256)) if store.has(one)]
    for sha256 in left:
        store.remove(sha256)
    return len(left)
