"""`parkland plan-sample`: how many plots to measure, what that costs and keeps, and which ones."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from rich.text import Text

from mrv.biomass.carbon import co2e_t, root_shoot_ratio
from mrv.errors import InputRejected
from mrv.sampling.expected import Expected, with_map
from mrv.sampling.frame import Frame, frame_of
from mrv.sampling.plan import DESIGNS, Design, SamplePlan, Size, plan_sample, rules_unmet
from mrv.sampling.route import FieldList, field_list
from mrv.sampling.selection import Selection, draw_plots, draw_villages_first, seed_of
from mrv.sampling.sizes import sample_size_by_t
from mrv.sources.sample_files import write_sample
from pipelines.commands.sample_basis import Asked, Place, expect, find_place
from pipelines.commands.show import console, print_json, table
from pipelines.sample_map import map_picture
from pipelines.sample_picture import curve_picture

MAY_CHOOSE: Final[dict[str, tuple[Design, ...]]] = {
    "either": DESIGNS,
    "plots": ("plots",),
    "villages": ("villages",),
}


@dataclass(frozen=True)
class _Drawn:
    """A sample that was drawn."""

    seed: int
    selection: Selection
    walk: FieldList


@dataclass(frozen=True)
class _Planned:
    """All that is told of a plan."""

    asked: Asked
    place: Place
    frame: Frame
    expected: Expected
    plan: SamplePlan
    drawn: _Drawn | None


def plan(asked: Asked, *, as_json: bool) -> None:
    """Plan a sample, say what it brings, and write it where asked to.

    Raises:
        InputRejected: If no sample is as sharp as wanted, after having shown the sharpest.
    """
    if asked.design not in MAY_CHOOSE:
        raise InputRejected(f"--design is either, plots or villages, not '{asked.design}'.")
    place = find_place(asked)
    frame = frame_of(place.plots)
    expected = with_map(expect(asked, place, frame), frame, asked.map_r2)
    root_shoot = root_shoot_ratio(place.ecology.root_shoot_zone)
    found = plan_sample(
        frame,
        expected,
        asked.costs,
        place.methodology,
        tco2e_per_t=float(
            co2e_t(1.0, root_shoot, place.methodology.number("carbon.fraction_mean"))
        ),
        wanted_u90=asked.u90,
        designs=MAY_CHOOSE[asked.design],
    )
    drawn = None
    if asked.out and found.reached:
        drawn, short = _draw(asked, place, frame, found)
        found = replace(found, notes=tuple(dict.fromkeys((*short, *found.notes))))
    planned = _Planned(asked, place, frame, expected, found, drawn)
    if asked.out is not None and drawn is not None:
        pictures = {
            f"{name}.{kind}": picture
            for kind in ("png", "svg")
            for name, picture in (
                ("curve", curve_picture(found, asked.currency, kind)),
                ("map", map_picture(frame, drawn.walk.stops, kind)),
            )
        }
        write_sample(asked.out, drawn.walk.stops, _document(planned), pictures)
    if as_json:
        print_json(_document(planned))
    else:
        _tell(planned)
    if not found.reached:
        raise InputRejected(
            f"No sample of these plots reaches a half-width of {asked.u90:.1%}: the sharpest has "
            f"{found.size.u90:.1%}, of which {found.shared_u90:.1%} are errors that all plots "
            "share, such as of equations and roots; ask for more, or make those smaller first."
        )


def _draw(
    asked: Asked, place: Place, frame: Frame, found: SamplePlan
) -> tuple[_Drawn, tuple[str, ...]]:
    """Draw the sample; which plots it has may fall short of the rules, which is said."""
    seed = asked.seed
    if seed is None:
        seed = seed_of(place.name, frame.digest, found.size.design, *found.size.drawn)
    size = found.size
    if size.design == "plots":
        selection = draw_plots(frame.group, frame.xy_m, size.drawn, seed)
    else:
        selection = draw_villages_first(
            frame.group, frame.village, frame.xy_m, size.drawn, int(size.villages), seed
        )
    drawn = np.bincount(frame.group[selection.rows], minlength=len(frame.names))
    measured = np.floor(drawn * (1.0 - asked.costs.non_response) + 1e-9).astype(np.int64)
    villages = len(np.unique(frame.village[selection.rows]))
    short = rules_unmet(frame, place.methodology, measured, villages)
    return _Drawn(seed, selection, field_list(frame, selection)), short


def _document(planned: _Planned) -> dict[str, Any]:
    asked, place, frame, drawn = planned.asked, planned.place, planned.frame, planned.drawn
    expected, found = planned.expected, planned.plan
    told: dict[str, Any] = {
        "of": place.name,
        "methodology": {"id": place.methodology.id, "sha256": place.methodology.digest},
        "period": [place.start.isoformat(), place.end.isoformat()],
        "frame": {
            "sha256": frame.digest,
            "villages": len(frame.village_names),
            "plots": dict(zip(frame.names, frame.size.tolist(), strict=True)),
        },
        "expected": {
            "source": expected.source,
            "net_t_ha": round(expected.net_t_ha, 4),
            "sd_t_ha": dict(zip(frame.names, expected.sd_t_ha.round(4).tolist(), strict=True)),
            "icc": round(expected.icc, 4),
            "shared_cv": round(expected.shared_cv, 4),
        },
        "costs": {**asdict(asked.costs), "currency": asked.currency},
        "wanted_u90": found.wanted_u90,
        "reached": found.reached,
        "ar_am_tool03_plots": None if asked.u90 is None else _tool03_plots(planned),
        "shared_u90": round(found.shared_u90, 4),
        "chosen": _facts(found.size, frame),
        "curve": [_facts(size, frame) for size in found.curve],
        "notes": list(found.notes),
    }
    if drawn is not None:
        told["draw"] = {
            "seed": drawn.seed,
            "stated_by": "--seed" if asked.seed is not None else "plots and plan",
            "plots": len(drawn.selection.rows),
            "villages": int(drawn.walk.stops["route"].max()),
            "walk_km": round(drawn.walk.length_km, 2),
            "method": "local pivotal method 2 (Grafström, Lundström & Schelin 2012)",
        }
    return told


def _tool03_plots(planned: _Planned) -> int:
    """Ask the standard's own formula too: sampling error of planted plots, drawn one by one."""
    frame, expected = planned.frame, planned.expected
    planted = ~frame.is_control
    error = (planned.asked.u90 or 1.0) * expected.net_t_ha
    by_area = frame.stands_for_ha[planted] / frame.enrolled_ha * frame.size[planted].sum()
    return math.ceil(sample_size_by_t(by_area, expected.sd_t_ha[planted], error))


