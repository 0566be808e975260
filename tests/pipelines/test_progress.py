"""How far a run has come is told on a terminal by bars, elsewhere by a line now and then."""

import io
import re

import pytest
from rich.console import Console

from mrv.imagery.progress import Extent
from pipelines.commands import show
from pipelines.progress import Pace, decoded


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def said_after(*heard: tuple[float, Extent]) -> list[str]:
    clock, said = Clock(), list[str]()
    pace = Pace(said.append, clock)
    for seconds, extent in heard:
        clock.now_s += seconds
        pace(extent)
    return said


def test_a_line_every_half_minute_with_blocks_bytes_and_time_left() -> None:
    said = said_after(
        (1, Extent(1, 840, 3, 1_500_000)),
        (59, Extent(120, 840, 5321, 1_234_000_000)),
        (1, Extent(121, 840, 5325, 1_236_000_000)),
        (59, Extent(240, 840, 10_000, 2_400_000_000)),
    )
    assert said == [
        "120 of 840 scenes, 5,321 blocks, 1.2 GB decoded, about 6 min left",
        "240 of 840 scenes, 10,000 blocks, 2.4 GB decoded, about 5 min left",
    ]


def test_the_end_and_a_beginning_without_a_pace_promise_nothing() -> None:
    assert said_after((40, Extent(0, 9, 0, 0)), (40, Extent(9, 9, 2, 999_000))) == [
        "0 of 9 scenes, all kept from before",
        "9 of 9 scenes, 2 blocks, 999 kB decoded",
    ]
    assert said_after((3600, Extent(1, 100, 1, 1)))[0].endswith("about 99 h left")
    assert said_after((31, Extent(99, 100, 1, 1)))[0].endswith("about a minute left")


@pytest.mark.parametrize(
    ("size", "told"), [(5, "5 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (7e13, "70,000.0 GB")]
)
def test_bytes_are_told_in_units(size: float, told: str) -> None:
    assert decoded(Extent(1, 1, 1, int(size))) == f"1 blocks, {told} decoded"


def test_a_terminal_shows_steps_and_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(show, "notes", Console(file=screen, force_terminal=True, width=120))
    with show.run_bar("shea 2024") as progress:
        progress.steps(3, 21)
        progress.scenes(Extent(12, 70, 240, 126_000_000))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert re.search(r"shea 2024 .*3/21", shown)
    assert re.search(r"scenes, 240 blocks, 126 MB decoded .*12/70", shown)


def test_a_pipe_gets_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr(show, "notes", Console(file=pipe, width=120))
    monkeypatch.setattr("pipelines.progress._EVERY_S", 0.0)
    with show.run_bar("shea 2024") as progress:
        progress.steps(3, 21)
        progress.scenes(Extent(12, 70, 240, 126_000_000))
    assert pipe.getvalue().splitlines() == [
        "shea 2024 …",
        "shea 2024: 12 of 70 scenes, 240 blocks, 126 MB decoded, about a minute left",
    ]
