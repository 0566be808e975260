"""Archives are read to what they say of themselves and no further, whatever was done to them."""

import struct
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_api.errors import UploadRefused
from registry_api.services.uploads import read_upload
from tests.registry_api.an_upload import a_project, zipped


def test_a_file_is_unpacked_no_further_than_it_says() -> None:
    """The list of contents says 1 kB, the packed bytes hold 50 MB."""
    body = bytearray(zipped(a_project() | {"field/trees.csv": bytes(50_000_000)}))
    struct.pack_into("<I", body, body.rindex(b"PK\x01\x02") + 24, 1000)
    tracemalloc.start()
    try:
        with pytest.raises(UploadRefused, match="does not unpack to what the archive says"):
            read_upload(bytes(body))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


WHOLE = zipped(a_project())


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=4)), max_size=4),
    st.integers(0, len(WHOLE)),
)
def test_a_spoilt_archive_is_read_or_refused(spoilt: list[tuple[int, bytes]], kept: int) -> None:
    """No byte changed anywhere makes anything but a project or a refusal."""
    body = bytearray(WHOLE)
    for place, data in spoilt:
        body[place : place + len(data)] = data
    for end in (len(body), kept):
        with suppress(UploadRefused):
            assert read_upload(bytes(body[:end])).settings.id
