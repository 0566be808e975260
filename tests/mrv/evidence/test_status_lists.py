import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.errors import InputRejected
from mrv.evidence.status_lists import LENGTH, encode, is_set

# W3C Bitstring Status List 1.0, example 2: a list with no bit set.
_PUBLISHED = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"

indices = st.integers(0, LENGTH - 1)


def test_published_list_reads_as_unset() -> None:
    assert not any(is_set(_PUBLISHED, index) for index in (0, 1, 94_567, LENGTH - 1))


@given(st.sets(indices, max_size=20), indices)
def test_a_bit_is_set_where_it_was_set_and_nowhere_else(chosen: set[int], other: int) -> None:
    text = encode(chosen)
    assert all(is_set(text, index) for index in chosen)
    assert is_set(text, other) == (other in chosen)
    assert encode(sorted(chosen, reverse=True)) == text


def test_the_first_index_is_the_leftmost_bit() -> None:
    text = encode([0, 9])
    bits = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-(len(text) - 1) % 4)))
    assert bits[:2] == b"\x80\x40"
    assert len(bits) == 16 * 1024


def test_what_is_no_list_is_refused_and_no_bomb_is_unpacked() -> None:
    bomb = base64.urlsafe_b64encode(gzip.compress(bytes(50_000_000))).decode().rstrip("=")
    for text in ("", "u", "uAAAA", encode([])[1:], "u!!", "u" + bomb):
        with pytest.raises(InputRejected):
            is_set(text, 0)
    for index in (-1, LENGTH):
        with pytest.raises(InputRejected, match="no bit"):
            is_set(encode([]), index)
