"""A verifier's sample: how many plots, and which, so that a material error would hardly hide.

Monetary unit sampling: every kilogram has the same chance, so a plot's follows what it earned, and
a plot that earned more than one sampling interval is taken for certain. Within each stratum plots
are drawn along their names from one random start; whoever has the seed draws the same ones.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mrv.errors import InputRejected

FORMULA: Final = "n = ceil(-ln(1 - confidence) / materiality)"
SOURCE: Final = (
    "Monetary unit sampling with no misstatement expected: AICPA Audit Guide, Audit Sampling, "
    "appendix C (confidence factors of the Poisson distribution), as ISO 14064-3:2019 6.1.3 leaves "
    "the method to the verifier"
)
LEAST_PER_STRATUM: Final = 2  # so that no stratum goes unseen because it earned little [P]
_BITS: Final = 53


@dataclass(frozen=True, slots=True)
class AuditUnit:
    """A plot that may be drawn, with what it is said to have earned [kg CO2e, signed]."""

    plot_id: str
    stratum: str
    net_kg: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot that was drawn, and the chance with which it came to be [1]."""

    plot_id: str
    stratum: str
    inclusion_probability: float


def audit_size(materiality_fraction: float, confidence: float) -> int:
    """Give how many plots to draw, before small strata ask for more.

    With so many hits none of which is wrong, a misstatement as large as materiality would have been
    met with the stated confidence.

    Args:
        materiality_fraction: Largest misstatement that changes nobody's mind, of the total [1].
        confidence: Chance of meeting a larger one [1].

    Raises:
        InputRejected: If one of them is not between 0 and 1.

    Source:
        `SOURCE`.
    """
    if not (0 < materiality_fraction < 1 and 0 < confidence < 1):
        raise InputRejected(
            f"Materiality {materiality_fraction:g} and confidence {confidence:g} are shares "
            "between 0 and 1; write 5 % as 0.05."
        )
    return math.ceil(-math.log1p(-confidence) / materiality_fraction)


def draw_audit(units: Iterable[AuditUnit], wanted: int, seed: int) -> tuple[Drawn, ...]:
    """Draw plots by what they earned, gains and losses alike; in the order of their names.

    Args:
        units: All enrolled plots, in any order.
        wanted: Plots to draw, as `audit_size` gives; all are taken where there are no more.
        seed: Of the draw.

    Raises:
        InputRejected: If there is no plot, or nothing is wanted.
    """
    strata: dict[str, dict[str, float]] = defaultdict(dict)
    for unit in sorted(units, key=lambda unit: unit.plot_id):
        strata[unit.stratum][unit.plot_id] = max(abs(unit.net_kg), 1)
    if not strata or wanted < 1:
        raise InputRejected("There is no plot to draw, or none is wanted.")
    total = sum(sum(book.values()) for book in strata.values())
    drawn: list[Drawn] = []
    for stratum, book in sorted(strata.items()):
        share = math.ceil(wanted * sum(book.values()) / total)
        chances = _chances(book, max(share, min(LEAST_PER_STRATUM, len(book))))
        start = _uniform(seed, stratum)
        drawn += [
            Drawn(plot_id, stratum, chances[plot_id]) for plot_id in _systematic(chances, start)
        ]
    return tuple(sorted(drawn, key=lambda one: one.plot_id))


def _chances(book: Mapping[str, float], wanted: int) -> dict[str, float]:
    """Give chances in proportion to book values that add up to what is wanted, none above 1."""
    if wanted >= len(book):
        return dict.fromkeys(book, 1.0)
    certain: set[str] = set()
    while True:
        rest = {plot_id: kg for plot_id, kg in book.items() if plot_id not in certain}
        interval_kg = sum(rest.values()) / (wanted - len(certain))
        above = {plot_id for plot_id, kg in rest.items() if kg >= interval_kg}
        if not above:
            return {
                plot_id: 1.0 if plot_id in certain else kg / interval_kg
                for plot_id, kg in book.items()
            }
        certain |= above


def _systematic(chances: Mapping[str, float], start: float) -> Iterable[str]:
    reached = 0.0
    for plot_id, chance in chances.items():
        if chance >= 1.0:
            yield plot_id
            continue
        before, reached = reached, reached + chance
        if math.floor(before - start) < math.floor(reached - start):
            yield plot_id


def _uniform(seed: int, stratum: str) -> float:
    """Give a number of [0, 1) that any language draws alike: the first bits of a SHA-256."""
    digest = hashlib.sha256(f"{seed}\x1f{stratum}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / float(1 << _BITS)
