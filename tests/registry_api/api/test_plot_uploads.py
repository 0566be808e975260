"""Sending plots over HTTP: once whatever is repeated, good beside bad, and all of it told."""

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import pytest
from sqlalchemy import text

from registry_api.services.unit_of_work import reading
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.api.a_desk import (
    OWN,
    STRANGER,
    Desk,
    bow_tie,
    collection,
    doubled,
    some_plots,
    square,
)

UPLOADS = f"/v1/projects/{OWN}/uploads"


def test_a_file_is_taken_down_and_followed(desk: Desk) -> None:
    body = some_plots()
    sent = desk.send(body)
    assert (sent.status_code, sent.headers["Retry-After"]) == (202, "1")
    upload = sent.json()
    assert sent.headers["Location"] == f"{UPLOADS}/{upload['id']}"
    assert upload["sha256"] == hashlib.sha256(body).hexdigest()
    assert (upload["name"], upload["size_bytes"]) == ("plots.geojson", len(body))
    assert (upload["run"]["state"], upload["run"]["tally"]) == ("waiting", None)
    waiting = desk.get(sent.headers["Location"])
    assert waiting.headers["Retry-After"] == "1"
    desk.screened_address(sent)
    done = desk.get(sent.headers["Location"])
    assert "Retry-After" not in done.headers
    assert done.json()["run"]["tally"] == {
        "features": 4, "new": 3, "changed": 0, "unchanged": 0, "refused": 1, "repaired": 0,
        "warned": 0,
    }  # fmt: skip


def test_the_same_file_again_is_one_upload(desk: Desk) -> None:
    first = desk.send(some_plots())
    again = desk.send(some_plots(), "another-name.geojson")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert len(desk.get(UPLOADS).json()["items"]) == 1
    assert len([path for path in desk.kept() if path.suffix == ".age"]) == 1


