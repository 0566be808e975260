"""The sealed truth of simulated projects, opened only after the run to judge the estimates."""

from collections.abc import Iterable
from pathlib import Path

from mrv.project import parse_project
from mrv.simulation.archetypes import find_archetype
from mrv.simulation.landscape import simulate_landscape


def true_net_tco2e(folders: Iterable[Path]) -> dict[tuple[str, str], float]:
    """Give what simulated projects truly removed since their start, by project and period.

    The landscape is made again from the project's recorded seed; no file holds its truth.
    """
    truths: dict[tuple[str, str], float] = {}
    for folder in folders:
        settings = parse_project((folder / "project.toml").read_text(encoding="utf-8"))
        made = settings.simulation
        if made is None:
            continue
        landscape = simulate_landscape(find_archetype(made.archetype, made.plots), made.seed)
        since_start = 0.0
        for period in landscape.truth.periods:
            since_start += period.additional_tco2e
            truths[settings.id, period.id] = since_start
    return truths
