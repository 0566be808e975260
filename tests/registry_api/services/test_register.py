"""Projects, periods and plots: taken in once, changed by new versions, refused as a whole."""

import json
from dataclasses import replace
from datetime import date

import pytest
import shapely
from sqlalchemy import text

from mrv.plots.disclosure import matches_commitment
from registry_api.db import Database
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import ledger
from registry_api.services.plot_cells import public_plots
from registry_api.services.plots import PlotRecord, register_plots
from registry_api.services.portfolio import portfolio, project_cells
from registry_api.services.projects import list_projects, project, register_project, stated
from tests.registry_api.a_registry import PERIODS, Stage, plot_records, project_settings, sha


def test_the_same_project_again_changes_nothing(registry: Database) -> None:
    with registry.writing() as session:
        first = register_project(session, project_settings(), sha("one"))
        again = register_project(session, project_settings(), sha("one"))
        assert first == again
        assert ledger.verify_chain(session).entries == 1


def test_changed_settings_are_a_new_version(registry: Database) -> None:
    with registry.writing() as session:
        register_project(session, project_settings(), sha("one"))
        changed = register_project(session, project_settings(name="A new name"), sha("two"))
        assert (changed.version, changed.card.name) == (2, "A new name")
        assert stated(session, "lakeside-grevillea").name == "A new name"
        held = session.execute(text("SELECT name FROM project_versions ORDER BY version")).all()
    assert [row.name for row in held] == ["Lakeside grevillea", "A new name"]


def test_a_project_stays_with_its_developer(registry: Database) -> None:
    with registry.writing() as session:
        register_project(session, project_settings(), sha("one"))
        with pytest.raises(NotAllowed, match="another developer"):
            register_project(session, project_settings(developer="land-grabbers"), sha("two"))


def test_dates_of_a_period_never_change(registry: Database) -> None:
    moved = [{"id": PERIODS[0][0], "start": date(2021, 2, 1), "end": date(2023, 3, 1)}]
    with registry.writing() as session:
        register_project(session, project_settings(), sha("one"))
        with pytest.raises(Contradiction, match="never change"):
            register_project(session, project_settings(periods=moved), sha("two"))


def test_unknown_rules_are_refused(registry: Database) -> None:
    other = {"id": "agroforestry_removals", "version": 99}
    with registry.writing() as session, pytest.raises(NotAcceptable, match="no methodology file"):
        register_project(session, project_settings(methodology=other), sha("one"))


def test_an_id_that_no_serial_can_carry_is_refused(registry: Database) -> None:
    with registry.writing() as session, pytest.raises(NotAcceptable, match="serial"):
        register_project(session, project_settings("two--dashes"), sha("one"))


def test_plots_are_taken_in_once_and_changed_by_versions(founded: Stage) -> None:
    records = plot_records(4)
    moved = PlotRecord(
        "P-001", "maize", "enrolled", shapely.to_wkb(shapely.box(34.7, 0.1, 34.701, 0.101)), 1.2
    )
    with founded.registry.writing() as session:
        same = register_plots(session, "lakeside-grevillea", records)
        assert (same.new, same.changed, same.unchanged) == (0, 0, 4)
        after = register_plots(session, "lakeside-grevillea", [moved, *records[1:]])
        assert (after.new, after.changed, after.unchanged) == (0, 1, 3)
        assert len(public_plots(session, "lakeside-grevillea")) == 4
        count = session.execute(text("SELECT count(*) FROM plot_versions")).scalar_one()
    assert count == 5


