"""What a study says, shown: tables in a terminal, a page, figures, and the README's part."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import rich.table

from pipelines.commands import show
from tests.study.designs import CRITERIA, DESIGNS
from tests.study.figure import coverage_figure, naive_figure
from tests.study.report import FAST, Naive, Summary, naive_choices, summaries
from tests.study.steps import METHODOLOGY
from tests.study.trial import Trial

_HEAD = (
    "design", "landscapes", "truth t", "bias", "one SE", "coverage", "truth below", "truth above",
    "floor", "credits t", "above truth", "verdict",
)  # fmt: skip
_TERMINAL = ("design", "landscapes", "bias", "coverage", "floor", "credits t", "verdict")
_NAIVE_HEAD = (
    "design", "choice", "credits t", "beyond truth t", "landscapes above truth",
    "with the buffer", "coverage",
)  # fmt: skip
_MARKS = ("<!-- study -->", "<!-- end of study -->")
_README = """![False credits of choices that look harmless]({folder}/study-naive.svg)

{landscapes} simulated landscapes of each of {designs} designs, {failed} of which missed a
criterion: 90 % intervals held the truth in {least} to {most} of growing landscapes, credits
exceeded it in {above} at most; fast growth earned {fast} on average, no growth {idle}.
All numbers, and what was asked of them: [{folder}/study.md]({folder}/study.md).
"""
_PAGE = """# Landscapes whose truth is known

Each row is many simulated landscapes: farms in villages, trees on them, a field sample, and signals
with errors that neighbours share. Trees truly weigh what the error model says they may: site
effect, wood density, coefficients, root:shoot and carbon fraction are drawn once per landscape. The
estimate takes {draws} draws through the same functions as a real project, by version {version} of
the rules. `make study` runs it again; a landscape's number is its seed.

Asked of growing landscapes: bias within {bias} of the mean truth or one standard error,
{low}-{high} of 90 % intervals hold the truth, credits above the truth in at most {above}. Asked
where nothing grows: mean credits at most {idle} of those at fast growth; there the bias is in t.
Bias and interval are those of the estimate itself. Before anything is credited a baseline that came
out below zero counts as none, in each of its two parts; what that floor takes off on average is a
column of its own, and credits have it taken off.

![How often 90 % intervals hold the truth](study-coverage.svg)

{table}

Bias is told with a control variate (`tests/study/report.py`). Credits and buffer together lie above
the truth in {buffered}.
"""
_NAIVE_PAGE = """
## Choices that look harmless, on the same data

![False credits of naive choices](study-naive.svg)

{table}

