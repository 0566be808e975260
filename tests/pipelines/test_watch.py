"""The watch as a stage and as a command: suspects, decisions, held growth, and honest silence."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrv.change.held_growth import hold_growth
from mrv.errors import InputRejected
from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.disturbances import Disturbance
from mrv.simulation.landscape import simulate_landscape
from mrv.simulation.plot_looks import simulate_looks
from pipelines.commands.watch import watch_project
from pipelines.estimates import take_estimate
from pipelines.execution import Outcome, dagster_instance, run_watch
from pipelines.pictures import growth_against_cap_figure
from pipelines.stage import Stage
from pipelines.watching import (
    DECISIONS,
    OBSERVATIONS,
    held_plots,
    plots_still_watched,
    read_for_watch,
    watch_plots,
    watch_table,
)
from pipelines.workspace import Workspace
from tests.pipelines.conftest import DRAWS, PERIOD, PROJECT, SEED

FELLED_ON = date(2022, 2, 1)


@pytest.fixture
def stage(outcome: Outcome, tmp_path: Path) -> Stage:
    """The shared run in a home of its own, so that decisions here reach no other test."""
    home = tmp_path / "home"
    shutil.copytree(outcome.stage.workspace.home, home, ignore=shutil.ignore_patterns("pixels"))
    return Stage(Workspace(home, demo=True, draws=DRAWS), PROJECT, PERIOD)


@pytest.fixture(scope="module")
def felled() -> tuple[list[str], pd.DataFrame]:
    """Six years of looks at the landscape of the run; its three largest plots are cleared."""
    landscape = simulate_landscape(ARCHETYPES["growing"], SEED)
    plots = landscape.plots
    largest = plots[plots["role"] == "enrolled"]["area_ha"].nlargest(3).index
    blows = [Disturbance(int(plot), FELLED_ON, 1.0) for plot in largest]
    looks = simulate_looks(landscape, date(2018, 1, 1), date(2023, 12, 30), disturbances=blows)
    rows, columns = np.nonzero(np.isfinite(looks.index["ndvi"]))
    table = pd.DataFrame(
        {
            "plot_id": plots["plot_id"].to_numpy()[rows],
            "acquired_at": pd.to_datetime(looks.days[columns]).tz_localize("UTC"),
            "clear_fraction": 1.0,
            **{name: values[rows, columns] for name, values in looks.index.items()},
        }
    )
    return [str(plots["plot_id"][plot]) for plot in largest], table


def in_a_thread(call: Callable[[], None]) -> None:
    """As `Home.run` does, for the same reason."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(call).result()


def test_a_run_without_history_watches_nobody_and_says_so(outcome: Outcome) -> None:
    table = watch_table(outcome.stage)
    assert table["unwatched"].all()
    assert not table["state"].any()
    assert table["may_grow"].all(), "what cannot be watched is no suspect"
    assert set(table["monitoring"]) == {"current"}


def test_felled_plots_are_suspects_and_earn_no_growth(
    stage: Stage, felled: tuple[list[str], pd.DataFrame]
) -> None:
    names, observations = felled
    stage.shelf.put_table(OBSERVATIONS, observations)

    def run() -> None:
        with dagster_instance(stage.workspace.home) as instance:
            run_watch(stage.workspace, instance, PROJECT, PERIOD)

    in_a_thread(run)
    table = watch_table(stage).set_index("plot_id")
    assert not table["unwatched"].any()
    assert not table.loc[names, "may_grow"].any()
    # Nobody looked within 60 days, and years have passed.
    assert set(table.loc[names, "cause"]) == {"not_confirmed"}
    assert table.loc[names, "avoidable"].all()
    assert (~table["may_grow"]).sum() < 0.2 * len(table)
    held = held_plots(stage)
    before = take_estimate(stage.shelf)
    after = hold_growth(before, held)
    mine = after.plots.set_index("plot_id").loc[[n for n in held if n in set(after.plots.plot_id)]]
    assert (mine["net_tco2e"] <= 1e-9).all()
    lost = before.plots["net_tco2e"].sum() - after.plots["net_tco2e"].sum()
    assert lost > 0
    assert before.net_tco2e.mean() - after.net_tco2e.mean() == pytest.approx(lost)
    assert before.gross_tco2e.mean() - after.gross_tco2e.mean() == pytest.approx(lost)
    by_stratum = sum(s.gross_tco2e for s in before.strata) - sum(
        s.gross_tco2e for s in after.strata
    )
    assert by_stratum == pytest.approx(lost)
    assert after.u90 > before.u90


def test_what_people_decide_moves_a_case(
    stage: Stage, felled: tuple[list[str], pd.DataFrame]
) -> None:
    names, observations = felled
    stage.shelf.put_table(OBSERVATIONS, observations)
    noticed = {s.plot_id: s.noticed_on for s in watch_plots(stage).found.suspects}
    rows = [
        (names[0], noticed[names[0]], "clear", "", "weeds were hoed"),
        (names[1], noticed[names[1]], "confirm", "", "visited"),
        (names[1], noticed[names[1]], "classify", "fire", "burnt grass"),
        (names[2], noticed[names[2]], "confirm", "", "visited"),
        (names[2], noticed[names[2]], "plan", "", "harvest of the plan"),
    ]
    frame = pd.DataFrame(rows, columns=["plot_id", "on", "step", "cause", "reason"]).astype(str)
    stage.shelf.put_table(DECISIONS, frame)
    table = watch_plots(stage).table.set_index("plot_id").loc[names]
    assert table["state"].tolist() == ["cleared", "classified", "planned"]
    assert table["may_grow"].tolist() == [True, False, True]
    assert table["cause"].tolist() == ["", "fire", ""]
    assert not table["avoidable"].any()
    for bad, said in (
        (frame.assign(plot_id="nobody"), "nobody is no suspect"),
        (frame.assign(step="forget"), "'forget' is not"),
        (frame.assign(on="soon"), "reads soon, not 2024-12-31"),
        (frame.drop(columns="reason"), "lack reason"),
    ):
        stage.shelf.put_table(DECISIONS, bad)
        with pytest.raises(InputRejected, match=said):
            watch_plots(stage)


