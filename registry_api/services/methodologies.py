"""Methodologies: the versions that are published, and which of them a project follows.

A period keeps the version of its first estimate. Later periods follow another one once a report of
what it would have changed is on file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.errors import RuleMissing
from mrv.evidence.documents import EvidenceDocument, MethodologyRef
from mrv.evidence.rules_reports import REPORT_FORMAT, report_digest
from mrv.methodologies import Methodology, load_methodology
from mrv.methodologies.releases import Release, find_release, releases
from registry_api.db import lock_for_writing
from registry_api.db.models import Estimate, MethodologyAdoption, MonitoringPeriod, Project
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import ledger
from registry_api.services.accounts import AccountView
from registry_api.services.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class AdoptionView:
    """That a project follows a version.

    Attributes:
        project_id: Whose later periods.
        methodology_id: Of the methodology.
        version: That they follow.
        report_sha256: Of what it would have changed in an earlier period.
        credits_before_t: Credits of that period under the version before [t CO2e].
        credits_after_t: Credits of it under this one [t CO2e].
        reason: In the developer's words.
        adopted_at: When.
    """

    project_id: str
    methodology_id: str
    version: int
    report_sha256: str
    credits_before_t: int
    credits_after_t: int
    reason: str
    adopted_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A released version.

    Attributes:
        id: Of the methodology.
        version: Counts from 1.
        title: For a person.
        released_on: Day.
        changes: What is other than in the version before.
        digest: Over the three below: the name of the release.
        rules_sha256: Of the file of rules, as evidence names it.
        golden_sha256: Of the cases whose answers it pins.
        code_sha256: Of the code of its day.
        unverified: Rules that rest on memory alone; with any, only a demonstration issues.
    """

    id: str
    version: int
    title: str
    released_on: date
    changes: str
    digest: str
    rules_sha256: str
    golden_sha256: str
    code_sha256: str
    unverified: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule, its unit, and what it rests on.

    Attributes:
        name: Section and name, with a dot between.
        value: Number, text or flag.
        unit: Of the value.
        source: Standard and clause, paper, or the reason of a policy.
        tag: V read in the primary source, V2 in a secondary one, C computed, P policy, M memory.
    """

    name: str
    value: int | float | str | bool
    unit: str
    source: str
    tag: str


@dataclass(frozen=True, slots=True)
class RulesView:
    """A released version with all of its rules."""

    release: ReleaseView
    rules: tuple[RuleView, ...]


def released() -> tuple[ReleaseView, ...]:
    """List all released versions, oldest first."""
    return tuple(
        _release(release, load_methodology(release.id, release.version)) for release in releases()
    )


def rules_of(methodology_id: str, version: int) -> RulesView:
    """Give a released version with its rules.

    Raises:
        NotFound: If there is none.
    """
    release, rules = published_version(methodology_id, version)
    return RulesView(
        _release(release, rules),
        tuple(
            RuleView(name, rule.value, rule.unit, rule.source, rule.tag)
            for name, rule in rules.rules.items()
        ),
    )


def published_version(methodology_id: str, version: int) -> tuple[Release, Methodology]:
    """Give one released version.

    Raises:
        NotFound: If there is none.
    """
    try:
        return find_release(methodology_id, version), load_methodology(methodology_id, version)
    except RuleMissing as missing:
        raise NotFound(missing.message) from missing


def adopt(
    session: Session, report: Mapping[str, Any], *, reason: str, by: AccountView
) -> AdoptionView:
    """Put the report on another version on file, so that later periods may follow it.

    The same version twice is one adoption: the first.

    Args:
        session: The transaction.
        report: As `mrv.verification.other_rules.compare_rules` writes it.
        reason: Why, in the developer's words.
        by: The project's developer.

    Raises:
        NotAcceptable: If it is no such report, it was changed, or its version is a draft.
        NotFound: If it is about an estimate that is not here.
        NotAllowed: If another developer brings it.
        Contradiction: If the version before is not the one of that estimate.
    """
    after = _checked(report)
    if not reason.strip():
        raise NotAcceptable("Say why the version is adopted, for whoever reads the report later.")
    lock_for_writing(session)
    project, estimate = _subject(session, report)
    if by.id != project.developer_id:
        raise NotAllowed(f"Only the developer of {project.id} may adopt a version for it.")
    followed = _rules_of(estimate)
    if followed.digest != report["before"]["sha256"]:
        raise Contradiction(
            f"The report compares with other rules than {followed.id} version {followed.version}, "
            "under which that estimate was made; compare again with those."
        )
    if (held := _adoption(session, project.id, after)) is not None:
        return _view(held)
    entry = ledger.append(
        session,
        "methodology_adopted",
        actor=by.id,
        payload={
            "project": project.id,
            "methodology": after.id,
            "version": after.version,
            "report": report["sha256"],
        },
    )
    adoption = MethodologyAdoption(
        project_id=project.id,
        methodology_id=after.id,
        version=after.version,
        rules_sha256=after.digest,
        report_sha256=report["sha256"],
        report=canonical_json(dict(report)),
        reason=reason.strip(),
        adopted_by=by.id,
        recorded_at=entry.recorded_at,
        sequence=entry.sequence,
    )
    session.add(adoption)
    session.flush()
    return _view(adoption)


def adoptions(session: Session, project_id: str) -> tuple[AdoptionView, ...]:
    """List the versions a project took up, oldest first.

    Raises:
        NotFound: If there is no such project.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    rows = session.scalars(
        select(MethodologyAdoption)
        .where(MethodologyAdoption.project_id == project_id)
        .order_by(MethodologyAdoption.sequence)
    )
    return tuple(_view(row) for row in rows)


