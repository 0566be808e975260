"""Test units: told from credits by their serials, kept apart by the database, named as such."""

import io
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from pypdf import PdfReader
from sqlalchemy import insert, inspect, select
from sqlalchemy.exc import DBAPIError

from mrv.crediting.serials import check_character
from registry_api.app import create_app
from registry_api.db.models import CreditBatch
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import cad_trust, cdop, issuance, orders
from registry_api.services.credits import find_serial
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from registry_api.settings import Settings
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, Stage, evidence, issue

TERMS = RetirementTerms("Lakeside Hotel", "voluntary")
ELSEWHERE = "TST-KE-LAKESIDE-GREVILLEA-C-20210201-20230201-0001-000001-000009"


def sandbox_of(settings: Settings) -> Settings:
    return settings.model_copy(update={"sandbox": True, "registry_code": "TST"})


def test_the_serials_tell_a_sandbox(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, _env_file=None).registry_code == "PKL"
    assert Settings(home=tmp_path, sandbox=True, _env_file=None).registry_code == "TST"
    with pytest.raises(ValidationError, match="is ABC, and serials of a sandbox"):
        Settings(home=tmp_path, sandbox=True, registry_code="ABC", _env_file=None)
    with pytest.raises(ValidationError, match="is TST, and serials of a sandbox"):
        Settings(home=tmp_path, registry_code="TST", _env_file=None)


def test_a_sandbox_says_so_on_pages_and_certificates(approved: Stage) -> None:
    settings = sandbox_of(approved.settings)
    with approved.registry.writing() as session:
        card = issuance.issue(session, approved.sha256, "one-issuance", by=REGISTRAR,
                              settings=settings)  # fmt: skip
        assert card.credits is not None
        assert card.credits.text.startswith("TST-KE-")
        lot = Lot(batch_id=card.id, quantity_t=2)
        retired = orders.retire(session, [lot], TERMS, "one-retirement", by=DEVELOPER).id
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        for path in ("/", "/credits", "/ledger", "/about", f"/retirements/{retired}", "/nowhere"):
            assert "it stands for no tonne" in client.get(path).text, path
        certificate = client.get(f"/retirements/{retired}/certificate.json").json()
        assert certificate["name"].startswith("Test only: retirement of 2 t")
        assert certificate["credentialSubject"]["testUnits"] is True
        pdf = client.get(f"/retirements/{retired}/certificate.pdf").content
        said = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
        assert "Test certificate of a sandbox" in said


def test_a_real_registry_says_nothing_of_it_and_takes_no_test_unit(issued: Stage) -> None:
    with issued.registry.writing() as session:
        serial = _with_check(ELSEWHERE)
        with pytest.raises(NotFound, match="test units of a sandbox"):
            find_serial(session, serial)
        with pytest.raises(Contradiction, match="test units of a sandbox"):
            orders.retire(session, [Lot(serial=serial)], TERMS, "one-retirement", by=DEVELOPER)
    with TestClient(create_app(issued.settings), base_url="http://127.0.0.1") as client:
        assert "it stands for no tonne" not in client.get("/").text


def test_one_database_never_holds_both(issued: Stage) -> None:
    farm = issued.farm
    farm.settings = sandbox_of(issued.settings)
    document = evidence(farm, (3_000, 0, 0, 0), period=1)
    with issued.registry.writing() as session, pytest.raises(Contradiction, match="PARKLAND_SANDB"):
        issue(session, farm, document, "next-period")
    with (
        pytest.raises(Contradiction, match="not test units"),
        TestClient(create_app(sandbox_of(issued.settings)), base_url="http://127.0.0.1"),
    ):
        pass
    # Whoever passes the services by is refused by the database itself.
    with issued.registry.reading() as session:
        there = session.scalars(select(CreditBatch)).one()
        columns = {
            column.key: getattr(there, column.key) for column in inspect(CreditBatch).columns
        }
    changed = {"id": uuid4(), "number": 2, "registry_code": "TST"}
    with issued.registry.writing() as session, pytest.raises(DBAPIError, match="never both"):
        session.execute(insert(CreditBatch).values(columns | changed))


def _with_check(body: str) -> str:
    return f"{body}-{check_character(body)}"


def test_test_units_go_to_no_other_registry(issued: Stage) -> None:
    settings = sandbox_of(issued.farm.settings)
    with issued.registry.reading() as session:
        with pytest.raises(NotAcceptable, match="stand for no tonne"):
            cad_trust.export(session, settings)
        with pytest.raises(NotAcceptable, match="stand for no tonne"):
            cdop.export(session, settings, "lakeside-grevillea")
