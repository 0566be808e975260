"""The registry in this home, for sending plots without a service: screened in this process."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mrv.plots.findings import FINDING_COLUMNS
from pipelines.commands.sending import Answer, Sending, Steps
from pipelines.workspace import Workspace
from registry_api.services import accounts, plot_screening, plot_uploads, projects, reports
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.upload_views import RunChoices, UploadView

_PAGE = 200
_WAIT_S = 0.5


class RegistryHere:
    """One home; whoever can write to it acts as the project's developer."""

    def __init__(self, home: Path) -> None:
        self.workspace = Workspace(home)

    def send(self, sending: Sending, progress: Callable[[int, int], None]) -> Answer:
        """Keep the file and take its upload down."""
        settings = self.workspace.settings
        developer = self._developer(sending.project)
        sha256, size_bytes = PrivateStore(settings).put_stream(sending.pieces(progress))
        with self.workspace.registry() as session:
            upload, new = plot_uploads.receive(
                session,
                sending.project,
                name=sending.file.name,
                sha256=sha256,
                size_bytes=size_bytes,
                choices=RunChoices(dict(sending.columns), sending.crs),
                by=developer,
            )
        return self._answer(upload, new=new)

    def follow(self, sent: Answer, progress: Steps) -> Answer:
        """Screen it here, or wait where another process does."""
        answer = sent
        while not answer.ended:
            plot_screening.process(self.workspace.settings, sent.id, answer.run, progress)
            with self.workspace.reading() as session:
                upload = plot_uploads.upload(
                    session, sent.project, sent.id, by=self._developer(sent.project)
                )
            answer = self._answer(upload, new=sent.new)
            if not answer.ended:
                progress(*(upload.run.progress.step, *_of(upload)))
                time.sleep(_WAIT_S)
        return answer

    def findings(self, sent: Answer) -> pd.DataFrame:
        """Read every page of what was found."""
        developer = self._developer(sent.project)
        rows: list[dict[str, object]] = []
        cursor = None
        while True:
            with self.workspace.reading() as session:
                page = reports.findings(
                    session,
                    self.workspace.settings,
                    sent.project,
                    sent.id,
                    by=developer,
                    limit=_PAGE,
                    cursor=cursor,
                )
            rows += [asdict(finding) for finding in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return pd.DataFrame(rows, columns=list(FINDING_COLUMNS))

    def to_mend(self, sent: Answer) -> bytes:
        """Give the refused features as a GeoPackage."""
        with self.workspace.reading() as session:
            return reports.rejected(
                session,
                self.workspace.settings,
                sent.project,
                sent.id,
                by=self._developer(sent.project),
                format="gpkg",
            )

    def _developer(self, project: str) -> AccountView:
        with self.workspace.reading() as session:
            return accounts.account(session, projects.project(session, project).card.developer_id)

    def _answer(self, upload: UploadView, *, new: bool) -> Answer:
        run = upload.run
        address = str(self.workspace.settings.public_url).rstrip("/")
        return Answer(
            id=upload.id,
            project=upload.project_id,
            new=new,
            state=run.state,
            run=run.number,
            fault_code=run.fault_code,
            fault=run.fault,
            tally=None if run.tally is None else asdict(run.tally),
            page=f"{address}/projects/{upload.project_id}/uploads/{upload.id}",
        )


def _of(upload: UploadView) -> tuple[int, int]:
    return upload.run.progress.done, upload.run.progress.total
