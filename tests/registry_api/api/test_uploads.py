"""Projects brought over HTTP: taken in whole, once, from their developer; or refused in a sentence.

Every refusal here leaves the registry as it was, which the helper `refused` looks at itself.
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text

from mrv.sources.artifacts import ArtifactStore
from registry_api.api.problems import Problem
from registry_api.app import create_app
from registry_api.db import database
from registry_api.services import accounts, archives, ledger
from registry_api.services.deliveries import newest_delivery
from registry_api.services.kept_files import KeptFiles
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.an_upload import PROJECT_ID, TOML, ZIP, a_project, zipped

STRANGER = "somebody-else"
CHANGED = a_project() | {"field/trees.csv": b"plot_id,tree_id\nP-1,1\n"}


@dataclass
class Desk:
    """An API with accounts and no project."""

    client: TestClient
    settings: Settings
    keys: Mapping[str, str]

    def send(self, body: bytes, *, by: str = DEVELOPER, **headers: str) -> Response:
        bearing = {"Authorization": f"Bearer {self.keys[by]}"}
        return self.client.post("/v1/projects", content=body, headers=ZIP | bearing | headers)

    def state(self) -> list[tuple[object, ...]]:
        with reading(self.settings) as session:
            return [
                tuple(row)
                for table in ("projects", "project_versions", "project_deliveries",
                              "monitoring_periods", "ledger_entries", "accounts")
                for row in session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608  fixed names
            ]  # fmt: skip

    def refused(self, body: bytes, status: int, code: str, **sent: str) -> str:
        """Send what must be refused; gives the sentence."""
        before = self.state()
        answer = self.send(body, **sent)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = Problem.model_validate_json(answer.content)
        assert problem.type == f"/problems/{code}"
        assert len(problem.detail) < 1100
        assert self.state() == before
        return problem.detail


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    with unit_of_work(settings) as session:
        keys = {}
        for account, role in ((DEVELOPER, "developer"), (STRANGER, "developer"),
                              (VERIFIER, "verifier")):  # fmt: skip
            accounts.register_account(session, account, account, role)  # type: ignore[arg-type]
            keys[account] = accounts.create_key(session, account)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield Desk(client, settings, keys)
    database(settings.database).close()


@pytest.mark.parametrize("within", ["", "hilltop/"], ids=["at the root", "in its folder"])
def test_a_project_is_taken_in_by_content(desk: Desk, within: str) -> None:
    files = a_project() | {"README.md": b"For people."}
    answer = desk.send(zipped(files, within=within))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/projects/{PROJECT_ID}"
    taken, look_next = answer.json()["taken_in"], answer.json()["look_next"]
    assert (taken["project_id"], taken["version"]) == (PROJECT_ID, 1)
    assert [period["id"] for period in taken["periods"]] == ["2021-2024", "2024-2090"]
    assert taken["left_out"] == [f"{within}README.md"]
    assert [file["name"] for file in taken["files"]] == [
        "project.toml",
        "plots.geojson",
        "trees.csv",
    ]
    for address in look_next.values():
        assert desk.client.get(address).status_code == 200, address
    with reading(desk.settings) as session:
        delivery = newest_delivery(session, PROJECT_ID)
        assert ledger.verify_chain(session).first_bad is None
    store = KeptFiles(desk.settings)
    assert store.get_bytes(delivery.files["trees"]) == files["field/trees.csv"]
    in_the_open = ArtifactStore(desk.settings.artifact_root)
    assert {role for role, sha256 in delivery.files.items() if in_the_open.has(sha256)} == {
        "project.toml"
    }
    assert delivery.catalog == "https://scenes.example/catalog.json"


def test_the_same_again_is_answered_the_same(desk: Desk) -> None:
    body = zipped(a_project())
    first = desk.send(body)
    before = desk.state()
    again = desk.send(body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert desk.state() == before


def test_the_same_at_once_is_one_delivery(desk: Desk) -> None:
    body = zipped(a_project())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: desk.send(body), range(4)))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 201]
    assert len({a.text for a in answers}) == 1


def test_changed_files_are_another_delivery(desk: Desk) -> None:
    desk.send(zipped(a_project()))
    answer = desk.send(zipped(CHANGED))
    assert (answer.status_code, answer.json()["taken_in"]["version"]) == (201, 2)
    assert desk.client.get(f"/v1/projects/{PROJECT_ID}").json()["version"] == 1


def test_what_a_mac_adds_is_no_matter(desk: Desk) -> None:
    files = a_project() | {"__MACOSX/._project.toml": b"x", "__MACOSX/project.toml": b"x"}
    answer = desk.send(zipped(files))
    assert (answer.status_code, answer.json()["taken_in"]["left_out"]) == (201, [])


def test_a_project_needs_no_trees(desk: Desk) -> None:
    files = a_project({'trees = "field/trees.csv"\n': ""})
    taken = desk.send(zipped(files)).json()["taken_in"]
    assert [file["role"] for file in taken["files"]] == ["project.toml", "plots"]
    assert taken["left_out"] == ["field/trees.csv"]


# Who may


def test_no_key_and_none_of_the_body_is_read(desk: Desk) -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(3):
            read += 1
            yield b"x" * 1000

    answer = desk.client.post("/v1/projects", content=zipped(a_project()), headers=ZIP)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    answer = desk.client.post("/v1/projects", content=pieces(), headers=ZIP)
    assert answer.status_code == 401


def test_only_developers_bring_projects(desk: Desk) -> None:
    told = desk.refused(zipped(a_project()), 403, "registry.not_allowed", by=VERIFIER)
    assert "is a verifier" in told


def test_a_developer_brings_its_own_projects(desk: Desk) -> None:
    told = desk.refused(zipped(a_project()), 403, "registry.not_allowed", by=STRANGER)
    assert f"names the developer '{DEVELOPER}'" in told


def test_nobody_takes_over_anothers_project(desk: Desk) -> None:
    desk.send(zipped(a_project()))
    body = zipped(a_project({f'"{DEVELOPER}"': f'"{STRANGER}"'}))
    told = desk.refused(body, 403, "registry.not_allowed", by=STRANGER)
    assert "belongs to another developer" in told


# What is no zip of a project


def test_other_kinds_of_bodies(desk: Desk) -> None:
    for kind in ("multipart/form-data; boundary=x", "application/json", ""):
        desk.refused(zipped(a_project()), 415, "request.media_type", **{"Content-Type": kind})


def test_unknown_words_in_the_query(desk: Desk) -> None:
    bearing = {"Authorization": f"Bearer {desk.keys[DEVELOPER]}"}
    answer = desk.client.post(
        "/v1/projects?dry_run=yes", content=zipped(a_project()), headers=ZIP | bearing
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "dry_run")
    assert desk.client.get(f"/v1/projects/{PROJECT_ID}").status_code == 404


def test_more_than_is_taken_in_one_piece_or_in_many(desk: Desk) -> None:
    desk.refused(b"x" * (archives.LARGEST_UPLOAD_BYTES + 1), 413, "request.too_large")
    piece = b"x" * 8_000_000

    def pieces() -> Iterator[bytes]:
        for _ in range(9):
            yield piece

    bearing = {"Authorization": f"Bearer {desk.keys[DEVELOPER]}"}
    answer = desk.client.post("/v1/projects", content=pieces(), headers=ZIP | bearing)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/request.too_large")
    assert "64 MB" in answer.json()["detail"]


def altered(**central: int) -> Callable[[], bytes]:
    """A project whose trees.csv says something else of itself in the archive's list of contents."""
    places = {"flags": (8, "<H"), "packing": (10, "<H"), "size": (24, "<I"),
              "attributes": (38, "<I"), "offset": (42, "<I")}  # fmt: skip

    def make() -> bytes:
        body = bytearray(zipped(a_project()))
        entry = body.rindex(b"PK\x01\x02")
        for field, value in central.items():
            offset, form = places[field]
            struct.pack_into(form, body, entry + offset, value)
        return bytes(body)

    return make


