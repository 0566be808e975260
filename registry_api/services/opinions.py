"""Opinions: how a verification ends, signed as a verifiable credential that issuance needs.

A positive or qualified opinion lets a period be issued; an adverse one, or one that is withheld,
sends it back. The registry signs what the assigned verifier stated in its own session; the text is
kept as it was signed.

Source:
    ISO 14064-3:2019, 9 and ISSA 5000 for the fields; W3C Verifiable Credentials Data Model 2.0.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy.orm import Session

from mrv.errors import InputRejected
from mrv.evidence import credentials
from mrv.evidence.documents import EvidenceDocument
from registry_api.db.models import (
    Account,
    Estimate,
    LedgerEntry,
    MonitoringPeriod,
    VerificationAssignment,
    VerificationDecision,
    VerificationOpinion,
)
from registry_api.errors import (
    AlreadyIssued,
    Contradiction,
    EvidenceMissing,
    EvidenceWrong,
    NotAcceptable,
    NotAllowed,
    NotFound,
)
from registry_api.services import (
    assignments,
    audit_samples,
    clock,
    members,
    recomputations,
    signing,
    verification,
    verification_findings,
)
from registry_api.services.accounts import demand_role, demonstration_account
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.views import Decision, OpinionKind
from registry_api.settings import Settings

LETS_ISSUE: frozenset[OpinionKind] = frozenset({"positive", "qualified"})
DEMONSTRATION_STATEMENT = (
    "Signed by a program in a demonstration registry. Nobody looked at the evidence; this is not "
    "a verification, and what is issued on it is not a credit anyone may rely on."
)
_DEMONSTRATION_QUALIFICATION = "Nobody looked at the evidence."
_CONTEXT = (credentials.CONTEXT, "https://www.w3.org/ns/credentials/undefined-terms/v2")
_ISSUER_NAME = "Parkland registry"
_LONGEST = 10_000

Credential = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a verifier states.

    Attributes:
        statement: What it rests on.
        qualification: What it is qualified by, or why it is adverse or withheld; empty only of a
            positive one.
    """

    opinion: OpinionKind
    statement: str
    qualification: str = ""


def give(
    session: Session, settings: Settings, estimate_sha256: str, stated: Opinion, *, by: str
) -> Decision:
    """Record and sign the opinion on a run; the same again changes nothing.

    Args:
        session: The transaction.
        settings: Say with which key is signed.
        estimate_sha256: Digest of the evidence document.
        stated: The opinion.
        by: Account of the assigned verifier.

    Raises:
        NotFound: If there is no such estimate.
        NotAllowed: If the account is no verifier, has an interest in the estimate, or is not
            assigned to its period.
        NotAcceptable: If a text is missing or far too long.
        Contradiction: If findings are open, the run is superseded, or a positive opinion is given
            though a recomputed number differs.
        EvidenceMissing: If no sample was drawn or nothing was computed again.
        AlreadyIssued: If the estimate is issued, which ends verification.
        NotReady: If the registry's signing key cannot be read.
    """
    estimate = _estimate(session, estimate_sha256)
    verifier = demand_role(session, by, "verifier")
    interested = verification.interested_in(session, estimate)
    if by in interested:
        raise NotAllowed(
            f"Account {by} developed or submitted this estimate and cannot verify it.", account=by
        )
    members.demand_apart(session, by, interested)
    _demand_texts(stated)
    newest = verification.newest_decision(session, estimate_sha256)
    if newest is not None and newest.account_id == by:
        held = session.get(VerificationOpinion, newest.id)
        said = (newest.statement, held.opinion, held.qualification) if held else None
        if said == (stated.statement, stated.opinion, stated.qualification):
            return verification.view(session, newest, verifier.name)
    if verification.state_of(session, estimate) == "issued":
        raise AlreadyIssued("This estimate is issued; a decision on it comes too late.")
    assignment = assignments.current(session, estimate.period_key)
    if assignment is None or assignment.verifier_id != by:
        raise NotAllowed(
            f"{by} is not assigned to this period; a registrar assigns who verifies it.",
            account=by,
        )
    if stated.opinion in LETS_ISSUE:
        _demand_done(session, estimate, assignment, stated)
    return _record(session, settings, estimate, assignment, stated, demonstration=False)


