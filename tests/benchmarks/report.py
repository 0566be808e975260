"""What a run of benchmarks says, in tables: one for the terminal, one for the README.

`make bench-report` writes what BENCH_HOME holds of whole runs into the project: the README's part
between its two marks, and in `docs/` the figure, the page on 15 million farmers and the runs.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import rich.table

from pipelines.commands import show
from tests.benchmarks.figure import figure
from tests.benchmarks.ratios import QUICK, Row
from tests.benchmarks.records import ROOT, row_of
from tests.benchmarks.scale import page

_MARKS = ("<!-- benchmarks -->", "<!-- end of benchmarks -->")
_QUICKER = 2 / 3  # below, a ratio is told as "so many times quicker"
_COLUMNS = ("what", "against", "ours", "theirs", "result", "range", "promised")


def table(rows: Iterable[Row]) -> rich.table.Table:
    """Lay rows out for a terminal."""
    title = "Small sizes, to see that it runs" if QUICK else "What was measured"
    return show.table(title, _COLUMNS, [_cells(row) for row in rows], text=2)


_PICTURE = "![Others' processor time as multiples of Parkland's](docs/benchmarks.svg)"
_SCALE = (
    "A year over 50,000 plots and twelve tiles on two cores, whether it stays linear, and what "
    "15 million farmers would take: [docs/fifteen-million.md](docs/fifteen-million.md)."
)


def markdown(run: dict[str, Any]) -> str:
    """Lay a run out for the README."""
    rows = [row_of(kept) for kept in run["rows"]]
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    measured = (
        f"Measured on {machine['measured_on']} at commit `{machine['commit']}`, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}. "
        "Seconds are medians and differ by machine; results are ratios within one turn of one run, "
        "with their range."
        + "".join(
            f" Measured again at commit `{commit}`: {part}."
            for part, commit in run.get("again", {}).items()
        )
    )
    lines = [
        _PICTURE,
        "",
        measured,
        "",
        "| " + " | ".join(_COLUMNS) + " |",
        "|---|---|--:|--:|--:|--:|--:|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
        "",
        f"Peers: {versions}.",
    ]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    if row.unit != "x":
        promised = "" if row.at_most is None else f"at most {_number(row.at_most)}"
        return row.what, row.unit, _number(row.value), "", _number(row.value), "", promised
    return (
        row.what,
        row.peer,
        *(f"{_time(median(seconds))}" for seconds in (row.ours, row.theirs)),
        *_told(row),
        "" if row.at_most is None else _promised(row.at_most),
    )


def _told(row: Row) -> tuple[str, str]:
    """Say a ratio as people do, with its range: times quicker, share of their time, times it."""
    if row.value < _QUICKER:
        told, low, high = f"{_number(1 / row.value)}x quicker", 1 / row.high, 1 / row.low
    else:
        told, low, high = f"{_number(row.value, 3)} of theirs", row.low, row.high
    span = f"{_number(low, 3)}-{_number(high, 3)}" if len(row.ours) > 1 else ""
    return told, span


def _promised(at_most: float) -> str:
    if at_most < _QUICKER:
        return f"at least {_number(1 / at_most)}x"
    return f"at most {at_most:.2f}"


def _number(value: float, digits: int = 2) -> str:
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.0e}"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.{digits}g}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"


def main() -> None:
    """Write what the home holds of whole runs into the README and `docs/`."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("home", type=Path)
    asked.add_argument("--into", type=Path, default=ROOT)
    options = asked.parse_args()
    docs = options.into / "docs"
    docs.mkdir(exist_ok=True)
    runs = {name: options.home / f"{name}.json" for name in ("bench", "country")}
    if not any(path.exists() for path in runs.values()):
        raise SystemExit(f"{options.home} holds no whole run; make bench or bench-country first.")
    if runs["bench"].exists():
        run = json.loads(runs["bench"].read_text("utf-8"))
        shutil.copyfile(runs["bench"], docs / "benchmarks.json")
        (docs / "benchmarks.svg").write_text(figure(run), "utf-8")
        part = markdown(run) + (f"\n\n{_SCALE}" if runs["country"].exists() else "")
        _into_readme(options.into / "README.md", part)
    if runs["country"].exists():
        shutil.copyfile(runs["country"], docs / "country.json")
        country = json.loads(runs["country"].read_text("utf-8"))
        (docs / "fifteen-million.md").write_text(page(country), "utf-8")


def _into_readme(readme: Path, part: str) -> None:
    between = re.compile(f"(?<={_MARKS[0]}\n).*?(?={_MARKS[1]})", re.DOTALL)
    text, count = between.subn(lambda _old: part + "\n", readme.read_text("utf-8"))
    if count != 1:
        raise SystemExit(f"{readme} has no part between {_MARKS[0]} and {_MARKS[1]}.")
    readme.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
