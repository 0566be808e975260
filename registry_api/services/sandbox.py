"""Sandbox: units to try things with, which no real registry takes for credits.

One database holds units of one kind; a trigger of migration 0015 refuses the other.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.crediting.serials import TEST_REGISTRY, SerialBlock
from registry_api.db.models import CreditBatch
from registry_api.errors import Contradiction, NotAcceptable
from registry_api.settings import Settings


def demand_one_kind(session: Session, settings: Settings) -> None:
    """Insist that a database holds test units only in a sandbox, and only there.

    Raises:
        Contradiction: If it holds units of the other kind.
    """
    code = session.scalars(select(CreditBatch.registry_code).limit(1)).first()
    if code is None or (code == TEST_REGISTRY) == settings.sandbox:
        return
    held = "test units" if code == TEST_REGISTRY else "credits, not test units"
    raise Contradiction(
        f"This database holds {held}; correct PARKLAND_SANDBOX, or give this registry a database "
        "of its own."
    )


def refuse_export(settings: Settings) -> None:
    """Keep test units out of other registries' tables.

    Raises:
        NotAcceptable: If this is a sandbox.
    """
    if settings.sandbox:
        raise NotAcceptable(
            "A sandbox hands nothing to other registries, because its test units stand for no "
            "tonne; export from the registry that holds the credits."
        )


def whose(block: SerialBlock) -> str:
    """Say what a serial that is not known here is, if its text tells; else nothing."""
    if not block.test:
        return ""
    return " It names test units of a sandbox, which stand for no tonne."
