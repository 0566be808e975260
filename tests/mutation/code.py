"""Does a test notice when the arithmetic is wrong? `python -m tests.mutation.code`.

Operators, comparisons, boundaries, constants and signs of the estimator's modules are changed one
at a time, in memory, and the tests that know the module run in a forked process; what those let
pass is put before the tests of its neighbours too. A seeded sample of all such changes is judged;
what no test notices is told, and ends with exit code 1 unless it is explained. Verdicts are kept,
so a run that was ended goes on.
"""

# ruff: noqa: T201  (its output)

import argparse
import ast
import hashlib
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path

from tests.mutation.forked import ROOT, Verdict, judge, load_what_is_heavy
from tests.mutation.score import Judged, keep_verdict, kept_verdicts, key_of, page

PACKAGES = ("mrv/biomass", "mrv/crediting", "mrv/estimation")
_TESTS = ("tests/golden", "tests/mrv", "tests/property", "tests/attacks")
_PATIENCE = 5.0  # times the time that the tests take unchanged; then a loop counts as endless
_LEAST_S = 60.0
_HOUR_S = 3600.0
_FILES_OF_TESTS = 4  # that judge a module first: its own and those that import it, goldens first
_FILES_OF_NEIGHBOURS = 12  # that judge what the first let pass

_BINARY = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}  # fmt: skip
_COMPARED = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
_CALLED = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One place of the code that is to be wrong.

    Attributes:
        path: File, from the project's folder.
        line: Its line, from 1.
        begin, end: Where the changed part stands in the file's bytes.
        was, becomes: That part before and after.
    """

    path: str
    line: int
    begin: int
    end: int
    was: str
    becomes: str

    @property
    def source(self) -> str:
        """The line as it is written."""
        return (ROOT / self.path).read_text("utf-8").splitlines()[self.line - 1].strip()

    def code(self) -> bytes:
        """Give the file as it would be."""
        raw = (ROOT / self.path).read_bytes()
        return raw[: self.begin] + self.becomes.encode() + raw[self.end :]


class _Finder(ast.NodeVisitor):
    """Walks over what computes: no messages, annotations, decorators or texts."""

    def __init__(self, path: str) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._raw = (ROOT / path).read_bytes()
        self._starts = [0]
        for line in self._raw.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def visit_Raise(self, _node: ast.Raise) -> None:
        """Leave messages alone."""

    def visit_JoinedStr(self, _node: ast.JoinedStr) -> None:
        """Leave texts alone."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Look at the body only."""
        for part in node.body:
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Look at defaults and body only."""
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Look at the value only."""
        if node.value is not None:
            self.visit(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Change the operator."""
        if type(node.op) in _BINARY:
            self._between(node.left, node.right, *_BINARY[type(node.op)])
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Change the comparison, boundaries among them."""
        sides = [node.left, *node.comparators]
        for left, right, op in zip(sides, sides[1:], node.ops, strict=False):
            self._between(left, right, *_COMPARED[type(op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Change `and` to `or`, and back."""
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self._between(node.values[0], node.values[1], *words)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Leave out a sign or a `not`."""
        if isinstance(node.op, ast.USub | ast.Not):
            begin, end = self._place(node)[0], self._place(node.operand)[0]
            self._add(node.lineno, begin, end, "")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Swap the larger for the smaller."""
        name = node.func
        word = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
        if word in _CALLED:
            end = self._place(name)[1]
            self._add(name.end_lineno or node.lineno, end - len(word), end, _CALLED[word])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Change a number or a truth value."""
        value = node.value
        if isinstance(value, bool):
            becomes = str(not value)
        elif isinstance(value, int):
            becomes = str(value + 1)
        elif isinstance(value, float):
            becomes = repr(value * 1.1 if value else 1.0)
        else:
            return
        self._add(node.lineno, *self._place(node), becomes)

    def _place(self, node: ast.expr) -> tuple[int, int]:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[last - 1] + column

    def _between(self, left: ast.expr, right: ast.expr, was: str, becomes: str) -> None:
        begin, end = self._place(left)[1], self._place(right)[0]
        at = self._raw.find(was.encode(), begin, end)
        if at >= 0:
            line = self._raw.count(b"\n", 0, at) + 1
            self._add(line, at, at + len(was), becomes)

    def _add(self, line: int, begin: int, end: int, becomes: str) -> None:
        was = self._raw[begin:end].decode()
        self.found.append(Mutant(self._path, line, begin, end, was, becomes))


@cache
def find_mutants(path: str) -> tuple[Mutant, ...]:
    """Find every change of a module; whether it is still Python, `compiles` says."""
    finder = _Finder(path)
    finder.visit(ast.parse((ROOT / path).read_bytes()))
    return tuple(finder.found)


def compiles(mutant: Mutant) -> bool:
    """Say whether a changed module would still be Python."""
    try:
        ast.parse(mutant.code())
    except SyntaxError:
        return False
    return True


@cache
def _ranked_judges(path: str) -> tuple[str, ...]:
    module = path.removesuffix(".py").replace("/", ".")
    package, name = module.rsplit(".", 1)
    ranked = []
    for folder in _TESTS:
        for place in sorted((ROOT / folder).rglob("test_*.py")):
            text = place.read_text("utf-8")
            reach = (module in text, place.stem == f"test_{name}", package in text)
            if any(reach):
                ranked.append((tuple(not r for r in reach), place.relative_to(ROOT).as_posix()))
    return tuple(place for _, place in sorted(ranked, key=lambda one: one[0]))


def judges_of(path: str) -> tuple[str, ...]:
    """Find the tests that know a module best: those that import it, its namesake, its package's."""
    return _ranked_judges(path)[:_FILES_OF_TESTS]


def neighbours_judges(path: str) -> tuple[str, ...]:
    """Find the tests that judge what the first let pass: the next ones that know the package."""
    return _ranked_judges(path)[_FILES_OF_TESTS:][:_FILES_OF_NEIGHBOURS]


def _modules(package: str) -> list[str]:
    return [place.relative_to(ROOT).as_posix() for place in sorted((ROOT / package).rglob("*.py"))]


def _sampled(only: str, count: int, seed: int) -> dict[str, list[Mutant]]:
    """Draw mutants of all modules alike.

    Which are drawn hangs on what they are, not on how many there are: a line added to one module
    leaves those of all others in the sample.
    """
    paths = [path for package in PACKAGES for path in _modules(package) if only in path]
    everything = [one for path in paths for one in _ordered_by_lot(find_mutants(path), seed)]
    everything.sort(key=lambda one: one[0])
    drawn = list(islice((mutant for _, mutant in everything if compiles(mutant)), count))
    chosen: dict[str, list[Mutant]] = {}
    for mutant in sorted(drawn, key=lambda m: (m.path, m.begin)):
        chosen.setdefault(mutant.path, []).append(mutant)
    print(f"{len(drawn)} of {len(everything)} changes in {len(chosen)} modules, seed {seed}")
    return chosen


def _ordered_by_lot(mutants: Sequence[Mutant], seed: int) -> Iterator[tuple[bytes, Mutant]]:
    alike: Counter[tuple[str, ...]] = Counter()
    for mutant in mutants:
        what = (mutant.path, mutant.source, mutant.was, mutant.becomes)
        alike[what] += 1  # the same change of the same line, a second time
        lot = hashlib.sha256(repr((seed, *what, alike[what])).encode()).digest()
        yield lot, mutant


@cache
def _patience_s(path: str, judges: tuple[str, ...]) -> float:
    """Say how long tests may take, by what they take on the module as it is.

    Raises:
        SystemExit: If they fail.
    """
    begun = time.monotonic()
    if judge(path, (ROOT / path).read_bytes(), judges, _HOUR_S) != "unnoticed":
        raise SystemExit(f"The tests of {path} fail without any change; mend them first.")
    return max(_LEAST_S, _PATIENCE * (time.monotonic() - begun))


def _verdict_on(mutant: Mutant) -> Verdict:
    said: Verdict = "unnoticed"
    for judges in (judges_of(mutant.path), neighbours_judges(mutant.path)):
        if said == "unnoticed" and judges:
            patience_s = _patience_s(mutant.path, judges)
            said = judge(mutant.path, mutant.code(), judges, patience_s)
    return said


def _key(mutant: Mutant) -> str:
    judges = judges_of(mutant.path) + neighbours_judges(mutant.path)
    return key_of(mutant.path, judges, mutant.begin, mutant.becomes)


def _judge_all(
    chosen: Mapping[str, Sequence[Mutant]], journal: Path, jobs: int, until: float
) -> list[Judged]:
    """Judge what is not judged yet, as long as there is time."""
    kept = kept_verdicts(journal)
    for path, mutants in chosen.items():
        if not judges_of(path):
            raise SystemExit(f"No test knows {path}; write one first.")
        left = {_key(mutant): mutant for mutant in mutants if _key(mutant) not in kept}
        if not left or time.monotonic() > until:
            continue
        _patience_s(path, judges_of(path))  # once, before the threads ask for it

        def judge_one(one: tuple[str, Mutant]) -> None:
            key, mutant = one
            if time.monotonic() < until:
                keep_verdict(journal, key, _verdict_on(mutant))

        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(judge_one, left.items()))
        print(f"{path}: {len(mutants)} drawn", flush=True)
    return _found(chosen, kept_verdicts(journal))


def _found(chosen: Mapping[str, Sequence[Mutant]], kept: Mapping[str, Verdict]) -> list[Judged]:
    return [
        Judged(
            path, mutant.line, mutant.source, mutant.was, mutant.becomes,
            kept.get(_key(mutant)),
        )
        for path, mutants in chosen.items()
        for mutant in mutants
    ]  # fmt: skip


def main(asked: Sequence[str] | None = None) -> int:
    """Judge a sample of mutants, tell the score and write its page.

    Args:
        asked: Arguments of the command line.

    Returns:
        0 where every mutant was judged, and noticed or explained, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--count", type=int, default=200, help="changes to judge")
    parser.add_argument("--seed", type=int, default=1, help="of the sample of changes")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--minutes", type=float, default=math.inf, help="then end; go on later")
    parser.add_argument("--home", type=Path, default=ROOT / ".mutation", help="kept verdicts")
    parser.add_argument("--out", type=Path, help="write the page here, such as docs/mutation.md")
    given = parser.parse_args(asked)
    chosen = _sampled(given.only, given.count, given.seed)
    load_what_is_heavy()
    until = time.monotonic() + 60 * given.minutes
    found = _judge_all(chosen, given.home / "verdicts.jsonl", given.jobs, until)
    places = {
        name: sum(len(find_mutants(path)) for path in _modules(name) if given.only in path)
        for name in PACKAGES
    }
    told = page(found, places, given.seed, datetime.now(UTC).date())
    print(told)
    if given.out:
        given.out.write_text(told, "utf-8")
    return 0 if all(one.verdict == "noticed" or one.explained for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
