"""The events of a real run, read by the client of the OpenLineage project itself."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import pytest
from openlineage.client import event_v2
from openlineage.client.generated import (
    dataset_version_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
)
from openlineage.client.serde import Serde

from pipelines import openlineage
from pipelines.execution import Outcome
from pipelines.partitions import partition_key
from tests.pipelines.conftest import PERIOD, PROJECT, Home

FACETS = {
    "parent": parent_run.ParentRunFacet,
    "jobType": job_type_job.JobTypeJobFacet,
    "version": dataset_version_dataset.DatasetVersionDatasetFacet,
    "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
}


@pytest.fixture(scope="module")
def told(outcome: Outcome, run_home: Home) -> list[dict[str, Any]]:
    """Every event of the one run over the landscape."""
    assert outcome.finished
    lines = (run_home.workspace.home / "openlineage.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


def test_each_event_is_one_by_the_projects_own_client(told: list[dict[str, Any]]) -> None:
    """Read into its classes, which refuse a bad id or time, and written again the same."""
    assert len(told) > 20
    for event in told:
        assert _bare(Serde.to_dict(_read(event))) == _bare(event)
        assert event["schemaURL"] == event_v2.RunEvent._get_schema()


@pytest.mark.parametrize(
    ("part", "wrong"),
    [("eventTime", "yesterday"), ("eventType", "DONE"), ("run", {"runId": "7"})],
)
def test_the_client_refuses_what_is_no_event(
    told: list[dict[str, Any]], part: str, wrong: object
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _read(told[0] | {part: wrong})


def test_each_step_starts_once_and_ends_once(told: list[dict[str, Any]], outcome: Outcome) -> None:
    kinds: dict[str, list[str]] = {}
    for event in told:
        kinds.setdefault(event["job"]["name"].rpartition(".")[2], []).append(event["eventType"])
    assert kinds == {step: ["START", "COMPLETE"] for step in outcome.finished}
    assert len({event["run"]["facets"]["parent"]["run"]["runId"] for event in told}) == 1


def test_from_the_credits_the_data_sets_lead_back_to_the_plots(
    told: list[dict[str, Any]], outcome: Outcome
) -> None:
    """What a step read is what another wrote, at the same digest; the evidence is the shelf's."""
    made, made_from = {}, {}
    for event in told:
        for output in event["outputs"]:
            made[output["name"]] = output["facets"]["version"]["datasetVersion"]
            made_from[output["name"]] = {d["name"]: d for d in event["inputs"]}
    where = partition_key(PROJECT, PERIOD)
    waiting, reached = [n for n in made if n.startswith("out_registry__credits.")], set()
    while waiting:
        name = waiting.pop()
        if name in made and name not in reached:
            reached.add(name)
            for below, data in made_from[name].items():
                if below in made:
                    assert data["facets"]["version"]["datasetVersion"] == made[below]
                waiting.append(below)
    assert {f"core_plots__screened.{where}", f"core_trees__biomass.{where}"} <= reached
    evidence = [n for n in made if "evidence" in n]
    assert outcome.stage.shelf.note("evidence").sha256 in {made[n] for n in evidence}


def test_a_failing_step_is_told_and_a_silent_catalogue_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.asset
    def breaks() -> None:
        raise RuntimeError("on purpose")

    hooks = {openlineage.tell_catalogue_done, openlineage.tell_catalogue_failed}
    jobs = dg.Definitions([breaks], jobs=[dg.define_asset_job("broken", hooks=hooks)])
    job = jobs.resolve_job_def("broken")
    sink = tmp_path / "deep" / "events.jsonl"

    def run() -> bool:
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(instance=instance, raise_on_error=False).success

    with ThreadPoolExecutor(1) as thread:  # Dagster wants a thread without an event loop
        monkeypatch.setenv(openlineage.SINK, str(sink))
        assert not thread.submit(run).result()
        monkeypatch.setenv(openlineage.SINK, "http://127.0.0.1:9/api/v1/lineage")
        assert not thread.submit(run).result()
    kinds = [json.loads(line)["eventType"] for line in sink.read_text().splitlines()]
    assert kinds == ["START", "FAIL"]


def test_a_catalogue_is_posted_to(catalogue: tuple[str, list[Any]]) -> None:
    address, got = catalogue
    at = datetime(2026, 1, 1, tzinfo=UTC)
    step = openlineage.StepRun(
        run_id=str(UUID(int=7)), job="job", step="step", began_at=at, ended_at=at,
        succeeded=True, inputs=(), outputs=(openlineage.DataSet("plots", "p|2021", "0f" * 32, 3),),
    )  # fmt: skip
    openlineage.send(openlineage.events(step), address)
    assert [event["eventType"] for event in got] == ["START", "COMPLETE"]
    (output,) = got[1]["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3


@pytest.fixture
def catalogue() -> Iterator[tuple[str, list[Any]]]:
    """A server that takes events, as Marquez does, and keeps them."""
    got: list[Any] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Takes) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/v1/lineage", got
        server.shutdown()
        thread.join()


def _bare(said: Any) -> Any:  # noqa: ANN401  (JSON)
    """Leave out what is empty: the client writes a place for every facet."""
    if isinstance(said, dict):
        return {key: bare for key, value in said.items() if (bare := _bare(value)) not in ({}, [])}
    return [_bare(value) for value in said] if isinstance(said, list) else said


def _read(event: dict[str, Any]) -> event_v2.RunEvent:
    return event_v2.RunEvent(
        eventType=event_v2.RunState(event["eventType"]),
        eventTime=event["eventTime"],
        producer=event["producer"],
        run=event_v2.Run(event["run"]["runId"], _facets(event["run"].get("facets", {}))),
        job=event_v2.Job(
            event["job"]["namespace"], event["job"]["name"], _facets(event["job"]["facets"])
        ),
        inputs=[
            event_v2.InputDataset(d["namespace"], d["name"], facets=_facets(d["facets"]))
            for d in event["inputs"]
        ],
        outputs=[
            event_v2.OutputDataset(
                d["namespace"],
                d["name"],
                facets=_facets(d["facets"]),
                outputFacets=_facets(d.get("outputFacets", {})),
            )
            for d in event["outputs"]
        ],
    )


def _facets(told: dict[str, Any]) -> dict[str, Any]:
    read = {}
    for name, facet in told.items():
        said = {key: value for key, value in facet.items() if not key.startswith("_")}
        if name == "parent":
            said = {
                "run": parent_run.Run(**said["run"]),
                "job": parent_run.Job(**said["job"]),
            }
        made = FACETS[name](**said, producer=facet["_producer"])
        assert facet["_schemaURL"] == made._get_schema()
        read[name] = made
    return read
