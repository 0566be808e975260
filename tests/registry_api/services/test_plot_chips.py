"""Who may look at pictures of plots, and that each look is written down."""

import pytest
from sqlalchemy import select

from registry_api.db.models import PrivateLook
from registry_api.errors import NotAllowed, NotFound
from registry_api.services import accounts, plot_chips, plot_sheets
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER, Stage, assign
from tests.registry_api.plot_tables import SCENE, keep_chips

STRANGER = "other-eyes"


def test_the_verifier_and_the_developer_see_them_and_nobody_else(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work = assign(session, submitted.sha256)
        accounts.register_account(session, STRANGER, "Other eyes", "verifier")
        png = keep_chips(submitted.settings, submitted.sha256, "P-002")

        def ask(who: str, plot: str = "P-002") -> bytes:
            by = accounts.account(session, who)
            return plot_chips.picture_of(session, submitted.settings, work, plot, by=by)

        assert ask(DEVELOPER) == ask(VERIFIER) == png
        looks = session.scalars(select(PrivateLook)).all()
        assert [(look.account_id, look.subject) for look in looks] == [
            (VERIFIER, "chips of P-002")
        ], "a developer's look at their own is not written down"
        with pytest.raises(NotAllowed, match="verifier and the developer"):
            ask(REGISTRAR)
        with pytest.raises(NotFound, match="concern"):
            ask(STRANGER)
        with pytest.raises(NotFound, match="parkland chips --project lakeside-grevillea"):
            ask(VERIFIER, "P-003")
        assert len(session.scalars(select(PrivateLook)).all()) == 1


def test_a_sheet_says_what_it_shows_and_a_registrar_s_has_no_places(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        work = assign(session, submitted.sha256)
        keep_chips(submitted.settings, submitted.sha256, "P-002")
        sheets = {
            who: plot_sheets.plot_sheet(
                session, submitted.settings, work, "P-002", by=accounts.account(session, who)
            )[1]
            for who in (VERIFIER, REGISTRAR)
        }
    chips = sheets[VERIFIER].chips
    assert chips is not None
    assert [chip.scene_id for chip in chips.chips][-1] == SCENE
    assert chips.chips[-1].masked == "M2,0h3v4h-3z"
    assert (sheets[REGISTRAR].chips, sheets[REGISTRAR].boundaries) == (None, ())
    assert sheets[REGISTRAR].trace == sheets[VERIFIER].trace


def test_what_is_cut_is_wanted_no_more(submitted: Stage) -> None:
    with submitted.registry.writing() as session:
        from registry_api.services import audit_samples

        work = assign(session, submitted.sha256)
        where = ("lakeside-grevillea", "2021-2023")
        assert plot_chips.wanted(session, submitted.settings, *where).plot_ids == ()
        audit_samples.draw(session, work, "first-draw", by=accounts.account(session, VERIFIER))
        wanted = plot_chips.wanted(session, submitted.settings, *where)
        assert wanted.plot_ids == ("P-001", "P-002", "P-003", "P-004")
        keep_chips(submitted.settings, submitted.sha256, "P-002")
        left = plot_chips.wanted(session, submitted.settings, *where)
        assert left.plot_ids == ("P-001", "P-003", "P-004")
