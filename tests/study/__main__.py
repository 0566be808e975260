"""Run the study: `make study`, or `python -m tests.study --landscapes 40 fast none`.

Every landscape is kept as soon as it is done, under the digest of all code and rules that it rests
on, so a run that was ended goes on where it was and never mixes two versions. The seed of a
landscape is its number. With the last one tables and figures are written.
"""

import argparse
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import rich.progress

from pipelines.commands import show
from tests.study.designs import DESIGNS
from tests.study.pages import terminal, write_readme, write_report
from tests.study.steps import Claim
from tests.study.trial import DRAWS, Trial, named_trial

ROOT = Path(__file__).parents[2]
LANDSCAPES = 500
_RESTS_ON = ("biomass", "change", "crediting", "estimation", "field", "methodologies", "simulation")
_SOURCES = ("designs.py", "naive.py", "steps.py", "trial.py")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(prog="python -m tests.study", description=__doc__)
    parser.add_argument("designs", nargs="*", metavar="DESIGN", help=f"of {', '.join(DESIGNS)}")
    parser.add_argument("--landscapes", type=int, default=LANDSCAPES, help="per design")
    parser.add_argument("--home", type=Path, default=ROOT / ".study", help="where trials are kept")
    parser.add_argument("--out", type=Path, default=None, help="where tables and figures go")
    parser.add_argument("--readme", type=Path, default=None, help="whose part is written anew")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    told = parser.parse_args(arguments)
    names = told.designs or list(DESIGNS)
    if unknown := sorted(set(names) - set(DESIGNS)):
        parser.error(f"there is no design {', '.join(unknown)}; there are {', '.join(DESIGNS)}")
    home = told.home / code_digest()
    home.mkdir(parents=True, exist_ok=True)
    run(names, told.landscapes, home, told.workers)
    kept = {name: read_trials(home / f"{name}.jsonl")[: told.landscapes] for name in names}
    for table in terminal(kept):
        show.console.print(table)
    if told.out is not None:
        write_report(kept, told.out, draws=DRAWS)
        if told.readme is not None:
            write_readme(kept, told.out, told.readme)
        show.console.print(f"Tables and figures are in {told.out}.")


def run(names: Sequence[str], landscapes: int, home: Path, workers: int) -> None:
    """Simulate and estimate every landscape that is not kept yet."""
    missing = [
        (name, seed)
        for name in names
        for seed in sorted(
            set(range(landscapes)) - {t.seed for t in read_trials(home / f"{name}.jsonl")}
        )
    ]
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
    )
    with rich.progress.Progress(*columns) as progress:
        task = progress.add_task("landscapes", total=len(missing))
        for name, trial in _trials(missing, workers):
            with (home / f"{name}.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(trial)) + "\n")
            progress.update(task, advance=1, description=f"{name} {trial.seed}")


def read_trials(path: Path) -> list[Trial]:
    """Read the trials that are kept, by seed; a last line that was cut short is run again."""
    trials: dict[int, Trial] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            continue
        naive = {choice: Claim(**claim) for choice, claim in told.pop("naive").items()}
        trial = Trial(**told, naive=naive)
        trials[trial.seed] = trial
    return [trials[seed] for seed in sorted(trials)]


def code_digest() -> str:
    """Name everything a trial rests on by its content."""
    files = [
        path
        for package in _RESTS_ON
        for path in (ROOT / "mrv" / package).rglob("*")
        if path.suffix in {".py", ".toml", ".csv"}
    ]
    files += [ROOT / "tests" / "study" / name for name in _SOURCES]
    digest = sha256()
    for path in sorted(files):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _trials(missing: Sequence[tuple[str, int]], workers: int) -> Iterator[tuple[str, Trial]]:
    if workers == 1:
        yield from map(named_trial, missing)
        return
    # Fresh processes, of a thread each: compiled code and its threads do not survive a fork.
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers, max(1, len(missing)))) as pool:
        yield from pool.imap_unordered(named_trial, missing)


if __name__ == "__main__":
    main()