def test_attributes_are_a_part_of_what_is_stated(founded: Stage) -> None:
    """A changed attribute is a new version; a record that states none leaves them as they are."""
    [plain, *_] = plot_records(1)
    told = replace(plain, attributes={"village": "Ahero", "farmer_id": "f1"})
    corrected = replace(plain, attributes={"farmer_id": "f1", "village": "Awasi"})
    with founded.registry.writing() as session:
        steps = [
            register_plots(session, "lakeside-grevillea", [record])
            for record in (told, told, plain, corrected)
        ]
        held = session.execute(
            text("SELECT attributes FROM plot_versions ORDER BY id DESC LIMIT 1")
        ).scalar_one()
    assert [(step.changed, step.unchanged) for step in steps] == [(1, 0), (0, 1), (0, 1), (1, 0)]
    assert json.loads(held) == {"farmer_id": "f1", "village": "Awasi"}


def _record(**changes: object) -> PlotRecord:
    stated: dict[str, object] = {
        "plot_id": "N-1",
        "stratum": "maize",
        "role": "enrolled",
        "boundary_wkb": shapely.to_wkb(shapely.box(34.7, 0.1, 34.701, 0.101)),
        "area_ha": 1.2,
    }
    return PlotRecord(**(stated | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (_record(area_ha=float("nan")), "area of nan ha"),
        (_record(area_ha=0.0), r"area of 0\.0 ha"),
        (_record(boundary_wkb=b""), "no readable boundary"),
        (_record(boundary_wkb=b"garbage"), "no readable boundary"),
        (_record(boundary_wkb=shapely.to_wkb(shapely.Polygon())), "no readable boundary"),
        (_record(boundary_wkb=shapely.to_wkb(shapely.box(179, 0, 181, 1))), "globe"),
        (_record(plot_id=" "), "no usable plot id"),
        (_record(plot_id="x" * 121), "no usable plot id"),
        (_record(stratum="x" * 121), "a stratum of more than 120 characters"),
        (_record(plot_id="P-001"), "more than once"),
    ],
)
def test_one_bad_plot_and_nothing_is_written(founded: Stage, bad: PlotRecord, said: str) -> None:
    with founded.registry.writing() as session:
        with pytest.raises(NotAcceptable, match=said):
            register_plots(session, "lakeside-grevillea", [*plot_records(6), bad])
        assert len(public_plots(session, "lakeside-grevillea")) == 4


def test_plots_need_a_project(registry: Database) -> None:
    with registry.writing() as session, pytest.raises(NotFound):
        register_plots(session, "nowhere-known", plot_records(1))


def test_the_commitment_binds_the_cell_to_the_boundary(founded: Stage) -> None:
    with founded.registry.reading() as session:
        shown = public_plots(session, "lakeside-grevillea")[0]
        salt = session.execute(
            text(
                "SELECT v.salt FROM plot_versions v JOIN plots p ON p.id = v.plot_key "
                "WHERE p.plot_id = :plot"
            ),
            {"plot": shown.plot_id},
        ).scalar_one()
    records = {r.plot_id: shapely.from_wkb(r.boundary_wkb) for r in plot_records(4)}
    assert matches_commitment(shown.commitment, records[shown.plot_id], salt)
    assert not matches_commitment(shown.commitment, records["P-002"], salt)


def test_the_portfolio_adds_up(issued: Stage) -> None:
    with issued.registry.reading() as session:
        total = portfolio(session)
        card = project(session, "lakeside-grevillea").card
        cells = project_cells(session)
    assert (total.projects, total.simulated_projects, total.plots) == (1, 1, 4)
    assert (total.credits_t, total.buffer_t, total.batches) == (9, 2, 1)
    assert [(c.country, c.credits_t) for c in total.countries] == [("KE", 9)]
    assert [(v.year, v.credits_t, v.buffer_t) for v in total.vintages] == [(2023, 9, 2)]
    assert (card.credits_t, card.buffer_t, card.plots) == (9, 2, 4)
    assert cells["features"][0]["geometry"]["coordinates"] == [34.65, -0.15]


def test_an_empty_registry_has_an_empty_portfolio(registry: Database) -> None:
    with registry.reading() as session:
        assert portfolio(session).credits_t == 0
        assert project_cells(session)["features"] == []
        assert list_projects(session).items == ()
        with pytest.raises(NotFound):
            project(session, "nowhere-known")
