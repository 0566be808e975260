"""Does a test notice when a coefficient is wrong? `python -m tests.mutation.coefficients`.

Each number of the tables of equations, wood densities, heights, roots and rules is changed by three
per cent in turn, in memory, and the golden tests run in a forked process. What no test notices is
told, and ends with exit code 1 unless it is explained.
"""

# ruff: noqa: T201  (its output)

import argparse
import ast
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tests.mutation.forked import ROOT, judge, load_what_is_heavy
from tests.mutation.score import explained

_CHANGE = 0.03
_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:[eE]-?\d+)?(?![\w.-])")
_TEXT = re.compile(r'"[^"]*"|#.*')
_PATIENCE_S = 600.0
_GOLDEN = "tests/golden/test_{}.py"

# Which tests speak for which file, the quickest first; none needs real data.
_JUDGES = {
    "mrv/biomass/equations.toml": ("allometry", "shared_errors"),
    "mrv/biomass/wood_density.csv": ("wood_density",),
    "mrv/biomass/wood_density.py": ("wood_density",),
    "mrv/biomass/heights.py": ("heights",),
    "mrv/biomass/carbon.py": ("carbon",),
    "mrv/biomass/shared_errors.py": ("shared_errors",),
    "mrv/methodologies/agroforestry_removals_v1.toml": ("methodology_rules",),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One number that is to be wrong.

    Attributes:
        path: File, from the project's folder.
        line: Its line, from 1.
        begin, end: Where the number stands in the file's text.
        was, becomes: The number before and after.
    """

    path: str
    line: int
    begin: int
    end: int
    was: str
    becomes: str

    @property
    def explained(self) -> str:
        """Why no test can notice; empty where one should."""
        lines = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        return explained(self.path, lines[self.line - 1].strip(), self.was, self.becomes)

    def text(self) -> str:
        """Give the file as it would be."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        return text[: self.begin] + self.becomes + text[self.end :]


def find_mutants(path: str) -> Iterator[Mutant]:
    """Find every number of a file that a reader of the sources could check."""
    text = (ROOT / path).read_text(encoding="utf-8")
    places = _python_floats(text) if path.endswith(".py") else _data_numbers(text)
    for begin, end in places:
        was = text[begin:end]
        yield Mutant(path, text.count("\n", 0, begin) + 1, begin, end, was, _changed(was))


def _changed(was: str) -> str:
    value = float(was.replace("_", ""))
    if re.fullmatch(r"-?[\d_]+", was):
        return str(int(value) + max(1, round(abs(value) * _CHANGE)))
    return repr(value * (1 + _CHANGE) if value else _CHANGE)


def _data_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Give where numbers stand in the values of TOML or CSV, outside texts and remarks."""
    begin = 0
    in_head = False
    for line in text.splitlines(keepends=True):
        bare = _TEXT.sub(lambda m: " " * len(m[0]), line)
        if bare.startswith("["):
            in_head = bare.startswith("[methodology]")
        elif not in_head:
            for found in _NUMBER.finditer(bare):
                yield begin + found.start(), begin + found.end()
        begin += len(line)


def _python_floats(text: str) -> Iterator[tuple[int, int]]:
    """Give where the decimal numbers of a module stand; whole ones are counts and positions."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and type(node.value) is float:
            begin = starts[node.lineno - 1] + node.col_offset
            yield begin, starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)


def is_noticed(mutant: Mutant) -> bool:
    """Say whether one of the judges of a mutant failed."""
    judges = [_GOLDEN.format(name) for name in _JUDGES[mutant.path]]
    return judge(mutant.path, mutant.text().encode(), judges, _PATIENCE_S) == "noticed"


def main(asked: Sequence[str] | None = None) -> int:
    """Judge all mutants and tell the score.

    Args:
        asked: Arguments of the command line.

    Returns:
        0 where every mutant was noticed or is explained, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--every", type=int, default=1, help="judge one number in so many")
    given = parser.parse_args(asked)
    load_what_is_heavy()
    begun = time.monotonic()
    survivors: list[Mutant] = []
    judged = 0
    for path in _JUDGES:
        if given.only not in path:
            continue
        mutants = list(find_mutants(path))[:: given.every]
        if mutants and is_noticed(replace(mutants[0], becomes=mutants[0].was)):
            raise SystemExit(f"The tests of {path} fail without any change; mend them first.")
        with ThreadPoolExecutor(2) as two:
            noticed = list(two.map(is_noticed, mutants))
        left = [m for m, seen in zip(mutants, noticed, strict=True) if not seen]
        judged, survivors = judged + len(mutants), survivors + left
        print(f"{path}: {len(mutants) - len(left)} of {len(mutants)} noticed", flush=True)
    for mutant in survivors:
        why = f": {mutant.explained}" if mutant.explained else ""
        print(f"  {mutant.path}:{mutant.line}: {mutant.was} -> {mutant.becomes} unnoticed{why}")
    share = 100 * (1 - len(survivors) / max(judged, 1))
    print(f"{share:.1f} % of {judged} coefficients noticed, {time.monotonic() - begun:.0f} s")
    return 0 if all(mutant.explained for mutant in survivors) else 1


if __name__ == "__main__":
    sys.exit(main())
