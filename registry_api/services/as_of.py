"""Past times that a question may be asked for: what was in force, and what was known, are apart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from registry_api.db.models import LedgerEntry


@dataclass(frozen=True, slots=True)
class AsOf:
    """At which time a question is asked; every limit that is stated counts.

    Attributes:
        sequence: After this ledger entry.
        recorded: As the registry knew it then.
        effective: As it was in force then, by what is known.
    """

    sequence: int | None = None
    recorded: datetime | None = None
    effective: datetime | None = None

    def counted(self, entry: type[LedgerEntry] = LedgerEntry) -> list[ColumnElement[bool]]:
        """Give the conditions under which a ledger entry, or an alias of it, counts."""
        limits: list[ColumnElement[bool]] = []
        if self.sequence is not None:
            limits.append(entry.sequence <= self.sequence)
        if self.recorded is not None:
            limits.append(entry.recorded_at <= self.recorded)
        if self.effective is not None:
            limits.append(entry.effective_at <= self.effective)
        return limits
