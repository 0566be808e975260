"""The lineage of a credit of 50,000 plots, asked of a warm registry: seconds, and steady memory.

The registry runs in a process of its own, so that its memory is told and not that of what built it.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from mrv.evidence.documents import EvidenceDocument, StratumResult
from registry_api.app import create_app
from registry_api.services.unit_of_work import unit_of_work
from tests.benchmarks.pages import served
from tests.benchmarks.ratios import QUICK, Figure, Target
from tests.benchmarks.records import ROOT
from tests.registry_api import a_registry

PLOTS = 2_000 if QUICK else 50_000
STRATA = ("home", "maize", "coffee", "woodlot", "pasture")
_ASKED = 10 if QUICK else 40
_LATER = 60 if QUICK else 300  # further pages, over which memory is watched
_AT_MOST_S, _GROWTH_AT_MOST_MB = 1.0, 5.0


def comparisons(_home: Path) -> Iterator[Figure]:
    """Issue on so many plots once, then ask for its pages."""
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as scratch:
        serial = _issued(Path(scratch) / "registry")
        with _running(Path(scratch) / "registry") as (port, pid):
            yield from _figures(port, pid, serial)


def _figures(port: int, pid: int, serial: str) -> Iterator[Figure]:
    credit = f"/credits/{serial}"
    before = _seconds(port, credit)
    yield Figure(
        f"first page of a credit of {PLOTS:,} plots, its document not in memory",
        "s",
        lambda: before,
        Target(5, _AT_MOST_S),
    )
    pages = {
        "the credit with its lineage": credit,
        "its lineage as JSON": f"/v1/serials/{serial}/lineage",
        "a page of plots of one stratum": f"{credit}/lineage?kind=plot&stratum=coffee",
        "a search among all plots": f"{credit}/lineage?q=P-{PLOTS - 7}",
        "one plot as a node": f"{credit}/lineage/plot:P-{PLOTS - 7}",
    }
    for what, path in pages.items():
        yield Figure(
            f"{what}, {PLOTS:,} plots, slowest of {_ASKED}",
            "s",
            _slowest(port, path),
            Target(5, _AT_MOST_S),
            "warm, two cores that others use too",
        )
    yield Figure(
        f"growth of the server over {_LATER} further pages",
        "MB",
        _growth(port, pid, list(pages.values())),
        Target(5, _GROWTH_AT_MOST_MB),
        "resident memory of the process",
    )
    resident = _resident_mb(pid)
    yield Figure("memory of the server after all of it", "MB", lambda: resident)


def _slowest(port: int, path: str) -> Callable[[], float]:
    return lambda: max(_seconds(port, path) for _ in range(_ASKED))


def _growth(port: int, pid: int, paths: list[str]) -> Callable[[], float]:
    def measure() -> float:
        begin = _resident_mb(pid)
        for number in range(_LATER):
            _seconds(port, paths[number % len(paths)])
        return _resident_mb(pid) - begin

    return measure


def _seconds(port: int, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    begin = time.perf_counter()
    connection.request("GET", quote(path, safe="/?=&:%"))
    answer = connection.getresponse()
    answer.read()
    taken = time.perf_counter() - begin
    connection.close()
    if answer.status != http.client.OK:
        raise RuntimeError(f"GET {path} answered {answer.status}")
    return taken


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (row for row in status.splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _issued(home: Path) -> str:
    settings = a_registry.make_settings(home)
    with unit_of_work(settings) as session:
        farm = a_registry.found(session, settings, plots=0)
        farm.plots = [
            replace(plot, stratum=STRATA[number % len(STRATA)])
            for number, plot in enumerate(a_registry.plot_records(PLOTS))
        ]
        a_registry.register_plots(session, farm.project.id, farm.plots)
        net_kg = [3_000 + number % 7_000 for number in range(PLOTS)]
        document = _in_strata(a_registry.evidence(farm, net_kg))
        batch = a_registry.issue(session, farm, document, "first-issuance")
    return str(batch.credits and batch.credits.text)


def _in_strata(document: EvidenceDocument) -> EvidenceDocument:
    """Cut the one stratum of the invented evidence into those its plots lie in."""
    (whole,) = document.strata

    def part(name: str) -> StratumResult:
        plots = [plot for plot in document.plots if plot.stratum == name]
        return whole.model_copy(
            update={
                "stratum": name,
                "plots": len(plots),
                "sampled": len(plots),
                "area_ha": sum(plot.area_ha for plot in plots),
                "gross_kg": sum(plot.gross_kg for plot in plots),
            }
        )

    return document.model_copy(update={"strata": tuple(map(part, STRATA))})


@contextmanager
def _running(home: Path) -> Iterator[tuple[int, int]]:
    """Serve a registry from a process of its own; gives its port and its id."""
    command = [sys.executable, "-m", "tests.benchmarks.lineage", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield json.loads(server.stdout.readline())["port"], server.pid
        finally:
            server.stdin.close()


def _serve() -> None:
    with served(create_app(a_registry.make_settings(Path(sys.argv[1])))) as port:
        print(json.dumps({"port": port}), flush=True)  # noqa: T201  for the process that asks
        sys.stdin.read()


if __name__ == "__main__":
    _serve()
