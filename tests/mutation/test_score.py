"""The score: nothing is counted that was not judged, and what is explained is still there."""

from datetime import date
from pathlib import Path

from tests.mutation.code import find_mutants
from tests.mutation.coefficients import find_mutants as find_coefficients
from tests.mutation.forked import ROOT
from tests.mutation.score import (
    Judged,
    explained_changes,
    keep_verdict,
    kept_verdicts,
    key_of,
    page,
)

DEDUCTION = "mrv/crediting/deduction.py"


def _judged(verdict: str | None) -> Judged:
    return Judged(DEDUCTION, 3, "a + b", "+", "-", verdict)  # type: ignore[arg-type]


def test_only_what_tests_noticed_raises_the_score() -> None:
    found = [_judged(said) for said in ("noticed", "unnoticed", "out of time", None)]
    told = page(found, {"mrv/crediting": 90}, 7, date(2026, 11, 22))
    assert "| mrv/crediting | 90 | 4 | 3 | 1 | 1 | 0 | 1 | 33.3 % |" in told
    assert "The run is not whole: 1 of the drawn changes were not judged." in told
    assert "in `a + b`: open" in told


def test_a_whole_run_says_nothing_of_missing_changes() -> None:
    told = page([_judged("noticed")], {"mrv/crediting": 90}, 7, date(2026, 11, 22))
    assert "not whole" not in told
    assert "| all | 90 | 1 | 1 | 1 | 0 | 0 | 0 | 100.0 % |" in told


def test_a_run_goes_on_from_its_verdicts_but_not_from_a_line_cut_off(tmp_path: Path) -> None:
    journal = tmp_path / "home" / "verdicts.jsonl"
    assert kept_verdicts(journal) == {}
    keep_verdict(journal, "one", "noticed")
    keep_verdict(journal, "two", "unnoticed")
    with journal.open("a", encoding="utf-8") as lines:
        lines.write('{"key": "thr')
    assert kept_verdicts(journal) == {"one": "noticed", "two": "unnoticed"}


def test_a_verdict_counts_for_the_tests_that_gave_it_only() -> None:
    golden, other = "tests/golden/test_statistics.py", "tests/golden/test_waterfall.py"
    assert key_of(DEDUCTION, [golden], 5, "-") == key_of(DEDUCTION, [golden], 5, "-")
    assert key_of(DEDUCTION, [golden], 5, "-") != key_of(DEDUCTION, [other], 5, "-")


def test_every_explained_change_is_one_that_a_run_can_make() -> None:
    for path, source, was, becomes in explained_changes():
        lines = (ROOT / path).read_text("utf-8").splitlines()
        changes = [(m.line, m.was, m.becomes) for m in find_mutants(path)]
        changes += [(m.line, m.was, m.becomes) for m in find_coefficients(path)]
        assert any(
            lines[line - 1].strip() == source and (before, after) == (was, becomes)
            for line, before, after in changes
        ), f"{path} has no such change: {source}"
