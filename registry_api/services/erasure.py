"""Erasing what was sent: where a farmer is forgotten, the files that may name them go.

A file holds names in columns that nobody mapped, in remarks and in pictures, so it is not rewritten
but goes as a whole, and with it what a report copied out of it. What stands on it stays: its
digest, who sent it and when, what was found and decided, every boundary, and the names of all
others, which are held apart. The rows are committed first and the bytes go then; what a process
that died has left, `erased_files.finish` takes.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event, exists, select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    ErasedFile,
    Plot,
    PlotUpload,
    PlotVersion,
    ProjectDelivery,
    UploadOutcome,
    UploadRun,
    UploadRunState,
)
from registry_api.services import clock, merged_delivery, private_reads, report_tables
from registry_api.services.accounts import AccountView
from registry_api.services.deliveries import PLOTS, REGISTRY_PLOTS
from registry_api.services.private_store import PrivateStore
from registry_api.settings import Settings

_COPIES = ("rejected", "columns")  # tables of a report that repeat cells of the file


def erase(
    session: Session, settings: Settings, plot: Plot, because: str, *, by: AccountView
) -> None:
    """Erase every file of a project that may name who farms a plot; again, only what is new.

    Those are files in which the plot came, accepted or refused, and files that were never
    understood as far as to tell. After a folder's file, what the registry holds is delivered.
    """
    store = PrivateStore(settings)
    folders = dict(_folders(session, plot))
    found = dict(_uploads(session, store, plot)) | folders
    known = set(session.scalars(select(ErasedFile.sha256).where(ErasedFile.sha256.in_(found))))
    now = clock.now()
    for sha256 in sorted(found.keys() - known):
        session.add(ErasedFile(sha256=sha256, because=because, erased_by=by.id, erased_at=now))
        if found[sha256]:
            look = private_reads.look_of(
                by=by,
                purpose=because,
                what="erased",
                project_id=plot.project_id,
                subject=found[sha256],
            )
            session.add(look)
    session.flush()
    if folders.keys() - known:
        merged_delivery.deliver(session, settings, plot.project_id)

    def remove(_session: Session) -> None:
        for sha256 in found:
            store.remove(sha256)

    event.listen(session, "after_commit", remove, once=True)


def _uploads(session: Session, store: PrivateStore, plot: Plot) -> Iterator[tuple[str, str]]:
    """Find uploads that may name who farms a plot: digests, and names of the files themselves."""
    rows = session.execute(
        select(PlotUpload, UploadRunState.tables, UploadOutcome.tables)
        .join(UploadRun, UploadRun.upload_id == PlotUpload.id)
        .join(UploadRunState, UploadRunState.run_key == UploadRun.id)
        .outerjoin(UploadOutcome, UploadOutcome.run_key == UploadRun.id)
        .where(PlotUpload.project_id == plot.project_id)
        .order_by(UploadRun.id)
    )
    runs: dict[PlotUpload, list[dict[str, str]]] = {}
    for upload, so_far, final in rows:
        runs.setdefault(upload, []).append(json.loads(final or so_far))
    for upload, every in runs.items():
        told = [tables for tables in every if "features" in tables]
        if told and not any(_has(store, tables, plot.plot_id) for tables in told):
            continue
        yield upload.sha256, upload.name
        for tables in every:
            for name in _COPIES:
                # Of a file without refused features, this table is the same as of any other.
                if name in tables and (name != "rejected" or _rows(store, tables, name)):
                    yield tables[name], ""


def _folders(session: Session, plot: Plot) -> Iterator[tuple[str, str]]:
    """Find files of plots that came in a project folder, where this plot has come so."""
    came = exists().where(PlotVersion.plot_key == plot.id, PlotVersion.upload_id.is_(None))
    if not session.scalar(select(came)):
        return
    waiting = merged_delivery.unscreened(session, plot.project_id)
    rows = session.execute(
        select(ProjectDelivery.files, ProjectDelivery.names).where(
            ProjectDelivery.project_id == plot.project_id
        )
    )
    for files, names in ((json.loads(row.files), json.loads(row.names)) for row in rows):
        if names.get(PLOTS, REGISTRY_PLOTS) != REGISTRY_PLOTS and (
            waiting is None or waiting[0] != files[PLOTS]  # it may hold plots that are nowhere else
        ):
            yield files[PLOTS], names[PLOTS]


def _has(store: PrivateStore, tables: dict[str, str], plot_id: str) -> bool:
    features: Any = report_tables.read(store, tables, "features")
    return bool((features["plot_id"] == plot_id).any())


def _rows(store: PrivateStore, tables: dict[str, str], name: str) -> int:
    if not store.has(tables[name]):  # erased already
        return 0
    table: Any = report_tables.read(store, tables, name)
    return len(table)
