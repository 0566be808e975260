"""Bundles: what a run leaves, that it stands on every level, and that other tools can read it."""

import json
import subprocess
from pathlib import Path

import pytest
import rdflib
from fastapi.testclient import TestClient
from httpx2 import Response

from mrv.evidence.crate import CHECKPOINT, LEDGER, LEFT_OUT, METADATA, PROVENANCE
from mrv.evidence.digest import document_digest
from mrv.sources.bundles import read_bundle, write_bundle, zip_bundle
from mrv.sources.rasters import open_scene
from mrv.verification.levels import Asked, verify
from mrv.verification.opened import Bundle
from mrv.verification.pixels import Pixels
from pipelines.bundles import BUNDLE, bundle_files_of
from pipelines.commands.verify import verify_bundle
from pipelines.execution import Outcome
from pipelines.scenes import take_scenes
from registry_api.app import create_app
from registry_api.db.models import Estimate, Project
from registry_api.services import accounts, assignments
from tests.pipelines.tampering import described, with_json

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")


@pytest.fixture(scope="module")
def files(outcome: Outcome) -> dict[str, bytes]:
    return bundle_files_of(outcome.stage)


def test_a_run_keeps_its_bundle_encrypted(outcome: Outcome, files: dict[str, bytes]) -> None:
    shelf = outcome.stage.shelf
    assert shelf.data(BUNDLE) == zip_bundle(files)
    note = shelf.note(BUNDLE)
    kept = [p for p in outcome.stage.workspace.home.rglob("*") if note.sha256 in p.name]
    assert kept
    assert all(not path.read_bytes().startswith(b"PK") for path in kept)


def test_it_stands_on_every_level_to_the_kilogram(
    outcome: Outcome, files: dict[str, bytes]
) -> None:
    scenes = take_scenes(outcome.stage.shelf)
    told: list[str] = []
    report = verify(
        Bundle(files),
        Asked(3, pixels=lambda _: Pixels(scenes, open_scene)),
        lambda what, _done, _of: told.append(what),
    )
    assert [node for node in report.nodes if node.fails] == []
    assert report.stands
    assert report.first_cause is None
    assert report.recomputed_kg == dict.fromkeys((1, 2, 3), report.stated_kg)
    assert {node.name for node in report.nodes if node.status == "stated"} == {
        "plots", "disturbances", "before_enrolment",
    }  # fmt: skip
    assert {"level 2: drawing biomass", "level 3: reading scenes"} <= set(told)
    assert report.code.startswith("The code is that of the run")


def test_no_name_of_a_farmer_and_no_draw_of_a_plot_is_in_it(
    outcome: Outcome, files: dict[str, bytes]
) -> None:
    assert {"plots.parquet", "inventory.parquet", LEDGER, CHECKPOINT} <= set(files)
    simulated = Bundle(files).document.project.simulated
    held = {name.replace("_", " ") for name in files}
    assert not any(
        name in held for name in LEFT_OUT if not (simulated and name == "delivered plots")
    )
    assert outcome.stage.delivered("trees") not in files.values()


def test_folder_and_zip_hold_the_same(files: dict[str, bytes], tmp_path: Path) -> None:
    write_bundle(files, tmp_path / "folder")
    write_bundle(files, tmp_path / "packed.zip")
    assert read_bundle(tmp_path / "folder") == read_bundle(tmp_path / "packed.zip") == files


