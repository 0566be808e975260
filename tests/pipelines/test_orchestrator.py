"""Parts of an estimate lead to the Dagster assets that truly made them, and only some are led."""

from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
from pydantic import HttpUrl

from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import lineage_graph
from mrv.evidence.steps import STEPS
from pipelines.definitions import defs
from pipelines.execution import Outcome
from pipelines.partitions import partition_key
from registry_api.services import orchestrator
from registry_api.services.lineage_views import Tier
from tests.pipelines.conftest import PERIOD, PROJECT, Home

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]

URL = "https://dagster.example/prod/"


def test_every_file_of_a_run_and_every_asset_is_one_there_is() -> None:
    made = {name for step in STEPS for name in step.makes}
    assert made <= set(orchestrator.ASSET_OF_ARTIFACT)
    assets = {spec.key.to_user_string() for spec in defs().resolve_all_asset_specs()}
    named = {*orchestrator.ASSET_OF_ARTIFACT.values(), *orchestrator.ASSET_OF_KIND.values()}
    assert named <= assets


def test_an_asset_that_a_part_leads_to_was_made_for_its_project_and_period(
    run_home: Home, outcome: Outcome
) -> None:
    """On the real run: the address names a partition with a run, and that run left this digest."""
    document = EvidenceDocument.model_validate(outcome.stage.shelf.json("evidence"))
    settings = run_home.workspace.settings.model_copy(update={"dagster_url": HttpUrl(URL)})
    led, same = 0, 0
    for node in lineage_graph(document).nodes:
        told = orchestrator.address(settings, "verifier", PROJECT, PERIOD, node)
        if told is None:
            assert node.kind == "methodology"
            continue
        led += 1
        parts = urlsplit(told)
        assert told.startswith(URL + "assets/")
        asset = dg.AssetKey(parts.path.rsplit("/", 1)[-1])
        (partition,) = parse_qs(parts.query)["partition"]
        assert partition == partition_key(PROJECT, PERIOD)
        found = run_home.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition]), limit=1
        ).records
        assert found, told
        made = found[0].asset_materialization
        assert made is not None
        same += node.digest == made.metadata["sha256"].value
    assert led > 40
    assert same >= 8, "what an asset left last is the very file"


@pytest.mark.parametrize(
    ("tier", "url", "led"),
    [
        ("verifier", URL, True),
        ("developer", URL, True),
        ("buyer", URL, False),
        ("public", URL, False),
        ("verifier", None, False),
    ],
)
def test_only_who_may_work_with_it_is_led_there(
    outcome: Outcome,
    tier: Tier,
    url: str | None,
    led: bool,  # noqa: FBT001
) -> None:
    document = EvidenceDocument.model_validate(outcome.stage.shelf.json("evidence"))
    node = next(n for n in lineage_graph(document).nodes if n.kind == "run")
    update = {"dagster_url": HttpUrl(url) if url else None}
    settings = outcome.stage.workspace.settings.model_copy(update=update)
    told = orchestrator.address(settings, tier, PROJECT, PERIOD, node)
    assert (told is not None) is led
