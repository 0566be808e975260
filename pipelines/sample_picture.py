"""The picture of a sample plan: what is kept of a removal against what measuring it costs."""

import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from mrv.sampling.plan import SamplePlan

_GREEN, _GREY, _INK = "#1b7837", "#4a5750", "#1f2a24"


def curve_picture(plan: SamplePlan, currency: str, kind: str) -> bytes:
    """Draw the curve as PNG or SVG; the same plan gives the same bytes.

    Args:
        plan: With its curve.
        currency: Of the costs.
        kind: File format, png or svg.
    """
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    cost = [size.cost for size in plan.curve]
    kept = [size.kept_tco2e for size in plan.curve]
    axes.plot(cost, kept, "-o", color=_GREEN, markersize=4, linewidth=1.5)
    chosen, span = plan.size, max(cost) - min(cost)
    told = chosen.cost
    for size in plan.curve:
        # Labels keep a tenth of the axis between each other and the chosen sample.
        if min(abs(size.cost - told), abs(size.cost - chosen.cost)) < span / 10:
            continue
        told = size.cost
        axes.annotate(
            f"{int(size.measured.sum())} plots\n± {size.u90:.0%}",
            (size.cost, size.kept_tco2e),
            textcoords="offset points",
            xytext=(0, -28),
            ha="center",
            fontsize=8,
            color=_GREY,
        )
    axes.plot([chosen.cost], [chosen.kept_tco2e], "o", color=_INK, markersize=10, fillstyle="none")
    axes.annotate(
        f"chosen: {int(chosen.measured.sum())} plots\nin {chosen.villages:.0f} villages, "
        f"± {chosen.u90:.1%}",
        (chosen.cost, chosen.kept_tco2e),
        textcoords="offset points",
        xytext=(0, -68),
        ha="center",
        fontsize=9,
        color=_INK,
        weight="bold",
    )
    axes.set(
        xlabel=f"cost of all visits [{currency}]",
        ylabel="kept after the deduction for uncertainty [t CO2e]",
    )
    net = chosen.kept_tco2e / max(1.0 - chosen.deducted, 1e-9) if chosen.deducted < 1 else None
    if net is not None:
        axes.axhline(net, color=_GREY, linestyle="--", linewidth=1)
        axes.annotate(
            "net change, if nothing were withheld",
            (min(cost), net),
            textcoords="offset points",
            xytext=(0, 5),
            fontsize=8,
            color=_GREY,
        )
    axes.margins(x=0.12)
    axes.set_ylim(0, 1.12 * max(*kept, net or 0.0, 1.0))  # from zero, or a hair looks like a leap
    axes.set_title(
        "What more plots keep; errors that all plots share leave "
        f"± {plan.shared_u90:.0%} whatever is measured",
        fontsize=9,
        loc="left",
    )
    buffer = io.BytesIO()
    dated = "Date" if kind == "svg" else "Software"
    with rc_context({"svg.hashsalt": "parkland"}):
        figure.savefig(buffer, format=kind, dpi=130, metadata={dated: None})
    return buffer.getvalue()
