"""One row per run: what went in, what came out, what was taken off on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from mrv.crediting.gates import DEMO_MAY_WAIVE
from mrv.crediting.waterfall import LineKey
from mrv.quality import Verdict
from pipelines.commands.show import table
from pipelines.credits import take_waterfall
from pipelines.draws import take_draws
from pipelines.estimates import take_estimate
from pipelines.execution import Outcome
from pipelines.features import take_features
from pipelines.plots import drawn_plots, screened_plots

Row = Mapping[str, Any]
_DEDUCTIONS: tuple[LineKey, ...] = ("uncertainty", "project_emissions", "leakage")


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Put one run into numbers [t CO2e unless the name says otherwise]."""
    stage, shelf = outcome.stage, outcome.stage.shelf
    plots = screened_plots(shelf)
    estimate = take_estimate(shelf)
    features = take_features(shelf)
    row: dict[str, Any] = {
        "project": stage.project_id,
        "period": stage.period_id,
        "simulated": stage.settings.simulation is not None,
        "plots_accepted": len(plots),
        "plots_drawn": len(drawn_plots(shelf)),
        "trees": int(take_draws(shelf).n_trees[:, -1].sum()) if len(plots) else 0,
        "clear_looks": float(features["clear_looks"].median()) if len(features) else 0.0,
        "estimator": estimate.estimator,
        "gross_tco2e": float(estimate.gross_tco2e.mean()),
        "baseline_tco2e": estimate.creditable_baseline_tco2e,
        "u90": estimate.u90 if estimate.u90 < float("inf") else None,
        "missing_indices": shelf.json("missing_indices"),
        "refused": outcome.refused,
        "gates": {verdict.gate: verdict.passed for verdict in outcome.verdicts},
        "reasons": [verdict.sentence for verdict in outcome.verdicts if not verdict.passed],
    }
    if not outcome.refused:
        steps, issuance = take_waterfall(shelf)
        row |= {
            "deductions_tco2e": -sum(steps.quantity_kg(key) for key in _DEDUCTIONS) / 1000,
            "buffer_t": issuance.buffer_t,
            "credits_t": issuance.credits_t,
            "carried_kg": issuance.carried_out_kg,
            "state": shelf.json("credits")["state"],
            "serials": shelf.json("credits").get("serial"),
        }
    return row


def results_table(
    rows: Sequence[Row], truths: Mapping[tuple[str, str], float] | None = None
) -> Table:
    """Lay runs out for a person.

    Amounts are cumulative since a project's start, credits and buffer those of the period. With
    truths, the true net stands beside the estimated one and its relative half-width.
    """
    columns = [
        "project", "period", "plots", "trees", "looks", "gross", "baseline", "net", "±U90",
        "deducted", "buffer", "credits",
    ]  # fmt: skip
    if truths is not None:
        columns.insert(columns.index("±U90") + 1, "true net")
    laid: list[list[str | Text]] = []
    for row in rows:
        cells: list[str | Text] = [
            str(row["project"]),
            str(row["period"]),
            f"{row['plots_accepted']}/{row['plots_drawn']}",
            f"{row['trees']:,}",
            f"{row['clear_looks']:.0f}",
            f"{row['gross_tco2e']:,.0f}",
            f"{row['baseline_tco2e']:,.0f}",
            f"{row['gross_tco2e'] - row['baseline_tco2e']:,.0f}",
            "-" if row["u90"] is None else f"{row['u90']:.0%}",
            *(
                ("-", "-", Text("none", style="bold"))
                if row["refused"]
                else (
                    f"{row['deductions_tco2e']:,.0f}",
                    f"{row['buffer_t']:,}",
                    Text(f"{row['credits_t']:,}", style="bold"),
                )
            ),
        ]
        if truths is not None:
            truth = truths.get((str(row["project"]), str(row["period"])))
            cells.insert(columns.index("true net"), "-" if truth is None else f"{truth:,.0f}")
        laid.append(cells)
    return table("From plots to credits  [t CO2e]", columns, laid, text=2)


def verdict_table(verdicts: Sequence[Verdict], *, demo: bool) -> Table:
    """Lay the gates out, one sentence each; say which one a demonstration overlooks."""
    rows = [(_word(verdict, demo=demo), verdict.gate, verdict.sentence) for verdict in verdicts]
    return table("Gates", ("", "gate", "what was found"), rows, text=3)


def _word(verdict: Verdict, *, demo: bool) -> Text:
    if verdict.passed:
        return Text("passed", style="green")
    if demo and verdict.gate in DEMO_MAY_WAIVE:
        return Text("overlooked", style="yellow")
    return Text("failed", style="red")
