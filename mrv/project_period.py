"""One project, one monitoring period, one version of the rules: what every step of a run asks for.

The pipeline and whoever performs it again hand the same thing to the same functions.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from mrv.methodologies import Methodology
from mrv.project import Period, ProjectSettings

_SEED_BYTES = 6  # JSON holds integers exactly only up to 2^53


@dataclass(frozen=True, slots=True)
class ProjectPeriod:
    """What is to be estimated, and by which rules.

    Attributes:
        settings: Of the project.
        period_id: Of the monitoring period, as the settings name it.
        methodology: The rules in force.
    """

    settings: ProjectSettings
    period_id: str
    methodology: Methodology

    @property
    def period(self) -> Period:
        """Give the monitoring period."""
        return self.settings.period(self.period_id)

    @property
    def epochs(self) -> tuple[date, date]:
        """Give the project's first epoch and the period's end: change is counted cumulatively."""
        return self.settings.periods[0].start, self.period.end

    @property
    def periods_so_far(self) -> tuple[str, ...]:
        """Name the periods since the first epoch, this one last."""
        ids = [period.id for period in self.settings.periods]
        return tuple(ids[: ids.index(self.period_id) + 1])


def seed_of(project_id: str) -> int:
    """Give the seed of every draw: a pure function of the project, so nobody can choose it."""
    return int.from_bytes(hashlib.sha256(project_id.encode()).digest()[:_SEED_BYTES])
