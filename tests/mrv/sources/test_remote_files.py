"""Scenes behind HTTP and in buckets, on a real server on loopback slow, failing and changing."""

import random
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mrv.errors import SceneUnreadable
from mrv.sources import ranges, remote_files
from mrv.sources.cog_bands import forget_headers
from mrv.sources.ranges import EXTRA_SHARE, GAP_BYTES, REQUEST_BYTES, merge_parts
from mrv.sources.rasters import RasterScene, open_scene
from mrv.sources.tiff_headers import HEAD_BYTES
from tests.mrv.sources.band_files import IMAGE, PLACE, scene_of, tiff
from tests.mrv.sources.range_server import Fault, RangeServer, serve, serve_apart, taken

LARGE = np.random.default_rng(3).integers(1, 4000, (1500, 1300), dtype=np.uint16)
BLOCKS = {"blockxsize": 256, "blockysize": 256}
LOOPBACK = ip_address("127.0.0.1")
SOME = [0, 1, 2, 7, 9, 14, 20, 21, 35]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    """A server of two sound files; nobody remembers headers, and pauses are short."""
    (tmp_path / "large.tif").write_bytes(tiff(LARGE, **BLOCKS))
    (tmp_path / "small.tif").write_bytes(tiff())
    forget_headers()
    remote_files._store.cache_clear()
    monkeypatch.setattr(remote_files, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(remote_files, "_REPEATS", 1)
    with serve(RangeServer(tmp_path)) as running:
        yield running


def read(href: str, numbers: list[int]) -> dict[int, NDArray[Any]]:
    with open_scene(scene_of(red=href)) as opened:
        return blocks(opened, numbers)


def blocks(opened: RasterScene, numbers: list[int]) -> dict[int, NDArray[Any]]:
    return {number: block.copy() for number, block in opened.blocks("red", numbers)}


def same(found: dict[int, NDArray[Any]], image: NDArray[Any], side: int = 256) -> bool:
    across = -(-image.shape[1] // side)
    return all(
        np.array_equal(
            block,
            image[(n // across) * side :, (n % across) * side :][
                : block.shape[0], : block.shape[1]
            ],
        )
        and block.size
        for n, block in found.items()
    )


# -- slow, but sound -----------------------------------------------------------------------------


@pytest.mark.parametrize("delay_ms", [0, 30, 100])
def test_distance_changes_no_number(server: RangeServer, delay_ms: int) -> None:
    server.delay_s = delay_ms / 1000
    begin = time.monotonic()
    found = read(f"{server.address}/large.tif", SOME)
    assert list(found) == SOME
    assert same(found, LARGE)
    # Header and pixels: two ways there and back, and not one per block.
    assert time.monotonic() - begin >= 2 * server.delay_s
    assert len(server.asked) <= 1 + 0.8 * len(SOME)


def test_neighbouring_blocks_share_a_request(server: RangeServer) -> None:
    assert same(read(f"{server.address}/large.tif", list(range(36))), LARGE)
    assert len(server.asked) == 2
    assert server.bytes < HEAD_BYTES + 1.001 * (server.folder / "large.tif").stat().st_size


def test_a_small_file_is_one_request(server: RangeServer) -> None:
    with open_scene(scene_of(red=f"{server.address}/small.tif")) as opened:
        found = blocks(opened, list(range(12)))
    assert np.array_equal(found[0], IMAGE[:32, :64])
    assert len(server.asked) == 1


def test_a_header_is_asked_for_once(server: RangeServer) -> None:
    for numbers in ([3], [4, 5], [6]):
        assert same(read(f"{server.address}/large.tif?signature={numbers[0]}", numbers), LARGE)
    assert [asked for _, asked in server.asked if asked.startswith("bytes=0-")] == ["bytes=0-32767"]
    assert len(server.asked) == 4


def test_many_threads_read_many_scenes(server: RangeServer) -> None:
    server.delay_s = 0.005
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: read(f"{server.address}/large.tif", SOME), range(30)))
    assert all(same(one, LARGE) for one in found)


def test_more_than_one_group_is_fetched_ahead(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_GROUP_BYTES", 200_000)
    numbers = np.random.default_rng(4).permutation(36).tolist()
    found = read(f"{server.address}/large.tif", numbers)
    assert list(found) == numbers
    assert same(found, LARGE)
    # A reader that stops early leaves nothing behind that would disturb the next.
    with open_scene(scene_of(red=f"{server.address}/large.tif")) as opened:
        next(opened.blocks("red", numbers))
    assert same(read(f"{server.address}/large.tif", SOME), LARGE)


def test_an_apart_server_counts(tmp_path: Path) -> None:
    """The one that benchmarks use."""
    (tmp_path / "small.tif").write_bytes(tiff())
    forget_headers()
    with serve_apart(tmp_path, 0.01) as address:
        read(f"{address}/small.tif", [0, 1])
        assert taken(address) == {"requests": 1, "bytes": len(tiff())}


# -- failing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["refused", "throttled", "cut", "short", "shifted"])
def test_one_request_in_five_failing_changes_no_number(server: RangeServer, fault: Fault) -> None:
    server.fault = lambda number: fault if number % 5 == 2 else None
    for numbers in (SOME, list(range(36)), SOME[::-1]):
        forget_headers()
        assert same(read(f"{server.address}/large.tif", numbers), LARGE)
    assert len(server.asked) > 10


def test_a_body_that_ends_early_is_asked_for_the_rest(server: RangeServer) -> None:
    server.fault = lambda number: "short" if number == 2 else None
    assert same(read(f"{server.address}/large.tif", [0]), LARGE)
    (begin, end), (again, last) = (
        map(int, asked.removeprefix("bytes=").split("-")) for _, asked in server.asked[1:]
    )
    assert begin < again <= end == last


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("refused", "its server failed 5 times"),
        ("cut", "its server failed 5 times"),
        ("shifted", "its server failed 5 times"),
        ("missing", "nothing is at its address"),
        ("forbidden", "its server does not let us read it"),
        ("whole", "its server does not send parts of a file"),
    ],
)
def test_what_does_not_mend_is_one_sentence(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch, fault: Fault, told: str
) -> None:
    monkeypatch.setattr(remote_files, "_LONGEST_PAUSE_S", 0.02)
    if fault == "cut":  # obstore resumes a broken body; one of a single byte is never begun
        monkeypatch.setattr("mrv.sources.cog_bands.HEAD_BYTES", 1)
    server.fault = lambda _: fault
    begin = time.monotonic()
    with pytest.raises(SceneUnreadable, match=rf"Band red of scene .*: {told}; fetch the scene"):
        read(f"{server.address}/large.tif", SOME)
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize(
    "href",
    ["http://127.0.0.1:1/red.tif", "http://[::1/red.tif", "{}/../red.tif", "{}/a//b.tif", "{}/"],
)
def test_an_address_that_leads_nowhere_is_one_sentence(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch, href: str
) -> None:
    monkeypatch.setattr(remote_files, "_LONGEST_PAUSE_S", 0.02)
    with pytest.raises(SceneUnreadable):
        read(href.format(server.address), [0])