def test_a_key_is_for_one_request(desk: Desk) -> None:
    key = {"Idempotency-Key": "my-own-upload"}
    first, again = (desk.send(some_plots(), **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    for other in (
        desk.send(collection(square(9)), **key),
        desk.send(some_plots(), query={"crs": "EPSG:4326"}, **key),
    ):
        assert (other.status_code, other.json()["type"]) == (422, "/problems/registry.key_reused")
    assert len(desk.get(UPLOADS).json()["items"]) == 1
    for odd in ("short", "x" * 129):
        assert desk.send(some_plots(), **{"Idempotency-Key": odd}).status_code == 422


def test_a_mended_file_brings_nothing_twice(desk: Desk) -> None:
    upload = desk.screened(some_plots())
    rejected = desk.get(f"{upload}/rejected.geojson").json()
    (feature,) = rejected["features"]
    assert feature["properties"]["parkland_codes"] == "self_crossing"
    mended = feature | {"geometry": square(4)["geometry"]}
    again = desk.screened(collection(square(1), square(2), square(3), mended))
    tally = desk.get(again).json()["run"]["tally"]
    assert (tally["new"], tally["unchanged"], tally["refused"]) == (1, 3, 0)
    with reading(desk.settings) as session:
        assert session.execute(text("SELECT count(*) FROM plots")).scalar_one() == 4


def test_what_is_refused_opens_in_every_format(desk: Desk, tmp_path: Path) -> None:
    upload = desk.screened(collection(square(1), bow_tie(2, note="=cmd()"), doubled(3)))
    for kind, media_type in (
        ("geojson", "application/geo+json"),
        ("gpkg", "application/geopackage+sqlite3"),
        ("csv", "text/csv; charset=utf-8"),
    ):
        answer = desk.get(f"{upload}/rejected.{kind}")
        assert answer.headers["Content-Type"] == media_type
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="{OWN}-to-mend.{kind}"'
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if kind == "csv":
            assert "'=cmd()" in answer.text
        else:
            place = tmp_path / f"to-mend.{kind}"
            place.write_bytes(answer.content)
            frame = gpd.read_file(place)
            assert list(frame["plot_id"]) == ["K/002"]
    assert desk.get(f"{upload}/rejected.exe").status_code == 422
    sides = [f["properties"]["side"] for f in desk.get(f"{upload}/repairs").json()["features"]]
    assert sides == ["before", "after"]


def test_a_proposal_is_accepted_by_screening_again(desk: Desk) -> None:
    upload = desk.screened(some_plots())
    (proposal,) = desk.get(f"{upload}/proposals").json()["features"]
    asked = {"accept_proposals": [proposal["properties"]["feature"]]}
    again = desk.client.post(f"{upload}/runs", json=asked, headers=desk.by(DEVELOPER))
    assert (again.status_code, again.json()["run"]["number"]) == (202, 2)
    early = desk.client.post(f"{upload}/runs", json=asked, headers=desk.by(DEVELOPER))
    assert early.status_code == 409
    desk.screened_address(again)
    tally = desk.get(upload).json()["run"]["tally"]
    assert (tally["new"], tally["unchanged"], tally["refused"]) == (1, 3, 0)


def test_columns_are_mapped_by_hand(desk: Desk) -> None:
    feature = square(1)
    properties = feature["properties"]
    assert isinstance(properties, dict)
    properties["Plot No"] = "A-1"
    body = collection(feature)
    sent = desk.send(body, query={"column": "plot_id=Plot No"})
    upload = desk.screened_address(sent)
    (shape,) = desk.get(f"{upload}/map").json()["features"]
    assert shape["properties"]["plot_id"] == "A-1"
    columns = desk.get(f"{upload}/columns").json()
    assert "farmer_name" in columns["theirs"]
    assert not any("Farmer 1" in values for values in columns["theirs"].values())
    for odd in ("plot_id", "=x", "plot id=x"):
        assert desk.send(body, query={"column": odd}).status_code == 422


def test_the_file_comes_back_to_the_byte(desk: Desk) -> None:
    upload = desk.screened(some_plots())
    answer = desk.get(f"{upload}/file", purpose="Looking at what we sent")
    assert answer.content == some_plots()
    assert answer.headers["Content-Length"] == str(len(some_plots()))
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''plots.geojson"


def test_a_file_that_cannot_be_read_is_said_so(desk: Desk) -> None:
    upload = desk.screened(b'{"type": "FeatureCollection", "features": [')
    run = desk.get(upload).json()["run"]
    assert run["fault_code"].startswith("boundaries.")
    assert run["fault"].endswith(".")
    assert run["tally"] is None
    for part in ("findings", "map", "repairs", "proposals", "columns", "rejected.geojson"):
        assert desk.get(f"{upload}/{part}").status_code == 200, part


# U05 of the attacks that are survived: what a file calls itself.
NAMES = {
    "../../../etc/passwd.kml": "passwd.kml",
    "C:\\plots\\field.kml": "field.kml",
    "/vsicurl/http://127.0.0.1:9/x.vrt": "x.vrt",
    "http://127.0.0.1:9/plots.geojson": "plots.geojson",
    "nul\x00byte.kml": "nulbyte.kml",
    "right\u202eto-left.kml": "rightto-left.kml",
    "CON": "CON",
    ".htaccess": "htaccess",
    "a" * 4_000 + ".kml": "a" * 196 + ".kml",
    "<script>alert(1)</script>.kml": "script>.kml",
    'quo"te\r\nSet-Cookie: x=1.kml': 'quo"teSet-Cookie: x=1.kml',
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_of_files_are_words_and_nothing_else(desk: Desk, name: str) -> None:
    sent = desk.send(some_plots(), name)
    assert sent.status_code == 202, sent.text
    assert sent.json()["name"] == NAMES[name]
    stored = [path.name for path in desk.kept() if path.suffix == ".age"]
    assert stored == [f"{hashlib.sha256(some_plots()).hexdigest()}.age"]
    back = desk.get(f"{sent.headers['Location']}/file", purpose="Looking")
    assert back.content == some_plots()
    assert "Set-Cookie" not in back.headers
    assert back.headers["Content-Disposition"].isascii()


@pytest.mark.parametrize("name", ["", "..", "/", "\x00", "x" * 4_097])
def test_names_that_are_none(desk: Desk, name: str) -> None:
    assert desk.send(some_plots(), name).status_code == 422
    assert desk.get(UPLOADS).json()["items"] == []


def test_uploads_are_paged(desk: Desk) -> None:
    sent = [desk.send(collection(square(n))).json()["id"] for n in range(1, 4)]
    first = desk.get(UPLOADS, limit="2")
    link = first.headers["Link"]
    second = desk.client.get(link[1 : link.index(">")], headers=desk.by(DEVELOPER))
    told = [item["id"] for page in (first, second) for item in page.json()["items"]]
    assert told == sent[::-1]


def test_a_contest_is_filed_with_evidence_and_decided(desk: Desk) -> None:
    """Against another project's plot, which is not named."""
    theirs = desk.send(collection(square(1)), by=STRANGER, project="upland-coffee")
    desk.screened_address(theirs)
    upload = desk.screened(collection(square(1, plot_id="OURS")))
    (finding,) = [
        f for f in desk.get(f"{upload}/findings").json()["items"] if f["severity"] == "error"
    ]
    assert "K/001" not in json.dumps(finding)
    assert "upland" not in json.dumps(finding)
    form = {"upload_id": upload.rpartition("/")[2], "plot_id": "OURS", "code": finding["code"],
            "statement": "It is ours; see the deed."}  # fmt: skip
    place = f"/v1/projects/{OWN}/contests"
    deed = {"evidence": ("../deed.pdf", b"%PDF-1.7 deed", "application/pdf")}
    filed = desk.client.post(place, data=form, files=deed, headers=desk.by(DEVELOPER))
    assert filed.status_code == 201, filed.text
    contest = filed.json()
    assert contest["evidence_sha256"] == hashlib.sha256(b"%PDF-1.7 deed").hexdigest()
    assert (contest["upheld"], contest["evidence_name"]) == (None, "deed.pdf")
    waiting = desk.get("/v1/contests", by=VERIFIER).json()
    assert [item["id"] for item in waiting] == [contest["id"]]
    deed_at = f"/v1/contests/{contest['id']}/evidence"
    for account, status in ((VERIFIER, 200), (DEVELOPER, 200), (STRANGER, 404), (None, 401)):
        assert desk.get(deed_at, by=account).status_code == status, account
    given = desk.get(deed_at, by=VERIFIER)
    assert given.content == b"%PDF-1.7 deed"
    assert given.headers["Content-Disposition"] == "attachment; filename*=UTF-8''deed.pdf"
    looks = desk.get(f"/v1/projects/{OWN}/private-reads").json()["items"]
    assert [look["account_id"] for look in looks if look["what"] == "evidence"].count(VERIFIER) == 2
    decide = f"/v1/contests/{contest['id']}/decision"
    decision = {"upheld": True, "statement": "The deed names the parcel."}
    for account, status in ((DEVELOPER, 403), (STRANGER, 404), (VERIFIER, 201)):
        answer = desk.client.post(decide, json=decision, headers=desk.by(account))
        assert answer.status_code == status, account
    assert desk.get(place).json()[0]["upheld"] is True
    assert desk.get("/v1/contests", by=VERIFIER).json() == []


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"upload_id": "1"}, "/upload_id"),
        ({"code": "DROP TABLE"}, "/code"),
        ({"statement": ""}, "/statement"),
        ({"upheld": "true"}, "/upheld"),
    ],
)
def test_a_contest_is_taken_literally(desk: Desk, form: dict[str, str], pointer: str) -> None:
    good = {"upload_id": "0" * 32, "plot_id": "K/001", "code": "tree_loss", "statement": "No."}
    answer = desk.client.post(
        f"/v1/projects/{OWN}/contests",
        data=good | form,
        files={"evidence": ("x.txt", b"x")},
        headers=desk.by(DEVELOPER),
    )
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


