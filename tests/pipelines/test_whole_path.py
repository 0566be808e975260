"""From delivered files to issued credits: once, twice, interrupted, refused."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

import pipelines.registry as registry_stage
from mrv.evidence.documents import EvidenceDocument
from pipelines.execution import Outcome
from pipelines.intake import take_in
from registry_api.db import database
from registry_api.services.ledger import verify_chain
from registry_api.services.lineage import lineage
from registry_api.services.plot_traces import plot_trace
from registry_api.services.projects import project
from tests.pipelines.conftest import PERIOD, PROJECT, Home

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]


def _ledger_entries(home: Home) -> int:
    with database(home.workspace.settings.database).reading() as session:
        return int(session.execute(text("SELECT count(*) FROM ledger_entries")).scalar_one())


def test_credits_are_issued_and_kilograms_add_up(outcome: Outcome, run_home: Home) -> None:
    document = EvidenceDocument.model_validate(outcome.stage.shelf.json("evidence"))
    quantities = document.quantities
    assert not outcome.refused
    assert quantities.credits_t > 0
    assert sum(plot.net_kg for plot in document.plots) == (
        1000 * quantities.credits_t + quantities.carried_out_kg
    )
    with run_home.workspace.registry() as session:
        (batch,) = project(session, PROJECT).batches
        verify_chain(session)
    assert (batch.credits_t, batch.buffer_t) == (quantities.credits_t, quantities.buffer_t)


def test_a_serial_leads_down_to_the_scene_and_the_tree(outcome: Outcome, run_home: Home) -> None:
    document = EvidenceDocument.model_validate(outcome.stage.shelf.json("evidence"))
    serial = outcome.stage.shelf.json("credits")["serial"]
    with run_home.workspace.registry() as session:
        way_down = lineage(session, serial)
        kinds = {node.kind for node in way_down.nodes}
        sampled = next(plot for plot in document.plots if plot.sampled and plot.trees_measured)
        trace = plot_trace(
            session,
            run_home.workspace.settings,
            way_down.batch.estimate_sha256,
            sampled.plot_id,
        )
    scenes = {node.id for node in way_down.nodes if node.kind == "scene"}
    assert {"serial", "batch", "decision", "estimate", "run", "methodology", "plots"} <= kinds
    assert scenes == {f"scene:{scene.id}" for scene in document.scenes}
    assert trace.trees
    assert {look.scene_id for look in trace.observations} <= {s.id for s in document.scenes}


def test_running_again_changes_nothing(outcome: Outcome, run_home: Home) -> None:
    before = _ledger_entries(run_home)
    evidence = outcome.stage.shelf.note("evidence").sha256
    again = run_home.run()
    assert again.stage.shelf.note("evidence").sha256 == evidence
    assert again.stage.shelf.json("credits")["state"] == "issued"
    assert _ledger_entries(run_home) == before


def test_every_stage_names_what_it_wrote_by_content(outcome: Outcome, run_home: Home) -> None:
    made = run_home.instance.get_latest_materialization_event
    from dagster import AssetKey

    event = made(AssetKey("core_trees__biomass"))
    assert event is not None
    materialization = event.asset_materialization
    assert materialization is not None
    assert materialization.tags is not None
    assert (
        materialization.tags["dagster/data_version"]
        == outcome.stage.shelf.note("biomass_draws").sha256
    )


def test_a_run_that_dies_leaves_nothing_half_done_and_the_next_one_finishes(
    demo_home: Home, landscape_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(landscape_folder, demo_home.workspace, allow_outside=True)

    def killed(*_args: object, **_keywords: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(registry_stage, "issue", killed)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever Dagster makes of it
            demo_home.run()
    with demo_home.workspace.registry() as session:
        assert project(session, PROJECT).batches == ()
    assert demo_home.run().stage.shelf.json("credits")["state"] == "issued"
    with demo_home.workspace.registry() as session:
        assert len(project(session, PROJECT).batches) == 1
        verify_chain(session)


def test_a_registry_that_is_no_demonstration_refuses_unverified_rules(
    real_home: Home, landscape_folder: Path
) -> None:
    take_in(landscape_folder, real_home.workspace, allow_outside=True)
    refused = real_home.run()
    failed = [verdict.gate for verdict in refused.verdicts if not verdict.passed]
    assert refused.refused
    assert failed == ["methodology_verified"]
    assert not refused.stage.shelf.has("evidence")
    with real_home.workspace.registry() as session:
        assert project(session, PROJECT).batches == ()


def test_a_project_without_trees_is_refused_and_every_missing_thing_is_named(
    demo_home: Home, landscape_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "without-trees"
    shutil.copytree(landscape_folder, folder)
    settings = (folder / "project.toml").read_text(encoding="utf-8")
    (folder / "project.toml").write_text(settings.replace('trees = "trees.csv"\n', ""), "utf-8")
    take_in(folder, demo_home.workspace, allow_outside=True)
    refused = demo_home.run()
    failed = {verdict.gate for verdict in refused.verdicts if not verdict.passed}
    assert refused.refused
    assert failed >= {"probability_sample", "enough_plots", "enough_clusters", "enough_controls"}
    assert len(refused.stage.shelf.table("observations")) > 0
    assert PERIOD in {p.id for p in refused.stage.settings.periods}