def demand_followed(session: Session, document: EvidenceDocument, period: MonitoringPeriod) -> None:
    """Ask that an estimate follows the version of its period, or one whose report is on file.

    Raises:
        Contradiction: If the period was estimated under other rules, or those of this estimate are
            neither the project's so far nor adopted.
    """
    project_id, rules = document.project.id, document.methodology
    name = f"{rules.id} version {rules.version}"
    of_project = (
        select(Estimate)
        .join(MonitoringPeriod, MonitoringPeriod.id == Estimate.period_key)
        .where(MonitoringPeriod.project_id == project_id)
    )
    first = session.scalars(
        of_project.where(Estimate.period_key == period.id).order_by(Estimate.submitted_at).limit(1)
    ).first()
    if first is not None:
        pinned = _rules_of(first)
        if pinned.digest != rules.digest:
            raise Contradiction(
                f"Period {period.period_id} of {project_id} was estimated under {pinned.id} "
                f"version {pinned.version} and keeps it; run it under that version, and the next "
                f"period under {name}."
            )
        return
    last = session.scalars(of_project.order_by(Estimate.submitted_at.desc()).limit(1)).first()
    if last is None or _rules_of(last).digest == rules.digest:
        return
    if _adoption(session, project_id, rules) is None:
        raise Contradiction(
            f"{project_id} has not adopted {name}: see what it changes with `parkland methodology "
            "diff`, and put that report on file with `parkland methodology adopt`."
        )


def _release(release: Release, rules: Methodology) -> ReleaseView:
    return ReleaseView(
        id=release.id,
        version=release.version,
        title=rules.title,
        released_on=release.released_on,
        changes=release.changes,
        digest=release.digest,
        rules_sha256=release.rules_sha256,
        golden_sha256=release.golden_sha256,
        code_sha256=release.code_sha256,
        unverified=rules.unverified,
    )


def _checked(report: Mapping[str, Any]) -> Methodology:
    """Give the released version a report is about."""
    try:
        if report["format"] != REPORT_FORMAT or report["sha256"] != report_digest(report):
            raise NotAcceptable(
                "The report was changed after it was written, or is of another kind; write it "
                "again with `parkland methodology diff`."
            )
        after = report["after"]
        release, rules = published_version(str(after["id"]), int(after["version"]))
        if after["sha256"] != release.rules_sha256:
            raise NotAcceptable(
                f"The report is about a draft of {rules.id} version {rules.version}, not about "
                "what was released under that name; compare with the release."
            )
    except (KeyError, TypeError, ValueError) as error:
        raise NotAcceptable(
            "This is no report of `parkland methodology diff`; give the file it wrote."
        ) from error
    return rules


def _subject(session: Session, report: Mapping[str, Any]) -> tuple[Project, Estimate]:
    estimate = session.get(Estimate, str(report["estimate_sha256"]))
    period = None if estimate is None else session.get(MonitoringPeriod, estimate.period_key)
    project = None if period is None else session.get(Project, period.project_id)
    if estimate is None or project is None or project.id != report["project"]:
        raise NotFound("The report is about an estimate that this registry does not have.")
    return project, estimate


def _rules_of(estimate: Estimate) -> MethodologyRef:
    """Read what an estimate was made under, without taking its plots apart."""
    return MethodologyRef.model_validate(json.loads(estimate.document)["methodology"])


def _adoption(
    session: Session, project_id: str, rules: Methodology | MethodologyRef
) -> MethodologyAdoption | None:
    return session.scalars(
        select(MethodologyAdoption).where(
            MethodologyAdoption.project_id == project_id,
            MethodologyAdoption.methodology_id == rules.id,
            MethodologyAdoption.version == rules.version,
        )
    ).first()


def _view(adoption: MethodologyAdoption) -> AdoptionView:
    credits_t = json.loads(adoption.report)["credits_t"]
    return AdoptionView(
        project_id=adoption.project_id,
        methodology_id=adoption.methodology_id,
        version=adoption.version,
        report_sha256=adoption.report_sha256,
        credits_before_t=credits_t["before"],
        credits_after_t=credits_t["after"],
        reason=adoption.reason,
        adopted_at=adoption.recorded_at,
    )