What each choice does: `tests/study/naive.py`.
"""


def terminal(kept: Mapping[str, Sequence[Trial]]) -> list[rich.table.Table]:
    """Lay the study out for a terminal."""
    narrow = [_HEAD.index(name) for name in _TERMINAL]
    told = [[_cells(row)[i] for i in narrow] for row in summaries(kept)]
    tables = [show.table("Study", _TERMINAL, told, text=1)]
    if rows := naive_choices(kept):
        head = _NAIVE_HEAD
        cells = [_naive_cells(row) for row in rows]
        tables.append(show.table("Naive choices on the same data", head, cells, text=2))
    return tables


def write_report(kept: Mapping[str, Sequence[Trial]], out: Path, draws: int) -> None:
    """Write study.md, study.json and the figures."""
    out.mkdir(parents=True, exist_ok=True)
    rows, choices = summaries(kept), naive_choices(kept)
    content = {
        "draws": draws,
        "criteria": asdict(CRITERIA),
        "designs": [asdict(row) | {"title": DESIGNS[row.design].title} for row in rows],
        "naive": [asdict(row) for row in choices],
    }
    (out / "study.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (out / "study.md").write_text(page(rows, choices, draws), encoding="utf-8")
    (out / "study-coverage.svg").write_text(coverage_figure(rows), encoding="utf-8")
    if choices:
        (out / "study-naive.svg").write_text(naive_figure(rows, choices), encoding="utf-8")


def write_readme(kept: Mapping[str, Sequence[Trial]], out: Path, readme: Path) -> None:
    """Write the README's part between its two marks; the rest stays as it is."""
    rows, choices = summaries(kept), naive_choices(kept)
    text = readme.read_text(encoding="utf-8")
    if not all(mark in text for mark in _MARKS):
        raise ValueError(f"{readme} has no part for the study: it lacks {' or '.join(_MARKS)}")
    head, _, rest = text.partition(_MARKS[0])
    _, _, tail = rest.partition(_MARKS[1])
    folder = out.resolve().relative_to(readme.resolve().parent)
    growing = [row for row in rows if DESIGNS[row.design].grows]
    idle = [row for row in rows if not DESIGNS[row.design].grows]
    ours = next(row for row in choices if row.design == FAST and not row.choice)
    part = _README.format(
        folder=folder.as_posix(),
        landscapes=_span([row.landscapes for row in rows]),
        designs=len(rows),
        least=f"{min(row.coverage for row in growing):.1%}",
        most=f"{max(row.coverage for row in growing):.1%}",
        above=f"{max(row.above_truth for row in growing):.1%}",
        fast=f"{ours.credits_t:,.0f} t",
        idle=" and ".join(f"{row.credits_t:.1f} t" for row in idle) or "not run",
        failed=sum(bool(row.failed) for row in rows) or "none",
    )
    readme.write_text(f"{head}{_MARKS[0]}\n{part}{_MARKS[1]}{tail}", encoding="utf-8")


def _span(counts: Sequence[int]) -> str:
    least, most = min(counts), max(counts)
    return str(least) if least == most else f"{least} to {most}"


def page(rows: Sequence[Summary], choices: Sequence[Naive], draws: int) -> str:
    """Write the study's page."""
    cells = [(DESIGNS[s.design].title, *_cells(s)) for s in rows]
    buffered = "; ".join(
        f"{s.above_with_buffer:.1%} ({s.design})" for s in rows if DESIGNS[s.design].grows
    )
    low, high = CRITERIA.coverage
    lines = _PAGE.format(
        draws=draws,
        version=METHODOLOGY.version,
        bias=f"{CRITERIA.bias:.0%}",
        low=f"{100 * low:.0f}",
        high=f"{high:.0%}",
        above=f"{CRITERIA.above_truth:.0%}",
        idle=f"{CRITERIA.at_no_growth:.1%}",
        table="\n".join(_markdown(("landscapes that are", *_HEAD), cells, 2)),
        buffered=buffered,
    )
    if choices:
        head = _NAIVE_HEAD
        table = _markdown(head, [_naive_cells(row) for row in choices], 2)
        lines += _NAIVE_PAGE.format(table="\n".join(table))
    return lines


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]], text: int) -> list[str]:
    rule = ["---"] * text + ["--:"] * (len(head) - text)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def _cells(s: Summary) -> tuple[str, ...]:
    grows = DESIGNS[s.design].grows
    return (
        s.design,
        str(s.landscapes),
        f"{s.truth_t:,.0f}",
        f"{s.bias:+.1%}" if grows else f"{s.bias:+.1f} t",
        f"{s.bias_se:.1%}" if grows else f"{s.bias_se:.1f} t",
        f"{s.coverage:.1%}",
        f"{s.below:.1%}",
        f"{s.above:.1%}",
        f"{0 - round(s.floor, 4):.1%}" if grows else f"{0 - round(s.floor, 2):.1f} t",
        f"{s.credits_t:,.1f}",
        f"{s.above_truth:.1%}",
        "holds" if not s.failed else "misses " + ", ".join(s.failed),
    )


def _naive_cells(row: Naive) -> tuple[str, ...]:
    return (
        row.design,
        row.choice or "Parkland",
        f"{row.credits_t:,.1f}",
        f"{row.false_t:,.1f}",
        f"{row.above_truth:.1%}",
        f"{row.above_with_buffer:.1%}",
        f"{row.coverage:.1%}",
    )
