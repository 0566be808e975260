"""Uploads of plots: taken once, screened by runs; good rows go in, bad ones come back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from sqlalchemy import text

from mrv.sources.artifacts import ArtifactStore
from registry_api.db import Database
from registry_api.errors import Contradiction, KeyReused, NotAcceptable, NotAllowed, NotFound
from registry_api.services import accounts, plot_cells, plot_uploads, reports
from registry_api.services.deliveries import PLOTS, Delivery, newest_delivery, record_delivery
from registry_api.services.kept_files import KeptFiles
from registry_api.services.merged_delivery import REGISTRY_PLOTS
from registry_api.services.plot_screening import process
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.upload_views import RunChoices, Tally
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER, EXACT_LON, VERIFIER, Stage, delivery, found
from tests.registry_api.sent_plots import SIDE, Sender, bow_tie, geojson, plot, square

PROJECT = "lakeside-grevillea"
FORMATS: tuple[reports.RejectedFormat, ...] = ("gpkg", "csv")
MIXED = geojson(
    [plot("A", square(0)), plot("B", bow_tie(1)), plot("C", square(2)), plot("D", square(2.2))]
)


def count(settings: Settings, table: str) -> int:
    with reading(settings) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


@pytest.fixture
def sender(founded: Stage) -> Sender:
    """The developer of a project that has four plots already."""
    return Sender(founded.settings)


def test_good_rows_go_in_and_bad_ones_come_back(sender: Sender) -> None:
    upload = sender.send(MIXED)
    assert upload.run.state == "done"
    assert upload.run.tally == Tally(
        features=4, new=2, changed=0, unchanged=0, refused=2, repaired=0, warned=0
    )
    assert sender.errors(upload) == {"B": ["self_crossing"], "D": ["overlap"]}
    assert sender.verdicts(upload) == {1: "accepted", 2: "refused", 3: "accepted", 4: "refused"}
    back = sender.rejected(upload)["features"]
    assert [f["properties"]["plot_id"] for f in back] == ["B", "D"]
    assert [f["properties"]["parkland_codes"] for f in back] == ["self_crossing", "overlap"]
    assert all(f["properties"]["parkland_hints"].endswith(".") for f in back)
    with reading(sender.settings) as session:
        names = {cell.plot_id for cell in plot_cells.public_plots(session, PROJECT)}
    assert names == {"P-001", "P-002", "P-003", "P-004", "A", "C"}


def test_rejected_features_come_back_in_other_formats_too(sender: Sender, tmp_path: Path) -> None:
    upload = sender.send(MIXED)
    with reading(sender.settings) as session:
        gpkg, csv = (
            reports.rejected(
                session, sender.settings, PROJECT, upload.id, by=sender.account, format=kind
            )
            for kind in FORMATS
        )
    header, *rows = csv.decode("utf-8-sig").splitlines()
    assert {"plot_id", "parkland_codes", "wkt"} <= set(header.split(","))
    assert len(rows) == 2
    place = tmp_path / "refused.gpkg"
    place.write_bytes(gpkg)
    assert list(gpd.read_file(place)["plot_id"]) == ["B", "D"]


def test_the_same_file_twice_is_one_upload(sender: Sender) -> None:
    first = sender.send(MIXED)
    again = sender.receive(MIXED, "another name.geojson")
    assert (again.id, again.runs, again.name) == (first.id, 1, "plots.geojson")
    assert count(sender.settings, "plot_uploads") == 1


def test_the_mended_file_adds_only_what_was_refused(sender: Sender) -> None:
    upload = sender.send(MIXED)
    mended = sender.rejected(upload)
    for feature, ring in zip(mended["features"], (square(1), square(4)), strict=True):
        feature["geometry"]["coordinates"] = [ring]
    after = sender.send(json.dumps(mended).encode(), "mended.geojson")
    assert sender.findings(after) == []
    assert after.run.tally == Tally(2, 2, 0, 0, 0, 0, 0)


def test_the_whole_file_again_changes_nothing(sender: Sender) -> None:
    sender.send(MIXED)
    before = [count(sender.settings, t) for t in ("plots", "plot_versions", "project_deliveries")]
    again = sender.send(MIXED + b"\n")  # other bytes, the same plots
    assert again.run.tally == Tally(
        features=4, new=0, changed=0, unchanged=2, refused=2, repaired=0, warned=0
    )
    tables = ("plots", "plot_versions", "project_deliveries")
    assert [count(sender.settings, t) for t in tables] == before


def test_a_changed_boundary_supersedes(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    smaller = sender.send(geojson([plot("A", square(0, side=SIDE * 0.9))]))
    assert smaller.run.tally == Tally(1, 0, 1, 0, 0, 0, 0)


def test_a_proposal_that_is_accepted_goes_in(sender: Sender) -> None:
    """D lies on C's land with a part of its own; the proposal leaves C's land out."""
    data = geojson([plot("C", square(2)), plot("D", square(2.2, side=SIDE * 2))])
    upload = sender.send(data)
    assert sender.errors(upload) == {"D": ["overlap"]}
    with reading(sender.settings) as session:
        proposed = reports.proposals(
            session, sender.settings, PROJECT, upload.id, by=sender.account
        )["features"]
    assert [p["properties"]["feature"] for p in proposed] == [2]
    run = sender.again(upload.id, RunChoices({}, accept_proposals=(2,)))
    assert run.tally is not None
    assert (run.number, run.tally.new, run.tally.unchanged, run.tally.refused) == (2, 1, 1, 0)


def odd(name: str, column: float) -> dict[str, Any]:
    """A plot whose id has a name that nobody would guess."""
    feature = plot(name, square(column))
    feature["properties"]["zz_label"] = feature["properties"].pop("plot_id")
    return feature


def test_columns_are_guessed_stated_and_saved(sender: Sender) -> None:
    upload = sender.send(
        geojson([odd("A", 0), odd("B", 1)]), choices=RunChoices({"plot_id": "zz_label"})
    )
    assert upload.run.tally == Tally(2, 2, 0, 0, 0, 0, 0)
    with reading(sender.settings) as session:
        view = plot_uploads.columns(session, sender.settings, PROJECT, upload.id, by=sender.account)
        held = session.execute(text("SELECT plot_id FROM plots")).scalars().all()
    assert {"A", "B"} <= set(held)
    guesses = {guess.ours: guess for guess in view.guesses}
    assert (guesses["plot_id"].theirs, guesses["plot_id"].why) == ("zz_label", "as you mapped it")
    assert guesses["farmer_id"].why == "it has our name"
    assert guesses["farmer_name"].private
    assert view.theirs["zz_label"] == ("A", "B")
    assert view.theirs["farmer_name"] == view.theirs["farmer_phone"] == ()

    other = sender.send(geojson([odd("E", 6)]))
    with reading(sender.settings) as session:
        saved = plot_uploads.columns(session, sender.settings, PROJECT, other.id, by=sender.account)
    assert sender.errors(other) == {}
    assert next(g for g in saved.guesses if g.ours == "plot_id").why == "saved with an earlier file"


def test_a_file_is_not_named_by_shape_before_somebody_was_asked(sender: Sender) -> None:
    """Plots named by shape would refuse themselves as doubles once their ids are mapped."""
    crossed = odd("B", 1) | {"geometry": plot("B", bow_tie(1))["geometry"]}
    upload = sender.send(geojson([odd("A", 0), crossed]))
    assert (upload.run.state, upload.run.fault_code) == ("failed", "upload.no_plot_id")
    assert count(sender.settings, "plots") == 4
    mapped = sender.again(upload.id, RunChoices({"plot_id": "zz_label"}))
    assert mapped.tally == Tally(2, 1, 0, 0, 1, 0, 0)
    back = sender.rejected(upload)
    back["features"][0]["geometry"] = plot("B", square(1))["geometry"]
    mended = sender.send(json.dumps(back).encode())  # its columns are known by now
    assert mended.run.tally == Tally(1, 1, 0, 0, 0, 0, 0)


def test_a_file_without_ids_is_named_by_shape_where_somebody_says_so(sender: Sender) -> None:
    file = geojson([odd("A", 0)])
    first = sender.send(file, choices=RunChoices({"plot_id": ""}))
    assert first.run.tally == Tally(1, 1, 0, 0, 0, 0, 0)
    again = sender.send(file + b"\n")  # remembered with these columns
    assert again.run.tally == Tally(1, 0, 0, 1, 0, 0, 0)


def test_a_file_that_cannot_be_read_costs_a_sentence(sender: Sender) -> None:
    upload = sender.send(b"\x00 this is no plot file", "plots.geojson")
    assert upload.run.state == "failed"
    assert upload.run.fault_code.startswith("boundaries.")
    assert upload.run.fault
    assert upload.run.tally is None
    assert sender.findings(upload) == []
    assert sender.rejected(upload)["features"] == []


def test_a_column_that_is_not_there_costs_a_sentence(sender: Sender) -> None:
    upload = sender.send(MIXED, choices=RunChoices({"plot_id": "nowhere"}))
    assert upload.run.state == "failed"
    assert "nowhere" in upload.run.fault
    run = sender.again(upload.id, RunChoices({}))
    assert run.state == "done"


def test_shapes_are_shown_before_they_are_judged(sender: Sender) -> None:
    waiting = sender.receive(MIXED)
    assert waiting.run.state == "waiting"
    assert sender.verdicts(waiting) == {}
    seen: list[dict[int, str]] = []

    def look(step: str, _done: int, _total: int) -> None:
        if step == "screening" and not seen:
            seen.append(sender.verdicts(waiting))

    process(sender.settings, waiting.id, 1, look)
    assert seen == [dict.fromkeys((1, 2, 3, 4), "pending")]


def test_one_run_after_the_other(sender: Sender) -> None:
    waiting = sender.receive(MIXED)
    with (
        pytest.raises(Contradiction, match="has not ended"),
        unit_of_work(sender.settings) as session,
    ):
        plot_uploads.run_again(session, PROJECT, waiting.id, RunChoices({}), by=sender.account)


def test_a_key_names_one_request(sender: Sender) -> None:
    with unit_of_work(sender.settings) as session:
        sent = {"name": "a.geojson", "size_bytes": 1, "by": sender.account}
        key = "a-key-of-mine"
        first, new = plot_uploads.receive(
            session, PROJECT, sha256="a" * 64, idempotency_key=key, **sent
        )
        again, also_new = plot_uploads.receive(
            session, PROJECT, sha256="a" * 64, idempotency_key=key, **sent
        )
        assert (new, also_new, first.id) == (True, False, again.id)
        with pytest.raises(KeyReused):
            plot_uploads.receive(session, PROJECT, sha256="b" * 64, idempotency_key=key, **sent)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\plots\\a.kml", "a.kml"), ("a\x00\u202eb.kml", "ab.kml")],
)
def test_names_are_only_shown(sender: Sender, given: str, kept: str) -> None:
    assert sender.receive(given.encode(), given).name == kept


@pytest.mark.parametrize("name", ["", "   ", "a/", "\x00"])
def test_a_file_needs_a_name(sender: Sender, name: str) -> None:
    with pytest.raises(NotAcceptable, match="name"):
        sender.receive(b"x", name)


def test_other_developers_do_not_find_it(sender: Sender) -> None:
    upload = sender.send(MIXED)
    with unit_of_work(sender.settings) as session:
        stranger = accounts.register_account(session, "far-away", "Far away", "developer")
        registrar = accounts.account(session, "the-registrar")
    where = (sender.settings, PROJECT, upload.id)
    for by in (stranger, registrar):
        with reading(sender.settings) as session:
            with pytest.raises(NotFound, match=f"no project '{PROJECT}'"):
                plot_uploads.upload(session, PROJECT, upload.id, by=by)
            with pytest.raises(NotFound, match=f"no project '{PROJECT}'"):
                plot_uploads.uploads(session, PROJECT, by=by)
            with pytest.raises(NotFound, match=f"no project '{PROJECT}'"):
                plot_uploads.columns(session, *where, by=by)
            for ask in (
                reports.findings, reports.map_features, reports.repairs, reports.proposals,
                reports.rejected, plot_uploads.raw_file,
            ):  # fmt: skip
                with pytest.raises(NotFound, match=f"no project '{PROJECT}'"):
                    ask(session, *where, by=by, purpose="curiosity")
    with pytest.raises(NotFound), unit_of_work(sender.settings) as session:
        plot_uploads.run_again(session, PROJECT, upload.id, RunChoices({}), by=stranger)


def test_an_upload_is_found_in_its_own_project_only(sender: Sender) -> None:
    upload = sender.send(MIXED)
    with unit_of_work(sender.settings) as session:
        found(session, sender.settings, project_id="hillside-cordia", shift=1.0)
    with reading(sender.settings) as session, pytest.raises(NotFound, match="no upload"):
        plot_uploads.upload(session, "hillside-cordia", upload.id, by=sender.account)


def test_a_verifier_looks_and_does_not_bring(sender: Sender) -> None:
    upload = sender.send(MIXED)
    verifier = Sender(sender.settings, account_id=VERIFIER)
    assert verifier.upload(upload.id).run.state == "done"
    with pytest.raises(NotAllowed, match="Only the developer"):
        verifier.receive(b"x")


def test_uploads_are_listed_newest_first(sender: Sender) -> None:
    ids = [sender.receive(bytes([n]), f"{n}.kml").id for n in range(5)]
    with reading(sender.settings) as session:
        first = plot_uploads.uploads(session, PROJECT, by=sender.account, limit=3)
        rest = plot_uploads.uploads(
            session, PROJECT, by=sender.account, limit=3, cursor=first.next_cursor
        )
    assert [u.id for u in (*first.items, *rest.items)] == ids[::-1]
    assert rest.next_cursor is None


def test_findings_come_in_pages(sender: Sender) -> None:
    upload = sender.send(MIXED)
    with reading(sender.settings) as session:
        first = reports.findings(
            session, sender.settings, PROJECT, upload.id, by=sender.account, limit=1
        )
        second = reports.findings(
            session, sender.settings, PROJECT, upload.id, by=sender.account, limit=1,
            cursor=first.next_cursor,
        )  # fmt: skip
        none = reports.findings(
            session, sender.settings, PROJECT, upload.id, by=sender.account, severity="repair"
        )
    assert [f.plot_id for f in (*first.items, *second.items)] == ["B", "D"]
    assert second.next_cursor is None
    assert none.items == ()


def test_a_registered_neighbour_refuses_and_is_not_named_abroad(sender: Sender) -> None:
    """P-001 of the same project is named, a plot of another project is not."""
    west, south = EXACT_LON + 0.0005, -0.123457
    over_own = [(west, south), (west + SIDE, south), (west + SIDE, south + SIDE), (west, south)]
    upload = sender.send(geojson([plot("N", over_own)]))
    [finding] = [f for f in sender.findings(upload) if f.severity == "error"]
    assert "P-001" in finding.message
    with unit_of_work(sender.settings) as session:
        found(session, sender.settings, project_id="hillside-cordia", shift=1.0)
    other = Sender(sender.settings, "hillside-cordia")
    abroad = other.send(geojson([plot("N", over_own)]))
    [finding] = [f for f in other.findings(abroad) if f.severity == "error"]
    assert "another project" in finding.message
    assert "P-001" not in finding.message
    assert PROJECT not in finding.message


def test_the_next_delivery_has_the_plots_held(sender: Sender) -> None:
    sender.send(MIXED)
    with reading(sender.settings) as session:
        delivered = newest_delivery(session, PROJECT)
    before = delivery(PROJECT)
    assert delivered.names == {**before.names, PLOTS: REGISTRY_PLOTS}
    assert {k: v for k, v in delivered.files.items() if k != PLOTS} == {
        k: v for k, v in before.files.items() if k != PLOTS
    }
    store = KeptFiles(sender.settings)
    table = store.get_table(delivered.files[PLOTS])
    assert list(table["plot_id"]) == ["A", "C", "P-001", "P-002", "P-003", "P-004"]
    assert list(table["farmer_id"])[:2] == ["F-A", "F-C"]
    assert not {"farmer_name", "farmer_phone"} & set(table.columns)


def test_a_folder_s_plots_that_cannot_be_read_are_not_left_behind_in_silence(
    founded: Stage,
) -> None:
    """The next file replaces them, says so and why; they are kept, to be mended."""
    sender = Sender(founded.settings)
    sha256 = KeptFiles(founded.settings).put_bytes(b"not a map", private=True)
    with founded.registry.writing() as session:
        held = newest_delivery(session, PROJECT)
        record_delivery(session, PROJECT, replace(held, files={**held.files, PLOTS: sha256}))
    upload = sender.send(geojson([plot("A", square(0))]), "more.geojson")
    assert upload.run.tally == Tally(1, 1, 0, 0, 0, 0, 0)
    (finding,) = [one for one in sender.findings(upload) if one.feature == 0]
    assert finding.code == "folder_not_taken_in"
    with reading(founded.settings) as session:
        first, _second = plot_uploads.uploads(session, PROJECT, by=sender.account).items
    assert (first.sha256, first.run.state) == (sha256, "failed")
    assert "(plots.geojson)" in finding.message
    assert finding.message.endswith(first.run.fault)
    again = sender.send(geojson([plot("B", square(1))]), "next.geojson")
    assert [one for one in sender.findings(again) if one.feature == 0] == []


def test_plots_of_a_folder_that_was_never_run_are_screened_first(
    registry: Database, settings: Settings
) -> None:
    """They come in as an upload of their own, with a report of their own."""
    in_the_open = ArtifactStore(settings.artifact_root)  # as before such files were private
    in_folder = geojson([plot("F-1", square(10)), plot("F-2", bow_tie(11))])
    with registry.writing() as session:
        farm = found(session, settings, plots=1)
        held = delivery(PROJECT)
        record_delivery(
            session,
            farm.project.id,
            Delivery(
                files={**held.files, PLOTS: in_the_open.put_bytes(in_folder)},
                names=held.names,
                catalog="",
                taken_in_on=held.taken_in_on,
            ),
        )
    sender = Sender(settings)
    upload = sender.send(geojson([plot("A", square(0))]), "more.geojson")
    assert upload.run.state == "done"
    with reading(settings) as session:
        listed = plot_uploads.uploads(session, PROJECT, by=sender.account).items
        delivered = newest_delivery(session, PROJECT)
    assert [(u.name, u.run.state) for u in listed] == [
        ("plots.geojson", "done"),
        ("more.geojson", "done"),
    ]
    assert sender.errors(listed[0]) == {"F-2": ["self_crossing"]}
    table = KeptFiles(settings).get_table(delivered.files[PLOTS])
    assert list(table["plot_id"]) == ["A", "F-1", "P-001"]
    assert not in_the_open.has(listed[0].sha256)
    assert not in_the_open.has(delivered.files[PLOTS])
    assert delivered.names[PLOTS] == REGISTRY_PLOTS
    assert listed[0].uploaded_by == DEVELOPER
