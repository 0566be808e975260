"""Laws of crediting that no number may break."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mrv.crediting.deduction import DEDUCTIONS, deducted_fraction
from mrv.crediting.issuance import issue
from mrv.crediting.rounding import floor_kg, round_to_total, share_out
from mrv.crediting.serials import SerialBlock, format_serial, parse_serial
from mrv.crediting.waterfall import SUBTOTALS, waterfall
from mrv.errors import InputRejected
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)
half_widths = st.floats(0.0, 2.0)
tonnes = st.floats(-1e6, 1e6)
positive_tonnes = st.floats(0.0, 1e5)
letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@given(half_widths, half_widths, st.sampled_from(sorted(DEDUCTIONS)))
def test_more_uncertainty_never_earns_more(a: float, b: float, strategy: str) -> None:
    low, high = sorted((a, b))
    less, more = (deducted_fraction(u, strategy) for u in (low, high))
    assert 0.0 <= less <= more <= 1.0


@given(tonnes, positive_tonnes, half_widths, half_widths, positive_tonnes)
def test_more_uncertainty_never_issues_more(
    gross: float, baseline: float, a: float, b: float, emissions: float
) -> None:
    low, high = sorted((a, b))
    sure, unsure = (
        waterfall(
            gross_tco2e=gross,
            baseline_tco2e=baseline,
            u90=u90,
            project_emissions_tco2e=emissions,
            methodology=RULES,
        ).issuable_kg
        for u90 in (low, high)
    )
    assert unsure <= sure


@given(tonnes, positive_tonnes, half_widths, positive_tonnes)
def test_the_lines_of_a_waterfall_add_up(
    gross: float, baseline: float, u90: float, emissions: float
) -> None:
    result = waterfall(
        gross_tco2e=gross,
        baseline_tco2e=baseline,
        u90=u90,
        project_emissions_tco2e=emissions,
        methodology=RULES,
    )
    running = 0
    for line in result.lines:
        if line.key in SUBTOTALS:
            assert line.quantity_kg == running
        else:
            running += line.quantity_kg
            assert line.key == "gross" or line.quantity_kg <= 0
    assert result.issuable_kg <= max(0, floor_kg(gross))


@given(st.lists(st.integers(-50_000, 200_000), min_size=1, max_size=12))
def test_nothing_is_lost_or_made_between_periods(cumulative_kg: list[int]) -> None:
    issued_t, carried_kg, shared_kg = 0, 0, 0
    for total in cumulative_kg:
        step = issue(total, issued_before_t=issued_t, carried_in_kg=carried_kg)
        shared_kg += step.increment_kg
        issued_t += step.credits_t
        assert step.increment_kg + step.carried_in_kg == (
            1000 * step.credits_t + step.carried_out_kg - step.reversal_kg
        )
        assert 0 <= step.carried_out_kg < 1000
        assert shared_kg == total
        carried_kg = step.carried_out_kg - step.reversal_kg
    assert issued_t == max(0, *cumulative_kg) // 1000


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 10.0)), min_size=1, max_size=60),
)
def test_shares_add_up_to_the_kilogram(total: int, plots: list[tuple[float, float]]) -> None:
    gains, areas = zip(*plots, strict=True)
    shares = share_out(total, gains, areas)
    assert sum(shares) == total
    whole = math.fsum(gains)
    if total * whole > 0 and abs(whole) > 1e-6 * sum(abs(g) for g in gains):
        for share, gain in zip(shares, gains, strict=True):
            assert share == pytest.approx(total * gain / whole, rel=1e-6, abs=1.001)


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=60))
def test_rounding_keeps_the_total(values: list[float]) -> None:
    total = math.floor(math.fsum(values))
    rounded = round_to_total(total, values)
    assert sum(rounded) == total
    assert all(abs(r - v) <= 2 for r, v in zip(rounded, values, strict=True))


@given(st.integers(-(10**9), 10**9))
def test_whole_kilograms_stay_what_they_are(kilograms: int) -> None:
    assert floor_kg(kilograms / 1000) == kilograms


@st.composite
def blocks(draw: st.DrawFn) -> SerialBlock:
    """Any block a registry may hold."""
    start = draw(st.dates(date(2000, 1, 1), date(2060, 1, 1)))
    first = draw(st.integers(1, 10**8))
    return SerialBlock(
        country=draw(st.text(letters[:26], min_size=2, max_size=2)),
        project=draw(st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)),
        kind=draw(st.sampled_from(("C", "R"))),
        start=start,
        end=start + timedelta(days=draw(st.integers(1, 4000))),
        batch=draw(st.integers(1, 10**6)),
        first=first,
        last=first + draw(st.integers(0, 10**7)),
    )


@given(blocks())
def test_a_serial_says_all_of_its_block(block: SerialBlock) -> None:
    assert parse_serial(format_serial(block)) == block
    assert parse_serial(f"  {format_serial(block).lower()} ") == block


@given(blocks(), st.data())
def test_one_mistyped_character_is_noticed(block: SerialBlock, data: st.DataObject) -> None:
    serial = format_serial(block)
    places = [i for i, character in enumerate(serial) if character != "-"]
    place = data.draw(st.sampled_from(places))
    wrong = data.draw(st.sampled_from(letters))
    assume(wrong != serial[place])
    with pytest.raises(InputRejected):
        parse_serial(serial[:place] + wrong + serial[place + 1 :])


@given(blocks(), st.data())
def test_a_block_holds_its_own_credits_and_no_others(
    block: SerialBlock, data: st.DataObject
) -> None:
    number = data.draw(st.integers(block.first, block.last))
    assert block.contains(block.single(number))
    assert block.single(number).quantity == 1
    with pytest.raises(ValueError, match="is not in"):
        block.single(block.last + 1)
