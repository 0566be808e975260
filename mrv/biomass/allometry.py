"""Allometric equations: a tree's diameter, height and wood density in, its biomass out.

The equations are rows of `equations.toml`, each with source, fitted range and evidence tag; which
one a tree gets is `selection.py`, drawing their errors is `tree_draws.py`.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrv.errors import InputRejected, OutOfCalibration, RuleMissing
from mrv.methodologies import EvidenceTag

Floats = NDArray[np.float32] | NDArray[np.float64]
Output = Literal["agb", "bgb", "agb+bgb", "proximal root"]
Unit = Literal["kg", "kg_c", "kg_fresh"]

BREAST_HEIGHT_M = 1.3  # above ground, where diameters are taken unless said otherwise
# What a term may contain, all exponents on the logarithmic scale.
_EXPONENTS = ("d", "d2", "d3", "h", "wd", "agb", "e")


@dataclass(frozen=True, slots=True)
class Term:
    """One product of powers: sign * exp(ln_scale + d lnD + d2 lnD^2 + d3 lnD^3 + h lnH + ...)."""

    sign: float
    ln_scale: float
    d: float = 0.0
    d2: float = 0.0
    d3: float = 0.0
    h: float = 0.0
    wd: float = 0.0
    agb: float = 0.0
    e: float = 0.0


@dataclass(frozen=True, slots=True)
class Equation:
    """A published equation and what it may be used for.

    Attributes:
        id: Stable name.
        terms: Their sum is the biomass.
        taxa: Species or genera it was fitted on; empty for mixed species.
        zones: Where it holds.
        dbh_cm: Smallest and largest diameter it was fitted on [cm]; None where it takes none.
        range_tag: How firmly the range stands; P where the source at hand states none.
        diameter_at_m: Height at which the diameter is taken [m].
        output: Pool that it gives.
        unit: Of the result: kg dry matter, kg carbon or kg fresh mass.
        residual_sd_ln: Residual SD of ln(biomass) within a site; None where not published.
        n_trees: Trees it was fitted on; None where not known.
        source: Paper and equation, and where its numbers were read.
        tag: Evidence tag of the coefficients.
        creditable: Whether it may be selected for stock that is credited.
        note: Why not, or what to know.
    """

    id: str
    terms: tuple[Term, ...]
    taxa: tuple[str, ...]
    zones: tuple[str, ...]
    dbh_cm: tuple[float, float] | None
    range_tag: EvidenceTag
    diameter_at_m: float
    output: Output
    unit: Unit
    residual_sd_ln: float | None
    n_trees: int | None
    source: str
    tag: EvidenceTag
    creditable: bool
    note: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """What a tree must bring, in a fixed order."""
        wanted = {
            "dbh_cm": self.takes_diameter,
            "height_m": self.takes_height,
            "wood_density_g_cm3": self.takes_density,
            "agb_kg": any(t.agb for t in self.terms),
            "bioclim_e": any(t.e for t in self.terms),
        }
        return tuple(name for name, needed in wanted.items() if needed)

    @property
    def takes_diameter(self) -> bool:
        """Whether diameter is among the inputs."""
        return any(t.d or t.d2 or t.d3 for t in self.terms)

    @property
    def takes_height(self) -> bool:
        """Whether height is among the inputs."""
        return any(t.h for t in self.terms)

    @property
    def takes_density(self) -> bool:
        """Whether wood density is among the inputs."""
        return any(t.wd for t in self.terms)

    def covers(self, low_cm: float, high_cm: float, beyond: float) -> bool:
        """Say whether both diameters lie in the fitted range [cm], its upper end times `beyond`."""
        if self.dbh_cm is None:
            return False
        return self.dbh_cm[0] <= low_cm and high_cm <= beyond * self.dbh_cm[1]


@cache
def load_equations() -> Mapping[str, Equation]:
    """Read every equation, by id.

    Raises:
        RuleMissing: If a row lacks its source or tag, or may be credited from memory alone.
    """
    file = resources.files(__name__.rpartition(".")[0]).joinpath("equations.toml")
    rows = tomllib.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType({name: _equation(name, row) for name, row in rows.items()})


def ln_biomass(
    equation: Equation,
    ln_d: Floats,
    *,
    ln_h: Floats | float = 0.0,
    ln_wd: Floats | float = 0.0,
    ln_agb: Floats | float = 0.0,
    bioclim_e: float = 0.0,
) -> Floats:
    """Evaluate an equation on logarithms, without looking at its range.

    Args:
        equation: The equation.
        ln_d: Logarithm of the diameter [ln cm].
        ln_h: Logarithm of the height [ln m], where the equation takes it.
        ln_wd: Logarithm of the wood density [ln g cm-3], where the equation takes it.
        ln_agb: Logarithm of above-ground biomass [ln kg], where the equation takes it.
        bioclim_e: Chave's E, where the equation takes it.

    Returns:
        Logarithm of the biomass in the equation's unit, of the broadcast shape of the inputs.
    """
    logs = [_ln_term(term, ln_d, ln_h, ln_wd, ln_agb, bioclim_e) for term in equation.terms]
    if len(logs) == 1:
        return logs[0]
    total = sum(term.sign * np.exp(ln) for term, ln in zip(equation.terms, logs, strict=True))
    return cast("Floats", np.log(total))


def biomass_kg(
    equation: Equation,
    dbh_cm: ArrayLike | None = None,
    *,
    height_m: ArrayLike | None = None,
    wood_density_g_cm3: ArrayLike | None = None,
    agb_kg: ArrayLike | None = None,
    bioclim_e: float | None = None,
) -> NDArray[np.float64]:
    """Evaluate one equation as it was published, in its own unit, without looking at its range.

    Args:
        equation: The equation, from `load_equations`.
        dbh_cm: Diameter [cm] at the height the equation asks for.
        height_m: Total height [m].
        wood_density_g_cm3: Oven-dry mass over green volume [g cm-3].
        agb_kg: Above-ground biomass [kg], for below-ground equations.
        bioclim_e: Chave's bioclimatic E, without a unit.

    Returns:
        Biomass [kg dry matter, unless the equation's unit says otherwise], broadcast shape.

    Raises:
        InputRejected: If an input that the equation takes is missing.

    Source:
        The equation's own `source`.
    """
    given: dict[str, ArrayLike | float | None] = {
        "dbh_cm": dbh_cm,
        "height_m": height_m,
        "wood_density_g_cm3": wood_density_g_cm3,
        "agb_kg": agb_kg,
        "bioclim_e": bioclim_e,
    }
    missing = [name for name in equation.inputs if given[name] is None]
    if missing:
        raise InputRejected(
            f"Equation {equation.id} needs {' and '.join(missing)}; give it or choose another.",
            equation=equation.id,
            missing=missing,
        )
    ln = {
        k: np.log(np.asarray(1.0 if v is None else v, float))
        for k, v in given.items()
        if k != "bioclim_e"
    }
    shape = np.broadcast_shapes(*(v.shape for v in ln.values()))
    value = np.zeros(shape)
    for term in equation.terms:
        value += term.sign * np.exp(
            _ln_term(
                term,
                ln["dbh_cm"],
                ln["height_m"],
                ln["wood_density_g_cm3"],
                ln["agb_kg"],
                bioclim_e or 0.0,
            )
        )
    return value


def check_range(equation: Equation, dbh_cm: ArrayLike, beyond: float) -> None:
    """Refuse diameters that an equation was not fitted on.

    Args:
        equation: The equation.
        dbh_cm: Diameters [cm].
        beyond: How far above the largest fitted diameter it may still be used [1].

    Raises:
        OutOfCalibration: If a diameter lies outside, naming the first.
    """
    d = np.atleast_1d(np.asarray(dbh_cm, float))
    for value in d[~np.array([equation.covers(x, x, beyond) for x in d], bool)][:1]:
        low, high = equation.dbh_cm or (math.nan, math.nan)
        raise OutOfCalibration(
            f"A diameter of {value:g} cm lies outside {low:g}-{high:g} cm, on which {equation.id} "
            f"was fitted; use the generic equation for this tree.",
            equation=equation.id,
            dbh_cm=float(value),
        )


def _ln_term(
    term: Term,
    ln_d: Floats,
    ln_h: Floats | float,
    ln_wd: Floats | float,
    ln_agb: Floats | float,
    bioclim_e: float,
) -> Floats:
    # Horner in lnD, leaving out what is zero: on 10^7 numbers every pass counts.
    poly: Any = term.d
    if term.d2 or term.d3:
        inner: Any = term.d2 + term.d3 * ln_d if term.d3 else term.d2
        poly = term.d + inner * ln_d
    value: Any = poly * ln_d + (term.ln_scale + term.e * bioclim_e)
    for exponent, ln in ((term.h, ln_h), (term.wd, ln_wd), (term.agb, ln_agb)):
        if exponent:
            value = value + exponent * ln
    return cast("Floats", value)


def _term(row: Mapping[str, float]) -> Term:
    sign = -1.0 if row.get("scale", 1.0) < 0 else 1.0
    if "scale" in row:
        ln_scale = math.log(abs(row["scale"]))
    else:
        ln_scale = row["ln_scale"] if "ln_scale" in row else row["log10_scale"] * math.log(10)
    if "d_ref" in row:
        ln_scale -= row["d"] * math.log(row["d_ref"])
    return Term(sign, ln_scale, **{k: row[k] for k in _EXPONENTS if k in row})


def _equation(name: str, row: Mapping[str, Any]) -> Equation:
    if not row.get("source") or row.get("tag") not in ("V", "V2", "C", "M", "P"):
        raise RuleMissing(f"Equation '{name}' has no source or an unknown evidence tag.", rule=name)
    creditable = row.get("creditable", True)
    if creditable and (row["tag"] == "M" or "dbh_cm" not in row):
        raise RuleMissing(
            f"Equation '{name}' is remembered or has no range, so it cannot be creditable.",
            rule=name,
        )
    return Equation(
        id=name,
        terms=tuple(_term(t) for t in row["terms"]),
        taxa=tuple(row.get("taxa", ())),
        zones=tuple(row.get("zones", ())),
        dbh_cm=tuple(row["dbh_cm"]) if "dbh_cm" in row else None,
        range_tag=row.get("range_tag", row["tag"]),
        diameter_at_m=row.get("diameter_at_m", BREAST_HEIGHT_M),
        output=row.get("output", "agb"),
        unit=row.get("unit", "kg"),
        residual_sd_ln=row.get("residual_sd_ln"),
        n_trees=row.get("n_trees"),
        source=row["source"],
        tag=row["tag"],
        creditable=creditable,
        note=row.get("note", ""),
    )


EQUATIONS: Mapping[str, Equation] = load_equations()
