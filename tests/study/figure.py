"""Pictures of a study, in SVG that reads on light and on dark ground."""

from collections.abc import Iterator, Sequence
from html import escape

from tests.study.designs import CRITERIA, DESIGNS
from tests.study.report import Naive, Summary

_WIDTH, _LEFT, _RIGHT, _STEP, _BAR = 900, 330, 110, 30, 18
_STYLE = """
text { font-family: system-ui, sans-serif; font-size: 13px; fill: #1f2a24; }
.quiet { fill: #4a5750; font-size: 12px; }
.head { font-weight: 600; font-size: 15px; }
.ground { fill: #fbfcf9; }
.asked { fill: #dfe9df; }
.ours { fill: #3f7d4e; }
.false { fill: #c2573a; }
.whisker { stroke: #3f7d4e; stroke-width: 1.5; fill: none; }
.axis { stroke: #7a8b80; stroke-dasharray: 2 4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebe7; }
  .quiet { fill: #a9b5ad; }
  .ground { fill: #161c18; }
  .asked { fill: #26352b; }
  .ours { fill: #6fbf83; }
  .false { fill: #e2795b; }
  .whisker { stroke: #6fbf83; }
}
"""


def coverage_figure(rows: Sequence[Summary]) -> str:
    """Draw how often 90 % intervals hold the truth, with what chance alone would do to it."""
    shown = [row for row in rows if DESIGNS[row.design].grows]
    low, high = 0.80, 1.0
    height = 96 + _STEP * len(shown)

    def at(share: float) -> float:
        held = min(max(share, low), high)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (held - low) / (high - low)

    asked, most = CRITERIA.coverage
    title = "How often 90 % intervals hold the truth"
    band = f'x="{at(asked):.1f}" y="60" width="{at(most) - at(asked):.1f}"'
    parts = [f'<rect class="asked" {band} height="{height - 92}"/>']
    for i, row in enumerate(shown):
        y = 80 + i * _STEP
        margin = 1.96 * (row.coverage * (1 - row.coverage) / row.landscapes) ** 0.5
        left, right = at(row.coverage - margin), at(row.coverage + margin)
        parts += [
            _text(_LEFT - 12, y + 4, DESIGNS[row.design].title, "", "end"),
            f'<path class="whisker" d="M{left:.1f},{y} H{right:.1f}"/>',
            f'<circle class="ours" cx="{at(row.coverage):.1f}" cy="{y}" r="5"/>',
            _text(_WIDTH - _RIGHT + 16, y + 4, f"{row.coverage:.1%}", "quiet"),
        ]
    parts += [_text(at(t / 100), height - 12, f"{t} %", "quiet", "middle") for t in (80, 90, 100)]
    spoken = "; ".join(f"{DESIGNS[r.design].title}: {r.coverage:.1%}" for r in shown)
    below = "points: share of landscapes; lines: what chance does to 95 %; band: what is asked"
    return _svg(title, below, spoken, height, parts)


def naive_figure(rows: Sequence[Summary], choices: Sequence[Naive]) -> str:
    """Draw the credits beyond the truth, per 100 t truly removed on growing landscapes."""
    truth = {row.design: row.truth_t for row in rows}
    groups: dict[str, list[Naive]] = {}
    for row in choices:
        groups.setdefault(row.design, []).append(row)
    bars = [
        (design, row, 100 * row.false_t / (truth[design] or truth["fast"]))
        for design, group in groups.items()
        for row in group
        if truth[design] or truth.get("fast")
    ]
    longest = max([value for *_, value in bars] + [1.0])
    parts: list[str] = []
    y, last = 84, ""
    for design, row, value in bars:
        if design != last:
            y += 14 if last else 0
            parts.append(_text(20, y, f"On the same data: {DESIGNS[design].title}", "head"))
            y, last = y + 12, design
        width = max((_WIDTH - _LEFT - _RIGHT) * value / longest, 1.0)
        kind = "ours" if not row.choice else "false"
        size = f'x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}"'
        parts += [
            _text(_LEFT - 10, y + 14, row.choice or "Parkland", "", "end"),
            f'<rect class="{kind}" {size} rx="3"/>',
            _text(_LEFT + width + 8, y + 14, f"{value:.2g} t", "quiet"),
        ]
        y += _STEP
    title = "False credits per 100 t truly removed"
    below = (
        "credits beyond what the landscape truly removed, averaged over landscapes; "
        "where nothing grows, per 100 t of fast growth"
    )
    spoken = "; ".join(
        f"{DESIGNS[d].title}, {r.choice or 'Parkland'}: {v:.2g} t" for d, r, v in bars
    )
    return _svg(title, below, spoken, y + 8, parts)


def _svg(title: str, below: str, spoken: str, height: int, parts: Sequence[str]) -> str:
    return "\n".join([*_opened(title, below, spoken, height), *parts, "</svg>", ""])


def _opened(title: str, below: str, spoken: str, height: int) -> Iterator[str]:
    box = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    yield f'<title id="t">{escape(title)}</title>'
    yield f'<desc id="d">{escape(spoken)}.</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>'
    yield _text(20, 30, title, "head")
    yield _text(20, 50, below, "quiet")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'
