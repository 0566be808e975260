"""Does a test notice when a coefficient is wrong? `python -m tests.mutation.coefficients`.

Each number of the tables of equations, wood densities, heights, roots and rules is changed by three
per cent in turn, in memory, and the golden tests run in a forked process. What no test notices is
told, and ends with exit code 1 unless it is explained.
"""

# ruff: noqa: T201  (its output)

import argparse
import ast
import importlib.machinery
import io
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_CHANGE = 0.03
_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:[eE]-?\d+)?(?![\w.-])")
_TEXT = re.compile(r'"[^"]*"|#.*')
# Without the plugins of the whole suite, whose loading would take most of the time.
_PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
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

# What no test can notice, by the line it stands on, and why.
_EXPLAINED = {
    "def root_shoot_ratio(zone: str, agb_t_ha: float = 0.0) -> float:": (
        "any stock up to 125 t/ha asks for the same ratio"
    ),
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
        lines = (_ROOT / self.path).read_text(encoding="utf-8").splitlines()
        return _EXPLAINED.get(lines[self.line - 1].strip(), "")

    def text(self) -> str:
        """Give the file as it would be."""
        text = (_ROOT / self.path).read_text(encoding="utf-8")
        return text[: self.begin] + self.becomes + text[self.end :]


def find_mutants(path: str) -> Iterator[Mutant]:
    """Find every number of a file that a reader of the sources could check."""
    text = (_ROOT / path).read_text(encoding="utf-8")
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
    """Run the judges of a mutant in a forked process and say whether one of them failed."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _judge(mutant)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 1, 2, 3, 4}:
        raise RuntimeError(f"The tests of {mutant.path} ended with {code}, which says nothing.")
    return code != 0


def _judge(mutant: Mutant) -> int:
    _put_in_place(_ROOT / mutant.path, mutant.text())
    import pytest  # loaded already, by the parent; here so that nothing of it is patched

    for name in _JUDGES[mutant.path]:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = int(pytest.main([*_PYTEST, str(_ROOT / _GOLDEN.format(name))]))
        if code:
            return code
    return 0


def _put_in_place(path: Path, text: str) -> None:
    """Let this process read another text at a path, and leave the file alone."""
    read_text = Path.read_text
    read_bytes = Path.read_bytes

    def text_of(self: Path, *args: Any, **named: Any) -> str:  # noqa: ANN401  (as pathlib's)
        return text if self == path else read_text(self, *args, **named)

    def bytes_of(self: Path) -> bytes:
        return text.encode() if self == path else read_bytes(self)

    Path.read_text, Path.read_bytes = text_of, bytes_of  # type: ignore[method-assign]
    get_code = importlib.machinery.SourceFileLoader.get_code

    def code_of(self: importlib.machinery.SourceFileLoader, name: str) -> Any:  # noqa: ANN401
        if Path(self.path) == path:
            return compile(text, str(path), "exec", dont_inherit=True)
        return get_code(self, name)

    importlib.machinery.SourceFileLoader.get_code = code_of  # type: ignore[method-assign]


def _load_what_is_heavy() -> None:
    """Load what every child needs, but nothing of the project: that must see the mutant."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("numpy", "pandas", "pytest", "pydantic", "tomllib", "scipy.stats"):
        importlib.import_module(name)


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
    _load_what_is_heavy()
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
