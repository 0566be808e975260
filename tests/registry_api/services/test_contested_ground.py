"""A contest over ground is decided about the plots that shared it then, and about no others."""

import pytest

from registry_api.services import accounts, contests
from registry_api.services.contests import Objection
from registry_api.services.unit_of_work import unit_of_work
from registry_api.services.upload_views import ContestView, Tally
from tests.registry_api.a_registry import VERIFIER, Stage, found
from tests.registry_api.sent_plots import Sender, geojson, plot, square

OTHER = "hillside-cordia"
HALF = 0.25  # columns: half of a plot's side


@pytest.fixture
def rivals(founded: Stage) -> tuple[Sender, Sender]:
    """The developers of two projects."""
    with founded.registry.writing() as session:
        found(session, founded.settings, project_id=OTHER, shift=1.0)
    return Sender(founded.settings), Sender(founded.settings, OTHER)


def win(sender: Sender, upload_id: str, plot_id: str, code: str) -> ContestView:
    """Contest a finding and have a verifier uphold it."""
    with unit_of_work(sender.settings) as session:
        objection = Objection(upload_id, plot_id, code, "The fence was moved; see the deed.")
        filed = contests.file(
            session, sender.settings, sender.project_id, objection, by=sender.account
        )
        if filed.upheld is None:
            by = accounts.account(session, VERIFIER)
            contests.decide(session, filed.id, upheld=True, statement="Seen.", by=by)
        return filed


def test_a_neighbour_who_comes_later_is_not_excused(rivals: tuple[Sender, Sender]) -> None:
    """It took the part of A that nobody had; the verifier had decided about Z alone."""
    ours, theirs = rivals
    ours.send(geojson([plot("Z", square(0))]), "first.geojson")
    contested = ours.send(geojson([plot("A", square(HALF))]))
    assert ours.errors(contested) == {"A": ["overlap_registered"]}
    first = win(ours, contested.id, "A", "overlap_registered")
    taken = theirs.send(geojson([plot("N", square(2 * HALF))]), "later.geojson")
    assert taken.run.tally == Tally(1, 1, 0, 0, 0, 0, 0)

    again = ours.send(geojson([plot("A", square(HALF))]) + b"\n")
    assert ours.errors(again) == {"A": ["overlap_registered"]}
    codes = sorted(f.code for f in ours.findings(again) if f.plot_id == "A")
    assert codes == ["contest_upheld", "overlap_registered"]
    # The same words about the new neighbour are another contest.
    second = win(ours, again.id, "A", "overlap_registered")
    assert (second.upheld, second.id != first.id) == (None, True)
    assert ours.errors(ours.send(geojson([plot("A", square(HALF))]) + b"\n\n")) == {}


def test_both_plots_of_a_decision_stand_in_whatever_order_they_are_sent(
    rivals: tuple[Sender, Sender],
) -> None:
    """The neighbour did nothing; sending its unchanged boundary again is not held against it."""
    ours, theirs = rivals
    theirs.send(geojson([plot("N", square(0))]), "first.geojson")
    contested = ours.send(geojson([plot("A", square(HALF))]))
    win(ours, contested.id, "A", "overlap_registered")
    assert ours.errors(ours.send(geojson([plot("A", square(HALF))]) + b"\n")) == {}
    assert theirs.errors(theirs.send(geojson([plot("N", square(0))]) + b"\n")) == {}
    grown = theirs.send(geojson([plot("N", square(0, side=0.0012))]), "grown.geojson")
    assert theirs.errors(grown) == {"N": ["overlap_registered"]}
