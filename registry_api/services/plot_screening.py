"""Screening an upload: one run from the file to registered plots, once, whatever happens meanwhile.

A run belongs to whoever holds its lease. Everything it decides is written in one transaction, so a
process that dies leaves a run that another takes up from its start, and nothing is there twice.
Screening itself takes no lock: if land that it found free was registered by somebody meanwhile, the
file is screened again, in the end under the lock.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.orm import Session

from mrv.errors import MrvError
from mrv.methodologies import load_methodology
from mrv.project import ProjectSettings
from registry_api.db.models import PlotUpload
from registry_api.errors import NotFound, UploadRefused
from registry_api.services import (
    accounts,
    clock,
    column_mappings,
    erased_files,
    merged_delivery,
    people,
    plot_history,
    plot_uploads,
    projects,
    report_tables,
    screening_runs,
)
from registry_api.services.column_mappings import Understood
from registry_api.services.heartbeat import Heartbeat, LeaseLost
from registry_api.services.plots import Registration, cell_text, records_of, register_plots
from registry_api.services.private_store import PrivateStore
from registry_api.services.registry_surroundings import Known, is_overtaken, known, left_plots
from registry_api.services.screening_runs import MOST_ATTEMPTS, Claim, Outcome
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.upload_views import RunChoices, RunView, Tally
from registry_api.settings import Settings

if TYPE_CHECKING:
    from mrv.plots.rules import PlotRules
    from mrv.plots.screen import ScreenedPlots

_LOG = logging.getLogger(__name__)
_FREE_TRIES = 3  # screenings without the lock before one is made under it

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _File:
    """An upload as it was read.

    Attributes:
        raw: Under its own column names.
        named: Under ours.
        folder_fault: Why the plots of the project's folder are not among those held; "" where they
            are, or there are none.
    """

    project_id: str
    stated: ProjectSettings
    choices: RunChoices
    format: str
    raw: Any  # GeoDataFrames; the registry does not import geopandas
    named: Any
    understood: Understood
    tables: Mapping[str, str]
    folder_fault: str = ""

    @property
    def rules(self) -> "PlotRules":
        """Give the limits of the project's methodology."""
        from mrv.plots.rules import PlotRules

        methodology = self.stated.methodology
        return PlotRules.of(load_methodology(methodology.id, methodology.version))


def process(settings: Settings, upload_id: str, run: int, progress: Tell | None = None) -> RunView:
    """Do one run of an upload; what another holds or has ended is left as it is.

    Args:
        settings: Of the registry.
        upload_id: The upload.
        run: Number of the run, from 1.
        progress: Told the step, what is done of it, and its total.

    Returns:
        The run as it is afterwards.

    Raises:
        NotFound: If there is no such run.
    """
    key = UUID(upload_id)
    with unit_of_work(settings) as session:
        held = screening_runs.claim(session, key, run)
    if held is not None:
        _work(settings, held, progress or (lambda _step, _done, _total: None))
    with reading(settings) as session:
        return plot_uploads.run_view(session, key, run)


def _screen_delivered(settings: Settings, held: Claim) -> tuple[bool, str]:
    """Screen plots that came in a project folder first, as an upload of their own.

    Returns:
        Whether none is left to be screened (not so while another worker is at it), and why they
        could not be taken in; "" where they were.
    """
    from registry_api.services.kept_files import KeptFiles

    with reading(settings) as session:
        upload = _upload(session, held.upload_id)
        found = merged_delivery.unscreened(session, upload.project_id)
        if found is None or found[0] == upload.sha256:
            return True, ""
        stated = projects.stated(session, upload.project_id)
    sha256, name = found
    kept = KeptFiles(settings)
    data = kept.get_bytes(sha256)
    kept.put_bytes(data, private=True)  # from before such files were private
    with unit_of_work(settings) as session:
        first, _new = plot_uploads.receive(
            session,
            upload.project_id,
            name=name,
            sha256=sha256,
            size_bytes=len(data),
            choices=RunChoices(dict(stated.inputs.plot_columns)),
            by=accounts.account(session, stated.developer),
        )
    run = process(settings, first.id, 1)
    if run.state == "failed":
        return True, (
            f"The plots in the project's folder ({name}) are not among those held, because that "
            f"file could not be taken in; it is kept as an upload of its own: {run.fault}"
        )
    return run.state == "done", ""


