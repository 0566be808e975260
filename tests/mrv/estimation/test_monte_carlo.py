"""Plot biomass draws: what is shared, what is paired, what is left out."""

import tracemalloc
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import mrv.biomass.tree_draws
from mrv.biomass.assignment import assign_methods, tree_biomass
from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.stem_groups import pack_plots
from mrv.errors import InputRejected
from mrv.estimation.monte_carlo import (
    BiomassDraws,
    draw_in_blocks,
    draw_plot_biomass,
    plot_biomass,
)
from mrv.field.csv_text import parse_csv
from mrv.field.inventory import read_inventory
from mrv.methodologies import load_methodology
from mrv.project import Ecology

_EPOCHS = [date(2021, 1, 1), date(2024, 1, 1)]
_DAYS = ("2021-01-10", "2024-01-12")
_HEADER = (
    "plot_id,tree_id,stem,species,dbh_cm,height_m,measured_on,status,origin,tree_fraction,"
    "inclusion_probability"
)
_ALLOMETRY = AllometryErrors(site_sd_ln=0.1865, within_site_sd_ln=0.307, proxy_sd_ln=0.3)
_EXACT = MeasurementErrors(height_proportional=0.0)
_TAPE = MeasurementErrors(0.0062, 0.0904, 0.05, 4.64)
_CONTEXT = BiomassContext("western_kenya", "kisumu", "feldpausch_e_africa", _ALLOMETRY, _TAPE)


def _row(  # noqa: PLR0913 - one argument per cell
    plot: str = "P1",
    tree: str = "t1",
    dbh: object = 15,
    visit: int = 0,
    *,
    stem: int = 1,
    species: str = "Mangifera indica",
    height: object = "",
    status: str = "alive",
    origin: str = "planted",
    fraction: float = 1,
) -> str:
    return (
        f"{plot},{tree},{stem},{species},{dbh},{height},{_DAYS[visit]},{status},{origin},"
        f"{fraction},0.25"
    )


def _trees(*rows: str) -> pd.DataFrame:
    raw = parse_csv("\n".join([_HEADER, *rows]).encode())
    return read_inventory(raw, plot_ids=None, today=date(2025, 1, 1)).trees


def _draw(
    trees: pd.DataFrame, context: BiomassContext = _CONTEXT, draws: int = 2000, seed: int = 3
) -> BiomassDraws:
    areas = dict.fromkeys(trees["plot_id"].unique(), 0.5)
    return draw_plot_biomass(trees, areas, _EPOCHS, context, draws, seed)


def _forest(plots: int = 4, trees: int = 15) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    species = ["Grevillea robusta", "Markhamia lutea", "Mangifera indica", "Persea americana"]
    rows = []
    for plot in range(plots):
        for tree in range(trees):
            d = rng.uniform(3, 30)
            kind = species[tree % 4]
            before = "pre_existing" if tree % 5 == 0 else "planted"
            for visit, grown in enumerate((d, d + 3)):
                height = round(1.3 + grown * 0.6, 1) if tree % 3 == 0 else ""
                rows.append(
                    _row(
                        f"P{plot}",
                        f"t{tree}",
                        round(grown, 1),
                        visit,
                        species=kind,
                        height=height,
                        origin=before,
                    )
                )
    return _trees(*rows)


def test_the_same_seed_gives_the_same_draws() -> None:
    forest = _forest()
    one, two, other = _draw(forest), _draw(forest), _draw(forest, seed=4)
    assert np.array_equal(one.agb_t_ha, two.agb_t_ha)
    assert not np.array_equal(one.agb_t_ha, other.agb_t_ha)


def test_draws_do_not_depend_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    forest = _forest()
    context = replace(_CONTEXT, allometry_region="se_asia")
    whole = _draw(forest, context)
    monkeypatch.setattr(mrv.biomass.tree_draws, "_BLOCK_NUMBERS", 3 * 2000)
    assert _draw(forest, context).agb_t_ha == pytest.approx(whole.agb_t_ha, rel=1e-6)


def test_a_plot_does_not_depend_on_the_others() -> None:
    forest = _forest()
    alone = _draw(forest[forest["plot_id"] == "P2"])
    assert np.array_equal(alone.agb_t_ha[:, 0], _draw(forest).agb_t_ha[:, 2])