def test_plots_nobody_sees_any_more_leave_the_estimate(
    stage: Stage, felled: tuple[list[str], pd.DataFrame]
) -> None:
    _names, observations = felled
    unmeasured = sorted(set(observations["plot_id"]) - set(stage.shelf.table("trees")["plot_id"]))
    hidden = unmeasured[0]
    gone = (observations["plot_id"] == hidden) & (
        observations["acquired_at"] >= pd.Timestamp("2021-06-01", tz="UTC")
    )
    stage.shelf.put_table(OBSERVATIONS, observations[~gone])
    watched = watch_plots(stage)
    row = watched.table.set_index("plot_id").loc[hidden]
    assert row["monitoring"] == "lost"
    stage.shelf.put_table("disturbances", watched.table)
    plots = plots_still_watched(stage).set_index("plot_id")
    assert plots.loc[hidden, "left_on"] == row["lost_on"]
    assert plots["left_on"].notna().sum() == 1


def test_the_watch_reads_all_scenes_there_are(outcome: Outcome, stage: Stage) -> None:
    """The catalog has scenes of the two epochs only; what the run has read is found again."""
    note, extent = read_for_watch(stage, lambda _said: None)
    run = outcome.stage.shelf.table("observations")
    until = pd.Timestamp(stage.period.end, tz="UTC") + pd.Timedelta(days=1)
    assert note.rows == (pd.to_datetime(run["acquired_at"], utc=True) < until).sum()
    assert extent.scenes_done == extent.scenes > 0


def test_the_command_tells_and_draws(
    stage: Stage,
    felled: tuple[list[str], pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names, observations = felled
    monkeypatch.setattr(  # scenes of every month would take minutes to render
        "pipelines.commands.watch.read_for_watch",
        lambda stage, _say: stage.shelf.put_table(OBSERVATIONS, observations),
    )
    stage.shelf.put_table(OBSERVATIONS, observations)
    broke = {s.plot_id: s.broke_on for s in watch_plots(stage).found.suspects}[names[0]]
    fires = tmp_path / "fires.csv"
    centre = plots_of(stage).set_index("plot_id").loc[names[0]].geometry.representative_point()
    fires.write_text(
        f"longitude,latitude,acq_date\n{centre.x},{centre.y},{broke - timedelta(days=9)}\n"
    )

    def command(*, as_json: bool) -> None:
        watch_project(
            PROJECT, "", stage.workspace.home, decisions=None, hotspots=fires,
            pictures=tmp_path / "pictures" if as_json else None, as_json=as_json,
        )  # fmt: skip

    in_a_thread(lambda: command(as_json=True))
    told = json.loads(capsys.readouterr().out)
    found = {suspect["plot_id"]: suspect for suspect in told["suspects"]}
    assert set(names) <= set(found)
    assert found[names[0]]["likely"] == "fire"
    assert found[names[1]]["history"][-1]["reason"] == "neither image nor visit within 60 days"
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn == sorted(f"{name}.png" for name in found)
    assert (tmp_path / "pictures" / drawn[0]).read_bytes().startswith(b"\x89PNG")
    in_a_thread(lambda: command(as_json=False))
    said = capsys.readouterr().out
    assert names[1] in said
    assert "growth is held on" in said
    bad = tmp_path / "bad.csv"
    bad.write_text("plot,day\nA,1\n")
    with pytest.raises(InputRejected, match=r"bad\.csv lacks the columns acq_date, latitude"):
        watch_project(
            PROJECT, "", stage.workspace.home, decisions=None, hotspots=bad, pictures=None,
            as_json=False,
        )  # fmt: skip


def plots_of(stage: Stage):  # noqa: ANN201 - a GeoDataFrame, which has no types
    from pipelines.plots import screened_plots

    return screened_plots(stage.shelf)


def test_a_stratum_above_its_cap_is_drawn_in_red_beside_the_cap(outcome: Outcome) -> None:
    estimate, rules = take_estimate(outcome.stage.shelf), outcome.stage.methodology
    row = outcome.stage.settings.ecology.growth_cap
    fast = replace(estimate.strata[0], growth_t_ha_year=1.2 * rules.number(f"plausibility.{row}"))
    for strata, red in ((estimate.strata, False), ((fast, *estimate.strata[1:]), True)):
        figure = growth_against_cap_figure(replace(estimate, strata=strata), rules, row)
        (axes,) = figure.axes
        diamonds = [line for line in axes.lines if line.get_marker() == "D"]
        assert ("#b2182b" in [line.get_color() for line in diamonds]) is red
        assert [line.get_xdata()[0] for line in diamonds] == [s.growth_t_ha_year for s in strata]
        assert any("cap: " in text.get_text() for text in axes.texts)
