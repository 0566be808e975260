"""`make fuzz`: spoilt files through the readers and screening until the time is over.

Case n of a seed is the same file on every machine. Anything but a table or an error of ours is a
find: an exception, a crash, a case that does not end. Cases run in this program's own worker, which
is quick; one that ends the worker from within a native library is read once more as users' files
are, in the limited child, and is a find unless that answers. Finds are written to a folder with
their traceback; the exit code is 1 where there are any.
"""

import argparse
import hashlib
import multiprocessing as mp
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty

from mrv.errors import MrvError
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.sources.boundaries import parse_boundaries, read_boundaries
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds

CASE_S = 20  # by the clock; the slowest honest seed takes a twentieth of a second
MEMORY_BYTES = 3 << 30
CASES_PER_WORKER = 3_000  # then a fresh one, so that nothing that leaks adds up
SEEDS = seeds()


class TooSlow(Exception):
    """A case that did not end in its time."""


def case(seed: int, number: int) -> tuple[str, bytes]:
    """Make the file of a case: its name and its content."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311  # not for secrets
    name, data = chance.choice(SEEDS)
    if chance.random() < 0.02:
        name = chance.choice(SEEDS)[0]  # under a name that is not its own
    return name, mutated(data, [other for _name, other in SEEDS], chance)


def answer(name: str, data: bytes) -> str:
    """Read and screen a file; say what became of it.

    Raises:
        Exception: Whatever is not an error of ours.
    """
    try:
        raw = parse_boundaries(data, name).frame
    except MrvError as error:
        return error.code
    try:
        screened = screen_plots(
            raw, country="KE", rules=PlotRules.of(load_methodology("agroforestry_removals", 1))
        )
    except MrvError as error:
        return f"screening: {error.code}"
    lost = screened.features - len(screened.plots) - len(screened.refused)
    if lost:
        raise AssertionError(f"{lost} features are neither accepted nor refused")
    return "screened"


def work(
    seed: int, first: int, at: "Synchronized[int]", told: "mp.Queue[tuple[int, str, str]]"
) -> None:
    """Run cases one after the other, saying what became of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("error")

    def alarm(_signal: int, _frame: object) -> None:
        raise TooSlow(f"took longer than {CASE_S} s")

    signal.signal(signal.SIGALRM, alarm)
    for number in range(first, first + CASES_PER_WORKER):
        at.value = number
        signal.alarm(CASE_S)
        try:
            told.put((number, answer(*case(seed, number)), ""))
        except Exception:  # noqa: BLE001  # whatever it is, it is a find
            told.put((number, "find", traceback.format_exc()))
        finally:
            signal.alarm(0)


def main() -> int:
    """Fuzz for so many minutes; print the seed, the cases, what became of them, and the finds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--finds", type=Path, default=Path(".parkland/fuzz"))
    parser.add_argument("--case", type=int, help="run this one case, here, and show what happens")
    asked = parser.parse_args()
    if asked.case is not None:
        name, data = case(asked.seed, asked.case)
        print(f"{name}: {len(data)} bytes, {answer(name, data)}")  # noqa: T201  # its output
        return 0
    begin, first = time.monotonic(), asked.first
    answers: Counter[str] = Counter()
    finds = 0
    while time.monotonic() - begin < 60 * asked.minutes:
        told = mp.Queue()
        at = mp.Value("q", first)
        worker = mp.Process(target=work, args=(asked.seed, first, at, told), daemon=True)
        worker.start()
        last, heard = first - 1, time.monotonic()
        while time.monotonic() - begin < 60 * asked.minutes:
            try:
                last, outcome, trace = told.get(timeout=1)
                heard = time.monotonic()
                answers[outcome] += 1
                if trace:
                    finds += keep(asked.finds, asked.seed, last, trace)
                continue
            except Empty:
                pass
            stuck = time.monotonic() - heard > 3 * CASE_S
            if worker.is_alive() and not stuck:
                continue
            if last < first + CASES_PER_WORKER - 1:
                last = at.value
                outcome, how = (
                    ("find", "did not end")
                    if stuck
                    else read_confined(asked.seed, last, worker.exitcode)
                )
                answers[outcome] += 1
                if how:
                    finds += keep(asked.finds, asked.seed, last, how)
            break
        worker.kill()
        worker.join()
        first = last + 1
    report(asked.seed, asked.first, first, time.monotonic() - begin, answers, finds)
    return 1 if finds else 0


def read_confined(seed: int, number: int, exitcode: int | None) -> tuple[str, str]:
    """Read a case that ended its worker as users' files are read: outcome, and trace of a find."""
    name, data = case(seed, number)
    try:
        read_boundaries(data, name)
    except MrvError as error:
        return f"confined: {error.code}", ""
    except Exception:  # noqa: BLE001  # whatever it is, it is a find
        return "find", traceback.format_exc()
    return "find", f"ended the process ({exitcode})"


def keep(folder: Path, seed: int, number: int, trace: str) -> int:
    """Write a find down, once for each place in the code; say whether it was new."""
    last_line = trace.strip().splitlines()[-1].split(":")[0]
    places = [line for line in trace.splitlines() if line.startswith("  File")][-1:]
    key = hashlib.sha256("".join([last_line, *places]).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{key}.txt"
    if note.exists():
        return 0
    name, data = case(seed, number)
    (folder / f"{key}{Path(name).suffix}").write_bytes(data)
    note.write_text(f"seed {seed}, case {number}, {name}\n\n{trace}\n")
    return 1


def report(
    seed: int, first: int, end: int, took_s: float, answers: Counter[str], finds: int
) -> None:
    """Print what was done and found."""
    out = [f"Seed {seed}, cases {first} to {end - 1}, {took_s / 60:.1f} minutes, {finds} finds."]
    out += [f"{count:>9,}  {what}" for what, count in answers.most_common()]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    sys.exit(main())
