"""What was delivered: taken down once, kept with its first day, listed for who has to run it."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from registry_api.db import Database
from registry_api.errors import NotFound
from registry_api.services import ledger
from registry_api.services.deliveries import (
    PLOTS,
    PROJECT,
    TREES,
    Delivery,
    delivered_projects,
    newest_delivery,
    record_delivery,
)
from registry_api.services.projects import register_project
from tests.registry_api.a_registry import DEVELOPER, project_settings, sha

FARM = "lakeside-grevillea"
FIRST = Delivery(
    files={PROJECT: sha("settings"), PLOTS: sha("plots"), TREES: sha("trees")},
    names={PROJECT: "project.toml", PLOTS: "plots.geojson", TREES: "trees.csv"},
    catalog="https://scenes.example/catalog.json",
    taken_in_on=date(2026, 3, 1),
)
LATER = date(2026, 9, 30)
MORE_TREES = replace(
    FIRST, files={**FIRST.files, TREES: sha("more trees")}, taken_in_on=date(2026, 6, 1)
)


@pytest.fixture
def founded(registry: Database) -> Database:
    """A registry that knows a project by its settings alone."""
    with registry.writing() as session:
        register_project(session, project_settings(), FIRST.files[PROJECT])
    return registry


def test_a_delivery_is_given_back_as_it_came(founded: Database) -> None:
    with founded.writing() as session:
        recorded = record_delivery(session, FARM, FIRST)
    assert (recorded.version, recorded.new, recorded.delivery) == (1, True, FIRST)
    with founded.reading() as session:
        assert newest_delivery(session, FARM) == FIRST
        assert delivered_projects(session) == (FARM,)


def test_the_same_again_changes_nothing_and_keeps_the_first_day(founded: Database) -> None:
    with founded.writing() as session:
        record_delivery(session, FARM, FIRST)
        before = ledger.verify_chain(session).entries
        again = record_delivery(session, FARM, replace(FIRST, taken_in_on=LATER))
        assert (again.version, again.new, again.delivery) == (1, False, FIRST)
        assert ledger.verify_chain(session).entries == before


@pytest.mark.parametrize(
    "other",
    [MORE_TREES, replace(FIRST, catalog="https://elsewhere.example/catalog.json")],
    ids=["files", "scenes"],
)
def test_other_content_is_a_new_version(founded: Database, other: Delivery) -> None:
    with founded.writing() as session:
        record_delivery(session, FARM, FIRST)
        recorded = record_delivery(session, FARM, other)
        assert (recorded.version, recorded.new) == (2, True)
        assert newest_delivery(session, FARM) == other
        kept = session.execute(text("SELECT count(*) FROM project_deliveries")).scalar_one()
    assert kept == 2


def test_files_that_come_back_keep_their_first_day(founded: Database) -> None:
    with founded.writing() as session:
        for delivery in (FIRST, MORE_TREES, replace(FIRST, taken_in_on=LATER)):
            recorded = record_delivery(session, FARM, delivery)
        assert (recorded.version, recorded.new) == (3, True)
        assert newest_delivery(session, FARM).taken_in_on == FIRST.taken_in_on


def test_the_ledger_says_who_brought_what(founded: Database) -> None:
    with founded.writing() as session:
        record_delivery(session, FARM, FIRST)
        entry = session.execute(
            text("SELECT kind, actor, payload FROM ledger_entries ORDER BY sequence DESC LIMIT 1")
        ).one()
        assert ledger.verify_chain(session).first_bad is None
    assert (entry.kind, entry.actor) == ("files_delivered", DEVELOPER)
    assert FIRST.files[TREES] in entry.payload
    assert "scenes.example" not in entry.payload  # an address may be of somebody's own machine


def test_a_project_without_a_delivery_is_a_sentence(founded: Database) -> None:
    with founded.reading() as session:
        assert delivered_projects(session) == ()
        with pytest.raises(NotFound, match="Nothing was delivered here for a project 'lakeside"):
            newest_delivery(session, FARM)


def test_nothing_is_delivered_for_a_project_nobody_registered(founded: Database) -> None:
    with founded.writing() as session, pytest.raises(NotFound, match="not registered"):
        record_delivery(session, "somebody-elses", FIRST)
