"""Tree heights from diameters: regional models, Chave's E, or a model fitted on the spot.

A measured height is always better; which trees use which is decided in `assignment.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrv.errors import InputRejected

# SD of ln(height) about Chave et al. 2014 eq. 6a, the spread of single trees about any model [V].
TREE_SD_LN = 0.243
# SD between sites of mean ln(observed / Feldpausch pantropical height): 55 sites with ten or more
# of the 4,004 trees of Chave et al. 2014, moments estimator [C]. African woodland sites lie at
# -0.5 to -1.0: a regional model makes open-grown trees too tall.
SITE_SD_LN = 0.308
PAIRS_MIN = 50  # methodology 3.2: pairs of diameter and height for a model of one's own [P]
_BREAST_HEIGHT_M = 1.3

_FELDPAUSCH = (
    "Feldpausch et al. 2012, doi:10.5194/bg-9-3381-2012, table 3: H = a (1 - exp(-b D^c)) [V]"
)


@dataclass(frozen=True, slots=True)
class HeightModel:
    """A height-diameter model and its errors.

    Attributes:
        id: Stable name; a model fitted on the spot is called "local".
        form: weibull is a (1 - exp(-b D^c)); log_polynomial is exp(sum of c_i lnD^i) times the
            correction for the mean of a lognormal.
        coefficients: a, b, c; or c_0, c_1, ...
        tree_sd_ln: SD of ln(height) of a tree about the model [1].
        tree_sd_m: The same in metres where published so [m]; the smaller of both is used, because
            metres fitted on tall trees would put saplings below ground.
        site_sd_ln: SD of the model itself at a new site [1]; 0 where it was fitted there.
        covariance: Of the coefficients, rows joined; empty where not known.
        n_pairs: Trees it was fitted on, where known.
        source: Paper, or how it was fitted.
    """

    id: str
    form: Literal["weibull", "log_polynomial"]
    coefficients: tuple[float, ...]
    tree_sd_ln: float
    site_sd_ln: float
    source: str
    tree_sd_m: float | None = None
    covariance: tuple[float, ...] = ()
    n_pairs: int | None = None

    def sd_ln(self, height_m: ArrayLike) -> NDArray[np.float64]:
        """Give the SD of ln(height) of single trees of that modelled height [1]."""
        h = np.asarray(height_m, float)
        if self.tree_sd_m is None:
            return np.full(h.shape, self.tree_sd_ln)
        return np.minimum(self.tree_sd_m / h, self.tree_sd_ln)


def _feldpausch(region: str, a: float, b: float, c: float, rse_m: float) -> HeightModel:
    return HeightModel(
        f"feldpausch_{region}", "weibull", (a, b, c), TREE_SD_LN, SITE_SD_LN, _FELDPAUSCH, rse_m
    )


HEIGHT_MODELS: Mapping[str, HeightModel] = MappingProxyType(
    {
        model.id: model
        for model in (
            _feldpausch("africa", 50.096, 0.03711, 0.8291, 5.739),
            _feldpausch("c_africa", 50.453, 0.0471, 0.812, 6.177),
            _feldpausch("e_africa", 43.974, 0.0334, 0.8546, 5.466),
            _feldpausch("w_africa", 53.133, 0.0331, 0.8329, 5.165),
            _feldpausch("s_america", 42.574, 0.0482, 0.8307, 5.619),
            _feldpausch("brazilian_shield", 227.35, 0.0139, 0.555, 4.683),
            _feldpausch("ec_amazonia", 48.131, 0.0375, 0.8228, 4.918),
            _feldpausch("guiana_shield", 42.845, 0.0433, 0.9372, 5.285),
            _feldpausch("w_amazonia", 46.263, 0.0876, 0.6072, 5.277),
            _feldpausch("se_asia", 57.122, 0.0332, 0.8468, 5.691),
            _feldpausch("n_australia", 41.721, 0.0529, 0.7755, 4.042),
            _feldpausch("pantropical", 50.874, 0.042, 0.784, 5.479),
        )
    }
)


def chave_6a(bioclim_e: float) -> HeightModel:
    """Make the height model of a place from its bioclimatic E.

    Source:
        Chave et al. 2014, doi:10.1111/gcb.12629, eq. 6a.
    """
    return HeightModel(
        "chave2014_6a",
        "log_polynomial",
        (0.893 - bioclim_e, 0.760, -0.0340),
        TREE_SD_LN,
        SITE_SD_LN,
        "Chave et al. 2014, doi:10.1111/gcb.12629, eq. 6a, RSE 0.243 [V]",
    )


def find_height_model(name: str, bioclim_e: float | None) -> HeightModel | None:
    """Find the model a project names in `ecology.height_model`; None for "none".

    Raises:
        InputRejected: If there is no such model, or chave2014_6a is named without E.
    """
    if name == "none":
        return None
    if name == "chave2014_6a":
        if bioclim_e is None:
            raise InputRejected(
                "Height model chave2014_6a needs E; set ecology.bioclim_e or name a regional model."
            )
        return chave_6a(bioclim_e)
    if name not in HEIGHT_MODELS:
        raise InputRejected(
            f"There is no height model '{name}'; set ecology.height_model to none, chave2014_6a or "
            f"one of {', '.join(HEIGHT_MODELS)}.",
            height_model=name,
        )
    return HEIGHT_MODELS[name]


def height_m(model: HeightModel, dbh_cm: ArrayLike) -> NDArray[np.float64]:
    """Predict the mean height of trees of a diameter.

    Args:
        model: The model.
        dbh_cm: Diameters at breast height [cm].

    Returns:
        Heights [m], at least breast height, one per diameter.
    """
    d = np.asarray(dbh_cm, float)
    if model.form == "weibull":
        a, b, c = model.coefficients
        h = a * (1.0 - np.exp(-b * d**c))
    else:
        h = np.exp(
            np.polynomial.polynomial.polyval(np.log(d), model.coefficients)
            + 0.5 * model.tree_sd_ln**2
        )
    return np.maximum(h, _BREAST_HEIGHT_M)


def fit_height_model(dbh_cm: ArrayLike, measured_m: ArrayLike, *, degree: int = 1) -> HeightModel:
    """Fit ln(height) as a polynomial of ln(diameter) by least squares.

    Args:
        dbh_cm: Diameters [cm], one per tree.
        measured_m: Heights [m], one per tree.
        degree: 1 for a power law, 2 for a curve that bends.

    Returns:
        The model, with residual SD and covariance of its coefficients.

    Raises:
        InputRejected: If there are fewer than 50 pairs.

    Source:
        The models log1 and log2 of BIOMASS, Réjou-Méchain et al. 2017,
        doi:10.1111/2041-210X.12753.
    """
    d, h = np.asarray(dbh_cm, float), np.asarray(measured_m, float)
    known = np.isfinite(d) & np.isfinite(h) & (d > 0) & (h > 0)
    n = int(known.sum())
    if n < PAIRS_MIN:
        raise InputRejected(
            f"A height model of one's own needs {PAIRS_MIN} trees with diameter and height; there "
            f"are {n}. Measure more heights or name a regional model.",
            pairs=n,
        )
    x = np.vander(np.log(d[known]), degree + 1, increasing=True)
    y = np.log(h[known])
    coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
    variance = float(((y - x @ coefficients) ** 2).sum() / (n - degree - 1))
    covariance = variance * np.linalg.inv(x.T @ x)
    return HeightModel(
        "local",
        "log_polynomial",
        tuple(coefficients.tolist()),
        float(np.sqrt(variance)),
        0.0,
        f"fitted on {n} trees of this inventory, ln H on ln D, degree {degree} [C]",
        covariance=tuple(covariance.ravel().tolist()),
        n_pairs=n,
    )


def residual_error_m(model: HeightModel, dbh_cm: ArrayLike, measured_m: ArrayLike) -> float:
    """Give the residual standard error of a model in metres [m], as BIOMASS reports it."""
    residual = np.asarray(measured_m, float) - height_m(model, dbh_cm)
    return float(np.sqrt((residual**2).sum() / (residual.size - len(model.coefficients))))
