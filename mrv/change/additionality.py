"""Additionality: whether the trees would have been planted anyway, from records with documents.

Regulatory surplus always; and either a practice that is not common yet, or a barrier or an
investment test (methodology 1.1, E7). A census needs surplus, uncommon practice and the investment
test (VM0047 v1.1, census-based approach). Each record names its document by content, so that a
verifier reads the very file the developer meant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from mrv.methodologies import Methodology
from mrv.quality import Verdict

Test = Literal["regulatory_surplus", "common_practice", "barriers", "investment"]
_INSTEAD: Final = ("barriers", "investment")


@dataclass(frozen=True, slots=True)
class AdditionalityRecord:
    """One test and what it found.

    Attributes:
        test: Which.
        shown: Whether the developer says that it shows the trees to be additional.
        finding: What was found, in a sentence.
        sha256: Digest of the document it rests on.
        dated: Day of the document.
        adoption: Share of comparable land under the practice [1]; of `common_practice` only.
    """

    test: Test
    shown: bool
    finding: str
    sha256: str
    dated: date
    adoption: float | None = None


def additionality(
    records: Iterable[AdditionalityRecord],
    methodology: Methodology,
    *,
    by: date,
    census: bool = False,
) -> Verdict:
    """Judge whether records show that the project's trees are additional.

    A document dated after `by` cannot be what the trees were credited on, so it shows nothing.

    Args:
        records: In any order; of two of one test both must agree.
        methodology: The rules.
        by: End of the monitoring period.
        census: Whether the trees are counted one by one.
    """
    limit = methodology.number("additionality.adoption_max")
    kept = [record for record in records if record.dated <= by]
    adopted = [r.adoption for r in kept if r.test == "common_practice" and r.adoption is not None]
    surplus = _all_shown(kept, "regulatory_surplus")
    uncommon = _all_shown(kept, "common_practice") and bool(adopted) and max(adopted) < limit
    instead = any(_all_shown(kept, test) for test in _INSTEAD)
    lacking = []
    if not surplus:
        lacking.append("no record shows that no law asks for the trees (regulatory_surplus)")
    if census and not _all_shown(kept, "investment"):
        lacking.append("a census needs an investment test as well")
    if not (uncommon or (instead and not census)):
        common = f"the practice is at {max(adopted):.0%} of comparable land" if adopted else (
            "no record tells how common the practice is"
        )  # fmt: skip
        lacking.append(
            f"{common}, where it must stay below {limit:.0%}, and "
            + (
                "nothing stands in for it in a census"
                if census
                else "no barriers or investment test stands in for it"
            )
        )
    sentence = (
        f"{'; '.join(lacking).capitalize()}; add [[additionality]] to project.toml."
        if lacking
        else "No law asks for the trees, and "
        + (
            f"{max(adopted):.0%} of comparable land has them; below {limit:.0%} is uncommon."
            if uncommon
            else "barriers or costs would have kept them from being planted."
        )
    )
    return Verdict(
        gate="additionality",
        passed=not lacking,
        measured=max(adopted, default=None),
        limit=limit,
        sentence=sentence,
        facts={f"{record.test} {record.sha256[:16]}": record.finding for record in kept},
    )


def _all_shown(records: list[AdditionalityRecord], test: Test | str) -> bool:
    said = [record.shown for record in records if record.test == test]
    return bool(said) and all(said)
