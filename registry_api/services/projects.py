"""Projects: taking in what a developer states, and showing it.

A change of settings is a new version; nothing that was stated is overwritten. The land of a project
is `plots`, its monitoring periods are `periods`.
"""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mrv.errors import RuleMissing
from mrv.methodologies import load_methodology
from mrv.project import ProjectSettings
from registry_api.db.models import Account, Plot, Project, ProjectVersion
from registry_api.errors import NotAcceptable, NotAllowed, NotFound
from registry_api.services import batches, clock, ledger, paging, periods
from registry_api.services.accounts import register_account
from registry_api.services.canonical import canonical_json
from registry_api.services.latest import has_left, newest_plots, newest_projects
from registry_api.services.views import Page, ProjectCard, ProjectDetail


def register_project(
    session: Session,
    settings: ProjectSettings,
    settings_sha256: str,
    *,
    developer_name: str | None = None,
) -> ProjectDetail:
    """Take a project in, or its changed settings as a new version; the same again changes nothing.

    Args:
        session: The transaction.
        settings: What project.toml states.
        settings_sha256: Digest of project.toml.
        developer_name: For people, where nothing is known yet; by default what is stated.

    Raises:
        NotAllowed: If the project belongs to another developer.
        Contradiction: If a registered monitoring period has other dates now, or the developer's
            account has another role.
        NotAcceptable: If the methodology is not one of this registry's, or the project's id cannot
            be part of a serial.
    """
    if "--" in settings.id:
        raise NotAcceptable(
            f"Project id '{settings.id}' cannot be part of a serial; use single hyphens."
        )
    try:
        load_methodology(settings.methodology.id, settings.methodology.version)
    except RuleMissing as missing:
        raise NotAcceptable(f"Project {settings.id}: {missing.message}") from missing
    developer = register_account(
        session,
        settings.developer,
        developer_name or settings.developer_name or settings.developer,
        "developer",
    )
    held = session.get(Project, settings.id)
    if held is not None and held.developer_id != developer.id:
        raise NotAllowed(f"Project {settings.id} belongs to another developer.", project=held.id)
    if held is None:
        held = Project(id=settings.id, developer_id=developer.id, created_at=clock.now())
        session.add(held)
        session.flush()
    _record_version(session, settings, settings_sha256)
    periods.register_periods(session, settings.id, settings.periods)
    return project(session, settings.id)