def bomb() -> bytes:
    return zipped(a_project() | {"more.csv": b"0" * 20_000_000})


def large() -> bytes:
    """Each file within the ratio, all of them together too much."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive:
        for path, data in a_project().items():
            archive.writestr(path, data)
        for number in range(9):
            archive.writestr(f"{number}.csv", b"x" * 1_000_000)
    raw = bytearray(body.getvalue())
    at = -1
    while (at := raw.find(b"PK\x01\x02", at + 1)) >= 0:
        (size,) = struct.unpack_from("<I", raw, at + 20)
        struct.pack_into("<I", raw, at + 24, size * 50)
    return bytes(raw)


def many(count: int) -> Callable[[], bytes]:
    return lambda: zipped(a_project() | {f"{n}.txt": b"" for n in range(count)})


def named(*names: str) -> Callable[[], bytes]:
    def make() -> bytes:
        body = io.BytesIO(zipped(a_project()))
        with zipfile.ZipFile(body, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a name that is there already
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), b"x")
        return body.getvalue()

    return make


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "damaged"),
    "no zip": (lambda: b"PK" + b"x" * 500, "damaged"),
    "cut short": (lambda: zipped(a_project())[:-30], "damaged"),
    "cut in the middle": (lambda: zipped(a_project())[:300], "damaged"),
    "bomb": (bomb, "ratio"),
    "bomb that says it is small": (altered(size=1), "damaged"),
    "too large unpacked": (large, "unpacked_size"),
    "51 files": (many(48), "members"),
    "10,000 files": (many(10_000), "members"),
    "encrypted": (altered(flags=0x1), "encrypted"),
    "strongly encrypted": (altered(flags=0x41), "encrypted"),
    "symlink": (altered(attributes=0o120777 << 16), "link"),
    "device": (altered(attributes=0o020666 << 16), "link"),
    "lzma": (altered(packing=14), "packing"),
    "overlapping": (altered(offset=0), "overlap"),
    "slip": (named("../evil.csv"), "path"),
    "slip within": (named("field/../../evil.csv"), "path"),
    "absolute": (named("/etc/cron.d/evil"), "path"),
    "windows": (named("C:/evil.csv"), "path"),
    "backslashes": (named("field\\..\\evil.csv"), "path"),
    "endless name": (named("n" * 5000), "name"),
    "reversing name": (named("\u202eevil.csv"), "name"),
    "twice": (named("field/trees.csv"), "duplicate"),
    "no project.toml": (
        lambda: zipped({k: v for k, v in a_project().items() if k != "project.toml"}),
        "project_missing",
    ),
    "project.toml too deep": (lambda: zipped(a_project(), within="a/b/"), "project_missing"),
    "two projects": (
        lambda: zipped(a_project() | {"other/project.toml": TOML.encode()}),
        "two_projects",
    ),
    "no plots": (
        lambda: zipped({k: v for k, v in a_project().items() if k != "plots.geojson"}),
        "file_missing",
    ),
}


@pytest.mark.parametrize(("make", "fault"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_archives_are_refused_in_a_sentence(
    desk: Desk, make: Callable[[], bytes], fault: str
) -> None:
    told = desk.refused(make(), 422, f"upload.{fault}")
    assert told.endswith(".")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("old", "new", "fault", "told"),
    [
        ('country = "KE"', 'country = "Kenya"', "settings", "country"),
        ('name = "Hilltop markhamia"', "name = [", "settings", "not valid TOML"),
        ('name = "Hilltop markhamia"', "x = " + "[" * 1900, "settings", "nested too deeply"),
        ("version = 1", "version = " + "9" * 5000, "settings_size", "shorten"),
        ("version = 1", "a" + ".a" * 40_000 + " = 1", "settings_size", "shorten"),
        ('"plots.geojson"', '"../plots.geojson"', "file_missing", "inputs.plots"),
        ('"plots.geojson"', '"/etc/passwd"', "file_missing", "/etc/passwd"),
        ('"plots.geojson"', '""', "file_missing", "inputs.plots"),
        ('"plots.geojson"', '"field"', "file_missing", "inputs.plots"),
    ],
)
def test_wrong_settings_are_a_sentence(
    desk: Desk, old: str, new: str, fault: str, told: str
) -> None:
    assert told in desk.refused(zipped(a_project({old: new})), 422, f"upload.{fault}")


@pytest.mark.parametrize(
    "location",
    [
        "scenes/catalog.json",
        "file:///etc/passwd",
        "s3://bucket/catalog.json",
        "https://",
        "http://127.0.0.1:8000/",
        "http://localhost/",
        "http://localhost./",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[broken/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://010.0.0.1/",
        "http://metadata.google.internal/",
        "https://user:secret@scenes.example/",
    ],
)
@pytest.mark.parametrize("source", ["catalog", "api"])
def test_scenes_are_fetched_from_public_addresses_only(
    desk: Desk, source: str, location: str
) -> None:
    changes = {
        '"catalog"': f'"{source}"',
        '"https://scenes.example/catalog.json"': f'"{location}"',
    }
    told = desk.refused(zipped(a_project(changes)), 422, "upload.catalog")
    assert "imagery.location" in told


def test_other_encodings_are_a_sentence(desk: Desk) -> None:
    files = a_project() | {"project.toml": TOML.encode("utf-16")}
    assert "UTF-8" in desk.refused(zipped(files), 422, "upload.settings")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version = 1", "version = 99", "no methodology file"),
        (f'id = "{PROJECT_ID}"', 'id = "two--dashes"', "serial"),
        ('"east_africa_farm"', '"east_africa_farm"\nbioclim_e = nan', "JSON"),
    ],
)
def test_what_cannot_be_registered_is_a_sentence(desk: Desk, old: str, new: str, told: str) -> None:
    body = zipped(a_project({old: new}))
    assert told in desk.refused(body, 422, "registry.not_acceptable")


def test_dates_of_a_registered_period_stay(desk: Desk) -> None:
    desk.send(zipped(a_project()))
    body = zipped(a_project({"start = 2021-02-01": "start = 2021-03-01"}))
    assert "never change" in desk.refused(body, 409, "registry.contradiction")
