"""Additionality: surplus always, and an uncommon practice or a barrier beside it."""

from dataclasses import replace
from datetime import date

import pytest

from mrv.change.additionality import AdditionalityRecord, additionality
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
END = date(2024, 1, 1)
SURPLUS = AdditionalityRecord(
    test="regulatory_surplus",
    shown=True,
    finding="No law asks for trees on fields.",
    sha256="a" * 64,
    dated=date(2020, 6, 1),
)
UNCOMMON = replace(
    SURPLUS, test="common_practice", finding="7 of 120 farms.", sha256="b" * 64, adoption=0.058
)
BARRIER = replace(SURPLUS, test="barriers", finding="No nursery within a day.", sha256="c" * 64)


@pytest.mark.parametrize("records", [[SURPLUS, UNCOMMON], [SURPLUS, BARRIER]])
def test_surplus_and_one_more_show_it(records: list[AdditionalityRecord]) -> None:
    verdict = additionality(records, RULES, by=END)
    assert verdict.passed
    assert len(verdict.facts) == 2


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([], "no record shows that no law"),
        ([SURPLUS], "no record tells how common"),
        ([UNCOMMON, BARRIER], "no record shows that no law"),
        ([SURPLUS, replace(UNCOMMON, adoption=0.15)], "15% of comparable land"),
        ([SURPLUS, replace(UNCOMMON, adoption=None)], "how common"),
        ([SURPLUS, replace(SURPLUS, shown=False), BARRIER], "no record shows that no law"),
        ([SURPLUS, replace(BARRIER, shown=False)], "no barriers"),
        ([replace(SURPLUS, dated=date(2024, 1, 2)), BARRIER], "no record shows that no law"),
    ],
)
def test_anything_less_does_not(records: list[AdditionalityRecord], told: str) -> None:
    verdict = additionality(records, RULES, by=END)
    assert not verdict.passed
    assert told.lower() in verdict.sentence.lower()
    assert "project.toml" in verdict.sentence


def test_adoption_is_judged_by_the_highest_that_any_record_tells() -> None:
    records = [SURPLUS, UNCOMMON, replace(UNCOMMON, adoption=0.4, sha256="d" * 64)]
    assert not additionality(records, RULES, by=END).passed


def test_a_census_needs_surplus_uncommon_practice_and_the_investment_test() -> None:
    invested = replace(BARRIER, test="investment")
    assert additionality([SURPLUS, UNCOMMON, invested], RULES, by=END, census=True).passed
    for lacking, told in (
        ([SURPLUS, UNCOMMON, BARRIER], "a census needs an investment test"),
        ([SURPLUS, invested], "nothing stands in for it in a census"),
    ):
        verdict = additionality(lacking, RULES, by=END, census=True)
        assert not verdict.passed
        assert told in verdict.sentence.lower()
