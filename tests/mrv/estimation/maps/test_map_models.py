"""Map models: each as others fit it, each a matrix times the measured values."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge as SklearnRidge

from mrv.estimation.maps import smoothers
from mrv.estimation.maps.boosting import Boosting
from mrv.estimation.maps.gaussian_process import GaussianProcess
from mrv.estimation.maps.ridge import Ridge
from mrv.estimation.maps.smoothers import MapModel

MODELS = (Ridge(0.3), Ridge(0.3, curved=True), GaussianProcess(1.0, 0.5), Boosting(25))


def landscape(seed: int, size: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    train, target = rng.normal(size=(size, 4)), rng.normal(size=(90, 4))
    observed = 6 + 2 * train[:, 0] - np.abs(train[:, 1]) + 0.5 * rng.normal(size=size)
    return train, target, observed


def test_the_ridge_is_that_of_scikit_learn() -> None:
    train, target, observed = landscape(0)
    reference = SklearnRidge(alpha=0.3 * 60).fit(train, observed).predict(target)
    assert Ridge(0.3).fitted(train, observed).predict(target, observed) == pytest.approx(reference)


def test_the_gaussian_process_is_that_of_scikit_learn() -> None:
    train, target, observed = landscape(1)
    kernel = RBF(1.5 * 2.0) + ConstantKernel(1e6) + WhiteKernel(0.4)  # a mean nobody knows
    reference = GaussianProcessRegressor(kernel, optimizer=None).fit(train, observed)
    model = GaussianProcess(length=1.5, noise=0.4)
    predicted = model.fitted(train, observed).predict(target, observed)
    assert predicted == pytest.approx(reference.predict(target), rel=1e-5)


def test_boosting_is_that_of_scikit_learn() -> None:
    train, target, observed = landscape(2)
    train, target = (x.astype(np.float32).astype(np.float64) for x in (train, target))
    reference = GradientBoostingRegressor(
        n_estimators=25,
        learning_rate=0.1,
        max_depth=2,
        min_samples_leaf=5,
        random_state=0,
    ).fit(train, observed)
    predicted = Boosting(25).fitted(train, observed).predict(target, observed)
    assert predicted == pytest.approx(reference.predict(target), abs=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_is_one_matrix_for_all_draws(model: MapModel) -> None:
    train, target, observed = landscape(3)
    smoother = model.fitted(train, observed)
    matrix = smoother.matrix(target)
    assert matrix.shape == (90, 60)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(90))  # what all plots have, the map has
    draws = observed[:, None] * np.exp(np.random.default_rng(4).normal(0, 0.3, (60, 7)))
    assert smoother.predict(target, draws) == pytest.approx(matrix @ draws)
    weight = np.random.default_rng(5).uniform(size=(2, 90))
    assert smoother.total_weights(target, weight) == pytest.approx(weight @ matrix)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_same_data_give_the_same_map(model: MapModel) -> None:
    train, target, observed = landscape(6)
    folds = np.arange(60) % 5
    one, errors = model.tuned(train, observed, folds)
    other, again = model.tuned(train, observed, folds)
    assert one == other
    assert (errors == again).all()
    assert (one.fitted(train, observed).matrix(target)).tobytes() == (
        other.fitted(train, observed).matrix(target)
    ).tobytes()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_tuning_reports_errors_on_folds_it_did_not_fit_to(model: MapModel) -> None:
    train, _, observed = landscape(7)
    folds = np.arange(60) % 5
    chosen, errors = model.tuned(train, observed, folds)
    for fold in range(5):
        out = folds == fold
        predicted = chosen.fitted(train[~out], observed[~out]).predict(train[out], observed[~out])
        assert predicted - observed[out] == pytest.approx(errors[out])
    spread = observed - observed.mean()
    assert (errors**2).sum() < (spread**2).sum()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_where_features_tell_nothing_the_map_is_nearly_the_mean(model: MapModel) -> None:
    rng = np.random.default_rng(8)
    train, target, observed = (
        rng.normal(size=(60, 4)),
        rng.normal(size=(90, 4)),
        rng.normal(size=60),
    )
    chosen, _ = model.tuned(train, observed, np.arange(60) % 5)
    predicted = chosen.fitted(train, observed).predict(target, observed)
    assert predicted.std() < 0.45 * observed.std()


def test_curves_follow_what_levels_off() -> None:
    rng = np.random.default_rng(9)
    train = rng.normal(size=(80, 2))
    observed = 4 * train[:, 0] - 2 * train[:, 0] ** 2 + 0.3 * rng.normal(size=80)
    folds = np.arange(80) % 5
    straight, curved = (Ridge(curved=c).tuned(train, observed, folds)[1] for c in (False, True))
    assert (curved**2).mean() < 0.3 * (straight**2).mean()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_plots_taken_in_parts_are_predicted_alike(
    model: MapModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, target, observed = landscape(10)
    smoother, weight = model.fitted(train, observed), np.ones((2, 90))
    whole = smoother.predict(target, observed), smoother.total_weights(target, weight)
    monkeypatch.setattr(smoothers, "PLOTS_AT_ONCE", 7)
    assert smoother.predict(target, observed) == pytest.approx(whole[0])
    assert smoother.total_weights(target, weight) == pytest.approx(whole[1])
    assert smoother.predict(target[:0], observed).shape == (0,)


def test_squares_do_not_run_away_with_a_plot_unlike_the_rest() -> None:
    curved = Ridge(curved=True)
    near, far = (curved.transformed(np.array([[x, 0.5]])) for x in (3.0, 30.0))
    assert near[0].tolist() == [3.0, 0.5, 8.0, 1.5, -0.75]  # x, z, x^2 - 1, x z, z^2 - 1
    assert far[0].tolist() == [30.0, 0.5, 8.0, 1.5, -0.75]
