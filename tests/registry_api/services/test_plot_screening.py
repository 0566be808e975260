"""Whatever happens to a run: two at once, a worker that is killed, one that comes too late."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError, Thread
from uuid import UUID

import pytest
import shapely
from sqlalchemy import select, text

from registry_api.db.models import PlotUpload
from registry_api.services import screening_runs
from registry_api.services.plot_screening import process
from registry_api.services.screening_runs import MOST_ATTEMPTS
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.upload_views import RunView, Tally
from registry_api.settings import Settings
from tests.registry_api.a_registry import Stage, found
from tests.registry_api.sent_plots import SIDE, Sender, geojson, plot, square

OTHER = "hillside-cordia"
COUNTED = ("plots", "plot_versions", "people", "upload_outcomes", "project_deliveries",
           "ledger_entries", "plot_boxes")  # fmt: skip


@pytest.fixture
def sender(founded: Stage) -> Sender:
    return Sender(founded.settings)


@pytest.fixture
def rivals(founded: Stage) -> tuple[Sender, Sender]:
    """The developers of two projects."""
    with founded.registry.writing() as session:
        found(session, founded.settings, project_id=OTHER, shift=1.0)
    return Sender(founded.settings), Sender(founded.settings, OTHER)


def counts(settings: Settings) -> dict[str, int]:
    with reading(settings) as session:
        return {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in COUNTED
        }


def let_the_lease_run_out(settings: Settings) -> None:
    """Do what waiting for a minute does."""
    with unit_of_work(settings) as session:
        session.execute(
            text("UPDATE upload_run_states SET leased_until = :past WHERE state = 'working'"),
            {"past": (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None)},
        )


def race(one: Sender, first: bytes, two: Sender, second: bytes) -> tuple[RunView, RunView]:
    """Screen two files at once; neither decides before both have found their land free."""
    together = Barrier(2, timeout=30)
    done: dict[int, RunView] = {}

    def run(place: int, sender: Sender, upload: str) -> None:
        def meet(step: str, _done: int, _total: int) -> None:
            if step == "deciding" and not met[place]:
                met[place] = True
                together.wait()

        done[place] = process(sender.settings, upload, 1, meet)

    met = [False, False]
    uploads = (one.receive(first).id, two.receive(second).id)
    threads = [
        Thread(target=run, args=(place, sender, upload))
        for place, (sender, upload) in enumerate(zip((one, two), uploads, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [True, True], "they did not meet"
    return done[0], done[1]


def test_two_projects_raced_for_the_same_land(rivals: tuple[Sender, Sender]) -> None:
    """Exactly one has it; the other is told, with the code of land that is taken."""
    one, two = rivals
    land = [plot(f"L-{n}", square(n)) for n in range(20)]
    shifted = [plot(f"M-{n}", square(n + 0.1)) for n in range(20)]
    runs = race(one, geojson(land), two, geojson(shifted))
    assert [run.state for run in runs] == ["done", "done"]
    tallies = sorted((run.tally.new, run.tally.refused) for run in runs if run.tally)
    assert tallies == [(0, 20), (20, 0)]
    loser = rivals[0] if runs[0].tally and runs[0].tally.new == 0 else rivals[1]
    with reading(loser.settings) as session:
        upload_id = session.scalars(
            select(PlotUpload.id).where(PlotUpload.project_id == loser.project_id)
        ).one()
    errors = loser.errors(loser.upload(str(upload_id)))
    assert set(map(tuple, errors.values())) == {("overlap_registered",)}
    assert no_land_is_shared(one.settings)


def test_two_files_of_one_project_raced_for_the_same_land(sender: Sender) -> None:
    files = [geojson([plot(f"{name}-{n}", square(n)) for n in range(5)]) for name in "LM"]
    runs = race(sender, files[0], sender, files[1])
    assert sorted((r.tally.new, r.tally.refused) for r in runs if r.tally) == [(0, 5), (5, 0)]
    assert no_land_is_shared(sender.settings)


def test_two_files_with_the_same_plots_raced(sender: Sender) -> None:
    """The same names and boundaries are the same plots: nobody is refused, nothing is twice."""
    land = [plot(f"L-{n}", square(n)) for n in range(5)]
    runs = race(sender, geojson(land), sender, geojson(land) + b"\n")
    assert sorted((r.tally.new, r.tally.unchanged) for r in runs if r.tally) == [(0, 5), (5, 0)]


def no_land_is_shared(settings: Settings) -> bool:
    with reading(settings) as session:
        rows = session.execute(text("SELECT boundary_wkb FROM plot_versions")).scalars().all()
    shapes = shapely.from_wkb(rows)
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = one < two
    shared = shapely.area(shapely.intersection(shapes[one[pairs]], shapes[two[pairs]]))
    return bool((shared < SIDE**2 * 1e-6).all())


def test_one_run_has_one_worker(sender: Sender) -> None:
    """A second one gets nothing while the first is at it, however often it asks."""
    upload = sender.receive(geojson([plot("A", square(0))]))
    seen: list[RunView] = []

    def meanwhile(step: str, _done: int, _total: int) -> None:
        if step == "screening" and not seen:
            seen.append(process(sender.settings, upload.id, 1))

    ended = process(sender.settings, upload.id, 1, meanwhile)
    assert [run.state for run in seen] == ["working"]
    assert ended.tally == Tally(1, 1, 0, 0, 0, 0, 0)
    assert process(sender.settings, upload.id, 1) == ended


KILLED = """
import json, os, signal, sys
from registry_api.services import plot_screening
from registry_api.settings import Settings

