"""How findings on plots are told in a terminal: by code, plot by plot, and what to do next."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import pandas as pd
from rich.table import Table
from rich.text import Text

from mrv.plots.catalogue import NOTHING_TO_DO
from pipelines.commands.show import console, table

_SHOWN_PLOTS = 8
_SHOWN_STEPS = 4
# Severity -> its sign, which says the same as its colour; what it means for the plot; the colour.
_SIGNS: Mapping[str, tuple[str, str, str]] = {
    "error": ("✗", "refused", "red"),
    "repair": ("~", "repaired", "cyan"),
    "warning": ("!", "look at", "yellow"),
}


@dataclass(frozen=True)
class Counts:
    """What came of the features of a file; `accepted` holds the repaired and the warned too."""

    features: int
    accepted: int
    repaired: int
    warned: int
    refused: int

    @classmethod
    def of(cls, findings: pd.DataFrame, features: int) -> Self:
        """Count them from what was found."""
        of_plots = findings[findings["feature"] > 0]
        found = {
            severity: set(of_plots.loc[of_plots["severity"] == severity, "feature"])
            for severity in _SIGNS
        }
        refused = found["error"]
        return cls(
            features=features,
            accepted=features - len(refused),
            repaired=len(found["repair"] - refused),
            warned=len(found["warning"] - refused),
            refused=len(refused),
        )

    def as_data(self) -> dict[str, int]:
        """Give them by name."""
        return asdict(self)


def tell(findings: pd.DataFrame, counts: Counts, then: Sequence[str]) -> None:
    """Print everything that was found on the plots of a file.

    Args:
        findings: Columns of `mrv.plots.findings.FINDING_COLUMNS`.
        counts: Of its features.
        then: What to do after that, in short sentences or commands.
    """
    console.print(_headline(counts))
    if len(findings):
        console.print(_code_table(findings))
    if counts.refused:
        console.print(_plot_table(findings))
    if counts.refused or then:
        console.print(_next_steps(findings, then))


def _headline(counts: Counts) -> Text:
    line = Text()
    line.append(f"{counts.accepted:,}", "bold green")
    line.append(f" of {counts.features:,} plots can go in", "bold")
    for number, severity, words in (
        (counts.repaired, "repair", "repaired"),
        (counts.warned, "warning", "to look at"),
        (counts.refused, "error", "refused"),
    ):
        if number:
            sign, _, colour = _SIGNS[severity]
            line.append("  ·  ")
            line.append(f"{sign} {number:,} {words}", colour)
    return line


def _code_table(findings: pd.DataFrame) -> Table:
    """Count the plots under each code, the refusing first; the sentence is of its worst plot.

    The worst is the one with the most findings.
    """
    order = list(_SIGNS)
    troubles = findings["feature"].map(findings["feature"].value_counts())
    groups = [((str(s), str(c)), g) for (s, c), g in findings.groupby(["severity", "code"])]
    groups.sort(key=lambda group: (order.index(group[0][0]), -len(group[1]), group[0][1]))
    rows = [
        (
            *_signed(severity, code),
            f"{group['feature'].nunique():,}" if group["feature"].any() else "file",
            str(group["message"].iloc[int(troubles[group.index].argmax())]),
        )
        for (severity, code), group in groups
    ]
    laid = table("What was found", ("", "code", "plots", "for example"), rows, text=4)
    laid.columns[2].justify = "right"
    return laid


def _plot_table(findings: pd.DataFrame) -> Table:
    """Tell the first refused plots and each of their reasons."""
    refusing = findings[(findings["severity"] == "error") & (findings["feature"] > 0)]
    groups = list(refusing.groupby("feature", sort=True))
    rows = [
        (
            f"{int(group['feature'].iloc[0]):,}",
            str(group["plot_id"].iloc[0]),
            "\n".join(dict.fromkeys(group["message"])),
        )
        for _feature, group in groups[:_SHOWN_PLOTS]
    ]
    many = len(groups) > _SHOWN_PLOTS
    title = f"Refused: the first {_SHOWN_PLOTS} of {len(groups):,}" if many else "Refused"
    laid = table(title, ("feature", "plot", "why"), rows, text=3)
    laid.columns[0].justify = "right"
    return laid


def _next_steps(findings: pd.DataFrame, then: Sequence[str]) -> Table:
    """Lay out how to mend the commonest refusals and the file as a whole, then what to do next."""
    errors = findings[findings["severity"] == "error"]
    counted = errors.drop_duplicates(["feature", "code"]).groupby("code").size()
    common = counted.sort_values(ascending=False, kind="stable").index[:_SHOWN_STEPS]
    laid = Table.grid(padding=(0, 2))
    laid.title, laid.title_justify, laid.title_style = "What to do next", "left", "bold"
    laid.add_column(no_wrap=True)
    laid.add_column()
    for code in common:
        hint = str(errors.loc[errors["code"] == code, "hint"].iloc[0])
        laid.add_row(Text(str(code), "red"), hint)
    whole = findings[(findings["feature"] == 0) & (findings["severity"] == "warning")]
    for code, hint in whole[["code", "hint"]].drop_duplicates("code").itertuples(index=False):
        if hint != NOTHING_TO_DO:
            laid.add_row(Text(str(code), "yellow"), str(hint))
    for step in then:
        laid.add_row("then" if laid.row_count else "", step)
    return laid


def _signed(severity: str, code: str) -> tuple[Text, Text]:
    sign, word, colour = _SIGNS[severity]
    return Text(f"{sign} {word}", colour), Text(code, colour)