# -- changing ------------------------------------------------------------------------------------


def test_a_file_replaced_while_it_is_read_is_refused(server: RangeServer) -> None:
    """Half of one image and half of another would be neither."""
    with open_scene(scene_of(red=f"{server.address}/large.tif")) as opened:
        opened.layout("red")
        (server.folder / "large.tif").write_bytes(tiff(LARGE + 1, **BLOCKS))
        with pytest.raises(SceneUnreadable, match="replaced by another while it was being read"):
            blocks(opened, SOME)
    assert same(read(f"{server.address}/large.tif", SOME), LARGE + 1)


def test_a_file_replaced_after_some_blocks_is_refused(server: RangeServer) -> None:
    href = f"{server.address}/large.tif"
    read(href, [0])
    with open_scene(scene_of(red=href)) as opened:
        assert same(blocks(opened, SOME), LARGE)
        (server.folder / "large.tif").write_bytes(tiff(LARGE + 1, **BLOCKS))
        with pytest.raises(SceneUnreadable, match="replaced"):
            blocks(opened, SOME)


def test_a_file_replaced_since_its_header_was_kept_is_read_anew(server: RangeServer) -> None:
    href = f"{server.address}/large.tif"
    assert same(read(href, SOME), LARGE)
    (server.folder / "large.tif").write_bytes(tiff(LARGE[::-1].copy(), compress="zstd", **BLOCKS))
    assert same(read(href, SOME), LARGE[::-1])


def test_a_file_that_lies_otherwise_than_was_said_is_refused(server: RangeServer) -> None:
    """The caller was told block numbers of the old one."""
    href = f"{server.address}/large.tif"
    read(href, SOME)
    with open_scene(scene_of(red=href)) as opened:
        opened.layout("red")
        (server.folder / "large.tif").write_bytes(tiff(LARGE, blockxsize=128, blockysize=128))
        with pytest.raises(SceneUnreadable, match="replaced"):
            blocks(opened, SOME)