@pytest.mark.parametrize("region", ["western_kenya", "se_asia", "central_asia"])
def test_the_mean_of_draws_is_the_point_value(region: str) -> None:
    """All multiplicative errors have mean one; without errors of measurement nothing else bends."""
    context = replace(
        _CONTEXT, allometry_region=region, errors=_EXACT, wood_densities=_certain_woods()
    )
    forest = _forest()
    drawn = _draw(forest, context, draws=40_000)
    stems = tree_biomass(forest, context)
    point = stems.groupby("measured_on")["agb_kg"].sum().to_numpy() / 1000 / 0.5
    totals = drawn.agb_t_ha.sum(axis=1, dtype=float)
    standard_error = totals.std(axis=0) / np.sqrt(len(totals))
    assert np.abs(totals.mean(axis=0) - point).max() < 4 * standard_error.max()
    assert totals.mean(axis=0) == pytest.approx(point, rel=0.01)


def _certain_woods() -> dict[str, object]:
    from mrv.biomass.wood_density import wood_densities

    return {name: replace(wood, sd_g_cm3=1e-9) for name, wood in wood_densities().items()}


def test_without_growth_and_errors_of_measurement_no_draw_shows_change() -> None:
    """A residual, a site effect or a height belongs to a tree, not to a visit."""
    rows = [_row(tree=f"t{i}", dbh=6 + i, visit=v) for i in range(12) for v in (0, 1)]
    for region in ("western_kenya", "se_asia"):
        context = replace(_CONTEXT, allometry_region=region, errors=_EXACT)
        drawn = _draw(_trees(*rows), context, draws=300)
        assert np.array_equal(drawn.agb_t_ha[:, :, 0], drawn.agb_t_ha[:, :, 1])
        assert drawn.agb_t_ha.std() > 0


def test_errors_of_measurement_alone_show_no_change_on_average() -> None:
    rows = [_row(tree=f"t{i}", dbh=6 + i, visit=v) for i in range(12) for v in (0, 1)]
    drawn = _draw(_trees(*rows), draws=20_000)
    change = np.diff(drawn.agb_t_ha[:, 0], axis=1)[:, 0].astype(float)
    assert change.std() > 0
    assert abs(change.mean()) < 4 * change.std() / np.sqrt(len(change))


def test_the_dead_the_harvested_and_the_missing_stand_for_nothing() -> None:
    statuses = ("dead", "harvested", "missing")
    rows = [_row(tree=s, dbh=20) for s in statuses]
    rows += [_row(tree=s, dbh=20, visit=1, status=s) for s in statuses]
    drawn = _draw(_trees(*rows), draws=10)
    assert (drawn.agb_t_ha[:, 0, 0] > 0).all()
    assert (drawn.agb_t_ha[:, 0, 1] == 0).all()
    assert drawn.n_trees.tolist() == [[3, 0]]


def test_a_tree_without_a_row_at_a_later_visit_stands_for_nothing() -> None:
    drawn = _draw(_trees(_row(tree="a"), _row(tree="b"), _row(tree="a", visit=1)), draws=10)
    assert drawn.n_trees.tolist() == [[2, 1]]
    assert (drawn.agb_t_ha[:, 0, 1] < drawn.agb_t_ha[:, 0, 0]).all()


def test_a_plot_on_which_no_tree_was_found_counts_as_zero() -> None:
    empty = f"P2,,,,,,{_DAYS[0]},no_trees,,,0.25"
    trees = _trees(_row(), _row(visit=1, dbh=17), empty, _row("P2", visit=1))
    drawn = _draw(trees, draws=10)
    assert drawn.plot_ids == ("P1", "P2")
    assert (drawn.agb_t_ha[:, 1, 0] == 0).all()
    assert (drawn.agb_t_ha[:, 1, 1] > 0).all()
    assert drawn.inclusion_probability.tolist() == [0.25, 0.25]


def test_plots_not_measured_at_every_epoch_are_named() -> None:
    trees = _trees(_row(), _row(visit=1), _row("P2"))
    drawn = draw_plot_biomass(
        trees, {"P1": 0.5, "P2": 0.5, "P3": 0.5}, _EPOCHS, _CONTEXT, 10, seed=1
    )
    assert drawn.plot_ids == ("P1",)
    assert drawn.unpaired == ("P2", "P3")


def test_stock_from_before_is_a_part_of_the_whole() -> None:
    drawn = _draw(_forest())
    assert (drawn.pre_existing_agb_t_ha <= drawn.agb_t_ha).all()
    assert (drawn.pre_existing_agb_t_ha > 0).all()


