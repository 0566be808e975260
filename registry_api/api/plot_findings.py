"""The catalogue of findings: every code that screening of plots may give, and what it means."""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter

from registry_api.api.examples import example
from registry_api.api.parameters import Plain

router = APIRouter(tags=["uploads of plots"])


@dataclass(frozen=True, slots=True)
class FindingCode:
    """One thing that may be found on a plot.

    Attributes:
        severity: `error` refuses the plot, `repair` was made and is shown, `warning` lets it in.
        contestable: Whether evidence may overrule it.
    """

    code: str
    severity: Literal["error", "repair", "warning"]
    title: str
    hint: str
    contestable: bool


@router.get(
    "/plot-findings", summary="What screening may find", responses=example("plot_finding_codes")
)
def list_finding_codes(_query: Plain) -> tuple[FindingCode, ...]:
    """List every code with its severity, a few words, and how to mend what it stands for."""
    from mrv.plots.catalogue import CATALOGUE  # brings pandas, which start-up does without

    return tuple(
        FindingCode(code.code, code.severity, code.title, code.hint, code.contestable)
        for code in CATALOGUE.values()
    )
