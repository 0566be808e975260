"""Whatever is issued, looked up and tried twice: serials follow on, sums hold, the chain fits."""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from mrv.evidence.documents import EvidenceDocument
from registry_api.db import database
from registry_api.db.models import CreditBatch, PlotContribution, SerialBlock
from registry_api.errors import AlreadyIssued, EvidenceWrong, KeyReused, NotFound
from registry_api.services import credits as issued_credits
from registry_api.services import issuance, ledger
from registry_api.services.books import books
from registry_api.services.views import BatchCard
from tests.registry_api.a_registry import (
    PERIODS,
    REGISTRAR,
    Farm,
    approve,
    evidence,
    found,
    issue,
    make_settings,
    submit,
)

PLOTS = 3
PROJECTS = ("first-project", "second-project")
# Kilograms of one plot in one period: gains, losses, and amounts around a whole tonne.
SHARES = st.lists(
    st.integers(-4000, 9000) | st.sampled_from([0, 1, -1, 999, 1000, 1001]),
    min_size=PLOTS,
    max_size=PLOTS,
)


class LedgerMachine(RuleBasedStateMachine):
    """Two projects issue period after period, and everything is tried again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.settings = make_settings(self.home)
        self.db = database(self.settings.database)
        self.farms: dict[str, Farm] = {}
        self.period = dict.fromkeys(PROJECTS, 0)
        self.issued: list[tuple[str, str, BatchCard]] = []

    @initialize()
    def register(self) -> None:
        with self.db.writing() as session:
            for number, project in enumerate(PROJECTS):
                self.farms[project] = found(
                    session, self.settings, project_id=project, plots=PLOTS, shift=number / 10
                )

    @rule(project=st.sampled_from(PROJECTS), shares=SHARES)
    def issue_next_period(self, project: str, shares: list[int]) -> None:
        farm, period = self.farms[project], self.period[project]
        if period == len(PERIODS):
            return
        document = evidence(farm, shares, period=period)
        key = f"{project}-{period}"
        with self.db.writing() as session:
            batch = issue(session, farm, document, key)
        self.period[project] += 1
        self.issued.append((project, key, batch))

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def the_same_request_again(self, data: st.DataObject) -> None:
        _project, key, batch = data.draw(st.sampled_from(self.issued))
        with self.db.writing() as session:
            again = issuance.issue(
                session, batch.estimate_sha256, key, by=REGISTRAR, settings=self.settings
            )
        assert again == batch

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def the_same_estimate_under_another_key(self, data: st.DataObject) -> None:
        _project, _key, batch = data.draw(st.sampled_from(self.issued))
        with self.db.writing() as session, pytest.raises(AlreadyIssued):
            issuance.issue(
                session, batch.estimate_sha256, "another-key", by=REGISTRAR, settings=self.settings
            )

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def another_estimate_under_the_same_key(self, data: st.DataObject) -> None:
        _project, key, _batch = data.draw(st.sampled_from(self.issued))
        with self.db.writing() as session, pytest.raises(KeyReused):
            issuance.issue(session, "0" * 64, key, by=REGISTRAR, settings=self.settings)

    @rule(project=st.sampled_from(PROJECTS), stale_kg=st.integers(1, 5000))
    def an_estimate_with_stale_books(self, project: str, stale_kg: int) -> None:
        farm, period = self.farms[project], self.period[project]
        if period in (0, len(PERIODS)):
            return
        farm.books.cumulative_net_kg += stale_kg
        document: EvidenceDocument = evidence(farm, [1000] * PLOTS, period=period)
        farm.books.cumulative_net_kg -= stale_kg
        with self.db.writing() as session:
            sha256 = submit(session, farm, document)
            approve(session, sha256)
            with pytest.raises(EvidenceWrong):
                issuance.issue(session, sha256, "stale-books", by=REGISTRAR, settings=self.settings)

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def look_up_a_credit(self, data: st.DataObject) -> None:
        _project, _key, batch = data.draw(st.sampled_from(self.issued))
        for block in (batch.credits, batch.buffer):
            if block is None:
                continue
            unit = data.draw(st.integers(block.first_serial, block.last_serial))
            with self.db.reading() as session:
                answer = issued_credits.find_serial(session, block.text, unit=unit)
                assert (answer.block, answer.batch) == (block, batch)
                assert issued_credits.find_serial(session, answer.serial).block == block
                with pytest.raises(NotFound):
                    issued_credits.find_serial(session, block.text, unit=block.last_serial + 1)

    @invariant()
    def serials_follow_each_other_without_gap_or_overlap(self) -> None:
        with self.db.reading() as session:
            for project in PROJECTS:
                blocks = session.execute(
                    select(SerialBlock.first_serial, SerialBlock.last_serial)
                    .where(SerialBlock.project_id == project)
                    .order_by(SerialBlock.first_serial)
                ).all()
                assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(blocks))
                assert not blocks or blocks[0][0] == 1

    @invariant()
    def what_plots_gave_is_what_was_issued_and_what_is_carried(self) -> None:
        """Promise 3, over all issuances of a project."""
        with self.db.reading() as session:
            for project in PROJECTS:
                held = books(session, project)
                given = session.scalars(
                    select(func.coalesce(func.sum(PlotContribution.net_kg), 0))
                    .join(CreditBatch, CreditBatch.id == PlotContribution.batch_id)
                    .where(CreditBatch.project_id == project)
                ).one()
                assert given == 1000 * held.issued_before_t + held.carried_in_kg
                assert sum(held.plot_net_kg.values()) == given
                assert held.carried_in_kg < 1000

    @invariant()
    def the_chain_fits(self) -> None:
        with self.db.reading() as session:
            assert ledger.verify_chain(session).first_bad is None

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.home)


def test_the_ledger_keeps_its_promises() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
