"""From plots to credits by the services, on SQLite and on a real PostgreSQL."""

from datetime import UTC, datetime
from pathlib import Path

import shapely
from sqlalchemy import func, select

from registry_api.db import Database
from registry_api.db.models import CreditBatch, Person, PlotContribution, PlotVersion, SerialBlock
from registry_api.services import people, plots
from registry_api.services.plots import PlotRecord
from tests.registry_api.a_registry import NET_KG, evidence, found, issue, make_settings


def test_an_issuance_books_every_plot(either: Database, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, of=either)
    with either.writing() as session:
        farm = found(session, settings)
        document = evidence(farm, NET_KG)
        issue(session, farm, document, "first-issuance")
    with either.reading() as session:
        batch = session.scalars(select(CreditBatch)).one()
        held = session.scalars(select(PlotContribution)).all()
        assert {row.batch_id for row in held} == {batch.id}
        assert sorted(row.net_kg for row in held) == sorted(p.net_kg for p in document.plots)
        for row in held:
            version = session.get_one(PlotVersion, row.plot_version_id)
            assert (version.plot_key, version.boundary_sha256) == (
                row.plot_key,
                row.boundary_sha256,
            )
        assert session.scalar(select(func.sum(SerialBlock.quantity_t))) == (
            document.quantities.credits_t + document.quantities.buffer_t
        )


def test_plots_and_people_come_in_by_the_thousand(either: Database, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, of=either)
    with either.writing() as session:
        farm = found(session, settings)
        before = session.scalar(select(func.count()).select_from(PlotVersion))
        square = shapely.box(36.0, 0.0, 36.001, 0.001)
        records = [
            PlotRecord(
                f"new-{n}",
                "all",
                "enrolled",
                shapely.to_wkb(shapely.transform(square, lambda xy, n=n: xy + 0.002 * n)),
                1.2,
            )
            for n in range(2_000)
        ]
        project = farm.project.id
        taken = plots.register_plots(session, project, records)
        assert (taken.new, taken.changed, taken.unchanged) == (2_000, 0, 0)
        again = plots.register_plots(session, project, records)
        assert (again.new, again.changed, again.unchanged) == (0, 0, 2_000)
        named = [
            people.PersonRecord(r.plot_id, f"F{n}", "A name", "") for n, r in enumerate(records)
        ]
        assert people.keep(session, settings, project, named) == 2_000
        assert people.keep(session, settings, project, named) == 0
    with either.reading() as session:
        assert session.scalar(select(func.count()).select_from(PlotVersion)) == before + 2_000
        assert session.scalar(select(func.count()).select_from(Person)) == 2_000
        newest = session.scalars(select(func.max(PlotVersion.recorded_at))).one()
        assert abs((datetime.now(UTC) - newest).total_seconds()) < 600
