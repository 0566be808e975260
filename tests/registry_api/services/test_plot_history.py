"""Boundaries have versions, plots leave, and an upheld contest lets a plot in for its own land."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from sqlalchemy import text

from mrv.plots.places import OLD_NAME_LENGTH, name_by_shape
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.sources.boundaries import read_boundaries
from registry_api.db.nearby import plots_near
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotAuthenticated, NotFound
from registry_api.services import (
    accounts,
    clock,
    contests,
    excluded_areas,
    issuance,
    ledger,
    plot_cells,
    plot_history,
    web_sessions,
)
from registry_api.services.clock import latest_today, today
from registry_api.services.contests import Objection
from registry_api.services.deliveries import PLOTS, newest_delivery
from registry_api.services.kept_files import KeptFiles
from registry_api.services.private_store import PrivateStore
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.services.upload_views import ContestView, RunChoices, Tally
from tests.registry_api.a_registry import (
    DEVELOPER,
    EXACT_LAT,
    EXACT_LON,
    REGISTRAR,
    RULES,
    VERIFIER,
    Stage,
)
from tests.registry_api.sent_plots import SIDE, Sender, geojson, plot, square

PROJECT = "lakeside-grevillea"


@pytest.fixture
def sender(founded: Stage) -> Sender:
    return Sender(founded.settings)


# -- versions and leaving ------------------------------------------------------------------------


def test_a_superseded_boundary_keeps_its_history(issued: Stage) -> None:
    """Credits stay with the version they were issued on."""
    sender = Sender(issued.settings)
    west, south = EXACT_LON, EXACT_LAT
    smaller = list(shapely.box(west, south, west + SIDE * 0.9, south + SIDE).exterior.coords)
    upload = sender.send(geojson([plot("P-001", smaller)]))
    assert upload.run.tally is not None
    assert upload.run.tally.changed == 1
    with reading(issued.settings) as session:
        new, old = plot_history.versions(
            session, issued.settings, PROJECT, "P-001", by=sender.account
        )
        contributed = session.execute(
            text(
                "SELECT v.version FROM plot_contributions c JOIN plots p ON p.id = c.plot_key "
                "JOIN plot_versions v ON v.id = c.plot_version_id WHERE p.plot_id = 'P-001'"
            )
        ).scalar_one()
    assert (new.version, old.version, contributed) == (2, 1, 1)
    assert (len(old.batches), new.batches) == (1, ())
    assert (new.upload_id, old.upload_id) == (upload.id, "")
    assert old.boundary_sha256 != new.boundary_sha256
    assert old.commitment != new.commitment
    original = shapely.box(west, south, west + SIDE, south + SIDE)
    assert shapely.equals(shapely.geometry.shape(old.geometry), original)


def test_an_estimate_is_issued_on_the_boundary_it_was_made_with(approved: Stage) -> None:
    """A boundary that changes between estimate and issuance does not slip under the credits."""
    sender = Sender(approved.settings)
    west, south = EXACT_LON, EXACT_LAT
    smaller = list(shapely.box(west, south, west + SIDE * 0.9, south + SIDE).exterior.coords)
    sender.send(geojson([plot("P-001", smaller)]))
    with unit_of_work(approved.settings) as session:
        issuance.issue(
            session, approved.sha256, "issue-it-once", by=REGISTRAR, settings=approved.settings
        )
    with reading(approved.settings) as session:
        new, old = plot_history.versions(
            session, approved.settings, PROJECT, "P-001", by=sender.account
        )
    assert (len(old.batches), new.batches) == (1, ())


def test_a_plot_that_left_is_out_of_everything_to_come(sender: Sender) -> None:
    data = geojson([plot("A", square(0)), plot("B", square(1))])
    sender.send(data)
    box = [shapely.Polygon(square(0)).bounds]
    with unit_of_work(sender.settings) as session:
        assert len(list(plots_near(session, box))) == 1
        left = plot_history.leave(
            session, PROJECT, "A", today(), " Sold the land. ", by=sender.account
        )
        assert list(plots_near(session, box)) == []
        assert ledger.verify_chain(session).first_bad is None
        assert plot_history.exits(session, PROJECT) == {"A": today()}
        assert plot_history.exit_of(session, PROJECT, "A", by=sender.account) == left
        assert plot_history.exit_of(session, PROJECT, "B", by=sender.account) is None
        assert "A" not in {cell.plot_id for cell in plot_cells.public_plots(session, PROJECT)}
        assert len(plot_history.versions(
            session, sender.settings, PROJECT, "A", by=sender.account
        )) == 1  # fmt: skip
    assert left.reason == "Sold the land."
    again = sender.send(data + b"\n")
    assert sender.errors(again) == {"A": ["left_programme"]}
    with reading(sender.settings) as session:
        delivered = newest_delivery(session, PROJECT)
    table = KeptFiles(sender.settings).get_table(delivered.files[PLOTS])
    left_on = dict(zip(table["plot_id"], table["left_on"].fillna(""), strict=True))
    assert left_on.pop("A") == today().isoformat()
    assert set(left_on) == {"B", "P-001", "P-002", "P-003", "P-004"}
    assert not any(left_on.values())


def test_a_file_may_state_that_a_plot_left(sender: Sender) -> None:
    """The plot that follows on the same land goes in, and a run takes both as delivered."""
    left_on = today() - timedelta(days=30)
    data = geojson([plot("A", square(0), left_on=left_on.isoformat()), plot("A-2", square(0))])
    stranger = sender.send(data)  # of an A that nobody knows, the day proves nothing
    assert sender.errors(stranger) == {"A-2": ["duplicate_other_farmer"]}
    first, again = sender.send(data + b"\n"), sender.send(data + b"\n\n")
    assert (sender.errors(first), sender.errors(again)) == ({}, {})
    assert again.run.tally is not None
    assert (again.run.tally.new, again.run.tally.changed) == (0, 0)
    with reading(sender.settings) as session:
        assert plot_history.exits(session, PROJECT) == {"A": left_on}
        delivered = newest_delivery(session, PROJECT)
    store = KeptFiles(sender.settings)
    file = read_boundaries(store.get_bytes(delivered.files[PLOTS]), delivered.names[PLOTS])
    screened = screen_plots(file.frame, country="KE", rules=PlotRules.of(RULES)).plots
    held = dict(zip(screened["plot_id"], screened["left_on"], strict=True))
    assert (held["A"], held["A-2"]) == (left_on, None)


def test_land_that_was_left_can_be_taken_up_by_another(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    with unit_of_work(sender.settings) as session:
        plot_history.leave(session, PROJECT, "A", today(), "Sold the land.", by=sender.account)
    assert sender.errors(sender.send(geojson([plot("A-2", square(0))]))) == {}


def test_leaving_is_recorded_once(sender: Sender) -> None:
    with unit_of_work(sender.settings) as session:
        by = sender.account
        first = plot_history.leave(session, PROJECT, "P-001", today(), "Moved away.", by=by)
        assert plot_history.leave(session, PROJECT, "P-001", today(), "Moved away.", by=by) == first
        with pytest.raises(Contradiction, match="already"):
            plot_history.leave(session, PROJECT, "P-001", date(2025, 1, 1), "Moved away.", by=by)


def test_today_is_the_day_where_a_person_stands(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half past midnight of the second in Hanoi.
    monkeypatch.setattr(clock, "now", lambda: datetime(2031, 1, 1, 17, 30, tzinfo=UTC))
    sender.send(geojson([plot("A", square(0))]))
    with unit_of_work(sender.settings) as session:
        by = sender.account
        with pytest.raises(NotAcceptable, match="future"):
            plot_history.leave(session, PROJECT, "A", date(2031, 1, 3), "Sold.", by=by)
        plot_history.leave(session, PROJECT, "A", date(2031, 1, 2), "Sold.", by=by)
        assert plot_history.exits(session, PROJECT) == {"A": date(2031, 1, 2)}


def test_leaving_needs_a_reason_a_day_and_the_developer(sender: Sender) -> None:
    with unit_of_work(sender.settings) as session:
        by, verifier = sender.account, accounts.account(session, VERIFIER)
        with pytest.raises(NotAcceptable, match="why"):
            plot_history.leave(session, PROJECT, "P-001", today(), "  ", by=by)
        with pytest.raises(NotAcceptable, match="future"):
            plot_history.leave(
                session, PROJECT, "P-001", latest_today() + timedelta(1), "Moved.", by=by
            )
        with pytest.raises(NotAllowed):
            plot_history.leave(session, PROJECT, "P-001", today(), "Moved.", by=verifier)
        with pytest.raises(NotFound, match="no plot"):
            plot_history.leave(session, PROJECT, "Q", today(), "Moved.", by=by)


# -- contests ------------------------------------------------------------------------------------


@pytest.fixture
def cleared(founded: Stage, tmp_path: Path) -> Sender:
    """A registry that holds a loss-year raster: everything around `square` was lost in 2022."""
    place = tmp_path / "loss.tif"
    west, north = EXACT_LON - 0.02, EXACT_LAT + 0.13
    with rasterio.open(
        *(place, "w"), driver="GTiff", width=300, height=300, count=1, dtype="uint8",
        crs="EPSG:4326", transform=Affine(0.00025, 0, west, 0, -0.00025, north),
    ) as raster:  # fmt: skip
        raster.write(np.full((1, 300, 300), 22, dtype="uint8"))
    return Sender(founded.settings.model_copy(update={"loss_raster": place}))


def young(name: str, column: float, side: float = SIDE) -> dict[str, object]:
    """A plot that was enrolled two years after the loss."""
    return plot(name, square(column, side=side), enrolled_on="2024-03-01", planted_on="2024-03-01")


def objection(upload_id: str, **changes: str) -> Objection:
    stated = {"plot_id": "A", "code": "tree_loss", "statement": "Coffee was replanted."}
    return Objection(upload_id=upload_id, **(stated | changes))


def contest(sender: Sender, upload_id: str, **changes: str) -> ContestView:
    with unit_of_work(sender.settings) as session:
        return contests.file(
            session, sender.settings, PROJECT, objection(upload_id, **changes), by=sender.account
        )


def uphold(sender: Sender, contest_id: str) -> ContestView:
    with unit_of_work(sender.settings) as session:
        by = accounts.account(session, VERIFIER)
        return contests.decide(
            session, contest_id, upheld=True, statement="Seen on the ground.", by=by
        )


def test_an_upheld_contest_lets_the_plot_in_for_its_own_land_only(cleared: Sender) -> None:
    upload = cleared.send(geojson([young("A", 0), young("B", 2)]))
    assert cleared.errors(upload) == {"A": ["tree_loss"], "B": ["tree_loss"]}
    evidence = PrivateStore(cleared.settings).put_bytes(b"a photo")
    filed = contest(cleared, upload.id, evidence_name="photo.jpg", evidence_sha256=evidence)
    assert (filed.upheld, filed.evidence_name, filed.filed_by) == (None, "photo.jpg", DEVELOPER)
    assert contest(
        cleared, upload.id, evidence_name="photo.jpg", evidence_sha256=evidence
    ).id == filed.id  # fmt: skip
    assert cleared.send(geojson([young("A", 0)])).run.tally.refused == 1  # type: ignore[union-attr]

    decided = uphold(cleared, filed.id)
    assert (decided.upheld, decided.decided_by) == (True, VERIFIER)
    elsewhere = cleared.send(geojson([young("A", 4)]), "moved.geojson")
    assert cleared.errors(elsewhere) == {"A": ["tree_loss"]}
    after = cleared.send(geojson([young("A", 0), young("B", 2)]) + b"\n")
    assert cleared.errors(after) == {"B": ["tree_loss"]}
    assert [f.severity for f in cleared.findings(after) if f.plot_id == "A"] == ["warning"]


def test_who_files_and_who_decides(cleared: Sender) -> None:
    upload = cleared.send(geojson([young("A", 0)]))
    filed = contest(cleared, upload.id)
    with unit_of_work(cleared.settings) as session:
        verifier = accounts.account(session, VERIFIER)
        stranger = accounts.register_account(session, "far-away", "Far away", "developer")
        word = {"upheld": True, "statement": "Yes."}
        with pytest.raises(NotAllowed):
            contests.file(session, cleared.settings, PROJECT, objection(upload.id), by=verifier)
        with pytest.raises(NotAllowed, match="verifier"):
            contests.decide(session, filed.id, by=cleared.account, **word)
        with pytest.raises(NotFound):
            contests.decide(session, filed.id, by=stranger, **word)
        with pytest.raises(NotFound):
            contests.contests(session, PROJECT, by=stranger)
        with pytest.raises(NotAllowed):
            contests.open_contests(session, by=cleared.account)
        assert [one.id for one in contests.open_contests(session, by=verifier)] == [filed.id]
    uphold(cleared, filed.id)
    uphold(cleared, filed.id)
    with unit_of_work(cleared.settings) as session:
        verifier = accounts.account(session, VERIFIER)
        with pytest.raises(Contradiction, match="stands"):
            contests.decide(session, filed.id, upheld=False, statement="No.", by=verifier)
        assert contests.open_contests(session, by=verifier) == ()
        [shown] = contests.contests(session, PROJECT, by=cleared.account)
        assert shown.decision == "Seen on the ground."


def test_what_cannot_be_contested(cleared: Sender) -> None:
    upload = cleared.send(geojson([young("A", 0)]))
    for changes, said in (
        ({"code": "self_crossing"}, "nothing that evidence may overrule"),
        ({"code": "no_such_code"}, "nothing that evidence may overrule"),
        ({"plot_id": "B"}, "does not refuse"),
        ({"statement": " "}, "Say why"),
        ({"evidence_sha256": "a" * 64}, "evidence is not here"),
    ):
        with pytest.raises((NotAcceptable, NotFound), match=said):
            contest(cleared, upload.id, **changes)


# -- excluded areas ------------------------------------------------------------------------------


def test_excluded_areas_refuse_until_their_layer_is_replaced(sender: Sender) -> None:
    def load(column: float) -> excluded_areas.ExcludedLayerView:
        area = shapely.Polygon(square(column, side=SIDE * 2))
        frame = gpd.GeoDataFrame({"name": ["Lake shore"]}, geometry=[area], crs=4326)
        with unit_of_work(sender.settings) as session:
            return excluded_areas.load(
                session, frame.to_crs(32636), name="Reserves", kind="protected", source="gazette"
            )

    assert (load(0).version, load(0).version) == (1, 1)
    refused = sender.send(geojson([plot("A", square(0)), plot("B", square(3))]))
    assert sender.errors(refused) == {"A": ["excluded_area"]}
    [finding] = [f for f in sender.findings(refused) if f.code == "excluded_area"]
    assert "Lake shore (protected)" in finding.message
    assert load(20).version == 2
    assert sender.errors(sender.send(geojson([plot("A", square(0))]))) == {}
    with reading(sender.settings) as session:
        [layer] = excluded_areas.layers(session)
    assert (layer.name, layer.version, layer.areas) == ("Reserves", 2, 1)


def test_a_layer_without_areas_or_place_is_refused(sender: Sender) -> None:
    point = gpd.GeoDataFrame({"name": ["x"]}, geometry=[shapely.Point(34, 0)], crs=4326)
    area = gpd.GeoDataFrame({"name": ["x"]}, geometry=[shapely.box(34, 0, 35, 1)])
    with unit_of_work(sender.settings) as session:
        for frame, kind, said in (
            (point, "protected", "polygons"),
            (area, "protected", "coordinate system"),
            (area.set_crs(4326), "holy", "kind"),
        ):
            with pytest.raises(NotAcceptable, match=said):
                excluded_areas.load(session, frame, name="L", kind=kind, source="s")


# -- web sessions --------------------------------------------------------------------------------


def test_a_session_begins_with_a_key_and_ends(founded: Stage) -> None:
    settings = founded.settings
    with unit_of_work(settings) as session:
        token = web_sessions.open(session, settings, accounts.create_key(session, DEVELOPER))
        assert web_sessions.account_of(session, token).id == DEVELOPER
        held = session.execute(text("SELECT token_sha256 FROM web_sessions")).scalar_one()
        assert token not in held
        web_sessions.close(session, token)
        web_sessions.close(session, "never there")
        for wrong in (token, "", "never there", "\ud800"):
            with pytest.raises(NotAuthenticated, match="sign in"):
                web_sessions.account_of(session, wrong)
        with pytest.raises(NotAuthenticated, match="key"):
            web_sessions.open(session, settings, "pkl_wrong")


def test_a_session_runs_out(founded: Stage) -> None:
    settings = founded.settings
    short = settings.model_copy(update={"session_hours": 1e-9})
    with unit_of_work(settings) as session:
        token = web_sessions.open(session, short, accounts.create_key(session, DEVELOPER))
        with pytest.raises(NotAuthenticated):
            web_sessions.account_of(session, token)


def test_nobody_leaves_before_they_joined(sender: Sender) -> None:
    """Stated by hand or by a file; what was recorded of others in the file goes in."""
    joined = {"enrolled_on": "2024-03-01"}
    sender.send(geojson([plot("A", square(0), **joined)]))
    with (
        unit_of_work(sender.settings) as session,
        pytest.raises(NotAcceptable, match="enrolled on 2024-03-01; it cannot have left on 2024-0"),
    ):
        plot_history.leave(
            session, PROJECT, "A", date(2024, 2, 29), "Moved away.", by=sender.account
        )
    stated = plot("B", square(1), left_on="2024-01-01", **joined)
    upload = sender.send(geojson([stated, plot("C", square(2))]), "left.geojson")
    assert sender.errors(upload) == {"B": ["left_before"]}


# -- the same line in another format -------------------------------------------------------------


def nudged(name: str, metres: float) -> dict[str, object]:
    """A plot whose corners another program rounded, none by more than this."""
    step = metres / 111_320 / 2**0.5
    ring = [(x + step * (-1) ** k, y + step) for k, (x, y) in enumerate(square(0)[:-1])]
    return plot(name, [*ring, ring[0]])


def test_what_only_rounding_parts_from_the_boundary_in_force_is_unchanged(sender: Sender) -> None:
    """And it never adds up: what is held is what the next file is compared with."""
    first = sender.send(geojson([plot("A", square(0))]))
    assert first.run.tally == Tally(1, 1, 0, 0, 0, 0, 0)
    near = sender.send(geojson([nudged("A", 0.015)]), "rounded.geojson")
    assert near.run.tally == Tally(1, 0, 0, 1, 0, 0, 0)
    twice = sender.send(geojson([nudged("A", 0.03)]), "moved.geojson")
    assert twice.run.tally == Tally(1, 0, 1, 0, 0, 0, 0)


def test_a_new_attribute_on_the_same_line_keeps_the_boundary(sender: Sender) -> None:
    sender.send(geojson([plot("A", square(0))]))
    feature = nudged("A", 0.015)
    feature["properties"]["species"] = "Cordia africana"  # type: ignore[index]
    assert sender.send(geojson([feature])).run.tally == Tally(1, 0, 1, 0, 0, 0, 0)
    with reading(sender.settings) as session:
        newest, first = plot_history.versions(
            session, sender.settings, PROJECT, "A", by=sender.account
        )
    assert (newest.boundary_sha256, newest.area_ha) == (first.boundary_sha256, first.area_ha)


def test_a_plot_that_was_named_by_shape_before_keeps_its_name(sender: Sender) -> None:
    """Names by shape have grown longer; an export of the same ground is still the same plot."""
    rings = [square(0), square(1)]
    old = name_by_shape(np.array([shapely.Polygon(rings[0])], dtype=object))[0][:OLD_NAME_LENGTH]
    sender.send(geojson([plot(old, rings[0])]), "years-ago.geojson")
    nameless = [plot("", ring) for ring in rings]
    for feature in nameless:
        del feature["properties"]["plot_id"]
    choices = RunChoices({"plot_id": ""})
    upload = sender.send(geojson(nameless), "nameless.geojson", choices)
    tally = upload.run.tally
    assert tally is not None
    assert (tally.features, tally.new, tally.refused) == (2, 1, 0)
    with reading(sender.settings) as session:
        names = {cell.plot_id for cell in plot_cells.public_plots(session, PROJECT)}
    assert old in names
    assert {len(name) for name in names if name.startswith("geo-")} == {14, 20}
