"""What the registry tells every night: files that add up, and a signed account of them."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq

from pipelines.definitions import defs
from pipelines.defs.nightly import BULK, every_night
from pipelines.resources import WorkspaceResource
from registry_api.services.supply_statements import (
    is_true_to_its_signature,
    statement_of,
    statements,
)
from tests.registry_api.a_market import a_stocked_folder


def test_the_schedule_runs_the_account_every_night() -> None:
    schedule = defs().resolve_schedule_def(every_night.name)
    assert schedule.job_name == "nightly_account"
    assert schedule.cron_schedule == "15 0 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_night_leaves_files_and_a_statement_that_agree(tmp_path: Path) -> None:
    with a_stocked_folder() as registry:
        shutil.copytree(registry.parent, tmp_path / "home")
    workspace = WorkspaceResource(home=str(tmp_path / "home"), demo=True)
    job = defs().resolve_job_def("nightly_account")

    def night() -> bool:
        return job.execute_in_process(resources={"workspace": workspace}).success

    with ThreadPoolExecutor(1) as thread:  # Dagster wants a thread without an event loop
        assert thread.submit(night).result()
        assert thread.submit(night).result()  # twice in one night is as once
    (folder,) = (tmp_path / "home" / BULK).iterdir()
    (file,) = folder.rglob("*.parquet")
    written = pq.read_table(file).to_pandas()
    with workspace.workspace.reading() as session:
        (card,) = statements(session).items
        told = statement_of(session, card.day)
        assert is_true_to_its_signature(session, told)
    counted = {
        batch: {state: tonnes for state, tonnes in states.items() if tonnes and state != "issued"}
        for batch, states in told.statement["issuances"].items()
    }
    by_state = written.groupby(["batch_id", "status"])["quantity_t"].sum()
    assert counted == {
        batch: by_state[batch].to_dict() for batch in by_state.index.get_level_values(0).unique()
    }
    assert (
        json.loads((folder / "manifest.json").read_text())["as_of"]
        == told.statement["ledger_entries"]
    )
