"""Where an index over time stands on its chart."""

from datetime import UTC, datetime, timedelta

from registry_api.services.lineage_views import ObservationRow
from registry_api.web.looks import FOOT, LEFT, RIGHT, TOP, indices_of, looks
from tests.registry_api.web.conftest import Pages

START = datetime(2021, 2, 1, tzinfo=UTC)


def a_look(days: int, clear: float, ndvi: float | None) -> ObservationRow:
    return ObservationRow(
        f"S2-{days}", START + timedelta(days=days), clear, {"ndvi": ndvi, "nodata_fraction": 0.0}
    )


def test_clear_looks_are_points_and_clouded_ones_stand_along_the_foot() -> None:
    seen = [
        a_look(0, 1.0, 0.0),
        a_look(400, 0.9, 1.0),
        a_look(600, 0.2, 0.9),  # clear here and there: it counts for nothing
        a_look(700, 0.0, None),
        a_look(800, 0.5, 0.5),
    ]
    chart = looks(seen, "ndvi", 0.5)
    assert chart is not None
    middle = (LEFT + RIGHT) / 2
    assert [(p.x, p.y) for p in chart.points] == [
        (LEFT, FOOT), (middle, TOP), (RIGHT, (TOP + FOOT) / 2),
    ]  # fmt: skip
    assert chart.clouded == (316.0, 363.0)
    assert [mark.text for mark in chart.levels] == ["0.0", "0.5", "1.0"]
    assert [mark.text for mark in chart.years] == ["2022", "2023"]
    assert chart.path == f"M{LEFT:.1f},{FOOT:.1f}L{middle:.1f},{TOP:.1f}L{RIGHT:.1f},79.0"
    assert indices_of(seen) == ["ndvi"]


def test_values_beyond_nought_and_one_stay_on_the_chart() -> None:
    chart = looks([a_look(0, 1.0, -0.5), a_look(10, 1.0, 2.0)], "ndvi", 0.5)
    assert chart is not None
    assert [point.y for point in chart.points] == [FOOT, TOP]


def test_without_a_clear_look_there_is_nothing_to_draw() -> None:
    assert looks([a_look(0, 0.1, 0.4)], "ndvi", 0.5) is None
    assert looks([], None, 0.5) is None


def test_one_look_alone_is_drawn() -> None:
    chart = looks([a_look(0, 1.0, 0.4)], "ndvi", 0.5)
    assert chart is not None
    assert [point.x for point in chart.points] == [LEFT]


def test_the_plot_page_shows_it_above_the_table(pages: Pages) -> None:
    html = pages.client.get(f"/credits/{pages.serial}/plots/P-001").text
    assert '<figure class="looks">' in html
    assert "clear looks and" in html
