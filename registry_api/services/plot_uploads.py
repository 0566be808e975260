"""Uploads of plots: a file of boundaries is taken down once, and screened by runs.

The bytes are in the private store before anything here is called; screening is `plot_screening`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from registry_api.db import lock_for_writing
from registry_api.db.models import PlotUpload, UploadOutcome, UploadRun, UploadRunState
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import (
    clock,
    column_mappings,
    erased_files,
    idempotency,
    paging,
    private_reads,
    screening_runs,
)
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.project_access import open_to, owned_by
from registry_api.services.upload_views import ColumnsView, RunChoices, RunView, UploadView
from registry_api.services.views import Page
from registry_api.settings import Settings

_LONGEST_NAME = 200
_LONGEST_CRS = 100
_LONGEST_COLUMN = 200
_MOST_COLUMNS = 100
_MOST_PROPOSALS = 1_000_000
_AS_IT_STATES = RunChoices({})


def receive(
    session: Session,
    project_id: str,
    *,
    name: str,
    sha256: str,
    size_bytes: int,
    choices: RunChoices | None = None,
    by: AccountView,
    idempotency_key: str | None = None,
) -> tuple[UploadView, bool]:
    """Take an upload down and ask for its first run; the same bytes again change nothing.

    Args:
        session: The transaction.
        project_id: Whose plots they are.
        name: Of the file as it was sent; its ending tells the format.
        sha256: Under which the private store keeps it.
        size_bytes: As it came.
        choices: How to screen it; by default as it states itself.
        by: Who sends it: the project's developer.
        idempotency_key: The caller's name for this request, unique per account.

    Returns:
        The upload with its newest run, and whether it is new here.

    Raises:
        NotFound: If there is no such project for this account.
        NotAllowed: If the account may look at the project and not bring plots to it.
        KeyReused: If the key belongs to another request.
        NotAcceptable: If the name or the choices cannot be used.
    """
    owned_by(session, project_id, by)
    choices = _usable(choices or _AS_IT_STATES)
    lock_for_writing(session)
    request = {"project": project_id, "sha256": sha256, "choices": asdict(choices)}
    if idempotency_key is not None:
        earlier = idempotency.answered(session, by.id, idempotency_key, "upload_plots", request)
        if earlier is not None:
            return _shown(session, project_id, UUID(earlier)), False
    row = session.scalars(
        select(PlotUpload).where(PlotUpload.project_id == project_id, PlotUpload.sha256 == sha256)
    ).first()
    new = row is None
    if row is not None:
        erased_files.refuse_erased(session, row)
    else:
        row = PlotUpload(
            id=uuid4(),
            project_id=project_id,
            sha256=sha256,
            name=_shown_name(name),
            size_bytes=size_bytes,
            uploaded_by=by.id,
            received_at=clock.now(),
        )
        session.add(row)
        session.flush()
        screening_runs.ask(session, row.id, 1, choices, by)
    if idempotency_key is not None:
        idempotency.remember(session, by.id, idempotency_key, "upload_plots", request, str(row.id))
    return _shown(session, project_id, row.id), new


def upload(session: Session, project_id: str, upload_id: str, *, by: AccountView) -> UploadView:
    """Show an upload and how far its newest run is.

    Raises:
        NotFound: If there is no such project or upload for this account.
    """
    open_to(session, project_id, by)
    return _shown(session, project_id, _key(upload_id))


def uploads(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UploadView]:
    """List a project's uploads, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    open_to(session, project_id, by)
    (before,) = paging.decode(cursor, int) or (None,)
    # Runs are numbered as they come, so the first run of an upload orders uploads.
    query = (
        select(PlotUpload.id, UploadRun.id)
        .join(UploadRun, UploadRun.upload_id == PlotUpload.id)
        .where(PlotUpload.project_id == project_id, UploadRun.number == 1)
        .order_by(UploadRun.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(UploadRun.id < before)
    rows = session.execute(query).all()
    shown = rows[:limit]
    return Page(
        tuple(_shown(session, project_id, upload_id) for upload_id, _run in shown),
        paging.encode(shown[-1][1]) if len(rows) > limit else None,
    )


def run_again(
    session: Session, project_id: str, upload_id: str, choices: RunChoices, *, by: AccountView
) -> UploadView:
    """Ask for another screening of an upload.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAllowed: If the account is not the project's developer.
        Contradiction: If a run of it has not ended yet.
        NotAcceptable: If the choices cannot be used.
    """
    owned_by(session, project_id, by)
    choices = _usable(choices)
    lock_for_writing(session)
    erased_files.refuse_erased(session, find(session, project_id, upload_id))
    held = _shown(session, project_id, _key(upload_id))
    if held.run.state in ("waiting", "working"):
        raise Contradiction(
            f"Run {held.run.number} of this upload has not ended; wait for it, then ask again.",
            run=held.run.number,
        )
    screening_runs.ask(session, _key(upload_id), held.run.number + 1, choices, by)
    return _shown(session, project_id, _key(upload_id))


def open_report(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str,
) -> dict[str, str]:
    """Find the tables of the newest report for somebody who may look; a verifier is logged.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If a verifier states no purpose.
    """
    project = open_to(session, project_id, by)
    upload = find(session, project_id, upload_id)
    if project.developer_id != by.id:
        private_reads.note(
            session,
            settings,
            by=by,
            purpose=purpose,
            what="report",
            project_id=project_id,
            subject=upload.name,
        )
    return newest_tables(session, upload)


def columns(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> ColumnsView:
    """Show the columns of an upload and what each seems to be; without `theirs` before it is read.

    Their sample values may be names and phones in columns that nobody has taken for such yet.

    Raises:
        NotFound, NotAcceptable: As `open_report`.
    """
    tables = open_report(session, settings, project_id, upload_id, by=by, purpose=purpose)
    sha256 = tables.get("columns")
    if sha256 is None:
        return ColumnsView((), {})
    return column_mappings.from_json(PrivateStore(settings).read(sha256))


def raw_file(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str,
) -> tuple[UploadView, Iterator[bytes]]:
    """Give the file back as it came; the look is logged with its purpose.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If no purpose is stated.
    """
    shown = upload(session, project_id, upload_id, by=by)
    erased_files.refuse_erased(session, find(session, project_id, upload_id))
    private_reads.note(
        session,
        settings,
        by=by,
        purpose=purpose,
        what="file",
        project_id=project_id,
        subject=shown.name,
    )
    return shown, PrivateStore(settings).open(shown.sha256)


def run_view(session: Session, upload_id: UUID, number: int) -> RunView:
    """Show one run of an upload.

    Raises:
        NotFound: If there is none of that number.
    """
    found = session.execute(
        _runs().where(UploadRun.upload_id == upload_id, UploadRun.number == number)
    ).first()
    if found is None:
        raise NotFound(f"There is no run {number} of upload '{upload_id}'.")
    return screening_runs.view(*found)


def find(session: Session, project_id: str, upload_id: str) -> PlotUpload:
    """Find an upload of a project.

    Raises:
        NotFound: If there is none of that id.
    """
    return _find(session, project_id, _key(upload_id))


def newest_tables(session: Session, upload: PlotUpload) -> dict[str, str]:
    """Name the tables of the newest run that has any, whether or not it has ended.

    Those that were erased are left out.
    """
    rows = session.execute(
        select(UploadRunState.tables, UploadOutcome.tables)
        .join(UploadRun, UploadRun.id == UploadRunState.run_key)
        .outerjoin(UploadOutcome, UploadOutcome.run_key == UploadRun.id)
        .where(UploadRun.upload_id == upload.id)
        .order_by(UploadRun.number.desc())
    )
    for so_far, final in rows:
        tables: dict[str, str] = json.loads(final or so_far)
        if tables:
            return erased_files.not_erased(session, tables)
    return {}


def _find(session: Session, project_id: str, upload_id: UUID) -> PlotUpload:
    row = session.get(PlotUpload, upload_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no upload '{upload_id}' of {project_id}.", upload=str(upload_id))
    return row


def _shown(session: Session, project_id: str, upload_id: UUID) -> UploadView:
    row = _find(session, project_id, upload_id)
    later = aliased(UploadRun)
    newest = select(func.max(later.number)).where(later.upload_id == upload_id).scalar_subquery()
    run, state, outcome = session.execute(
        _runs().where(UploadRun.upload_id == upload_id, UploadRun.number == newest)
    ).one()
    return UploadView(
        id=str(row.id),
        project_id=row.project_id,
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        format=outcome.format if outcome else "",
        uploaded_by=row.uploaded_by,
        received_at=row.received_at,
        erased_at=erased_files.erased_at(session, row.sha256),
        runs=run.number,
        run=screening_runs.view(run, state, outcome),
    )


def _runs() -> Select[UploadRun, UploadRunState, UploadOutcome]:
    return (
        select(UploadRun, UploadRunState, UploadOutcome)
        .join(UploadRunState, UploadRunState.run_key == UploadRun.id)
        .outerjoin(UploadOutcome, UploadOutcome.run_key == UploadRun.id)
    )


def _key(upload_id: str) -> UUID:
    try:
        return UUID(upload_id)
    except ValueError as error:
        raise NotFound(f"There is no upload '{upload_id[:80]}'.") from error


def _shown_name(name: str) -> str:
    """Keep the last part of a path, and of that what can be shown; the ending tells the format."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    if not plain:
        raise NotAcceptable("The file needs a name with an ending, such as plots.kml.")
    return plain[-_LONGEST_NAME:]


def _usable(choices: RunChoices) -> RunChoices:
    texts = [*choices.columns.keys(), *choices.columns.values()]
    if len(choices.columns) > _MOST_COLUMNS or any(len(text) > _LONGEST_COLUMN for text in texts):
        raise NotAcceptable(
            f"At most {_MOST_COLUMNS} columns are mapped, with names of at most "
            f"{_LONGEST_COLUMN} characters."
        )
    if len(choices.crs) > _LONGEST_CRS or not choices.crs.isprintable():
        raise NotAcceptable("The coordinate system is named like EPSG:32636.")
    features = choices.accept_proposals
    if len(features) > _MOST_PROPOSALS or any(feature < 1 for feature in features):
        raise NotAcceptable("Proposals are accepted by the number of their feature, from 1.")
    return RunChoices(dict(choices.columns), choices.crs, tuple(sorted(features)))
