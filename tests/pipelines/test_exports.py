"""`parkland export`: one file, its report and its digests."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.registry_api.a_market import a_stocked_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with a_stocked_folder() as registry:
        yield registry.parent


def exported(home: Path, out: Path, *what: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["export", *what, "--home", str(home), "--out", str(out)])
    assert done.exit_code == code, done.output
    with zipfile.ZipFile(out) as file:
        packed = {name: file.read(name) for name in file.namelist()}
    told = {name: json.loads(data) for name, data in packed.items()}
    digests = told.pop("manifest.json")["sha256"]
    assert digests == {name: hashlib.sha256(packed[name]).hexdigest() for name in told}
    return told


def test_cad_trust_comes_table_by_table_and_twice_the_same(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    told = exported(home, out, "cad-trust")
    assert told["report.json"]["passes"]
    assert min(told) == "01-program.json"
    first = out.read_bytes()
    exported(home, out, "cad-trust")
    assert out.read_bytes() == first


def test_article_6_alone_is_five_tables_and_the_report(home: Path, tmp_path: Path) -> None:
    assert len(exported(home, tmp_path / "out.zip", "aef")) == 6


def test_cdop_says_what_it_cannot_say(home: Path, tmp_path: Path) -> None:
    told = exported(home, tmp_path / "out.zip", "cdop", "-p", "lakeside-grevillea", code=1)
    assert told["report.json"]["required_missing"]
