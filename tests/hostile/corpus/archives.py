"""U06: archives that unpack to too much, lead elsewhere, or are not what they say."""

import io
import struct
import zipfile

from tests.hostile.attack import Bait, attack
from tests.hostile.files import collection, feature, zipped

LARGE = bytes(50_000_000)
PLOTS = collection(feature())


def patched(body: bytes, field: int, value: int, size: str = "<H") -> bytes:
    """Change a number in the last entry of a zip's list of contents."""
    raw = bytearray(body)
    struct.pack_into(size, raw, raw.rindex(b"PK\x01\x02") + field, value)
    return bytes(raw)


def member(name: str, attributes: int = 0) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = attributes
        archive.writestr(info, PLOTS)
    return body.getvalue()


@attack("U06", "plots.zip", "zip_bomb")
def bomb(_bait: Bait) -> bytes:
    return zipped({"plots.geojson": LARGE})


@attack("U06", "plots.kmz", "zip_bomb")
def bomb_in_a_kmz(_bait: Bait) -> bytes:
    return zipped({"doc.kml": LARGE})


@attack("U06", "plots.xlsx", "zip_bomb")
def bomb_in_a_spreadsheet(_bait: Bait) -> bytes:
    return zipped({"xl/sharedStrings.xml": LARGE})


@attack("U06", "plots.zip", "zip_bomb")
def members_over_each_other(_bait: Bait) -> bytes:
    body = zipped({"a.geojson": PLOTS, "b.txt": b"x" * 1000}, zipfile.ZIP_STORED)
    return patched(body, 42, 0, "<I")


@attack("U06", "plots.zip", "damaged")
def bomb_that_says_it_is_small(_bait: Bait) -> bytes:
    return patched(zipped({"plots.geojson": LARGE}), 24, 1000, "<I")


@attack("U06", "plots.zip", "nested_archive")
def zip_in_a_zip(_bait: Bait) -> bytes:
    return zipped({"inner.zip": zipped({"plots.geojson": PLOTS})})


@attack("U06", "plots.zip", "too_many_members")
def hundred_thousand_members(_bait: Bait) -> bytes:
    return zipped({f"{number}.txt": b"" for number in range(100_000)}, zipfile.ZIP_STORED)


@attack("U06", "plots.zip", "encrypted")
def encrypted(_bait: Bait) -> bytes:
    return patched(member("plots.geojson"), 8, 0x1)


@attack("U06", "plots.zip", "symlink")
def symbolic_link(_bait: Bait) -> bytes:
    return member("plots.geojson", 0o120777 << 16)


@attack("U06", "plots.zip", "path_traversal")
def slip(_bait: Bait) -> bytes:
    return member("../../plots.geojson")


@attack("U06", "plots.zip", "path_traversal")
def absolute_path(_bait: Bait) -> bytes:
    return member("/etc/plots.geojson")


@attack("U06", "plots.zip", "bad_name")
def name_that_reverses_itself(_bait: Bait) -> bytes:
    return member("\u202enosjoeg.stolp")


@attack("U06", "plots.zip", "damaged")
def zip_cut_short(_bait: Bait) -> bytes:
    return zipped({"plots.geojson": PLOTS})[:-40]


@attack("U06", "plots.zip", "no_boundaries")
def zip_of_something_else(_bait: Bait) -> bytes:
    return zipped({"photo.jpg": b"\xff\xd8"})
