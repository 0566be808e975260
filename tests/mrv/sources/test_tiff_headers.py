"""TIFF headers: what GDAL writes is understood as GDAL does, and what is hostile is a sentence."""

import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine

from mrv.errors import SceneUnreadable
from mrv.imagery.scenes import Scene
from mrv.sources.bands import BandFault
from mrv.sources.cog_bands import CogBand, near_cog
from mrv.sources.gdal_bands import GdalBand
from mrv.sources.ranges import WholeFile
from mrv.sources.rasters import open_scene
from mrv.sources.tiff_headers import HeaderUnusual, read_header
from tests.mrv.sources.band_files import IMAGE, scene_of, tiff


def small_cog(content: bytes) -> CogBand:
    return near_cog(WholeFile(content))


def assert_as_gdal(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    ours = small_cog(content)
    with ExitStack() as stack:
        theirs = GdalBand(str(path), stack)
        assert ours.facts == theirs.facts
        facts = ours.facts
        many = -(-facts.width // facts.block_width) * -(-facts.height // facts.block_height)
        pairs = zip(ours.blocks(range(many)), theirs.blocks(range(many)), strict=True)
        for (number, own), (other, block) in pairs:
            assert number == other
            assert own.dtype == block.dtype
            assert np.array_equal(own, block)


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"predictor": 1},
        {"compress": None},
        {"compress": "lzw"},
        {"compress": "zstd"},
        {"compress": "lzma", "predictor": 1},
        {"compress": "lerc_deflate", "predictor": 1},
        {"BIGTIFF": "YES"},
        {"ENDIANNESS": "BIG"},
        {"ENDIANNESS": "BIG", "BIGTIFF": "YES", "compress": "zstd"},
        {"ENDIANNESS": "BIG", "compress": None},
        {"nodata": None},
        {"blockxsize": 256, "blockysize": 256},
    ],
    ids=str,
)
def test_what_gdal_writes_is_read_as_gdal_reads_it(tmp_path: Path, profile: dict[str, Any]) -> None:
    content = tiff(**profile)
    try:
        assert_as_gdal(content, tmp_path / "a.tif")
    except HeaderUnusual:
        assert profile["compress"].startswith("lerc_")  # packed twice: left to GDAL


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint32", "int32"])
def test_every_kind_of_digital_number(tmp_path: Path, dtype: str) -> None:
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(2)
    array = rng.integers(limits.min, limits.max, (100, 150), dtype=dtype, endpoint=True)
    for order in ("LITTLE", "BIG"):
        assert_as_gdal(tiff(array, ENDIANNESS=order), tmp_path / "a.tif")


def test_tiles_that_are_left_out_hold_no_data(tmp_path: Path) -> None:
    array = np.zeros_like(IMAGE)
    array[40:60, 70:90] = 7
    for order in ("deflate", "zstd"):
        content = tiff(array, SPARSE_OK=True, compress=order)
        assert 0 in read_header(len(content), lambda a, b, c=content: c[a:b]).lengths
        assert_as_gdal(content, tmp_path / "a.tif")