def test_trees_are_expanded_to_the_hectare() -> None:
    """A tenth of the plot stands for ten times as much, half a hectare for twice as much."""
    whole = _draw(_trees(_row(), _row(visit=1)), draws=50).agb_t_ha
    tenth = _draw(_trees(_row(fraction=0.1), _row(visit=1, fraction=0.1)), draws=50).agb_t_ha
    assert tenth == pytest.approx(10 * whole, rel=1e-5)
    trees = _trees(_row(), _row(visit=1))
    quarter = draw_plot_biomass(trees, {"P1": 0.25}, _EPOCHS, _CONTEXT, 50, 3).agb_t_ha
    assert quarter == pytest.approx(2 * whole, rel=1e-5)


def test_stems_of_a_tree_share_its_residual() -> None:
    """Two stems of one tree vary together, two trees do not."""
    context = replace(
        _CONTEXT,
        errors=_EXACT,
        allometry=replace(_ALLOMETRY, site_sd_ln=0.0, parameters=False),
    )
    forked = [_row(stem=s, visit=v) for s in (1, 2) for v in (0, 1)]
    apart = [_row(tree=t, visit=v) for t in ("a", "b") for v in (0, 1)]
    spread = [
        (d := _draw(_trees(*rows), context, 20_000).agb_t_ha[:, 0, 0].astype(float)).std()
        / d.mean()
        for rows in (forked, apart)
    ]
    assert spread[0] / spread[1] == pytest.approx(np.sqrt(2), rel=0.05)


def test_what_is_not_credited_is_listed_with_its_reason() -> None:
    trees = _trees(
        *[_row(visit=v) for v in (0, 1)],
        *[_row(tree=t, species="Musa acuminata", visit=v) for t in "bc" for v in (0, 1)],
        *[_row(tree="d", species="Adansonia digitata", dbh=150, visit=v) for v in (0, 1)],
    )
    drawn = _draw(trees, draws=10)
    told = drawn.excluded.set_index("species")
    assert told["n_trees"].to_dict() == {"Adansonia digitata": 1, "Musa acuminata": 2}
    assert "held constant" in told.loc["Adansonia digitata", "reason"]
    assert drawn.n_trees.tolist() == [[1, 1]]
    assert drawn.equations[["species", "equation_id", "n_trees"]].to_numpy().tolist() == [
        ["Mangifera indica", "kuyah2012_agb", 1]
    ]


def test_a_tree_that_lost_a_row_earns_nothing() -> None:
    """A spoilt first measurement must not look like growth from nothing."""
    rows = [_row(), _row(visit=1), _row(tree="x", dbh="?!"), _row(tree="x", dbh=40, visit=1)]
    drawn = _draw(_trees(*rows), draws=10)
    assert drawn.n_trees.tolist() == [[1, 1]]
    assert "rejected" in drawn.excluded["reason"].iloc[0]


def test_a_height_counts_only_if_measured_at_every_visit() -> None:
    trees = _trees(
        _row(height=9),
        _row(height="", visit=1),
        _row(tree="b", height=9),
        _row(tree="b", height=9.5, visit=1),
    )
    stems = assign_methods(trees, replace(_CONTEXT, allometry_region="se_asia")).stems
    source = stems.groupby("tree_id")["height_source"].unique().str.join(" ")
    assert source.to_dict() == {"t1": "feldpausch_e_africa", "b": "measured"}


def test_fifty_heights_make_a_model_of_their_own() -> None:
    rows = [_row(tree=f"m{i}", dbh=5 + i * 0.5, height=round(2 + i * 0.2, 1)) for i in range(50)]
    rows.append(_row(tree="unmeasured", dbh=20))
    context = replace(_CONTEXT, allometry_region="se_asia")
    model = assign_methods(_trees(*rows), context).height_model
    assert model is not None
    assert (model.id, model.n_pairs) == ("local", 50)
    fewer = assign_methods(_trees(*rows[1:]), context).height_model
    assert fewer is not None
    assert fewer.id == "feldpausch_e_africa"


