"""Telling other catalogues of every step as OpenLineage events, to a file or an endpoint.

A step of a run is an OpenLineage run of its own: it starts, and completes or fails. Data sets are
named as Dagster names the assets, one for each project and period; their version is the sha-256 of
what the step read or wrote. A catalogue that does not answer stops no run.

Source:
    OpenLineage specification 2-0-2, RunEvent; facets Parent 1-2-0, DatasetVersion 1-0-1,
    OutputStatistics 1-0-2, JobType 2-0-4.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import dagster as dg
import requests

from registry_api.services import clock
from registry_api.settings import Settings

SINK: Final = "PARKLAND_OPENLINEAGE"
"""Setting: a file that events are appended to, or the http(s) address that they are posted to."""

_SPEC: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS: Final = "https://openlineage.io/spec/facets"
_PRODUCER: Final = "urn:parkland:pipelines"
_NAMESPACE: Final = "parkland"
_READ_FROM: Final = "dagster/input_data_version/"
_PATIENCE_S: Final = 5.0

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataSet:
    """One asset of one project and period, at one content.

    Attributes:
        asset: Name of the Dagster asset.
        partition: Of project and period; empty where the asset has none.
        sha256: Of its content.
        rows: Of the table; None where it is none.
    """

    asset: str
    partition: str
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class StepRun:
    """What happened in one step of a Dagster run."""

    run_id: str
    job: str
    step: str
    began_at: datetime
    ended_at: datetime
    succeeded: bool
    inputs: Sequence[DataSet]
    outputs: Sequence[DataSet]


def events(step: StepRun) -> tuple[Event, Event]:
    """Write the two events of a step: that it started, and how it ended."""
    ended: Literal["COMPLETE", "FAIL"] = "COMPLETE" if step.succeeded else "FAIL"
    inputs = [_data_set(each) for each in step.inputs]
    outputs = [_data_set(each, statistics=True) for each in step.outputs]
    return (
        _event(step, "START", step.began_at, inputs, []),
        _event(step, ended, step.ended_at, inputs, outputs),
    )


def send(told: Sequence[Event], sink: str) -> None:
    """Append events to a file, or post them one by one to a catalogue.

    Raises:
        OSError: If the file cannot be written or the catalogue does not take them.
    """
    if sink.startswith(("http://", "https://")):
        for event in told:
            requests.post(sink, json=event, timeout=_PATIENCE_S).raise_for_status()
        return
    path = Path(sink)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(event, sort_keys=True)}\n" for event in told)


@dg.success_hook
def tell_catalogue_done(context: dg.HookContext) -> None:
    """Tell the catalogue, if one is set, that a step completed."""
    _tell(context, succeeded=True)


@dg.failure_hook
def tell_catalogue_failed(context: dg.HookContext) -> None:
    """Tell the catalogue, if one is set, that a step failed."""
    _tell(context, succeeded=False)


def _tell(context: dg.HookContext, *, succeeded: bool) -> None:
    sink = Settings().openlineage
    if not sink:
        return
    try:
        send(events(_step_of(context, succeeded=succeeded)), sink)
    except OSError as failed:  # requests' errors are among them
        logging.getLogger(__name__).warning(
            "OpenLineage events of %s were not taken by %s: %s", context.op.name, sink, failed
        )


def _step_of(context: dg.HookContext, *, succeeded: bool) -> StepRun:
    instance, run_id = context.instance, context.run_id
    run = instance.get_run_by_id(run_id)
    partition = run.tags.get("dagster/partition", "") if run else ""
    (stats,) = instance.get_run_step_stats(run_id, [context.step_key])
    now = clock.now()
    made = [
        event.asset_materialization
        for record in instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        if (event := record.event_log_entry).step_key == context.step_key
    ]
    outputs, inputs = [], []
    for materialization in made:
        if materialization is None:
            continue
        tags = materialization.tags or {}
        rows = materialization.metadata.get("dagster/row_count")
        outputs.append(
            DataSet(
                materialization.asset_key.to_user_string(),
                materialization.partition or partition,
                tags.get("dagster/data_version", ""),
                int(rows.value) if isinstance(rows, dg.IntMetadataValue) and rows.value else None,
            )
        )
        inputs += [
            _newest(instance, name.removeprefix(_READ_FROM), partition)
            for name in sorted(tags)
            if name.startswith(_READ_FROM)
        ]
    return StepRun(
        run_id=run_id,
        job=context.job_name,
        step=context.op.name,
        began_at=datetime.fromtimestamp(stats.start_time, UTC) if stats.start_time else now,
        ended_at=now,
        succeeded=succeeded,
        inputs=inputs,
        outputs=outputs,
    )


def _newest(instance: dg.DagsterInstance, asset: str, partition: str) -> DataSet:
    """Find what a step read: Dagster's own note of it is a hash over partitions, not the file's."""
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey.from_user_string(asset),
        asset_partitions=[partition] if partition else None,
    )
    for record in instance.fetch_materializations(wanted, limit=1).records:
        if made := record.asset_materialization:
            return DataSet(asset, partition, (made.tags or {}).get("dagster/data_version", ""))
    return DataSet(asset, partition, "")


def _event(
    step: StepRun,
    kind: Literal["START", "COMPLETE", "FAIL"],
    at: datetime,
    inputs: Sequence[Event],
    outputs: Sequence[Event],
) -> Event:
    parent = {"run": {"runId": str(UUID(step.run_id))}, "job": _job(step.job)}
    kinds = {"processingType": "BATCH", "integration": "DAGSTER", "jobType": "ASSET"}
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": _SPEC,
        "run": {
            "runId": str(uuid5(NAMESPACE_URL, f"parkland:{step.run_id}:{step.step}")),
            "facets": {"parent": _facet("1-2-0/ParentRunFacet", **parent)},
        },
        "job": {
            **_job(f"{step.job}.{step.step}"),
            "facets": {"jobType": _facet("2-0-4/JobTypeJobFacet", **kinds)},
        },
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def _job(name: str) -> dict[str, str]:
    return {"namespace": _NAMESPACE, "name": name}


def _data_set(data: DataSet, *, statistics: bool = False) -> Event:
    told: dict[str, Any] = {
        "namespace": _NAMESPACE,
        "name": ".".join(part for part in (data.asset, data.partition) if part),
        "facets": dict(_version(data)),
    }
    if statistics and data.rows is not None:
        told["outputFacets"] = {
            "outputStatistics": _facet(
                "1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=data.rows
            )
        }
    return told


def _version(data: DataSet) -> Iterator[tuple[str, Event]]:
    if data.sha256:
        yield "version", _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=data.sha256)


def _facet(schema: str, **said: object) -> dict[str, object]:
    name = schema.partition("/")[2]
    url = f"{_FACETS}/{schema}.json#/$defs/{name}"
    producer = f"{_PRODUCER}:{version('parkland')}"
    return {"_producer": producer, "_schemaURL": url, **said}