# -- what is not a plain tiled GeoTIFF -----------------------------------------------------------


@pytest.mark.parametrize("name", ["red.tif", "red.jp2"])
def test_gdal_reads_far_files_through_the_same_requests(server: RangeServer, name: str) -> None:
    """With the same repeats, and no connection of its own."""
    path = server.folder / name
    kind = {"driver": "JP2OpenJPEG", "quality": 100, "reversible": True}
    if name.endswith(".tif"):
        kind = {"driver": "GTiff", "compress": "lzw"}  # in strips
    height, width = LARGE.shape
    shape = {"count": 1, "dtype": "uint16", "width": width, "height": height}
    with rasterio.open(path, "w", **shape, **PLACE, **kind) as file:
        file.write(LARGE, 1)
    server.fault = lambda number: "cut" if number % 5 == 2 else None
    with open_scene(scene_of(red=f"{server.address}/{name}")) as opened:
        layout = opened.layout("red")
        found = np.zeros_like(LARGE)
        for number, block in opened.blocks("red", range(layout.blocks_across * layout.blocks_down)):
            at = layout.window(number)
            found[at.row : at.row + at.height, at.col : at.col + at.width] = block
    assert np.array_equal(found, LARGE)
    assert {asked for asked, _ in server.asked} == {f"/{name}"}
    (server.folder / name).write_bytes(b"something else")
    with pytest.raises(SceneUnreadable):
        read(f"{server.address}/{name}", [0])


def test_a_bucket_is_read_with_the_usual_variables(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "archive").mkdir()
    (server.folder / "archive/large.tif").write_bytes(tiff(LARGE, **BLOCKS))
    for name, value in {
        "AWS_ENDPOINT_URL": server.address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    assert same(read("s3://archive/large.tif", SOME), LARGE)
    assert {path for path, _ in server.asked} == {"/archive/large.tif"}
    remote_files._store.cache_clear()


# -- merging -------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 3 * GAP_BYTES), st.integers(1, GAP_BYTES)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_merged_requests_hold_every_part_and_little_else(
    placed: list[tuple[int, int]], shuffler: random.Random
) -> None:
    starts, at = [], 0
    for gap, length in placed:
        starts.append(at + gap)
        at += gap + length
    parts = list(zip(starts, (length for _, length in placed), strict=True))
    shuffler.shuffle(parts)
    first = np.array([start for start, _ in parts], np.int64)
    lengths = np.array([length for _, length in parts], np.int64)
    requests = merge_parts(first, lengths)
    assert sorted(part for request in requests for part in request.parts) == list(range(len(parts)))
    for request in requests:
        for part in request.parts:
            assert request.start <= first[part]
            assert first[part] + lengths[part] <= request.end
        assert len(request.parts) == 1 or request.end - request.start <= REQUEST_BYTES
    asked = sum(request.end - request.start for request in requests)
    assert asked <= (1 + EXTRA_SHARE) * lengths.sum() + 1
    ordered = sorted((request.start, request.end) for request in requests)
    assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def test_tiles_that_two_places_share_are_fetched_all_the_same() -> None:
    requests = merge_parts(np.array([100, 100, 150]), np.array([100, 100, 20]))
    assert [(r.start, r.end) for r in requests] == [(100, 200)]


def test_signed_addresses_keep_their_signature(server: RangeServer) -> None:
    assert same(read(f"{server.address}/large.tif?sv=1&sig=a%2Fb%3D", SOME), LARGE)
    assert set(server.queries) == {"sv=1&sig=a%2Fb%3D"}


# -- where a server may send us ------------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    """The same files over https, by a certificate that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "loopback.pem"
    pem.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serve(RangeServer(tmp_path), context) as running:
        yield running


def test_over_https_no_server_sends_us_on_to_http(
    server: RangeServer, secured: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as to the address where a cloud gives this machine its credentials."""
    monkeypatch.setattr(remote_files, "_LONGEST_PAUSE_S", 0.02)
    assert same(read(f"{secured.address}/large.tif", SOME), LARGE)
    forget_headers()
    secured.moved_to = server.address
    with pytest.raises(SceneUnreadable, match="its server failed"):
        read(f"{secured.address}/large.tif", SOME)
    assert server.asked == []