def _record_version(session: Session, settings: ProjectSettings, sha256: str) -> None:
    newest = session.scalars(
        select(ProjectVersion)
        .where(ProjectVersion.project_id == settings.id)
        .order_by(ProjectVersion.version.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.settings_sha256 == sha256:
        return
    version = newest.version + 1 if newest else 1
    entry = ledger.append(
        session,
        "project_changed" if newest else "project_registered",
        actor=settings.developer,
        payload={"project": settings.id, "version": version, "settings_sha256": sha256},
    )
    session.add(
        ProjectVersion(
            project_id=settings.id,
            version=version,
            name=settings.name[:200],
            country=settings.country,
            methodology_id=settings.methodology.id,
            methodology_version=settings.methodology.version,
            simulated=settings.simulation is not None,
            settings=_text(settings),
            settings_sha256=sha256,
            recorded_at=entry.recorded_at,
        )
    )
    session.flush()


def _text(settings: ProjectSettings) -> str:
    try:
        return canonical_json(settings.model_dump(mode="json", by_alias=True))
    except ValueError as error:  # rfc8785's own errors are ValueErrors
        raise NotAcceptable(
            f"project.toml of {settings.id} holds a number that JSON cannot hold exactly: {error}; "
            "numbers are finite, and whole ones below 2^53.",
            project=settings.id,
        ) from error


def stated(session: Session, project_id: str) -> ProjectSettings:
    """Give what a project's newest version states.

    Raises:
        NotFound: If there is no such project.
    """
    return ProjectSettings.model_validate_json(_newest(session, project_id).settings)


def list_projects(
    session: Session, *, country: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[ProjectCard]:
    """List projects by id."""
    (after,) = paging.decode(cursor, str) or (None,)
    newest = newest_projects()
    query = select(newest).order_by(newest.project_id).limit(limit + 1)
    if country is not None:
        query = query.where(newest.country == country)
    if after is not None:
        query = query.where(newest.project_id > after)
    rows = session.scalars(query).all()
    cards = _cards(session, rows[:limit])
    return Page(cards, paging.encode(cards[-1].id) if len(rows) > limit else None)


def project(session: Session, project_id: str) -> ProjectDetail:
    """Show one project with its periods and issuances.

    Raises:
        NotFound: If there is no such project.
    """
    version = _newest(session, project_id)
    settings = ProjectSettings.model_validate_json(version.settings)
    methodology = load_methodology(settings.methodology.id, settings.methodology.version)
    registered_at = session.scalars(
        select(Project.created_at).where(Project.id == project_id)
    ).one()
    return ProjectDetail(
        card=_cards(session, [version])[0],
        version=version.version,
        settings_sha256=version.settings_sha256,
        registered_at=registered_at,
        ecoregion=settings.ecology.ecoregion,
        species=settings.species,
        unverified=methodology.unverified,
        periods=periods.project_periods(session, project_id),
        batches=batches.of_project(session, project_id),
    )


def _newest(session: Session, project_id: str) -> ProjectVersion:
    newest = newest_projects()
    version = session.scalars(select(newest).where(newest.project_id == project_id)).first()
    if version is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    return version


def _cards(session: Session, versions: Sequence[ProjectVersion]) -> tuple[ProjectCard, ...]:
    ids = [version.project_id for version in versions]
    developers = {
        row.id: (row.developer_id, row.name)
        for row in session.execute(
            select(Project.id, Project.developer_id, Account.name)
            .join(Account, Account.id == Project.developer_id)
            .where(Project.id.in_(ids))
        )
    }
    land = _land(session, ids)
    issued = batches.totals_by_project(session, ids)
    return tuple(
        _card(version, *developers[version.project_id], land.get(version.project_id), issued)
        for version in versions
    )


def _card(
    version: ProjectVersion,
    developer_id: str,
    developer_name: str,
    land: "_Land | None",
    issued: dict[str, tuple[int, int]],
) -> ProjectCard:
    settings = ProjectSettings.model_validate_json(version.settings)
    credits_t, buffer_t = issued.get(version.project_id, (0, 0))
    plots, control_plots, area_ha, longitude, latitude = land or (0, 0, 0.0, None, None)
    return ProjectCard(
        id=version.project_id,
        name=version.name,
        summary=settings.summary,
        country=version.country,
        region=settings.region,
        developer_id=developer_id,
        developer_name=developer_name,
        simulated=version.simulated,
        methodology_id=version.methodology_id,
        methodology_version=version.methodology_version,
        plots=plots,
        control_plots=control_plots,
        area_ha=area_ha,
        credits_t=credits_t,
        buffer_t=buffer_t,
        longitude=longitude,
        latitude=latitude,
    )


_Land = tuple[int, int, float, float | None, float | None]


def _land(session: Session, project_ids: Sequence[str]) -> dict[str, _Land]:
    plot = newest_plots()
    enrolled = plot.role == "enrolled"
    rows = session.execute(
        select(
            Plot.project_id,
            func.count().filter(enrolled),
            func.count().filter(~enrolled),
            func.coalesce(func.sum(plot.area_ha).filter(enrolled), 0.0),
            func.avg((plot.cell_west + plot.cell_east) / 2),
            func.avg((plot.cell_south + plot.cell_north) / 2),
        )
        .join(plot, plot.plot_key == Plot.id)
        .where(Plot.project_id.in_(project_ids), ~has_left())
        .group_by(Plot.project_id)
    )
    return {
        project_id: (
            plots,
            controls,
            round(float(area), 2),
            None if lon is None else round(float(lon), 2),
            None if lat is None else round(float(lat), 2),
        )
        for project_id, plots, controls, area, lon, lat in rows
    }
