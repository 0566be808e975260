"""A run of benchmarks as a figure: how long others take for the same means, drawn in SVG."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from tests.benchmarks.ratios import Row
from tests.benchmarks.records import row_of

_DRAWN = ("limit", "per_scene", "all_dates")  # parts whose peers do the same as extraction
_WIDTH, _LEFT, _RIGHT, _BAR, _STEP = 900, 300, 90, 22, 32
_LEAST = 0.5  # where bars begin: half our time
_TITLE = "Processor time for the same means, as multiples of Parkland's"
_STYLE = """
text { font-family: system-ui, sans-serif; font-size: 13px; fill: #1f2a24; }
.quiet { fill: #4a5750; font-size: 12px; }
.head { font-weight: 600; font-size: 15px; }
.ground { fill: #fbfcf9; }
.bar { fill: #b9c4bc; }
.ours { fill: #3f7d4e; }
.limit { fill: #d9a441; }
.axis { stroke: #7a8b80; stroke-dasharray: 2 4; }
.whisker { stroke: #4a5750; stroke-width: 1.5; fill: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebe7; }
  .quiet { fill: #a9b5ad; }
  .ground { fill: #161c18; }
  .bar { fill: #55635a; }
  .ours { fill: #6fbf83; }
  .limit { fill: #e0b25c; }
  .whisker { stroke: #cfd8d2; }
}
"""


def figure(run: Mapping[str, Any]) -> str:
    """Draw the comparisons of extraction, one group of bars for each size of the work."""
    groups: dict[str, list[Row]] = {}
    for row in map(row_of, run["rows"]):
        drawn = row.part in _DRAWN and row.unit == "x"
        if drawn and (row.part != "limit" or row.target == 1):
            groups.setdefault(row.what, []).append(row)
    longest = max(1 / row.low for group in groups.values() for row in group)
    axis = _Axis(math.ceil(math.log10(longest)))
    y, drawn_parts = 84, []
    for what, group in groups.items():
        drawn_parts.append(_text(20, y, what, "head"))
        y += 12
        for parts in _bars(group, axis, y):
            drawn_parts += parts
            y += _STEP
        y += 30
    return "\n".join(
        [
            *_opened(y + 6, groups),
            *(_line(axis, decade, y) for decade in range(axis.decades + 1)),
            *drawn_parts,
            "</svg>",
            "",
        ]
    )


class _Axis:
    """A logarithmic axis from half our time to so many decades."""

    def __init__(self, decades: int) -> None:
        self.decades = decades
        self._step = (_WIDTH - _LEFT - _RIGHT) / (decades - math.log10(_LEAST))

    def at(self, times: float) -> float:
        return _LEFT + self._step * math.log10(max(times, _LEAST) / _LEAST)


def _opened(height: int, groups: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    box = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    yield f'<title id="t">{escape(_TITLE)}</title>'
    yield f'<desc id="d">{escape(_spoken(groups))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>'
    yield _text(20, 30, _TITLE, "head")
    below = "logarithmic; whiskers span all turns; yellow: only decoding the blocks that hold plots"
    yield _text(20, 50, below, "quiet")


def _bars(group: Sequence[Row], axis: _Axis, y: int) -> Iterator[list[str]]:
    yield _bar("Parkland", "ours", axis, (1.0, 1.0), y)
    for n, row in enumerate(sorted(group, key=lambda row: -row.value), start=1):
        kind = "limit" if row.part == "limit" else "bar"
        below = y + n * _STEP
        whisker = _whisker(axis.at(1 / row.high), axis.at(1 / row.low), below + _BAR / 2)
        reach = (1 / row.value, 1 / row.low)
        yield [*_bar(row.peer, kind, axis, reach, below), whisker]


def _bar(label: str, kind: str, axis: _Axis, reach: tuple[float, float], y: int) -> list[str]:
    """Draw a bar to the first of two multiples, and what it says beyond the second."""
    times, longest = reach
    end = axis.at(times)
    size = f'x="{_LEFT}" y="{y}" width="{end - _LEFT:.1f}" height="{_BAR}"'
    return [
        _text(_LEFT - 8, y + 16, label, "", "end"),
        f'<rect class="{kind}" {size} rx="3"/>',
        _text(axis.at(longest) + 8, y + 16, f"{times:.3g}x", "quiet"),
    ]


def _whisker(low: float, high: float, y: float) -> str:
    path = f"M{low:.1f},{y - 4} v8 M{low:.1f},{y} H{high:.1f} m0,-4 v8"
    return f'<path class="whisker" d="{path}"/>'


def _line(axis: _Axis, decade: int, y: int) -> str:
    x = f"{axis.at(10.0**decade):.1f}"
    line = f'<line class="axis" x1="{x}" x2="{x}" y1="60" y2="{y - 26}"/>'
    return line + _text(float(x), y - 10, f"{10**decade}x", "quiet", "middle")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'


def _spoken(groups: Mapping[str, Sequence[Row]]) -> str:
    return " ".join(
        f"{what}: " + "; ".join(f"{row.peer} {1 / row.value:.3g} times" for row in group) + "."
        for what, group in groups.items()
    )