def sign_for_demonstration(
    session: Session, settings: Settings, estimate_sha256: str
) -> Decision | None:
    """Sign without anybody looking, and say so in the statement and the credential.

    Assignment, sample and recomputation are real; only nobody looked at them.

    Returns:
        The decision; None where a person is assigned to the period, who gives the opinion then.

    Raises:
        NotAllowed: If this registry is not a demonstration.
        NotFound: If there is no such estimate.
    """
    verifier = demonstration_account(session, settings, "verifier")
    registrar = demonstration_account(session, settings, "registrar")
    estimate = _estimate(session, estimate_sha256)
    assignment = assignments.current(session, estimate.period_key)
    if assignment is not None and assignment.verifier_id != verifier.id:
        return None
    if assignment is None:
        period = session.get_one(MonitoringPeriod, estimate.period_key)
        terms = assignments.Terms(level_of_assurance="none")
        assignment = assignments.note(session, period, verifier.id, terms, by=registrar.id)
    audit_samples.note(session, assignment, by=verifier.id)
    recomputations.note(session, settings, assignment, by=verifier.id)
    stated = Opinion("qualified", DEMONSTRATION_STATEMENT, _DEMONSTRATION_QUALIFICATION)
    return _record(session, settings, estimate, assignment, stated, demonstration=True)


def credential(session: Session, estimate_sha256: str) -> Credential:
    """Give the signed statement of the opinion that counts on an estimate.

    Raises:
        NotFound: If there is no such estimate, or no opinion on it.
    """
    _estimate(session, estimate_sha256)
    newest = verification.newest_decision(session, estimate_sha256)
    held = session.get(VerificationOpinion, newest.id) if newest else None
    if held is None:
        raise NotFound("No opinion on this estimate was signed.", estimate=estimate_sha256)
    text: Credential = json.loads(held.credential)
    return text


def demand_signed(
    session: Session, settings: Settings, estimate_sha256: str
) -> VerificationDecision:
    """Insist on a signed opinion that lets an estimate be issued, and check its signature.

    Raises:
        NotAllowed: If nobody approved, or what was said bears no signature of this registry.
        EvidenceWrong: If the signed statement is not what was signed, or is of another estimate.
        Contradiction: If findings were put on the period since.
    """
    decision = verification.newest_decision(session, estimate_sha256)
    if decision is None or not decision.approved:
        raise NotAllowed(
            "This estimate has no approval by a verifier; issuance needs one.",
            estimate=estimate_sha256,
        )
    held = session.get(VerificationOpinion, decision.id)
    if held is None:
        raise NotAllowed(
            "The approval of this estimate is not a signed opinion; issuance needs one.",
            estimate=estimate_sha256,
        )
    try:
        document = credentials.check(
            json.loads(held.credential), _key_of(session, settings, decision)
        )
    except InputRejected as fault:
        raise EvidenceWrong(
            f"The signed opinion on this estimate does not hold: {fault.message}",
            estimate=estimate_sha256,
        ) from fault
    subject = document["credentialSubject"]
    if (subject["estimateSha256"], subject["opinion"]) != (estimate_sha256, held.opinion):
        raise EvidenceWrong("The signed opinion is of another estimate, or says something else.")
    open_now = verification_findings.left_open(
        session, session.get_one(Estimate, estimate_sha256).period_key
    )
    if open_now:
        raise Contradiction(
            f"Findings {', '.join(str(finding.number) for finding in open_now)} were put on this "
            "period since its opinion and are open; nothing is issued before they are closed."
        )
    return decision


def _demand_texts(stated: Opinion) -> None:
    if stated.opinion not in get_args(OpinionKind):
        raise NotAcceptable(f"An opinion is one of {', '.join(get_args(OpinionKind))}.")
    if not stated.statement.strip() or max(len(stated.statement), len(stated.qualification)) > (
        _LONGEST
    ):
        raise NotAcceptable(
            f"A decision needs a statement of 1 to {_LONGEST} characters that says what it rests "
            "on."
        )
    if (stated.opinion == "positive") == bool(stated.qualification.strip()):
        raise NotAcceptable(
            "A positive opinion has no qualification, and every other one says what it is "
            "qualified by or why it is not positive."
        )


def _demand_done(
    session: Session, estimate: Estimate, assignment: VerificationAssignment, stated: Opinion
) -> None:
    """Insist on the work that an opinion which lets a period be issued rests on."""
    if verification.state_of(session, estimate) == "superseded":
        raise Contradiction("A later run took this one's place; give the opinion on that.")
    open_now = verification_findings.left_open(session, estimate.period_key)
    if open_now:
        raise Contradiction(
            f"Findings {', '.join(str(finding.number) for finding in open_now)} are open; close "
            "them before an opinion that lets the period be issued."
        )
    if audit_samples.sample_of(session, assignment.id, estimate.sha256) is None:
        raise EvidenceMissing("No sample of this run was drawn yet; draw it first.")
    done = _whole(session, assignment, estimate)
    if done is None:
        raise EvidenceMissing("This run was not computed again yet; do that first.")
    if stated.opinion == "positive" and done.different:
        raise Contradiction(
            f"{done.different} numbers differ when computed again, so the opinion is not positive; "
            "qualify it, or have the period run again."
        )


def _whole(
    session: Session, assignment: VerificationAssignment, estimate: Estimate
) -> recomputations.RecomputationView | None:
    done = recomputations.of_run(session, assignment.id, estimate.sha256)
    return next((each for each in done if not each.plot_id), None)


