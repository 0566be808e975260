"""Every attack on the readers gets its answer from a limited child, and reaches nothing."""

import resource
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import GEOMETRY_NOTE, GEOMETRY_PROBLEM, Limits, read_boundaries
from mrv.sources.boundaries.write import to_geojson
from tests.hostile import corpus
from tests.hostile.attack import ATTACKS, READ, Attack, Bait
from tests.hostile.corpus.size import million_corners
from tests.hostile.files import collection, feature, frame, zipped_shapefile

SECRET = "the registry's private key"  # noqa: S105  # it opens nothing
MOST_RESIDENT_KB = 2 << 20  # of any child so far, which is what the kernel tells of children
MOST_SIGNS = 400  # of a sentence


@pytest.fixture(scope="module")
def visits() -> Iterator[tuple[str, list[str]]]:
    """Serve an address that no reader may ever ask."""
    asked: list[str] = []

    class Sink(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_POST = do_GET  # noqa: N815  # as http.server has it

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/map", asked
    server.shutdown()
    server.server_close()


def answer_to(attack: Attack, data: bytes) -> tuple[str, str]:
    """Give the fault and everything that was said."""
    try:
        found = read_boundaries(data, attack.name)
    except BoundaryFileRefused as refused:
        return refused.fault, refused.message
    return READ, found.frame.to_csv() + " ".join(found.notes)


def test_the_whole_corpus_is_on_the_list() -> None:
    assert {attack.make.__module__.rpartition(".")[2] for attack in ATTACKS} == set(corpus.__all__)
    assert len({attack.title for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.title)
def test_an_attack_gets_its_answer(
    attack: Attack, visits: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = visits
    secret = tmp_path / "secret.csv"
    secret.write_text(SECRET)
    data = attack.make(Bait(address, str(secret)))
    begin = time.monotonic()
    fault, said = answer_to(attack, data)
    took_s = time.monotonic() - begin
    limits = Limits()
    assert fault == attack.answer, said[:300]
    assert SECRET not in said
    assert str(tmp_path) not in said or fault == "unknown_crs"  # it repeats what the file says
    if fault != READ:
        assert said.endswith(".")
        assert len(said) <= MOST_SIGNS
        assert said.isprintable()
    assert asked == []
    assert took_s < limits.patience * (limits.time_s + limits.time_s_per_mb * len(data) / 1e6)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_RESIDENT_KB


def test_after_all_that_an_honest_file_is_read() -> None:
    assert len(read_boundaries(to_geojson(frame()), "plots.geojson").frame) == len(frame())


def test_numbers_that_are_none_are_noted_beside_sound_neighbours() -> None:
    broken = collection(feature(), feature()).replace(b"34.001", b"1e400", 1)
    found = read_boundaries(broken, "plots.geojson").frame
    assert found[GEOMETRY_NOTE].fillna("").tolist() == ["not_finite", ""]
    assert found.geometry.notna().all()


def test_a_million_corners_cost_only_their_own_plot() -> None:
    data = million_corners(Bait("", ""))
    found = read_boundaries(data, "plots.geojson").frame
    assert found.geometry.isna().tolist() == [False, True]
    assert found[GEOMETRY_PROBLEM][1].startswith("too_many_vertices: it has 1,000,000 corners")


def test_a_missing_prj_is_asked_for_and_never_guessed() -> None:
    data = zipped_shapefile({".prj": None})
    assert read_boundaries(data, "plots.zip").frame.crs is None
    assert read_boundaries(data, "plots.zip", crs="EPSG:32636").frame.crs.to_epsg() == 32636


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/plots.geojson",
        "/vsicurl/http://x/plots.geojson",
        "a\0b\u202e.geojson",
        "p" * 4000,
    ],
)
def test_a_name_is_only_a_name(name: str) -> None:
    with pytest.raises(BoundaryFileRefused) as caught:
        read_boundaries(b"{}", name)
    told = caught.value.message
    assert ".." not in told.split()[0].removesuffix("...")
    assert "/" not in told.split()[0]
    assert told.isprintable()
    assert len(told) < MOST_SIGNS


MANY_NUMBERS = b'{"type":"FeatureCollection","features":[],"x":[' + b"1.5," * 15_000_000 + b"1]}"


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(memory_bytes=800 << 20), "out_of_memory"),
        (Limits(time_s=1, time_s_per_mb=0), "timeout"),
        (Limits(time_s=30, patience=0.03), "timeout"),
        (Limits(file_bytes=1000), "too_large"),
    ],
    ids=["memory", "processor", "clock", "size"],
)
def test_a_limit_that_is_reached_becomes_a_sentence(limits: Limits, fault: str) -> None:
    with pytest.raises(BoundaryFileRefused) as caught:
        read_boundaries(MANY_NUMBERS, "plots.geojson", limits=limits)
    assert caught.value.fault == fault
