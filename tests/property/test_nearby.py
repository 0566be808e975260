"""The index of boxes answers what looking at every box would answer, whatever happened before."""

from pathlib import Path

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from registry_api.db import Database, database
from registry_api.db.nearby import plots_near
from registry_api.services.plots import PlotRecord, register_plots
from registry_api.services.projects import register_project
from tests.registry_api.a_registry import make_settings, project_settings, sha

# A coarse grid makes boxes touch; the offset is one that 32 bits cannot hold.
degrees = st.integers(-40, 40).map(lambda n: n / 10 + 1e-9)
sizes = st.sampled_from([0.1, 0.2, 0.5, 3.0])
boxes = st.tuples(degrees, degrees, sizes, sizes).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
plots = st.lists(st.tuples(st.integers(0, 12), boxes), max_size=15)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Database:
    home: Path = tmp_path_factory.mktemp("nearby")
    opened = database(make_settings(home).database)
    with opened.writing() as session:
        register_project(session, project_settings(), sha("one"))
    return opened


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(plots, max_size=3), left=st.sets(st.integers(0, 12), max_size=4),
       asked=st.lists(boxes, max_size=20))  # fmt: skip
def test_boxes_find_what_brute_force_finds(
    registry: Database, batches: list[list[tuple[int, tuple[float, ...]]]], left: set[int],
    asked: list[tuple[float, float, float, float]],
) -> None:  # fmt: skip
    """After any plots, changed boundaries and leavings; edges that touch count."""
    with registry.writing() as session:
        in_force: dict[int, tuple[float, ...]] = {}
        for batch in batches:
            newest = dict(batch)
            in_force |= newest
            register_plots(
                session, "lakeside-grevillea", [_record(n, b) for n, b in newest.items()]
            )
        names = {
            int(row.plot_id): row.id
            for row in session.execute(text("SELECT id, plot_id FROM plots"))
        }
        for number in left & in_force.keys():
            del in_force[number]
            session.execute(
                text(
                    "INSERT INTO plot_exits VALUES (:key, '2025-01-01', 'x', "
                    "'lakeside-cooperative', '2025-01-02')"
                ),
                {"key": names[number]},
            )
        found = [(near.asked, near.plot_key) for near in plots_near(session, asked)]
        session.rollback()
    expected = sorted(
        (place, names[number])
        for place, (west, south, east, north) in enumerate(asked)
        for number, (w, s, e, n) in in_force.items()
        if w <= east and e >= west and s <= north and n >= south
    )
    assert found == expected


def test_a_box_that_is_none_finds_nothing_and_disturbs_nobody(registry: Database) -> None:
    with registry.writing() as session:
        register_plots(session, "lakeside-grevillea", [_record(1, (0.0, 0.0, 1.0, 1.0))])
        nan, inf = float("nan"), float("inf")
        asked = [(nan, 0, 1, 1), (0, 0, 1, 1), (-inf, -inf, inf, inf), (0.5, 0.5, 0.5, 0.5)]
        assert [near.asked for near in plots_near(session, asked)] == [1, 3]
        newest = max(near.version_id for near in plots_near(session, asked))
        assert list(plots_near(session, asked, after=newest)) == []
        session.rollback()


def _record(number: int, box: tuple[float, ...]) -> PlotRecord:
    return PlotRecord(str(number), "maize", "enrolled", shapely.to_wkb(shapely.box(*box)), 1.0)