def test_the_command_says_whether_it_stands(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(level: int) -> tuple[int, dict[str, object]]:
        code = verify_bundle(
            tmp_path / "a.zip", level, scenes="", keys=(), estimate="", as_json=True
        )
        return code, json.loads(capsys.readouterr().out)

    write_bundle(files, tmp_path / "a.zip")
    code, report = told(1)
    assert code == 0
    assert report["stands"] is True
    assert report["recomputed_kg"] == {"1": report["stated_kg"]}
    richer = with_json(files, "waterfall.json", lambda t: t["issuance"].update(credits_t=10**6))
    write_bundle(described(richer), tmp_path / "a.zip")
    code, report = told(1)
    assert code == 1
    cause = report["first_cause"]
    assert isinstance(cause, dict)
    assert cause["name"] == "evidence of waterfall"
    verify_bundle(tmp_path / "a.zip", 1, scenes="", keys=(), estimate="", as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "does not stand. First cause, at level 0, evidence of waterfall" in said


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own reader uses it
def test_an_independent_library_walks_from_the_evidence_to_every_scene(
    files: dict[str, bytes],
) -> None:
    graph = rdflib.Graph().parse(data=files[PROVENANCE], format="json-ld")
    document = Bundle(files).document
    called = rdflib.Literal(f"Evidence of {document.project.id} {document.period.id}")
    (evidence,) = graph.subjects(rdflib.RDFS.label, called)
    below = set(graph.transitive_objects(evidence, PROV.wasDerivedFrom))
    scenes = {rdflib.URIRef(f"urn:parkland:sha256:{s.item_sha256}") for s in document.scenes}
    assert scenes <= below
    assert rdflib.URIRef(f"urn:parkland:sha256:{document.methodology.digest}") in below
    for thing, made in graph.subject_objects(PROV.wasGeneratedBy):
        assert (thing, rdflib.RDF.type, PROV.Entity) in graph
        assert (made, rdflib.RDF.type, PROV.Activity) in graph
        assert set(graph.objects(thing, PROV.wasDerivedFrom)) <= set(graph.objects(made, PROV.used))
    agents = set(graph.objects(None, PROV.wasAssociatedWith))
    assert all((agent, rdflib.RDF.type, PROV.SoftwareAgent) in graph for agent in agents)
    named = {str(label) for label in graph.objects(None, rdflib.RDFS.label)}
    assert {artifact.name for artifact in document.artifacts} <= named


def test_the_validator_of_ro_crate_finds_nothing(files: dict[str, bytes], tmp_path: Path) -> None:
    python = ROOT / ".crate/bin/python"
    if not python.exists():
        pytest.skip("the validator is not here: make .crate/.ok")
    script = ROOT / "tests/pipelines/validate_crate.py"
    write_bundle(files, tmp_path / "a.zip")
    done = subprocess.run(
        [python, script, tmp_path / "a.zip"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # It would find something: a crate whose root is not described is none.
    broken = with_json(
        files,
        METADATA,
        lambda t: t["@graph"].pop(1),
    )
    write_bundle(broken, tmp_path / "b.zip")
    done = subprocess.run(
        [python, script, tmp_path / "b.zip"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1


def test_the_registry_hands_it_to_developer_and_assigned_verifier_alone(
    outcome: Outcome, files: dict[str, bytes]
) -> None:
    workspace = outcome.stage.workspace
    sha256 = document_digest(Bundle(files).document)
    with workspace.registry() as session:
        accounts.register_account(session, "other-eyes", "Other Eyes", "verifier")
        project = session.get_one(Project, outcome.stage.project_id)
        estimate = session.get_one(Estimate, sha256)
        assigned = assignments.current(session, estimate.period_key)
        assert assigned is not None
        who = {
            "developer": project.developer_id,
            "verifier": assigned.verifier_id,
            "other": "other-eyes",
        }
        keys = {name: accounts.create_key(session, account) for name, account in who.items()}
    client = TestClient(create_app(workspace.settings), base_url="http://localhost")

    def asked(name: str, purpose: str = "") -> Response:
        bearing = {"Authorization": f"Bearer {keys[name]}"} if name else {}
        address = f"/v1/estimates/{sha256}/bundle"
        return client.get(address, headers=bearing, params={"purpose": purpose} if purpose else {})

    assert asked("").status_code == 401
    assert asked("other", "Curious.").status_code == 403
    assert asked("verifier").status_code == 422
    for name, purpose in (("developer", ""), ("verifier", "Verification of the period")):
        answer = asked(name, purpose)
        assert answer.status_code == 200
        assert answer.content == zip_bundle(files)
    looks = client.get(
        f"/v1/projects/{project.id}/private-reads",
        headers={"Authorization": f"Bearer {keys['developer']}"},
    ).json()["items"]
    assert [(look["account_id"], look["what"], look["subject"]) for look in looks] == [
        (who["verifier"], "bundle", sha256)
    ]
    same = {"Sec-Fetch-Site": "same-origin"}
    client.post("/sign-in", data={"key": keys["verifier"]}, headers=same)
    from_the_desk = client.get(f"/verifications/{assigned.id}/bundle", headers=same)
    assert from_the_desk.status_code == 200
    assert from_the_desk.content == zip_bundle(files)
    assert "growing-landscape-2021-2024.zip" in from_the_desk.headers["Content-Disposition"]