def _parkland(*, all_heights: bool) -> pd.DataFrame:
    """Tall old trees left standing among many short planted ones; heights on a third of each."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(150):
        old = i % 10 == 0
        species = "Dipterocarpus alatus" if old else "Anacardium occidentale"
        d, tall = (rng.uniform(25, 50), 2.6) if old else (rng.uniform(5, 10), 1.1)
        lean = rng.normal(0, 0.1)
        for visit, dbh in enumerate((d, d + (2 if old else 5))):
            height = round(tall * dbh**0.6 * np.exp(lean), 1)
            rows.append(
                _row(
                    f"P{i % 5}",
                    f"t{i}",
                    round(dbh, 1),
                    visit,
                    species=species,
                    height=height if all_heights or i % 3 == 0 else "",
                    origin="pre_existing" if old else "planted",
                )
            )
    return _trees(*rows)


def test_old_trees_do_not_shrink_to_the_height_of_young_ones() -> None:
    """A baseline that is too low, beside planted trees too tall, would be over-credited."""
    context = replace(_CONTEXT, allometry_region="se_asia")
    known, modelled = (
        tree_biomass(_parkland(all_heights=told), context)
        .assign(sign=lambda s: np.where(s["measured_on"] == s["measured_on"].max(), 1, -1))
        .assign(gained=lambda s: s["agb_kg"] * s["sign"])
        .groupby("origin")["gained"]
        .sum()
        for told in (True, False)
    )
    assert (modelled / known).to_dict() == pytest.approx(
        {"planted": 1.0, "pre_existing": 1.0}, abs=0.08
    )


def test_heights_of_species_are_drawn_about_their_point_value() -> None:
    context = replace(
        _CONTEXT, allometry_region="se_asia", errors=_EXACT, wood_densities=_certain_woods()
    )
    trees = _parkland(all_heights=False)
    totals = _draw(trees, context, draws=20_000).pre_existing_agb_t_ha.sum(axis=1, dtype=float)
    stems = tree_biomass(trees, context)
    old = stems[stems["origin"] == "pre_existing"]
    point = old.groupby("measured_on")["agb_kg"].sum().to_numpy() / 1000 / 0.5
    assert totals.mean(axis=0) == pytest.approx(point, rel=0.015)


@pytest.mark.parametrize("seed", [0, 1])
def test_contradictory_visits_mean_the_same_in_any_order(seed: int) -> None:
    """What a tree was called first, and the heights of its latest visit, not of its first line."""
    trees = _parkland(all_heights=True)
    trees.loc[trees.index[::7], "height_m"] = np.nan
    trees.loc[trees.index[4::11], ["species", "origin"]] = ["Mangifera indica", "planted"]
    shuffled = trees.sample(frac=1, random_state=seed)
    context = replace(_CONTEXT, allometry_region="se_asia")
    one, two = (_draw(table, context, draws=50) for table in (trees, shuffled))
    assert np.array_equal(one.agb_t_ha, two.agb_t_ha)
    assert np.array_equal(one.pre_existing_agb_t_ha, two.pre_existing_agb_t_ha)


def test_without_heights_model_or_e_there_is_no_answer() -> None:
    context = replace(_CONTEXT, allometry_region="se_asia", height_model="none")
    trees = _trees(_row(), _row(visit=1))
    with pytest.raises(InputRejected, match=r"ecology\.bioclim_e"):
        _draw(trees, context)
    drawn = _draw(trees, replace(context, bioclim_e=0.1), draws=10)
    assert drawn.equations["equation_id"].tolist() == ["chave2014_eq7"]


def test_an_area_must_be_above_zero() -> None:
    trees = _trees(_row(), _row(visit=1))
    with pytest.raises(InputRejected, match="P1"):
        draw_plot_biomass(trees, {"P1": 0.0}, _EPOCHS, _CONTEXT, 10, seed=1)


def test_a_stand_in_is_less_certain() -> None:
    """Walnut has no equation of its own: the proxy error is shared by all walnuts of a draw."""
    rows = [
        _row(tree=f"t{i}", dbh=10 + i % 5, visit=v, species="Juglans regia")
        for i in range(200)
        for v in (0, 1)
    ]
    context = replace(_CONTEXT, allometry_region="central_asia", errors=_EXACT)
    agb = _draw(_trees(*rows), context, draws=4000).agb_t_ha[:, 0, 0].astype(float)
    # Site 0.1865, proxy 0.30, coefficients 0.307 / sqrt(10 trees), residuals of 200 trees.
    expected = np.sqrt(0.1865**2 + 0.30**2 + 0.307**2 / 10 + 0.307**2 / 200)
    assert np.log(agb).std() == pytest.approx(expected, rel=0.06)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    trees = _forest(plots=3, trees=3)
    areas = dict.fromkeys(trees["plot_id"].unique(), 1.0)
    draw_plot_biomass(
        trees, areas, _EPOCHS, _CONTEXT, 10, 1, lambda done, all_: told.append((done, all_))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_measured_gives_nothing() -> None:
    drawn = draw_plot_biomass(_trees(), {"P1": 1.0}, _EPOCHS, _CONTEXT, 10, 1)
    assert drawn.agb_t_ha.shape == (10, 0, 2)
    assert drawn.unpaired == ("P1",)
    assert plot_biomass(_trees(), {"P1": 1.0}, _CONTEXT, draws=10).empty


def test_one_table_for_people() -> None:
    """Every plot at its last visit, with an interval."""
    trees = _trees(_row(), _row(visit=1, dbh=18), _row("P2", dbh=30))
    table = plot_biomass(trees, {"P1": 0.5, "P2": 0.5}, _CONTEXT, draws=500)
    assert table["plot_id"].tolist() == ["P1", "P2"]
    assert table["measured_on"].tolist() == [date(2024, 1, 12), date(2021, 1, 10)]
    assert (table["q05_t_ha"] < table["agb_t_ha"]).all()
    assert (table["agb_t_ha"] < table["q95_t_ha"]).all()
    assert table["flags"].tolist() == ["regional_mixed", "regional_mixed"]


def test_context_comes_from_project_and_methodology() -> None:
    ecology = Ecology(
        ecoregion="victoria",
        allometry_region="western_kenya",
        height_model="feldpausch_e_africa",
        root_shoot_zone="tropical_moist_deciduous.africa",
        growth_cap="east_africa_farm",
    )
    context = BiomassContext.of(ecology, load_methodology("agroforestry_removals", 1))
    assert context.allometry.site_sd_ln == 0.1865
    assert context.errors.diameter_gross_cap == 0.25
    assert context.epoch_tolerance_days == 183


@pytest.mark.parametrize(
    ("region", "errors"),
    [
        pytest.param("western_kenya", _TAPE, id="no heights, small trees below the range"),
        pytest.param("se_asia", _TAPE, id="some heights modelled, some measured"),
        pytest.param(
            "se_asia",
            replace(_TAPE, diameter_proportional=0.05, height_proportional=0.12),
            id="a careless crew",
        ),
    ],
)
def test_merged_errors_scatter_like_those_drawn_one_by_one(
    region: str, errors: MeasurementErrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without what is shared and without residuals, so that nothing hides a difference."""
    alone = replace(_ALLOMETRY, site_sd_ln=0.0, within_site_sd_ln=1e-6, parameters=False)
    context = replace(
        _CONTEXT,
        allometry_region=region,
        allometry=alone,
        errors=errors,
        wood_densities=_certain_woods(),
    )
    forest, draws = _forest(plots=2), 20_000
    merged = _draw(forest, context, draws).agb_t_ha.astype(float)
    monkeypatch.setattr(mrv.biomass.tree_draws, "_MERGED_BELOW", 0.0)
    apart = _draw(forest, context, draws).agb_t_ha.astype(float)
    assert not np.array_equal(merged, apart)
    for one, other in ((merged, apart), (np.diff(merged), np.diff(apart))):
        standard_error = other.std(axis=0) / np.sqrt(draws / 2)
        assert (np.abs(one.mean(axis=0) - other.mean(axis=0)) < 5 * standard_error).all()
        assert one.std(axis=0) == pytest.approx(other.std(axis=0), rel=0.04)
        ends = [np.quantile(drawn, [0.05, 0.95], axis=0) for drawn in (one, other)]
        assert (np.abs(ends[0] - ends[1]) < 0.12 * other.std(axis=0)).all()


