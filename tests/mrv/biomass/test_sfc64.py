"""The bits under our normal numbers are those of sfc64, as numpy gives them."""

import hashlib

import numpy as np

from mrv.biomass.random_streams import (
    _SIGNED_SCALE,
    _SURE,
    _WARM_UP,
    NormalStream,
    _fill,
    _next,
)

START = np.array([0x0123456789ABCDEF, 0xFEDCBA9876543210, 0x0F1E2D3C4B5A6978, 1], np.uint64)


def published(state: np.ndarray) -> np.random.SFC64:
    """Give numpy's generator at a state of ours."""
    generator = np.random.SFC64(0)
    generator.state = generator.state | {"state": {"state": state.copy()}}
    return generator


def state_of(generator: np.random.SFC64) -> list[int]:
    return [int(word) for word in generator.state["state"]["state"]]


def test_the_next_bits_are_those_of_sfc64() -> None:
    state, generator = START.copy(), published(START)
    assert [int(_next(state)) for _ in range(1000)] == generator.random_raw(1000).tolist()
    assert state.tolist() == state_of(generator)


def test_a_normal_number_is_a_mantissa_of_those_bits_scaled_by_its_layer() -> None:
    state, drawn, surely = START.copy(), np.empty(1, np.float32), 0
    for _ in range(3000):
        generator = published(state)
        bits = int(generator.random_raw())
        _fill(state, drawn)
        if bits >> 12 < _SURE[bits & 0xFF]:
            surely += 1
            assert drawn[0] == np.float32((bits >> 12) * _SIGNED_SCALE[bits & 0x1FF])
            assert state.tolist() == state_of(generator)
    assert surely > 2900


def test_a_stream_begins_at_the_digest_of_its_name_with_the_counter_at_one() -> None:
    """Three words of digest, the counter at one, as the generator's author has it; warmed up."""
    digest = hashlib.sha256(b"5/2/residual/P1").digest()
    words = [int.from_bytes(digest[at : at + 8], "little") for at in (0, 8, 16)]
    state = np.array([*words, 1], np.uint64)
    _fill(state, np.empty(_WARM_UP, np.float32))
    expected = np.empty(40, np.float32)
    _fill(state, expected)
    assert NormalStream(5, "residual/P1", 2).normal((4, 10)).ravel().tolist() == expected.tolist()
