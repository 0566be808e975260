"""The choice of a model: villages kept apart, nested, and simple unless there is a reason."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mrv.estimation.maps.boosting import Boosting
from mrv.estimation.maps.choice import MODELS, choose_map, choose_model, village_folds
from mrv.estimation.maps.gaussian_process import GaussianProcess
from mrv.estimation.maps.smoothers import Smoother


def test_no_plot_is_predicted_from_its_own_village() -> None:
    rng = np.random.default_rng(1)
    villages = [f"V{i % 11}" for i in range(60)]
    sampled = np.sort(rng.choice(60, 30, replace=False))
    folds = village_folds(villages, sampled, 5)
    assert folds is not None
    assert len({folds[i] for i in range(60)}) == 5
    by_village = {v: {folds[i] for i in range(60) if villages[i] == v} for v in villages}
    assert all(len(f) == 1 for f in by_village.values())
    prediction = choose_map(
        rng.normal(size=(60, 3)), sampled, folds, rng.normal(size=30)
    ).prediction
    for i in range(60):
        same = [j for j, s in enumerate(sampled) if villages[s] == villages[i]]
        assert not prediction[i, same].any()


def test_too_few_villages_cannot_be_kept_apart() -> None:
    assert village_folds(["A", "B", "C", None] * 5, np.arange(20), 5) is None


def test_a_straight_relation_is_left_to_the_ridge() -> None:
    taken = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        train = rng.normal(size=(60, 5))
        observed = 8 + train @ [2.0, 1.0, 0, 0, 0] + 2 * rng.normal(size=60)
        taken.append(choose_model(train, observed, np.arange(60) % 5)[0].name)
    assert taken.count("ridge") >= 17


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ("bent", 60, "curved ridge"),
        ("waves", 120, "Gaussian process"),
        ("steps", 200, "gradient boosting"),
    ],
)
def test_a_richer_model_is_taken_where_it_sees_more(shape: str, size: int, expected: str) -> None:
    rng = np.random.default_rng(3)
    train = rng.normal(size=(size, 2))
    truth = {
        "bent": 3 * train[:, 0] * train[:, 1],
        "waves": 4 * np.sin(2.5 * train[:, 0]) * np.cos(1.5 * train[:, 1]),
        "steps": 6.0 * (train[:, 0] > 0.3) * (train[:, 1] < 0.5),
    }[shape]
    observed = truth + 0.3 * rng.normal(size=size)
    model, scores = choose_model(train, observed, np.arange(size) % 5)
    assert model.name == expected
    assert dict(scores)[expected] < 0.8 * dict(scores)["ridge"]


def test_held_out_villages_have_no_say_in_how_they_are_predicted() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(150, 3))
    sampled = np.arange(0, 150, 3)
    folds = np.arange(150) // 3 % 5
    observed = values[sampled] @ [2.0, 1.0, 0.0] + rng.normal(size=50)
    before = choose_map(values, sampled, folds, observed)
    changed = np.where(folds[sampled] == 2, 100 * rng.normal(size=50), observed)
    after = choose_map(values, sampled, folds, changed)
    own = folds == 2
    assert (before.prediction[own] == after.prediction[own]).all()
    assert before.by_fold[2] == after.by_fold[2]
    assert not np.allclose(before.prediction[~own], after.prediction[~own])


def test_models_that_need_more_plots_are_not_tried() -> None:
    rng = np.random.default_rng(5)
    for size, count in ((29, 2), (30, 3), (99, 3), (100, 4)):
        train = rng.normal(size=(size, 2))
        scores = choose_model(train, rng.normal(size=size), np.arange(size) % 5)[1]
        assert [name for name, _ in scores] == [model.name for model in MODELS[:count]]
    assert GaussianProcess.fewest_plots < Boosting.fewest_plots
    few = choose_model(
        rng.normal(size=(20, 2)), rng.normal(size=20), np.arange(20) % 5, [Boosting()]
    )
    assert few[0].name == "gradient boosting"  # the first is tried always


def test_the_choice_is_the_same_every_time() -> None:
    rng = np.random.default_rng(6)
    values, sampled, folds = (
        rng.normal(size=(200, 3)),
        np.arange(0, 200, 2),
        np.arange(200) // 2 % 4,
    )
    observed = np.abs(values[sampled, 0]) + rng.normal(size=100)
    one, two = (choose_map(values, sampled, folds, observed) for _ in range(2))
    assert one.prediction.tobytes() == two.prediction.tobytes()
    assert (one.name, one.by_fold, one.scores) == (two.name, two.by_fold, two.scores)


@dataclass(frozen=True)
class Stated:
    """A model with errors that a test states, one per fold."""

    name: str
    errors: tuple[float, ...]
    fewest_plots: ClassVar[int] = 0

    def tuned(
        self, train: np.ndarray, observed: np.ndarray, folds: np.ndarray
    ) -> tuple["Stated", np.ndarray]:
        return self, np.array(self.errors)[folds]

    def fitted(self, train: np.ndarray, observed: np.ndarray) -> Smoother:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("rich", "expected"),
    [
        ((3.0, 3.0, 3.0, 3.0), "simple"),  # a tie
        ((2.0, 2.0, 2.0, 2.0), "rich"),  # better everywhere
        ((0.0, 3.0, 3.0, 3.0), "simple"),  # better by 9/4, which has a standard error of 9/4
        ((0.0, 2.9, 3.0, 3.0), "rich"),  # by a little more than one
        ((4.0, 4.0, 4.0, 4.0), "simple"),
    ],
)
def test_the_one_standard_error_rule_by_hand(rich: tuple[float, ...], expected: str) -> None:
    models = Stated("simple", (3.0,) * 4), Stated("rich", rich)
    chosen, scores = choose_model(np.zeros((12, 1)), np.zeros(12), np.arange(12) % 4, models)
    assert chosen.name == expected
    assert scores[0] == ("simple", 3.0)
    assert scores[1][1] == pytest.approx(np.sqrt(np.square(rich).mean()))


def test_measured_plots_are_shared_out_evenly() -> None:
    villages = ["A"] * 10 + ["B"] * 6 + ["C"] * 5 + ["D"] * 4 + ["E"] * 3 + [None] * 2
    folds = village_folds(villages, np.arange(28), 3)
    assert folds is not None
    # Largest first, each to the emptiest: A | B + E | C + D.
    assert np.bincount(folds[:28]).tolist() == [10, 9, 9]
    assert folds[10] == folds[25] == 1
    assert (folds[28:] == 0).all()


def test_villages_without_measured_plots_weigh_nothing_in_the_folds() -> None:
    """A fold with fewer measured plots takes all of them, and stays the lightest."""
    villages = ["A", "A", "B", "C", "D", "E"]
    folds = village_folds(villages, np.array([0, 1, 2]), 2)
    assert folds is not None
    assert folds[0] == folds[1] != folds[2]
    assert set(folds[3:]) == {folds[2]}