def test_draws_have_the_moments_of_a_sum_of_lognormals() -> None:
    """An independent way to the same mean and SD: given what is shared, trees are independent."""
    context = replace(
        _CONTEXT,
        allometry=replace(_ALLOMETRY, site_sd_ln=0.0, parameters=False),
        errors=_EXACT,
        wood_densities=_certain_woods(),
    )
    forest = _forest(plots=1, trees=40)
    stems = tree_biomass(forest, context)
    point = stems.assign(t_ha=stems["agb_kg"] / 1000 / 0.5).groupby("measured_on")["t_ha"]
    residual = np.expm1(0.307**2)
    drawn = _draw(forest, context, draws=100_000).agb_t_ha[:, 0].astype(float)
    assert drawn.mean(axis=0) == pytest.approx(point.sum().to_numpy(), rel=0.005)
    closed = np.sqrt((point.agg(lambda t: (t**2).sum()) * residual).to_numpy())
    assert drawn.std(axis=0) == pytest.approx(closed, rel=0.01)


def test_more_draws_only_add_to_those_before() -> None:
    forest = _forest(plots=2, trees=5)
    block = mrv.biomass.tree_draws.DRAWS_AT_ONCE
    few, many = _draw(forest, draws=block), _draw(forest, draws=2 * block + 7)
    assert np.array_equal(many.agb_t_ha[:block], few.agb_t_ha)
    blocks = [many.agb_t_ha[:block, 0, 0], many.agb_t_ha[block : 2 * block, 0, 0]]
    assert abs(np.corrcoef(*blocks)[0, 1]) < 5 / np.sqrt(block)