@pytest.mark.parametrize(
    "profile",
    [
        {"tiled": False, "blockxsize": None, "blockysize": None},
        {"crs": "EPSG:4326"},
        {"transform": Affine(10, 1, 0, 1, -10, 0)},
        {"compress": "packbits", "predictor": 1},
        {"NBITS": 12, "predictor": 1},
        {"crs": "+proj=utm +zone=31 +ellps=intl +units=km"},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_gdal(profile: dict[str, Any]) -> None:
    with pytest.raises(HeaderUnusual):
        small_cog(tiff(**{k: v for k, v in profile.items() if v is not None or k == "nodata"}))


def test_all_real_files_are_read_as_gdal_reads_them(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    homes = [real_data("s2_flanders"), real_data("s2_tanzania")]
    paths = [path for home in homes for path in sorted(home.rglob("*.tif"))[::40]]
    read = 0
    for path in paths:
        try:
            assert_as_gdal(path.read_bytes(), tmp_path / "a.tif")
            read += 1
        except HeaderUnusual:
            continue
    assert read > 0.95 * len(paths) > 40


# -- hostile headers -----------------------------------------------------------------------------


def entries(content: bytes) -> tuple[int, dict[int, int]]:
    """Give the place of a classic little-endian directory and of each of its entries."""
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    places = (start + 2 + 12 * n for n in range(count))
    return start, {struct.unpack_from("<H", content, place)[0]: place for place in places}


def changed(
    tag: int, *, value: int | None = None, count: int | None = None, kind: int | None = None
) -> bytes:
    """Rewrite one entry of a sound file."""
    content = bytearray(tiff())
    place = entries(content)[1][tag]
    for offset, layout, new in ((2, "<H", kind), (4, "<I", count), (8, "<I", value)):
        if new is not None:
            struct.pack_into(layout, content, place + offset, new)
    return bytes(content)


def within(tag: int, value: int) -> bytes:
    """Rewrite the first number that an entry points to."""
    content = bytearray(tiff())
    (place,) = struct.unpack_from("<I", content, entries(content)[1][tag] + 8)
    struct.pack_into("<I", content, place, value)
    return bytes(content)


def big(tag: int, count: int) -> bytes:
    """Let an entry of a BigTIFF claim many values."""
    content = bytearray(tiff(BIGTIFF="YES"))
    (start,) = struct.unpack_from("<Q", content, 8)
    (many,) = struct.unpack_from("<Q", content, start)
    for place in range(start + 8, start + 8 + 20 * many, 20):
        if struct.unpack_from("<H", content, place)[0] == tag:
            struct.pack_into("<Q", content, place + 4, count)
    return bytes(content)


def looped() -> bytes:
    content = bytearray(tiff())
    start, places = entries(content)
    struct.pack_into("<I", content, start + 2 + 12 * len(places), start)
    return bytes(content)


def moved(place: int) -> bytes:
    """Put the directory elsewhere."""
    content = bytearray(tiff())
    struct.pack_into("<I", content, 4, place)
    return bytes(content)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "an empty file": (lambda: b"", "no TIFF"),
    "a signature and nothing else": (lambda: b"II*\0", "beyond its end"),
    "a directory beyond the file": (lambda: moved(2**31), "beyond its end"),
    "a directory at the end": (lambda: moved(len(tiff()) - 2), "entries|beyond its end"),
    "a directory that leads back to itself": (looped, "back to itself"),
    "2^60 tile offsets": (lambda: big(324, 2**60), "claims 1152921504606846976 values"),
    "2^60 tile lengths": (lambda: big(325, 2**60), "claims 1152921504606846976 values"),
    "2^60 geographic keys": (lambda: big(34735, 2**60), "claims 1152921504606846976 values"),
    "2^32 - 1 tile offsets": (lambda: changed(324, count=2**32 - 1), "claims 4294967295 values"),
    "too few tile offsets": (lambda: changed(324, count=3), "places 3 tiles of 12"),
    "tile offsets beyond the file": (lambda: changed(324, value=2**31), "beyond its end"),
    "a tile beyond the file": (lambda: within(324, 2**32 - 1), "ends before its last block"),
    "a tile longer than the file": (lambda: within(325, 2**31), "ends before its last block"),
    "a block of 10^9 pixels": (
        lambda: changed(322, value=31_632, kind=4).replace(
            struct.pack("<HHII", 323, 3, 1, 32), struct.pack("<HHII", 323, 4, 1, 31_632)
        ),
        "one of its blocks has 31632 x 31632 pixels",
    ),
    "a block without pixels": (lambda: changed(322, value=0), "tiles of 0 x 32"),
    "10^9 pixels": (lambda: changed(256, value=10**9, kind=4), "1000000000 x 100 pixels"),
    "no pixels": (lambda: changed(257, value=0), "150 x 0 pixels"),
    "a name for missing pixels without end": (lambda: changed(42113, count=2**31), "claims"),
    "half a file": (lambda: tiff()[: len(tiff()) // 2], "ends before its last block"),
    "text": (lambda: b"<VRTDataset/>" * 9, "no TIFF"),
}


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[bytes], Scene]:
    def made(content: bytes) -> Scene:
        path = tmp_path / "red.tif"
        path.write_bytes(content)
        return scene_of(red=str(path))

    return made


@pytest.mark.parametrize(("make", "told"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_header_is_one_sentence(
    scene: Callable[[bytes], Scene], make: Callable[[], bytes], told: str
) -> None:
    with (
        open_scene(scene(make())) as opened,
        pytest.raises(SceneUnreadable, match=rf"Band red of .* cannot be used: .*({told})"),
    ):
        list(opened.blocks("red", [0]))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_a_header_is_more_than_a_sentence(data: st.DataObject) -> None:
    """Whatever bytes are changed, a file is read or refused, with no more memory than it may."""
    content = bytearray(tiff(BIGTIFF=data.draw(st.sampled_from(["NO", "YES"]))))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, min(len(content), 900) - 1))
        content[place] = data.draw(st.integers(0, 255))
    try:
        band = small_cog(bytes(content))
        facts = band.facts
        assert facts.block_width * facts.block_height <= 2**24
        list(band.blocks([0]))
    except (BandFault, HeaderUnusual):
        pass


def test_a_damaged_tile_is_one_sentence(scene: Callable[[bytes], Scene]) -> None:
    for codec in ("deflate", "zstd"):
        content = bytearray(tiff(compress=codec))
        header = read_header(len(content), lambda a, b, c=content: bytes(c[a:b]))
        content[header.offsets[0] + 9 : header.offsets[0] + 60] = b"\xaa" * 51
        with (
            open_scene(scene(bytes(content))) as opened,
            pytest.raises(SceneUnreadable, match="it is damaged"),
        ):
            list(opened.blocks("red", [0]))


def test_a_tile_that_inflates_without_end_is_cut_off() -> None:
    content = bytearray(tiff(np.zeros((100, 150), np.uint16)))
    bomb = zlib.compress(bytes(64 * 2**20), 9)
    start = len(content)
    content += bomb
    places = entries(content)[1]
    for tag, value in ((324, start), (325, 8_000)):
        (place,) = struct.unpack_from("<I", content, places[tag] + 8)
        struct.pack_into("<I", content, place, value)
    with pytest.raises(BandFault, match="it is damaged"):
        list(small_cog(bytes(content)).blocks([0]))
