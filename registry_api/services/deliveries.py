"""Deliveries: what a developer brought for a project, by content, and when it first came.

This is how pipelines learn of new work. The bytes are among the kept files under their digests;
opening an upload is `uploads`, reading a folder is `pipelines.intake`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import Project, ProjectDelivery
from registry_api.errors import NotFound
from registry_api.services import ledger
from registry_api.services.canonical import canonical_json, sha256_of_text

PROJECT, PLOTS, TREES = "project.toml", "plots", "trees"
PRIVATE = frozenset({PLOTS, TREES})  # they tell where somebody's land and trees are, and whose
REGISTRY_PLOTS = "registry-plots.parquet"  # the plots file whose plots came by upload


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a developer brought for a project, by content.

    Attributes:
        files: `project.toml`, `plots` and `trees` -> sha-256; trees only where there are any.
        names: The same keys -> file name, which tells the format.
        catalog: Where its scenes are; empty where they are simulated.
        taken_in_on: First day on which exactly these files were here; dates after it are refused.
    """

    files: Mapping[str, str]
    names: Mapping[str, str]
    catalog: str
    taken_in_on: date

    @property
    def sha256(self) -> str:
        """Name the content: the same files and the same scenes are the same delivery."""
        return sha256_of_text(canonical_json({"files": dict(self.files), "catalog": self.catalog}))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording a delivery.

    Attributes:
        version: Of the project's deliveries, from 1.
        delivery: As it is held.
        new: Whether it differs from what was held before.
    """

    version: int
    delivery: Delivery
    new: bool


def record_delivery(session: Session, project_id: str, delivery: Delivery) -> Recorded:
    """Take down what the project's developer brought; the same again keeps its first day.

    Plots that came by upload stay where a folder comes without any.

    Raises:
        NotFound: If the project is not registered.
    """
    lock_for_writing(session)
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound(f"Project '{project_id}' is not registered.", project=project_id)
    newest = _newest(session, project_id)
    if newest is not None:
        held = _view(session, newest)
        if PLOTS not in delivery.files and held.names.get(PLOTS) == REGISTRY_PLOTS:
            delivery = replace(
                delivery,
                files={**delivery.files, PLOTS: held.files[PLOTS]},
                names={**delivery.names, PLOTS: REGISTRY_PLOTS},
            )
        if held.sha256 == delivery.sha256:
            return Recorded(newest.version, held, new=False)
    version = newest.version + 1 if newest else 1
    entry = ledger.append(
        session,
        "files_delivered",
        actor=project.developer_id,
        payload={"project": project_id, "version": version, "files": dict(delivery.files)},
    )
    row = ProjectDelivery(
        project_id=project_id,
        version=version,
        files=canonical_json(dict(delivery.files)),
        names=canonical_json(dict(delivery.names)),
        catalog=delivery.catalog,
        taken_in_on=delivery.taken_in_on,
        delivered_by=project.developer_id,
        recorded_at=entry.recorded_at,
    )
    session.add(row)
    session.flush()
    return Recorded(version, _view(session, row), new=True)


def newest_delivery(session: Session, project_id: str) -> Delivery:
    """Give the newest delivery of a project.

    Raises:
        NotFound: If nothing was delivered for it.
    """
    newest = _newest(session, project_id)
    if newest is None:
        raise NotFound(
            f"Nothing was delivered here for a project '{project_id}'; name its folder instead of "
            "its id, or upload it first.",
            project=project_id,
        )
    return _view(session, newest)


def first_day_of(session: Session, project_id: str, files: Mapping[str, str]) -> date:
    """Give the first day on which exactly these files were here.

    Args:
        session: Where to look.
        project_id: Whose.
        files: `project.toml`, `plots` and `trees` -> sha-256.

    Raises:
        NotFound: If they were never delivered here.
    """
    first_day = session.scalars(
        select(func.min(ProjectDelivery.taken_in_on)).where(
            ProjectDelivery.project_id == project_id,
            ProjectDelivery.files == canonical_json(dict(files)),
        )
    ).one_or_none()
    if first_day is None:
        raise NotFound(f"These files were never delivered here for {project_id}.")
    return first_day


def delivered_projects(session: Session) -> tuple[str, ...]:
    """List the projects something was delivered for, by id."""
    ids = select(ProjectDelivery.project_id).distinct().order_by(ProjectDelivery.project_id)
    return tuple(session.scalars(ids))


def _newest(session: Session, project_id: str) -> ProjectDelivery | None:
    return session.scalars(
        select(ProjectDelivery)
        .where(ProjectDelivery.project_id == project_id)
        .order_by(ProjectDelivery.version.desc())
        .limit(1)
    ).first()


def _view(session: Session, row: ProjectDelivery) -> Delivery:
    # Files that come back after others were here have not become younger by that.
    first_day = session.scalars(
        select(func.min(ProjectDelivery.taken_in_on)).where(
            ProjectDelivery.project_id == row.project_id,
            ProjectDelivery.files == row.files,
            ProjectDelivery.catalog == row.catalog,
        )
    ).one()
    return Delivery(json.loads(row.files), json.loads(row.names), row.catalog, first_day)