def _work(settings: Settings, held: Claim, progress: Tell) -> None:
    """Bring a claimed run to its end, or give it back."""
    try:
        if held.attempt > MOST_ATTEMPTS:
            _fail(settings, held, "screening.broken_off", (
                f"Screening this file was broken off {MOST_ATTEMPTS} times; it may be too large "
                "for this machine, so send it in parts, or ask the registry's operator."
            ))  # fmt: skip
            return
        with Heartbeat(settings, held, progress) as beat:
            ready, fault = _screen_delivered(settings, held)
            if ready:
                file = _read(settings, held, beat)
                _decide(settings, held, replace(file, folder_fault=fault), beat)
            else:
                _give_back(settings, held, uncounted=True)
    except LeaseLost:
        _LOG.warning("run %s of %s is another worker's by now", held.number, held.upload_id)
    except MrvError as error:
        _fail(settings, held, error.code, error.message)
    except Exception:  # noqa: BLE001  (whatever it is, the run must not be lost by it)
        _LOG.exception("run %s of %s was broken off", held.number, held.upload_id)
        if held.attempt < MOST_ATTEMPTS:
            _give_back(settings, held)
        else:
            _fail(settings, held, "screening.failed", (
                "This file could not be screened because of a fault of the registry; its operator "
                "finds the cause in the log. Nothing of it was taken in."
            ))  # fmt: skip


def _read(settings: Settings, held: Claim, beat: Heartbeat) -> _File:
    """Read the file, find out which column is which, and let its shapes be seen."""
    from mrv.plots.mapping import apply_columns
    from mrv.plots.report import drawn
    from mrv.sources.boundaries import read_boundaries

    beat.tell("reading", 0, 0)
    with reading(settings) as session:
        upload = _upload(session, held.upload_id)
        erased_files.refuse_erased(session, upload)
        stated = projects.stated(session, upload.project_id)
    store = PrivateStore(settings)
    read = read_boundaries(store.read(upload.sha256), upload.name, crs=held.choices.crs)
    with reading(settings) as session:
        understood = column_mappings.understand(
            session,
            upload.project_id,
            read.frame,
            stated=held.choices.columns,
            by_project=stated.inputs.plot_columns,
        )
    tables = {
        "columns": store.put_bytes(column_mappings.as_json(understood.view)),
        "drawn": store.put_bytes(report_tables.to_parquet(drawn(read.frame))),
    }
    beat.show(tables)
    if understood.asks_for_id:  # named by shape, they would be strangers once the id is mapped
        raise UploadRefused(
            "no_plot_id",
            f"No column of {upload.name} looks like the plot's id; say which one it is "
            "(plot_id=...), or that there is none (plot_id=), and the plots are named by shape.",
        )
    return _File(
        project_id=upload.project_id,
        stated=stated,
        choices=held.choices,
        format=read.format,
        raw=read.frame,
        named=apply_columns(read.frame, understood.columns, name=upload.name),
        understood=understood,
        tables=tables,
    )


def _decide(settings: Settings, held: Claim, file: _File, beat: Heartbeat) -> None:
    """Screen and take in, until nobody was faster."""
    for _try in range(_FREE_TRIES):
        with reading(settings) as session:
            since = known(session, settings, _upload(session, held.upload_id))
            screened = _screen(file, since, beat.part("screening"))
        tables = _keep_report(settings, file, screened)
        beat.tell("deciding", 0, 0)
        with beat.paused(), unit_of_work(settings) as session:
            _insist(session, held)
            if not is_overtaken(session, file.project_id, screened, file.rules, since):
                _take_in(session, settings, held, file, screened, tables)
                return
    with beat.paused(), unit_of_work(settings) as session:
        _insist(session, held)
        since = known(session, settings, _upload(session, held.upload_id))
        screened = _screen(file, since, None)
        _take_in(session, settings, held, file, screened, _keep_report(settings, file, screened))


def _screen(
    file: _File, since: Known, progress: Callable[[int, int], None] | None
) -> "ScreenedPlots":
    """Screen, and once more where an upheld contest speaks for a boundary that was refused.

    Contests between plots are among the surroundings and need no second look.
    """
    from mrv.plots.report import refuse_left, tell_of_folder
    from mrv.plots.screen import screen_plots

    def once(upheld: frozenset[tuple[str, str]]) -> "ScreenedPlots":
        return screen_plots(
            file.named,
            country=file.stated.country,
            rules=file.rules,
            today=_today(),
            surroundings=replace(since.surroundings, upheld=upheld),
            accept_proposals=file.choices.accept_proposals,
            progress=progress,
        )

    screened = once(frozenset())
    if excused := _excused(screened, since):
        screened = once(excused)
    screened = refuse_left(screened, since.left)
    return tell_of_folder(screened, file.folder_fault) if file.folder_fault else screened