def _record(  # whose, on what, and what is said
    session: Session,
    settings: Settings,
    estimate: Estimate,
    assignment: VerificationAssignment,
    stated: Opinion,
    *,
    demonstration: bool,
) -> Decision:
    signing.adopt(session, settings)
    decision = verification.record(
        session,
        estimate,
        by=assignment.verifier_id,
        approved=stated.opinion in LETS_ISSUE,
        statement=stated.statement,
        demonstration=demonstration,
        terms={
            "verification": str(assignment.id),
            "opinion": stated.opinion,
            "qualification_sha256": sha256_of_text(stated.qualification),
        },
    )
    document = _document(session, settings, estimate, assignment, stated, decision)
    key_id = signing.current_key_id(settings)
    signed = credentials.with_proof(
        document,
        verification_method=f"{signing.controller(settings)}#{key_id}",
        created=clock.now(),
        sign=lambda message: signing.sign(settings, message).value,
    )
    text = canonical_json(signed)
    session.add(
        VerificationOpinion(
            decision_id=decision.id,
            assignment_id=assignment.id,
            opinion=stated.opinion,
            qualification=stated.qualification,
            credential=text,
            credential_sha256=sha256_of_text(text),
        )
    )
    session.flush()
    return verification.view(
        session, decision, session.get_one(Account, assignment.verifier_id).name
    )


def _document(  # all of it stands in the statement
    session: Session,
    settings: Settings,
    estimate: Estimate,
    assignment: VerificationAssignment,
    stated: Opinion,
    decision: VerificationDecision,
) -> Credential:
    evidence = EvidenceDocument.model_validate_json(estimate.document)
    sample = audit_samples.sample_of(session, assignment.id, estimate.sha256)
    done = _whole(session, assignment, estimate)
    found = verification_findings.of_period(session, estimate.period_key)
    total_kg = sum(abs(plot.net_kg) for plot in evidence.plots)
    subject: Credential = {
        "type": "GreenhouseGasStatement",
        "estimateSha256": estimate.sha256,
        "project": evidence.project.id,
        "period": {
            "id": evidence.period.id,
            "from": evidence.period.start.isoformat(),
            "before": evidence.period.end.isoformat(),
        },
        "criteria": {
            "methodology": f"{evidence.methodology.id} {evidence.methodology.version}",
            "digest": evidence.methodology.digest,
        },
        "engagementType": "verification",
        "verifier": {
            "account": assignment.verifier_id,
            "name": session.get_one(Account, assignment.verifier_id).name,
        },
        "levelOfAssurance": assignment.level_of_assurance,
        "materiality": str(assignment.materiality_fraction),
        "opinion": stated.opinion,
        "statement": stated.statement,
        "quantity": {"value": estimate.credits_t, "unit": "t CO2e"},
        "findings": {
            "raised": len(found),
            "closed": sum(finding.state == "closed" for finding in found),
        },
        "demonstration": decision.demonstration,
        "ledgerEntry": {
            "sequence": decision.sequence,
            "sha256": session.get_one(LedgerEntry, decision.sequence).entry_hash,
        },
    }
    if stated.qualification:
        subject["qualification"] = stated.qualification
    if sample is not None:
        subject["coverage"] = {
            "sampleSeed": sample.seed,
            "plots": len(sample.plots),
            "ofPlots": sample.frame_plots,
            "confidence": str(assignment.confidence),
            "coveredKg": sample.covered_kg,
            "ofKg": total_kg,
        }
    if done is not None:
        subject["recomputed"] = {
            "equal": done.equal,
            "differs": done.different,
            "missing": done.missing,
            "codeVersion": done.code_version,
        }
    return {
        "@context": list(_CONTEXT),
        "id": f"{settings.public_url}v1/estimates/{estimate.sha256}/opinion",
        "type": ["VerifiableCredential", "VerificationOpinion"],
        "name": f"Opinion on {evidence.project.name}, {evidence.period.id}",
        "issuer": {"id": signing.controller(settings), "name": _ISSUER_NAME},
        "validFrom": credentials.moment(decision.decided_at),
        "credentialSubject": subject,
    }


def _key_of(
    session: Session, settings: Settings, decision: VerificationDecision
) -> Callable[[str], str]:
    trusted = {
        key.key_id
        for key in signing.public_keys(session)
        if key.void_from is None or decision.decided_at < key.void_from
    }

    def find(method: str) -> str:
        controller, _, key_id = method.partition("#")
        if controller != signing.controller(settings) or key_id not in trusted:
            raise InputRejected("The key that signed the opinion is none of this registry's.")
        return key_id

    return find


def _estimate(session: Session, estimate_sha256: str) -> Estimate:
    estimate = session.get(Estimate, estimate_sha256)
    if estimate is None:
        raise NotFound("There is no estimate with that digest.", estimate=estimate_sha256)
    return estimate
