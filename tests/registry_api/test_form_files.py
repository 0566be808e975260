"""A form with a file, read while it comes: cut anywhere it is the same form."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_api.errors import UploadRefused
from registry_api.form_files import read_form

KIND = "multipart/form-data; boundary=XyZ"


def body(data: bytes, *, name: str = "plots.kml", crs: str = "EPSG:32636") -> bytes:
    return (
        b'--XyZ\r\nContent-Disposition: form-data; name="crs"\r\n\r\n' + crs.encode() + b"\r\n"
        b'--XyZ\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"'
        b"\r\nContent-Type: application/octet-stream\r\n\r\n" + data + b"\r\n--XyZ--\r\n"
    )  # fmt: skip


def cut(whole: bytes, size: int) -> Iterator[bytes]:
    return (whole[at : at + size] for at in range(0, len(whole), size))


def taken(pieces: Iterator[bytes]) -> bytes:
    return b"".join(pieces)


@given(data=st.binary(max_size=400), size=st.integers(1, 64))
def test_file_comes_out_as_it_went_in(data: bytes, size: int) -> None:
    """Byte for byte, wherever the network cut the body, and with its fields."""
    fields, name, kept = read_form(cut(body(data), size), KIND, taken)
    assert (fields, name, kept) == ({"crs": "EPSG:32636"}, "plots.kml", data)


def test_form_without_a_file_keeps_nothing() -> None:
    """A browser sends an empty part where nothing was chosen."""
    fields, name, kept = read_form(cut(body(b"", name=""), 50), KIND, taken)
    assert (fields["crs"], name, kept) == ("EPSG:32636", "", None)


@pytest.mark.parametrize(
    ("whole", "kind"),
    [
        (b"{}", "application/json"),
        (b"--other\r\n\r\n", KIND),
        (body(b"x", crs="x" * 30_000), KIND),
        (body(b"x").replace(b"--XyZ--\r\n", body(b"y")), KIND),
    ],
    ids=["no form", "damaged", "a field too long", "two files"],
)
def test_what_is_no_such_form_is_refused_in_a_sentence(whole: bytes, kind: str) -> None:
    with pytest.raises(UploadRefused) as refused:
        read_form(cut(whole, 1000), kind, taken)
    assert refused.value.code == "upload.form"
    assert refused.value.message.endswith(".")
