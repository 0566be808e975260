"""Which version of a project or a plot is in force: the newest.

The selections are made once: putting one together costs more than running it.
"""

from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from registry_api.db.models import PlotVersion, ProjectVersion


@cache
def newest_projects() -> "AliasedClass[ProjectVersion]":
    """Give project versions, reduced to the newest of each project."""
    newest: AliasedClass[ProjectVersion] = _newest(ProjectVersion, ProjectVersion.project_id)
    return newest


@cache
def newest_plots() -> "AliasedClass[PlotVersion]":
    """Give plot versions, reduced to the newest of each plot."""
    newest: AliasedClass[PlotVersion] = _newest(PlotVersion, PlotVersion.plot_key)
    return newest


def _newest(table: Any, key: Any) -> Any:  # noqa: ANN401  (SQLAlchemy has no type for "any mapped class")
    ranked = select(
        table,
        func.row_number().over(partition_by=key, order_by=table.version.desc()).label("rank"),
    ).subquery()
    newest = select(*(c for c in ranked.c if c.name != "rank")).where(ranked.c.rank == 1)
    return aliased(table, newest.subquery())
