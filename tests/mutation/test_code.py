"""The mutator itself: its changes are Python, differ from the file, and are the same for a seed."""

import ast
import io
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tests.mutation.code import (
    PACKAGES,
    _sampled,
    compiles,
    find_mutants,
    judges_of,
)

ROOT = Path(__file__).resolve().parents[2]
DEDUCTION = "mrv/crediting/deduction.py"


def test_changes_are_python_and_change_what_runs() -> None:
    before = ast.dump(ast.parse((ROOT / DEDUCTION).read_bytes()))
    mutants = [mutant for mutant in find_mutants(DEDUCTION) if compiles(mutant)]
    after = {ast.dump(ast.parse(mutant.code())) for mutant in mutants}
    assert len(mutants) > 20
    assert before not in after
    assert len(after) == len(mutants), "no two changes are the same"


def test_a_seed_draws_the_same_changes_of_all_packages() -> None:
    with redirect_stdout(io.StringIO()):
        one, same, other = (_sampled("mrv/", 60, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other
    assert {package for package in PACKAGES for path in one if path.startswith(package)} == set(
        PACKAGES
    )


def test_every_module_with_arithmetic_has_tests_that_know_it() -> None:
    unknown = [
        path
        for package in PACKAGES
        for place in sorted((ROOT / package).rglob("*.py"))
        if find_mutants(path := place.relative_to(ROOT).as_posix()) and not judges_of(path)
    ]
    assert unknown == []


@pytest.mark.slow
def test_a_wrong_deduction_is_noticed_and_a_right_one_is_not() -> None:
    """In a process of its own: one that has imported the module already would not see a change."""
    script = f"""
from tests.mutation.code import find_mutants, judges_of
from tests.mutation.forked import ROOT, judge, load_what_is_heavy
load_what_is_heavy()
wrong = next(mutant for mutant in find_mutants({DEDUCTION!r}) if mutant.was == "-")
for text in (wrong.code(), (ROOT / {DEDUCTION!r}).read_bytes()):
    print(judge({DEDUCTION!r}, text, judges_of({DEDUCTION!r}), 120))
"""
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["noticed", "unnoticed"]
