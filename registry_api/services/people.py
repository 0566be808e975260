"""People: who farms a plot, held apart from it, as ciphertext.

Everyone who reads a name states a purpose and is logged, the developer too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry_api.db.bulk import insert_rows
from registry_api.db.models import ForgottenPerson, Person, Plot
from registry_api.errors import NotAcceptable, NotFound
from registry_api.services import clock, erasure, private_reads
from registry_api.services.accounts import AccountView
from registry_api.services.latest import newest_plots
from registry_api.services.private_key import Records
from registry_api.services.project_access import open_to, owned_by
from registry_api.services.upload_views import FarmerView
from registry_api.settings import Settings

_ROWS_AT_ONCE = 10_000
_LONGEST_FARMER_ID = 120


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Who farms a plot, as a file says it; "" where it does not."""

    plot_id: str
    farmer_id: str
    name: str
    phone: str


def farmer(
    session: Session,
    settings: Settings,
    project_id: str,
    plot_id: str,
    *,
    by: AccountView,
    purpose: str,
) -> FarmerView:
    """Show who farms a plot; name and phone are "" where none is held. The look is logged.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAcceptable: If no purpose is stated.
    """
    open_to(session, project_id, by)
    plot = find_plot(session, project_id, plot_id)
    private_reads.note(
        session,
        settings,
        by=by,
        purpose=purpose,
        what="farmer",
        project_id=project_id,
        subject=plot_id,
    )
    held = session.get(Person, plot.id)
    if held is None:
        return FarmerView(plot_id, _farmer_id(session, plot.id), "", "")
    told = json.loads(Records(settings).unseal(held.sealed, _place(plot.id)))
    return FarmerView(plot_id, held.farmer_id, told["name"], told["phone"])


def forget(
    session: Session,
    settings: Settings,
    project_id: str,
    plot_id: str,
    reason: str,
    *,
    by: AccountView,
) -> None:
    """Remove a farmer's name and phone for good; a later file does not bring them back.

    Files that were sent before and may hold them are erased, and what they led to stays.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If there is no reason.
    """
    owned_by(session, project_id, by)
    plot = find_plot(session, project_id, plot_id)
    if not reason.strip():
        raise NotAcceptable("Say why the farmer is forgotten (reason), such as their own wish.")
    session.execute(delete(Person).where(Person.plot_key == plot.id))
    if session.get(ForgottenPerson, plot.id) is None:
        session.add(
            private_reads.look_of(
                by=by, purpose=reason, what="forgotten", project_id=project_id, subject=plot_id
            )
        )
        session.add(
            ForgottenPerson(
                plot_key=plot.id,
                reason=reason.strip(),
                forgotten_by=by.id,
                forgotten_at=clock.now(),
            )
        )
    session.flush()
    erasure.erase(session, settings, plot, reason.strip(), by=by)


def keep(
    session: Session, settings: Settings, project_id: str, records: Sequence[PersonRecord]
) -> int:
    """Keep who farms plots that are registered; the same again changes nothing.

    Returns:
        How many were written.
    """
    if not records:
        return 0
    cipher = Records(settings)
    keys = _keys(session, project_id, [record.plot_id for record in records])
    everyone = list(keys.values())
    held: dict[int, Person] = {}
    forgotten: set[int] = set()
    for first in range(0, len(everyone), _ROWS_AT_ONCE):
        some = everyone[first : first + _ROWS_AT_ONCE]
        people = session.scalars(select(Person).where(Person.plot_key.in_(some)))
        held |= {person.plot_key: person for person in people}
        gone = select(ForgottenPerson.plot_key).where(ForgottenPerson.plot_key.in_(some))
        forgotten |= set(session.scalars(gone))
    changed: list[dict[str, object]] = []
    for record in records:
        key = keys[record.plot_id]
        plain = json.dumps({"name": record.name, "phone": record.phone}).encode()
        before = held.get(key)
        same = (
            before is not None
            and before.farmer_id == record.farmer_id
            and cipher.unseal(before.sealed, _place(key)) == plain
        )
        if not same and key not in forgotten:
            changed.append(
                {
                    "plot_key": key,
                    "farmer_id": record.farmer_id[:_LONGEST_FARMER_ID],
                    "sealed": cipher.seal(plain, _place(key)),
                    "recorded_at": clock.now(),
                }
            )
    outdated = [row["plot_key"] for row in changed if row["plot_key"] in held]
    for first in range(0, len(outdated), _ROWS_AT_ONCE):
        part = outdated[first : first + _ROWS_AT_ONCE]
        session.execute(delete(Person).where(Person.plot_key.in_(part)))
    return insert_rows(session, Person, changed)


def find_plot(session: Session, project_id: str, plot_id: str) -> Plot:
    """Find a plot of a project.

    Raises:
        NotFound: If there is none of that id.
    """
    plot = session.scalars(
        select(Plot).where(Plot.project_id == project_id, Plot.plot_id == plot_id)
    ).first()
    if plot is None:
        raise NotFound(f"There is no plot '{plot_id[:120]}' in {project_id}.", plot=plot_id)
    return plot


def _farmer_id(session: Session, plot_key: int) -> str:
    newest = newest_plots()
    text = session.scalars(select(newest.attributes).where(newest.plot_key == plot_key)).first()
    return str(json.loads(text or "{}").get("farmer_id") or "")


def _keys(session: Session, project_id: str, plot_ids: Sequence[str]) -> Mapping[str, int]:
    keys: dict[str, int] = {}
    for first in range(0, len(plot_ids), _ROWS_AT_ONCE):
        some = plot_ids[first : first + _ROWS_AT_ONCE]
        rows = session.execute(
            select(Plot.plot_id, Plot.id).where(
                Plot.project_id == project_id, Plot.plot_id.in_(some)
            )
        )
        keys |= dict(rows.all())
    return keys


def _place(plot_key: int) -> str:
    return f"plot {plot_key}"
