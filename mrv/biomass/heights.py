"""Tree heights from diameters: regional models, Chave's E, or a model fitted on the spot.

A measured height is always better; which trees use which is decided in `assignment.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrv.biomass.allometry import BREAST_HEIGHT_M
from mrv.errors import InputRejected

# SD of ln(height) about Chave et al. 2014 eq. 6a, the spread of single trees about any model [V].
TREE_SD_LN = 0.243
# SD between sites of mean ln(observed / Feldpausch pantropical height): 55 sites with ten or more
# of the 4,004 trees of Chave et al. 2014, moments estimator [C]. African woodland sites lie at
# -0.5 to -1.0: a regional model makes open-grown trees too tall.
SITE_SD_LN = 0.308
PAIRS_MIN = 50  # methodology 3.2: pairs of diameter and height for a model of one's own [P]
# Pairs beyond one per species and coefficient, to tell species apart from single trees [P].
_PAIRS_TO_SPARE = 10

_FELDPAUSCH = (
    "Feldpausch et al. 2012, doi:10.5194/bg-9-3381-2012, table 3: H = a (1 - exp(-b D^c)) [V]"
)


@dataclass(frozen=True, slots=True)
class SpeciesHeight:
    """How a species departs from the curve that a model draws through all of them.

    Attributes:
        departure_ln: Its ln(mean height) over the curve's [1].
        sd_ln: SD it is known with [1].
        known_at: Powers of ln(diameter), from 0, at which it was measured, shrunk as its departure
            is: there, an error of the curve is not one of the species' heights.
    """

    departure_ln: float
    sd_ln: float
    known_at: tuple[float, ...]


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
        species: How each species with measured heights departs from the curve.
        other_species: The same for all others; None where the model tells no species apart.
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
    species: Mapping[str, SpeciesHeight] = field(default_factory=dict)
    other_species: SpeciesHeight | None = None

    def departure(self, species: str) -> SpeciesHeight | None:
        """Say how a species departs from the curve; None where none is told apart."""
        return self.species.get(species, self.other_species)

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


def bioclim_e(
    temperature_seasonality: float, water_deficit_mm: float, rain_seasonality: float
) -> float:
    """Compute E, by which drought and seasons make trees of a diameter shorter.

    Args:
        temperature_seasonality: SD of the monthly means times 100 [0.01 degree C].
        water_deficit_mm: Climatic water deficit, zero or less [mm/year].
        rain_seasonality: Coefficient of variation of monthly rain [%].

    Returns:
        E, without a unit; about -0.1 in wet forest and 0.6 and more in dry woodland.

    Source:
        Chave et al. 2014, doi:10.1111/gcb.12629, eq. 6b.
    """
    return 1e-3 * (
        0.178 * temperature_seasonality - 0.938 * water_deficit_mm - 6.61 * rain_seasonality
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


def height_m(
    model: HeightModel, dbh_cm: ArrayLike, departure_ln: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Predict the mean height of trees of a diameter.

    Args:
        model: The model.
        dbh_cm: Diameters at breast height [cm].
        departure_ln: Of the trees' species from the model's curve [1].

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
    return np.maximum(h * np.exp(departure_ln), BREAST_HEIGHT_M)


def fit_height_model(
    dbh_cm: ArrayLike,
    measured_m: ArrayLike,
    species: Sequence[str] | None = None,
    *,
    degree: int = 1,
) -> HeightModel:
    """Fit ln(height) as a polynomial of ln(diameter), with an intercept of its own per species.

    A curve through all species alike makes tall kinds, such as a forest tree left standing among
    planted fruit trees, too short and the others too tall. The intercepts scatter about a common
    one; a species with few heights stays close to it, and one with none is anywhere among them.

    Args:
        dbh_cm: Diameters [cm], one per tree.
        measured_m: Heights [m], one per tree.
        species: Scientific names, one per tree; None to tell no species apart.
        degree: 1 for a power law, 2 for a curve that bends.

    Returns:
        The model, with residual SD and covariance of its coefficients.

    Raises:
        InputRejected: If there are fewer than 50 pairs.

    Source:
        The models log1 and log2 of BIOMASS, Réjou-Méchain et al. 2017,
        doi:10.1111/2041-210X.12753; random intercepts as in Searle, Casella & McCulloch 1992,
        section 7.4, their variance by the moments of DerSimonian & Laird 1986.
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
    names, kind = np.unique(np.asarray(species or [""] * d.size)[known], return_inverse=True)
    apart = species is not None and n - len(names) - degree >= _PAIRS_TO_SPARE
    if not apart:
        names, kind = names[:1], np.zeros_like(kind)
    one_hot = (kind[:, None] == np.arange(len(names))).astype(float)
    counts = one_hot.sum(axis=0)
    variance, between = _variances(x, y, one_hot)
    # Generalised least squares: trees of one species tell less than as many of different ones.
    pooled = between / (variance + counts * between)
    sums_x, sums_y = one_hot.T @ x, one_hot.T @ y
    information = x.T @ x - sums_x.T @ (pooled[:, None] * sums_x)
    coefficients = np.linalg.solve(information, x.T @ y - sums_x.T @ (pooled * sums_y))
    covariance = variance * np.linalg.inv(information)
    told = f", an intercept for each of {len(names)} species" if apart else ""
    departure = pooled * (sums_y - sums_x @ coefficients)
    spread = between * (1.0 - counts * pooled)
    # Few species say little of how others differ; then as much as single trees do [P].
    centre = x.mean(axis=0)
    elsewhere = max(between, TREE_SD_LN**2) + float(centre @ covariance @ centre)
    return HeightModel(
        "local",
        "log_polynomial",
        tuple(coefficients.tolist()),
        float(np.sqrt(variance)),
        0.0,
        f"fitted on {n} trees of this inventory, ln H on ln D, degree {degree}{told} [C]",
        covariance=tuple(covariance.ravel().tolist()),
        n_pairs=n,
        species={
            str(name): _departing(*of)
            for name, *of in zip(names, departure, spread, pooled[:, None] * sums_x, strict=True)
            if apart
        },
        other_species=_departing(0.0, elsewhere, centre) if apart else None,
    )


def _departing(ln: float, variance: float, known_at: NDArray[np.float64]) -> SpeciesHeight:
    """Note a departure; the mean of a height is above the exponential of its mean logarithm."""
    return SpeciesHeight(
        float(ln + variance / 2), float(np.sqrt(variance)), tuple(known_at.tolist())
    )


def _variances(
    x: NDArray[np.float64], y: NDArray[np.float64], one_hot: NDArray[np.float64]
) -> tuple[float, float]:
    """Give the variance of ln(height) within species and between them."""
    design = np.column_stack([one_hot, x[:, 1:]])
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    size, species = one_hot.shape
    within = float(((y - design @ fitted) ** 2).sum() / (size - design.shape[1]))
    counts, level = one_hot.sum(axis=0), fitted[:species]
    spread = float(counts @ (level - counts @ level / size) ** 2)
    room = size - float(counts @ counts) / size
    between = (spread - (species - 1) * within) / room if species > 1 else 0.0
    return within, max(0.0, between)


def residual_error_m(model: HeightModel, dbh_cm: ArrayLike, measured_m: ArrayLike) -> float:
    """Give the residual standard error of a model in metres [m], as BIOMASS reports it."""
    residual = np.asarray(measured_m, float) - height_m(model, dbh_cm)
    return float(np.sqrt((residual**2).sum() / (residual.size - len(model.coefficients))))