def _facts(size: Size, frame: Frame) -> dict[str, Any]:
    return {
        "design": size.design,
        "measured": dict(zip(frame.names, size.measured.tolist(), strict=True)),
        "drawn": dict(zip(frame.names, size.drawn.tolist(), strict=True)),
        "villages": round(size.villages, 1),
        "cost": round(size.cost, 2),
        "sampling_u90": round(size.sampling_u90, 4),
        "u90": round(size.u90, 4),
        "deducted": round(size.deducted, 4),
        "kept_tco2e": round(size.kept_tco2e, 1),
        "worth": round(size.worth, 2),
    }


def _tell(planned: _Planned) -> None:
    asked, place, drawn = planned.asked, planned.place, planned.drawn
    expected, found = planned.expected, planned.plan
    size = found.size
    how = "villages first, plots in them" if size.design == "villages" else "plots one by one"
    aim = "worth most" if asked.u90 is None else f"cheapest for a half-width of {asked.u90:.1%}"
    aim = aim if found.reached else "the sharpest there is"
    console.print(Text.assemble((place.name, "bold"), f"  {how}, {aim}"))
    console.print(
        f"  {expected.source}; net {expected.net_t_ha:.2f} t d.m./ha from {place.start} to "
        f"{place.end}, likeness of neighbours {expected.icc:.2f},\n"
        f"  half-width that no sample takes away {found.shared_u90:.1%}"
    )
    if asked.u90 is not None:
        console.print(
            f"  AR-AM-TOOL03 alone, with neither controls nor shared errors nor least numbers: "
            f"{_tool03_plots(planned)} plots"
        )
    console.print(table("What to measure", *_strata_table(planned)))
    console.print(_curve_table(found, asked.currency))
    for note in found.notes:
        console.print(Text(f"  {note}", "yellow"))
    if drawn is not None and asked.out is not None:
        villages = int(drawn.walk.stops["route"].max())
        console.print(
            f"Drew {len(drawn.selection.rows)} plots in {villages} villages with seed "
            f"{drawn.seed}; {drawn.walk.length_km:.1f} km between the plots of a village.\n"
            f"{asked.out} holds sample.gpkg for QGIS, sample.gpx for a GPS, sample.csv for the "
            "form, sample.json to draw it again, the map and the curve."
        )
    elif found.reached:
        console.print("Next: the same with --out sample, to draw the plots and write them down.")


def _strata_table(planned: _Planned) -> tuple[tuple[str, ...], Sequence[Sequence[str]]]:
    frame, size, drawn = planned.frame, planned.plan.size, planned.drawn
    reached = size.drawn
    if drawn is not None:
        reached = np.bincount(frame.group[drawn.selection.rows], minlength=len(frame.names))
    columns = ("stratum", "plots", "to measure", "to draw", "chance")
    rows = [
        (
            name,
            f"{frame.size[h]:,}",
            f"{size.measured[h]:,}",
            f"{reached[h]:,}",
            f"{size.drawn[h] / frame.size[h]:.3f}",
        )
        for h, name in enumerate(frame.names)
    ]
    return columns, rows


def _curve_table(found: SamplePlan, currency: str) -> Any:  # noqa: ANN401  # a table of rich
    columns = (
        "", "measured", "villages", f"cost [{currency}]", "half-width", "withheld",
        "kept [t CO2e]", f"worth [{currency}]",
    )  # fmt: skip
    rows = [
        (
            "→" if size is found.size else "",
            f"{int(size.measured.sum()):,}",
            f"{size.villages:.0f}",
            f"{size.cost:,.0f}",
            f"{size.u90:.1%}",
            f"{size.deducted:.1%}",
            f"{size.kept_tco2e:,.0f}",
            f"{size.worth:,.0f}",
        )
        for size in found.curve
    ]
    return table("What more plots bring", columns, rows)