def test_evidence_goes_to_no_disk_in_plain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form reader that spools would write what is large; the fields may come after the file."""

    def spooled(*_args: object, **_keywords: object) -> None:
        raise AssertionError("the evidence was spooled")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", spooled)
    upload = desk.screened(collection(square(1)))
    deed = b"%PDF-1.7 " + b"deed" * 500_000
    told = {"upload_id": upload.rpartition("/")[2], "plot_id": "K/001", "code": "tree_loss",
            "statement": "No."}  # fmt: skip
    parts = [("evidence", ("deed.pdf", deed)), *((k, (None, v)) for k, v in told.items())]
    answer = desk.client.post(
        f"/v1/projects/{OWN}/contests", files=parts, headers=desk.by(DEVELOPER)
    )
    assert answer.status_code == 404, answer.text
    assert "does not refuse a plot" in answer.json()["detail"]


def test_a_file_that_is_no_evidence_is_refused(desk: Desk) -> None:
    answer = desk.client.post(
        f"/v1/projects/{OWN}/contests",
        data={"plot_id": "K/001"},
        files={"photo": ("x.jpg", b"x")},
        headers=desk.by(DEVELOPER),
    )
    assert answer.status_code == 422
    assert "'photo' and not 'evidence'" in answer.json()["detail"]


def test_the_catalogue_knows_every_code(desk: Desk) -> None:
    codes = {row["code"]: row for row in desk.client.get("/v1/plot-findings").json()}
    assert codes["tree_loss"]["contestable"]
    assert codes["self_crossing"]["severity"] == "error"
    upload = desk.screened(collection(square(1), bow_tie(2), doubled(3)))
    found = {f["code"]: f["severity"] for f in desk.get(f"{upload}/findings").json()["items"]}
    assert found
    assert {code: codes[code]["severity"] for code in found} == found