def die(*_args, **_keywords):
    os.kill(os.getpid(), signal.SIGKILL)

where = sys.argv[3]
if "." in where:
    module, name = where.split(".")
    setattr(getattr(plot_screening, module), name, die)
settings = Settings(home=sys.argv[1], database_url=sys.argv[4], demo=True, _env_file=None)
plot_screening.process(
    settings, sys.argv[2], 1, lambda step, _done, _total: die() if step == where else None
)
"""


@pytest.mark.parametrize(
    "where",
    [
        "reading",  # nothing was done
        "deciding",  # it is screened and its report is kept
        "people.keep",  # in the transaction, plots are written
        "screening_runs.end",  # people and the delivery are written too
        "plot_uploads.run_view",  # all is committed, nobody was told
    ],
)
def test_a_killed_worker_leaves_nothing_twice(sender: Sender, where: str) -> None:
    """SIGKILL in a real process; the next one ends like a run that was left alone."""
    settings = sender.settings
    upload = sender.receive(geojson([plot(f"A-{n}", square(n)) for n in range(6)]))
    before = counts(settings)
    told = [str(settings.home), upload.id, where, settings.database_url]
    child = subprocess.run([sys.executable, "-c", KILLED, *told], check=False)
    assert child.returncode == -signal.SIGKILL
    committed = where == "plot_uploads.run_view"
    if not committed:
        assert counts(settings) == before
        assert process(settings, upload.id, 1).state == "working"  # the lease is the dead one's
        assert sender.upload(upload.id).run.state == "working"
        let_the_lease_run_out(settings)
    ended = process(settings, upload.id, 1)
    assert ended.state == "done"
    assert ended.tally == Tally(6, 6, 0, 0, 0, 0, 0)
    after = counts(settings)
    assert {table: after[table] - before[table] for table in COUNTED} == {
        "plots": 6,
        "plot_versions": 6,
        "people": 6,
        "upload_outcomes": 1,
        "project_deliveries": 1,
        "ledger_entries": 2,
        "plot_boxes": 6,
    }
    assert sender.verdicts(upload) == dict.fromkeys(range(1, 7), "accepted")


def test_a_run_that_kills_its_workers_ends_in_a_sentence(sender: Sender) -> None:
    upload = sender.receive(geojson([plot("A", square(0))]))
    for _attempt in range(MOST_ATTEMPTS):
        with unit_of_work(sender.settings) as session:
            assert screening_runs.claim(session, UUID(upload.id), 1) is not None
        let_the_lease_run_out(sender.settings)
    ended = process(sender.settings, upload.id, 1)
    assert (ended.state, ended.fault_code) == ("failed", "screening.broken_off")
    assert "broken off 3 times" in ended.fault
    assert counts(sender.settings)["plots"] == 4


def test_a_fault_of_ours_is_tried_again_and_then_told(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a transaction that breaks off is there afterwards."""

    def fault(*_args: object) -> None:
        raise ZeroDivisionError

    upload = sender.receive(geojson([plot("A", square(0))]))
    before = counts(sender.settings)
    with monkeypatch.context() as patch:
        patch.setattr("registry_api.services.people.keep", fault)
        states = [process(sender.settings, upload.id, 1).state for _ in range(MOST_ATTEMPTS)]
    assert states == ["waiting", "waiting", "failed"]
    assert sender.upload(upload.id).run.fault_code == "screening.failed"
    assert counts(sender.settings) == {**before, "upload_outcomes": 1}


def test_a_worker_that_comes_too_late_writes_nothing(sender: Sender) -> None:
    """It slept through its lease; another did the run meanwhile."""
    upload = sender.receive(geojson([plot("A", square(0))]))
    others: list[RunView] = []

    def sleep(step: str, _done: int, _total: int) -> None:
        if step == "screening" and not others:
            let_the_lease_run_out(sender.settings)
            others.append(process(sender.settings, upload.id, 1))

    late = process(sender.settings, upload.id, 1, sleep)
    assert others[0].tally == Tally(1, 1, 0, 0, 0, 0, 0)
    assert late == others[0]
    assert counts(sender.settings)["upload_outcomes"] == 1


def test_the_lease_is_renewed_while_the_work_goes_on(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry_api.services.heartbeat._RENEW_S", 0.0)
    upload = sender.receive(geojson([plot("A", square(0))]))
    leases: list[str] = []

    def watch(step: str, _done: int, _total: int) -> None:
        if step != "screening" or len(leases) > 1:
            return
        for _look in range(60):
            with reading(sender.settings) as session:
                lease = session.execute(
                    text("SELECT leased_until FROM upload_run_states")
                ).scalar_one()
            if lease not in leases:
                leases.append(lease)
            if len(leases) > 1:
                return
            pause()

    process(sender.settings, upload.id, 1, watch)
    assert leases == sorted(leases)
    assert len(leases) == 2


def pause() -> None:
    try:
        Barrier(2).wait(timeout=0.1)
    except BrokenBarrierError:
        return


@pytest.fixture
def overtaking(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Somebody is always faster, until the run screens under the lock."""
    asked: list[int] = []

    def overtaken(*_args: object) -> bool:
        asked.append(1)
        return True

    monkeypatch.setattr("registry_api.services.plot_screening.is_overtaken", overtaken)
    return asked


def test_a_run_that_is_always_overtaken_ends_under_the_lock(
    sender: Sender, overtaking: list[int]
) -> None:
    ended = sender.send(geojson([plot("A", square(0))])).run
    assert len(overtaking) == 3
    assert ended.tally == Tally(1, 1, 0, 0, 0, 0, 0)
