"""Functions compiled to machine code: how, in one place.

They run without the interpreter's lock, so that scenes are worked on side by side, and are compiled
once per machine. No reordering of sums (`fastmath`): the same inputs give the same bits.
"""

from collections.abc import Callable
from inspect import signature
from typing import ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

_P = ParamSpec("_P")
_R = TypeVar("_R")


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function over NumPy arrays and numbers when it is first called."""
    try:
        done: Callable[_P, _R] = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to keep the machine code, as on a read-only disk
        done = numba.njit(nogil=True, error_model="numpy")(function)
    return done


def elementwise(function: Callable[_P, float]) -> Callable[..., NDArray[np.float64]]:
    """Compile a formula of numbers into one over arrays, without arrays in between.

    For float64 and now: compiled when first called, two threads would do it at once.
    """
    numbers = ", ".join("float64" for _ in signature(function).parameters)
    signatures = [f"float64({numbers})"]
    try:
        done: Callable[..., NDArray[np.float64]] = numba.vectorize(signatures, cache=True)(function)  # type: ignore[no-untyped-call]
    except RuntimeError:  # as above
        done = numba.vectorize(signatures)(function)  # type: ignore[no-untyped-call]
    return done
