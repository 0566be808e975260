"""Invented plot biomass with a known truth, in numbers only: no trees, no scenes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mrv.estimation.monte_carlo import BiomassDraws

START, END = date(2021, 2, 1), date(2024, 2, 1)


@dataclass(frozen=True)
class Invented:
    """One invented project: what the estimate is given, and the truth it is not given."""

    biomass: BiomassDraws
    plots: pd.DataFrame
    features: pd.DataFrame
    true_change_t: float
    true_pre_existing_t: float
    true_coming_up_t: float


def invent(  # noqa: PLR0913  what a project can be like
    seed: int,
    *,
    plots: int = 90,
    sampled: int = 40,
    controls: int = 15,
    draws: int = 400,
    growth_t_ha: float = 8.0,
    site_sd: float = 0.19,
    strata: tuple[str, ...] = ("maize", "home"),
    villages: int = 15,
    map_noise: float = 0.5,
) -> Invented:
    """Grow plots in villages, measure some of them twice, and look at all of them from above."""
    rng = np.random.default_rng(seed)
    village = np.sort(rng.integers(0, villages, plots))
    stratum = np.array(strata)[rng.integers(0, len(strata), plots)]
    area = np.round(np.exp(rng.normal(-0.3, 0.6, plots)), 3)
    vigour = rng.normal(0, 0.25, villages)[village] + rng.normal(0, 0.4, plots)
    # Without growth plots gain and lose, and together do neither.
    still = 3.0 * (vigour - area @ vigour / area.sum())
    new = growth_t_ha * (1 + vigour) if growth_t_ha else still
    pre = 0.1 * growth_t_ha * np.exp(rng.normal(0, 0.3, plots))
    stock = 5 * np.exp(rng.normal(0, 0.5, plots))
    site = np.exp(rng.normal(0, site_sd) - site_sd**2 / 2)

    frame = pd.DataFrame(
        {
            "plot_id": [f"P{i:03d}" for i in range(plots)],
            "area_ha": area,
            "stratum": stratum,
            "role": "enrolled",
            "village": [f"V{v:02d}" for v in village],
        }
    )
    chosen: list[int] = []
    probability = np.zeros(plots)
    for name in np.unique(stratum):
        of = np.flatnonzero(stratum == name)
        take = min(len(of), round(sampled * len(of) / plots))
        picked = rng.choice(of, take, replace=False)
        chosen.extend(picked)
        probability[picked] = take / len(of)
    rows = np.sort(chosen)
    control_area = np.round(np.exp(rng.normal(-0.3, 0.6, controls)), 3)
    control_new = 0.05 * growth_t_ha * np.exp(rng.normal(0, 0.5, controls))
    control = pd.DataFrame(
        {
            "plot_id": [f"C{i:03d}" for i in range(controls)],
            "area_ha": control_area,
            "stratum": "control",
            "role": "control",
            "village": [f"V{i % villages:02d}" for i in range(controls)],
        }
    )

    # What was measured is the truth up to the site effect, which the draws spread out again.
    drawn_site = np.exp(rng.normal(0, site_sd, draws) - site_sd**2 / 2)
    after = np.concatenate([stock[rows] + new[rows] + pre[rows], 5 + control_new])
    before = np.concatenate([stock[rows], np.full(controls, 5.0)])
    kept = np.concatenate([pre[rows], np.zeros(controls)])
    own = 1 + 0.05 * rng.standard_normal((draws, len(after)))
    agb = np.empty((draws, len(after), 2), np.float32)
    agb[:, :, 0] = before * drawn_site[:, None] * own
    agb[:, :, 1] = after * drawn_site[:, None] * own
    pre_existing = np.zeros_like(agb)
    pre_existing[:, :, 1] = kept * drawn_site[:, None] * own
    ids = [*frame["plot_id"].iloc[rows], *control["plot_id"]]
    biomass = BiomassDraws(
        plot_ids=tuple(ids),
        epochs=(START, END),
        agb_t_ha=agb,
        pre_existing_agb_t_ha=pre_existing,
        n_trees=np.full((len(ids), 2), 20),
        inclusion_probability=np.concatenate([probability[rows], np.ones(controls)]),
        plot_flags=("",) * len(ids),
        equations=pd.DataFrame(),
        excluded=pd.DataFrame(),
        unpaired=(),
        height_model="",
    )
    signal = (new + pre - (new + pre).mean()) / max((new + pre).std(), 1e-9)
    index = pd.MultiIndex.from_product([frame["plot_id"], [START, END]], names=["plot_id", "epoch"])
    features = pd.DataFrame(index=index)
    for name, share in (("nirv_dry", 0.8), ("ndmi_dry", 0.6), ("rendvi_dry", 0.3)):
        level = rng.normal(0.2, 0.02, plots)
        change = 0.03 * (share * signal + map_noise * rng.standard_normal(plots))
        features[name] = np.column_stack([level, level + change]).ravel()
    # The truth is what the measured numbers stand for, through this project's own site effect.
    return Invented(
        biomass,
        frame.pipe(lambda f: pd.concat([f, control], ignore_index=True)),
        features,
        true_change_t=float(area @ (new + pre)) * site,
        true_pre_existing_t=float(area @ pre) * site,
        true_coming_up_t=float(area.sum() * 0.05 * growth_t_ha * np.exp(0.125)) * site,
    )


@pytest.fixture(scope="session")
def inventing() -> Callable[..., Invented]:
    """Hand the inventor to a test."""
    return invent
