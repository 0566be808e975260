"""What one stage leaves for the next comes back as it was, or in a sentence not at all."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from mrv.errors import SourceFailed
from mrv.estimation.estimate import ChangeEstimate, nothing_estimated
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.pathway import estimate_change
from mrv.methodologies import load_methodology
from pipelines.draws import keep_draws, take_draws
from pipelines.estimates import keep_estimate, take_estimate
from pipelines.features import keep_features, take_features
from pipelines.shelf import Shelf
from registry_api.services.kept_files import KeptFiles
from tests.mrv.estimation.conftest import END, START, Invented, invent
from tests.registry_api.a_registry import make_settings


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(KeptFiles(make_settings(tmp_path)), tmp_path / "shelves" / "shea" / "2024")


def files(shelf: Shelf) -> Iterator[Path]:
    return (path for path in shelf.folder.rglob("*") if path.is_file())


def test_what_was_never_made_is_a_sentence(shelf: Shelf) -> None:
    assert not shelf.has("observations")
    with pytest.raises(SourceFailed, match="Nothing called 'observations' was made for shea 2024"):
        shelf.table("observations")


def test_the_newest_is_found_and_older_ones_stay_in_the_store(shelf: Shelf) -> None:
    first = shelf.put_json("settings", {"draws": 100})
    second = shelf.put_json("settings", {"draws": 200})
    assert shelf.json("settings") == {"draws": 200}
    assert shelf.note("settings") == second
    assert json.loads(shelf.store.get_bytes(first.sha256)) == {"draws": 100}


def test_the_same_content_is_the_same_digest(shelf: Shelf) -> None:
    once = shelf.put_json("one", {"b": START, "a": np.float64(0.5), "c": np.array([1, 2])})
    again = shelf.put_json("two", {"c": [1, 2], "a": 0.5, "b": "2021-02-01"})
    assert once.sha256 == again.sha256


def test_a_writer_that_dies_leaves_what_was_there(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shelf.put_json("estimate", {"gross": 1})

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            shelf.put_json("estimate", {"gross": 2})
    assert shelf.note("estimate") == before
    assert shelf.json("estimate") == {"gross": 1}
    shelf.put_json("estimate", {"gross": 3})
    assert shelf.json("estimate") == {"gross": 3}


def test_a_file_changed_behind_its_digest_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    sha256 = shelf.put_table("features", pd.DataFrame({"dbh_cm": [12.0]})).sha256
    (kept,) = (path for path in (tmp_path / "artifacts").rglob(sha256) if path.is_file())
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(SourceFailed, match="has been changed"):
        shelf.table("features")


def test_arrays_hold_no_pickles(shelf: Shelf) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        shelf.put_arrays("draws", names=np.array([{"a": 1}], dtype=object))
    assert list(files(shelf)) == []


def some_draws(agb: np.ndarray) -> BiomassDraws:
    return BiomassDraws(
        plot_ids=("P-1", "Parcelle n° 2"),
        epochs=(START, END),
        agb_t_ha=agb,
        pre_existing_agb_t_ha=agb / 3,
        n_trees=np.array([[4, 5], [0, 2]]),
        inclusion_probability=np.array([0.25, np.nan]),
        plot_flags=("", "generic;modelled_height"),
        equations=pd.DataFrame(
            {"species": ["Parkia"], "equation_id": ["x"], "n_trees": [11], "flags": [""]}
        ),
        excluded=pd.DataFrame({"species": ["Musa"], "n_trees": [3], "reason": ["no wood"]}),
        unpaired=("P-3",),
        height_model="feldpausch_africa",
    )


def test_draws_come_back_bit_for_bit(shelf: Shelf) -> None:
    # Numbers of every size, a negative zero and a subnormal among them.
    agb = np.random.default_rng(1).lognormal(0, 20, (50, 2, 2)).astype(np.float32)
    agb[0] = [[0.0, -0.0], [np.float32(1e-45), np.nextafter(np.float32(1), np.float32(2))]]
    given = some_draws(agb)
    shelf.put_table("equations", given.equations)
    shelf.put_table("excluded_trees", given.excluded)
    keep_draws(shelf, given)
    taken = take_draws(shelf)
    for field in fields(BiomassDraws):
        before, after = getattr(given, field.name), getattr(taken, field.name)
        if isinstance(before, np.ndarray):
            assert (before.dtype, before.shape) == (after.dtype, after.shape)
            assert before.tobytes() == after.tobytes(), field.name
        elif isinstance(before, pd.DataFrame):
            assert_frame_equal(before, after, check_dtype=False)
        else:
            assert before == after, field.name


def test_draws_of_no_plot_come_back(shelf: Shelf) -> None:
    nothing = np.zeros((50, 0, 2), np.float32)
    given = replace(
        some_draws(nothing),
        plot_ids=(),
        n_trees=np.zeros((0, 2), np.int64),
        inclusion_probability=np.zeros(0),
        plot_flags=(),
        unpaired=(),
        height_model="",
    )
    shelf.put_table("equations", given.equations)
    shelf.put_table("excluded_trees", given.excluded)
    keep_draws(shelf, given)
    taken = take_draws(shelf)
    assert (taken.plot_ids, taken.plot_flags, taken.unpaired) == ((), (), ())
    assert taken.agb_t_ha.shape == (50, 0, 2)
    assert taken.height_model == ""


@pytest.fixture(scope="module")
def invented() -> Invented:
    return invent(5, draws=200)


@pytest.fixture(scope="module")
def estimate(invented: Invented) -> ChangeEstimate:
    return estimate_change(
        invented.biomass,
        invented.plots,
        invented.features,
        load_methodology("agroforestry_removals", 1),
        start=START,
        end=END,
        root_shoot=0.28,
        seed=5,
    )


def assert_same(before: ChangeEstimate, after: ChangeEstimate) -> None:
    for field in fields(ChangeEstimate):
        held, taken = getattr(before, field.name), getattr(after, field.name)
        if isinstance(held, np.ndarray):
            assert held.dtype == taken.dtype
            assert held.tobytes() == taken.tobytes(), field.name
        elif isinstance(held, pd.DataFrame):
            assert_frame_equal(held, taken, check_dtype=False, check_exact=True)
        else:
            assert held == taken, field.name


def test_an_estimate_comes_back_bit_for_bit(shelf: Shelf, estimate: ChangeEstimate) -> None:
    keep_estimate(shelf, estimate)
    assert estimate.check is not None
    assert_same(estimate, take_estimate(shelf))


def test_an_estimate_of_nothing_comes_back_too(shelf: Shelf, invented: Invented) -> None:
    nothing = nothing_estimated(invented.plots, START, END)
    keep_estimate(shelf, nothing)
    assert_same(nothing, take_estimate(shelf))


def test_features_come_back_by_plot_and_epoch(shelf: Shelf, invented: Invented) -> None:
    features = invented.features.assign(clear_looks=7)
    features.iloc[3, 0] = np.nan
    keep_features(shelf, features)
    taken = take_features(shelf)
    assert_frame_equal(taken, features, check_exact=True)
    assert len(taken.xs(END, level="epoch")) == len(invented.plots[lambda p: p.role == "enrolled"])
