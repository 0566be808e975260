"""Which version of a project or a plot is in force: the newest.

The selections are made once: putting one together costs more than running it.
"""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from registry_api.db.models import Plot, PlotExit, PlotVersion, ProjectVersion


@cache
def newest_projects() -> "AliasedClass[ProjectVersion]":
    """Give project versions, reduced to the newest of each project."""
    newest: AliasedClass[ProjectVersion] = _newest(ProjectVersion, "project_id")
    return newest


@cache
def newest_plots() -> "AliasedClass[PlotVersion]":
    """Give plot versions, reduced to the newest of each plot."""
    newest: AliasedClass[PlotVersion] = _newest(PlotVersion, "plot_key")
    return newest


def has_left() -> ColumnElement[bool]:
    """Say of a `Plot` whether it left the programme."""
    return exists().where(PlotExit.plot_key == Plot.id)


def _newest(table: Any, key: str) -> Any:  # noqa: ANN401  (SQLAlchemy has no type for "any mapped class")
    # Asked row by row, so that one project's plots cost as much as that project has plots.
    later = aliased(table)
    newest = (
        select(func.max(later.version))
        .where(getattr(later, key) == getattr(table, key))
        .scalar_subquery()
    )
    return aliased(table, select(table).where(table.version == newest).subquery())
