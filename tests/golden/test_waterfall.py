"""From gross removals to credits in worked numbers (methodology reference 7.6 and 7.9)."""

import pytest

from mrv.crediting.deduction import deducted_fraction
from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import Step, Terms, Waterfall, assemble, waterfall
from mrv.methodologies import load_methodology

RULES = load_methodology("agroforestry_removals", 1)


def agroforestry(base: str) -> Waterfall:
    """850 ha growing 4.10 Mg/ha, of them 0.35 anyway; R 0.323, CF 0.47, U90 28.6 %."""
    per_t = 850 * 1.323 * 0.47 * 44 / 12
    net = (4.10 - 0.35) * per_t
    return assemble(
        Step("gross", 4.10 * per_t, "", ""),
        Step("baseline", -0.35 * per_t, "", ""),
        Step("project_emissions", -42.0, "", ""),
        Step("leakage", -0.05 * net, "", ""),
        Terms(0.286, 0.186, "", 0.20, base, ""),
    )


@pytest.mark.parametrize(
    ("base", "credits_t", "carry_kg"), [("STOCK_CHANGE_ADJ", 4327, 163), ("NET_BENEFIT", 4408, 237)]
)
def test_end_to_end_agroforestry(base: str, credits_t: int, carry_kg: int) -> None:
    result = agroforestry(base)
    lines = ("gross", "baseline", "uncertainty", "project_emissions", "leakage", "net_benefit")
    assert [result.quantity_kg(line) for line in lines] == [
        7_945_695, -678_291, -1_351_737, -42_000, -363_371, 5_510_296,
    ]  # fmt: skip
    # 7945.6954 - 678.2911 = 7267.4044; 5915.6672 after uncertainty; 5510.2969 in all.
    assert result.buffer_kg == {"STOCK_CHANGE_ADJ": 1_183_133, "NET_BENEFIT": 1_102_059}[base]
    assert result.issuable_kg == {"STOCK_CHANGE_ADJ": 4_327_163, "NET_BENEFIT": 4_408_237}[base]
    issued = issue(result.issuable_kg, cumulative_buffer_kg=result.buffer_kg)
    assert (issued.credits_t, issued.carried_out_kg) == (credits_t, carry_kg)


def test_order_variant_of_the_brief() -> None:
    """Leakage and emissions before uncertainty: 5585.6958 before the buffer, 4468.5566 after.

    More is issued, because doubt about the removal shrinks what is charged against it; that is why
    the waterfall takes them off afterwards.
    """
    net = 7_267.4044
    benefit = (net - 42.0 - 0.05 * net) * (1 - deducted_fraction(0.286, "VM0047"))
    variant = assemble(
        Step("gross", benefit, "", ""),
        *(Step(key, 0.0, "", "") for key in ("baseline", "project_emissions", "leakage")),
        Terms(0.286, 0.0, "", 0.20, "NET_BENEFIT", ""),
    )
    assert variant.quantity_kg("net_benefit") == 5_585_695
    assert benefit == pytest.approx(5585.6958, abs=5e-5)
    assert variant.issuable_kg == 4_468_556
    assert benefit * 0.8 == pytest.approx(4468.5566, abs=1e-4)
    ours = agroforestry("NET_BENEFIT")
    assert ours.quantity_kg("net_benefit") < variant.quantity_kg("net_benefit")


def test_the_methodology_takes_the_buffer_of_the_stock_change() -> None:
    result = waterfall(
        gross_tco2e=7945.6954,
        baseline_tco2e=678.2911,
        u90=0.286,
        project_emissions_tco2e=42.0,
        methodology=RULES,
    )
    assert result.deducted_fraction == pytest.approx(0.186)
    assert {line.key: line.quantity_kg for line in result.lines} == {
        "gross": 7_945_695,
        "baseline": -678_291,
        "uncertainty": -1_351_737,
        "project_emissions": -42_000,
        "leakage": -363_371,
        "net_benefit": 5_510_296,
        "buffer": -1_183_133,
        "issuable": 4_327_163,
    }
    assert all(line.source for line in result.lines)


def test_vm0047_equation_32() -> None:
    """Two verifications: 7845.3 now, 4538.0 before, so 3307.3 between them."""

    def net_benefit(change: float, share: float, unc: float, pe: float, lk: float) -> int:
        return assemble(
            Step("gross", change, "", ""),
            Step("baseline", -share * change, "", ""),
            Step("project_emissions", -pe, "", ""),
            Step("leakage", -lk, "", ""),
            Terms(unc + 0.10, unc, "", 0.0, "NET_BENEFIT", ""),
        ).issuable_kg

    now = net_benefit(12_000, 0.25, 0.0783, 150, 300)
    before = net_benefit(7_000, 0.20, 0.12, 90, 300)
    assert (now, before, now - before) == (7_845_300, 4_538_000, 3_307_300)


def test_cumulative_issuance() -> None:
    """10.4, 25.9, 24.1, 31.0 t in all: 10, 15, none (one credit reversed), 6; 31 issued."""
    credits_t, reversals_t, issued_t, carried_kg = [], [], 0, 0
    for cumulative_kg in (10_400, 25_900, 24_100, 31_000):
        step = issue(cumulative_kg, issued_before_t=issued_t, carried_in_kg=carried_kg)
        credits_t.append(step.credits_t)
        reversals_t.append(step.reversal_t)
        issued_t += step.credits_t
        carried_kg = step.carried_out_kg - step.reversal_kg
    assert credits_t == [10, 15, 0, 6]
    assert reversals_t == [0, 0, 1, 0]
    assert issued_t == 31


def test_a_loss_is_not_made_smaller_by_its_uncertainty() -> None:
    result = waterfall(
        gross_tco2e=-80.0,
        baseline_tco2e=20.0,
        u90=0.5,
        project_emissions_tco2e=1.0,
        methodology=RULES,
    )
    assert result.quantity_kg("uncertainty") == 0
    assert result.quantity_kg("leakage") == 0
    assert result.quantity_kg("buffer") == 0
    assert result.issuable_kg == -101_000


def test_half_a_tonne_is_a_gain_too() -> None:
    """What is withheld of it is said; of a loss nothing is withheld."""

    def told(gross: float) -> str:
        steps = assemble(
            Step("gross", gross, "", ""), *(Step(key, 0.0, "", "") for key in
            ("baseline", "project_emissions", "leakage")),
            Terms(0.2, 0.1, "rule", 0.2, "NET_BENEFIT", "rule"),
        )  # fmt: skip
        return next(line.note for line in steps.lines if line.key == "uncertainty")

    assert told(0.5) == "10.0% of the net change withheld"
    assert told(0.0) == told(-3.0) == "no net gain to withhold from"