def test_memory_is_flat_in_draws() -> None:
    """Whoever keeps totals only pays for one block, however many draws there are."""
    forest = _forest(plots=6, trees=10)
    rows = assign_methods(forest, _CONTEXT)
    day = pd.to_datetime(forest["measured_on"])
    stems = rows.stems.assign(epoch=(day > day.min()).astype(int))
    packed = pack_plots(stems, dict.fromkeys(forest["plot_id"], 0.5), _EPOCHS, _CONTEXT)
    peaks = []
    for draws in (10_000, 10_000, 50_000):  # the first warms up what is compiled
        tracemalloc.start()
        total = np.zeros(2)
        for _which, _plot, agb, _before in draw_in_blocks(
            list(packed.values()), _CONTEXT, rows.height_model, draws, seed=1
        ):
            total += agb.sum(axis=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.1 * peaks[1]
    assert (total > 0).all()


def test_errors_that_reach_the_end_of_an_equation_s_range_are_drawn_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond 1.2 times its range an equation is held: a normal error would be wrong there."""
    highest = 102.0 * _CONTEXT.allometry.extrapolation_factor

    def drawn(dbh_cm: float) -> np.ndarray:
        rows = [_row(dbh=dbh_cm, visit=visit) for visit in (0, 1)]
        return _draw(_trees(*rows), draws=500).agb_t_ha

    merged = {dbh_cm: drawn(dbh_cm) for dbh_cm in (50.0, 85.0, highest)}
    monkeypatch.setattr(mrv.biomass.tree_draws, "_MERGED_BELOW", 0.0)
    apart = {dbh_cm: drawn(dbh_cm) for dbh_cm in merged}
    assert not np.array_equal(merged[50.0], apart[50.0])
    assert not np.array_equal(merged[85.0], apart[85.0]), "70.8 cm is 15 cm away: no kink"
    assert np.array_equal(merged[highest], apart[highest])


def test_a_height_taken_by_guess_is_drawn_about_itself() -> None:
    """Too unsure to be merged: the draws are those of ln(height + error), worked out by numbers."""
    sure = MeasurementErrors(height_proportional=0.2)
    alone = replace(
        _ALLOMETRY, site_sd_ln=0.0, within_site_sd_ln=1e-6, parameters=False, proxy_sd_ln=0.0
    )
    context = replace(
        _CONTEXT, allometry_region="se_asia", allometry=alone, errors=sure,
        wood_densities=_certain_woods(),
    )  # fmt: skip
    rows = [_row(dbh=20, visit=visit, height=12, species="Litchi chinensis") for visit in (0, 1)]
    trees = _trees(*rows)
    stems = tree_biomass(trees, context)
    assert set(stems["equation_id"]) == {"chave2014_eq4"}
    point = float(stems["agb_kg"].iloc[0]) / 1000 / 0.5
    agb = _draw(trees, context, draws=40_000).agb_t_ha[:, 0, 0].astype(float)
    heights = np.clip(12 * (1 + 0.2 * np.random.default_rng(1).standard_normal(10**6)), 1.3, 27)
    expected = point * (heights / 12) ** 0.976
    assert agb.mean() == pytest.approx(expected.mean(), rel=0.01)
    assert agb.std() == pytest.approx(expected.std(), rel=0.03)
