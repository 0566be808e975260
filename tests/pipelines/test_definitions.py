"""The graph of stages says what it is: names, versions, one path, and a check for every gate."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import pytest

from mrv.crediting.gates import REQUIRED_GATES
from pipelines.definitions import defs
from pipelines.defs.jobs import CHIPS, ISSUANCE, WHOLE_PATH
from pipelines.partitions import PROJECT_PERIOD

ROOT = Path(__file__).parents[2]
CREDITS = dg.AssetKey("out_registry__credits")
BUNDLE = dg.AssetKey("out_registry__bundle")
DEMANDED = dg.AssetKey("core_change__estimate")
ASSETS = sorted(defs().resolve_all_asset_specs(), key=lambda spec: spec.key)


def names(keys: Iterable[dg.AssetKey]) -> set[str]:
    return {key.to_user_string() for key in keys}


def test_something_was_found() -> None:
    assert {spec.key.to_user_string().split("_")[0] for spec in ASSETS} == {"raw", "core", "out"}


@pytest.mark.parametrize("spec", ASSETS, ids=lambda spec: spec.key.to_user_string())
def test_an_asset_says_what_it_is(spec: dg.AssetSpec) -> None:
    assert re.fullmatch(r"(raw|core|out)_[a-z0-9]+__[a-z0-9_]+", spec.key.to_user_string())
    assert spec.code_version, "without one Dagster takes the id of the run"
    assert spec.description
    assert spec.description[0].isupper()
    assert spec.description.endswith(".")
    assert spec.group_name not in {None, "default"}
    assert spec.kinds
    assert spec.partitions_def == PROJECT_PERIOD


def test_what_is_raw_came_from_outside_and_what_is_out_is_used_by_no_raw_or_core() -> None:
    for spec in ASSETS:
        layer = spec.key.to_user_string().split("_")[0]
        above = {dep.asset_key.to_user_string().split("_")[0] for dep in spec.deps}
        assert above <= {"raw": {"raw", "core"}, "core": {"raw", "core"}}.get(
            layer, {"core", "out"}
        )


def test_every_stage_leads_to_the_credits_and_to_the_bundle_of_all_that_is_under_them() -> None:
    graph = defs().resolve_asset_graph()
    roots = {spec.key for spec in ASSETS if not spec.deps}
    ways_up = {BUNDLE} | set(graph.get_ancestor_asset_keys(BUNDLE))
    assert names(roots) == {"raw_project__settings"}
    assert names(spec.key for spec in ASSETS) == names(ways_up)
    assert [key for key in ways_up if not graph.get(key).child_keys] == [BUNDLE]
    assert graph.get(CREDITS).child_keys == {BUNDLE}


def test_every_gate_has_a_check_and_one_check_demands_them_all() -> None:
    checks = defs().resolve_asset_graph().asset_check_keys
    assert set(REQUIRED_GATES) <= {check.name for check in checks}
    assert [check.asset_key for check in checks if check.name == "every_gate_passed"] == [DEMANDED]


def test_only_the_check_that_demands_all_gates_stops_a_run() -> None:
    """A single gate must not hide what the other gates would have said."""
    graph = defs().resolve_asset_graph()
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking == {"every_gate_passed"}


def test_nothing_is_credited_above_the_demand() -> None:
    graph = defs().resolve_asset_graph()
    above = names(graph.get_ancestor_asset_keys(DEMANDED))
    assert not {name for name in above if re.match(r"(core|out)_(credits|evidence)", name)}


def test_jobs_do_what_they_say() -> None:
    whole, issuance = (defs().resolve_job_def(name) for name in (WHOLE_PATH, ISSUANCE))
    assert {node.name for node in whole.nodes} >= names(spec.key for spec in ASSETS)
    assert [node.name for node in issuance.nodes] == [CREDITS.to_user_string()]
    assert {sensor.job_name for sensor in defs().sensors or ()} == {WHOLE_PATH, ISSUANCE, CHIPS}


@pytest.mark.slow
def test_dagster_opens_the_code_location(tmp_path: Path) -> None:
    """What `parkland dev` opens: found through pyproject.toml, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate"],
        cwd=ROOT,
        env=os.environ | {"PARKLAND_HOME": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "All code locations passed validation" in said
    assert "WARNING" not in said
