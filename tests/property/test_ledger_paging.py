"""Pages stay put while rows are added: nothing that was there repeats or is passed over."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from registry_api.db import database
from registry_api.services import credit_search
from registry_api.services.credit_runs import RunFilter
from registry_api.services.projects import list_projects, register_project
from tests.registry_api.a_registry import (
    evidence,
    found,
    issue,
    make_settings,
    project_settings,
    sha,
)


@settings(max_examples=10, deadline=None)
@given(
    there=st.lists(st.integers(100, 999), min_size=1, max_size=7, unique=True),
    added=st.lists(st.integers(100, 999), max_size=5, unique=True),
    limit=st.integers(1, 4),
)
def test_projects(there: list[int], added: list[int], limit: int) -> None:
    home = Path(tempfile.mkdtemp())
    db = database(make_settings(home).database)
    coming = iter(added)

    def register(*numbers: int) -> None:
        with db.writing() as session:
            for number in numbers:
                register_project(session, project_settings(f"project-{number}"), sha(str(number)))

    register(*there)
    seen: list[str] = []
    cursor = None
    while True:
        with db.reading() as session:
            page = list_projects(session, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += [card.id for card in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        if (number := next(coming, None)) is not None:
            register(number)
    db.close()
    shutil.rmtree(home)
    assert seen == sorted(set(seen))
    assert {f"project-{number}" for number in there} <= set(seen)


@settings(max_examples=4, deadline=None)
@given(before=st.integers(1, 4), limit=st.integers(1, 3))
def test_credits(before: int, limit: int) -> None:
    """Newest first, so what comes in meanwhile belongs to a page that was read already."""
    home = Path(tempfile.mkdtemp())
    registry = make_settings(home)
    db = database(registry.database)

    def issue_one(number: int) -> None:
        with db.writing() as session:
            farm = found(
                session, registry, project_id=f"project-{number}", plots=1, shift=number / 100
            )
            issue(session, farm, evidence(farm, [4000]), f"request-{number}")

    for number in range(before):
        issue_one(number)
    with db.reading() as session:
        there = [run.serial for run in credit_search.search(session, RunFilter()).items]
    seen: list[str] = []
    cursor, number = None, before
    while True:
        with db.reading() as session:
            page = credit_search.search(session, RunFilter(), limit=limit, cursor=cursor)
        seen += [run.serial for run in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        issue_one(number)
        number += 1
    db.close()
    shutil.rmtree(home)
    assert len(there) == 2 * before
    assert seen == there