def _excused(screened: "ScreenedPlots", since: Known) -> frozenset[tuple[str, str]]:
    """Find refused boundaries that lie within one for which a contest was upheld."""
    import shapely

    from mrv.plots.overlap import lies_within

    if not since.upheld:
        return frozenset()
    refused = screened.refused
    shapes = {
        (plot_id, code): shape
        for plot_id, codes, shape in zip(
            refused["plot_id"], refused["codes"], refused.geometry, strict=True
        )
        for code in codes.split(";")
        if shape is not None
    }
    return frozenset(
        (one.plot_id, one.code)
        for one in since.upheld
        if (shape := shapes.get((one.plot_id, one.code))) is not None
        and lies_within(shape, shapely.from_wkb(one.boundary_wkb))
    )


def _keep_report(settings: Settings, file: _File, screened: "ScreenedPlots") -> dict[str, str]:
    from mrv.plots.report import report_on

    return report_tables.keep(PrivateStore(settings), report_on(file.raw, screened))


def _take_in(
    session: Session,
    settings: Settings,
    held: Claim,
    file: _File,
    screened: "ScreenedPlots",
    tables: Mapping[str, str],
) -> None:
    """Write everything a run decides."""
    # Plots that left are history: what a file says of them again adds nothing.
    left = left_plots(session, file.project_id)
    stays = screened.plots[~screened.plots["plot_id"].isin(list(left))]
    registration = register_plots(
        session, file.project_id, records_of(stays), upload_id=held.upload_id
    )
    plot_history.leave_as_stated(session, file.project_id, _left(screened))
    people.keep(session, settings, file.project_id, _people(screened))
    if file.choices.columns:
        column_mappings.save(session, file.project_id, file.understood)
    screening_runs.end(
        session,
        held,
        Outcome(
            format=file.format,
            tally=_tally(screened, registration),
            tables={**file.tables, **tables},
            delivery_version=merged_delivery.deliver(session, settings, file.project_id),
        ),
    )


def _left(screened: "ScreenedPlots") -> dict[str, date]:
    told = zip(screened.plots["plot_id"], screened.plots["left_on"], strict=True)
    return {plot_id: left_on for plot_id, left_on in told if left_on is not None}


def _people(screened: "ScreenedPlots") -> list[people.PersonRecord]:
    accepted = set(screened.plots["plot_id"])
    columns = ("plot_id", "farmer_id", "farmer_name", "farmer_phone")
    rows = zip(*(screened.people[name] for name in columns), strict=True)
    return [
        people.PersonRecord(plot_id, *(cell_text(cell) or "" for cell in told))
        for plot_id, *told in rows
        if plot_id in accepted
    ]


def _tally(screened: "ScreenedPlots", registration: Registration) -> Tally:
    accepted = set(screened.plots["feature"])
    found = screened.findings[screened.findings["feature"].isin(accepted)]

    def having(severity: str) -> int:
        return int(found.loc[found["severity"] == severity, "feature"].nunique())

    return Tally(
        features=screened.features,
        new=registration.new,
        changed=registration.changed,
        unchanged=len(screened.plots) - registration.new - registration.changed,
        refused=screened.features - len(screened.plots),
        repaired=having("repair"),
        warned=having("warning"),
    )


def _fail(settings: Settings, held: Claim, code: str, sentence: str) -> None:
    """End a run without taking anything in."""
    with unit_of_work(settings) as session:
        if screening_runs.still_held(session, held):
            tables = screening_runs.tables_so_far(session, held)
            screening_runs.end(
                session, held, Outcome(fault_code=code, fault=sentence, tables=tables)
            )


def _give_back(settings: Settings, held: Claim, *, uncounted: bool = False) -> None:
    with unit_of_work(settings) as session:
        screening_runs.release(session, held, uncounted=uncounted)


def _insist(session: Session, held: Claim) -> None:
    if not screening_runs.still_held(session, held):
        raise LeaseLost


def _upload(session: Session, upload_id: UUID) -> PlotUpload:
    upload = session.get(PlotUpload, upload_id)
    if upload is None:
        raise NotFound(f"There is no upload '{upload_id}'.", upload=str(upload_id))
    return upload


def _today() -> date:
    return clock.today()
