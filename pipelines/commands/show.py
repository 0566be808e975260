"""How commands speak: one console, a progress bar, tables that read well in a terminal."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mrv.errors import InputRejected
from mrv.imagery.progress import Extent
from pipelines.progress import Pace, RunProgress, decoded

# No markup: what is said holds people's own words, and "[inputs.tree_columns]" is no style. A pipe
# has no width of its own; tables are laid out for a wide page then.
console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 120)
notes = Console(stderr=True, markup=False, highlight=False)


@contextmanager
def progress_bar(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while something is done; hand back `report(done, total)`.

    Where stderr is no terminal, a line says what is being done instead.
    """
    with steps_bar(task) as report:
        yield lambda done, total: report("", done, total)


@contextmanager
def steps_bar(task: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for a task of several steps; hand back `report(step, done, total)`."""
    if not notes.is_terminal:
        notes.print(f"{task} …")
        yield lambda _step, _done, _total: None
        return
    with _bars() as bar:
        handle = bar.add_task(task, total=None)

        def report(step: str, done: int, total: int) -> None:
            told = f"{task}: {step}" if step else task
            bar.update(handle, description=told, completed=done, total=total or None)

        yield report


@contextmanager
def run_bar(task: str) -> Iterator[RunProgress]:
    """Show a bar of a run's steps, and below it one of scenes while they are read.

    Where stderr is no terminal, a line every half minute says how far the scenes are.
    """
    if not notes.is_terminal:
        notes.print(f"{task} …")
        yield RunProgress(
            steps=lambda _done, _total: None,
            scenes=Pace(lambda said: notes.print(f"{task}: {said}")),
        )
        return
    with _bars() as bars:
        steps = bars.add_task(task, total=None)
        scenes = bars.add_task("", total=None, visible=False, start=False)

        def scenes_read(extent: Extent) -> None:
            bars.start_task(scenes)
            bars.update(
                scenes,
                description=f"scenes, {decoded(extent)}",
                completed=extent.scenes_done,
                total=extent.scenes,
                visible=extent.scenes_done < extent.scenes,
            )

        yield RunProgress(
            steps=lambda done, total: bars.update(steps, completed=done, total=total),
            scenes=scenes_read,
        )


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=notes,
        transient=True,
    )


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, text: int = 1
) -> Table:
    """Lay out rows; the first `text` columns are words, the others numbers set to the right.

    Only the last column of words may break over lines.
    """
    laid = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for position, column in enumerate(columns):
        laid.add_column(
            column,
            justify="left" if position < text else "right",
            no_wrap=position != text - 1,
        )
    for row in rows:
        laid.add_row(*row)
    return laid


def pairs(texts: Sequence[str], option: str, *, blank: bool = False) -> dict[str, str]:
    """Understand an option that is given as `ours=theirs`, once or many times.

    Args:
        texts: As they were given.
        option: Its name, for the message.
        blank: Whether theirs may be left out, as in `ours=`.

    Raises:
        InputRejected: If one of them does not read so.
    """
    parted = [text.partition("=") for text in texts]
    wrong = [ours for ours, equals, theirs in parted if not (ours and equals and (theirs or blank))]
    if wrong:
        raise InputRejected(f"{option} reads ours=theirs, such as dbh_cm=D; '{wrong[0]}' does not.")
    return {ours: theirs for ours, _equals, theirs in parted}


def print_json(document: object) -> None:
    """Print a document for a program to read."""
    print(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, default=str))  # noqa: T201
