"""The first page costs the same number of questions however many projects there are."""

from fastapi.testclient import TestClient
from sqlalchemy import event

from registry_api.app import create_app
from registry_api.db import database
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import NET_KG, Stage, evidence, found, issue


def asked(settings: Settings) -> int:
    """Count what one visit asks of the database."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    engine = database(settings.database).engine
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        client.get("/")
        event.listen(engine, "before_cursor_execute", note)
        answer = client.get("/")
        event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    return sum(statement.lstrip().startswith("SELECT") for statement in statements)


def test_the_first_page_asks_as_often_for_seven_projects_as_for_one(issued: Stage) -> None:
    before = asked(issued.settings)
    for number in range(6):
        with unit_of_work(issued.settings) as session:
            farm = found(
                session, issued.settings, project_id=f"hillside-{number}", shift=number + 1.0
            )
            issue(session, farm, evidence(farm, NET_KG), f"issuance-{number}")
    assert asked(issued.settings) == before
