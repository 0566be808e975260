"""Certificates of retirement as verifiable credentials, signed, and the list of those revoked.

A certificate is written anew from the ledger each time, the same bytes while the key is the same.
Its bit in the status lists is the number of the ledger entry that retired the credits.

Source:
    W3C Verifiable Credentials Data Model 2.0; W3C Bitstring Status List 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence import credentials, status_lists
from registry_api.db.models import CertificateRevocation, LedgerEntry
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import ledger, signing, transparency
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.credits import batches_of
from registry_api.services.idempotency import once
from registry_api.services.order_views import Retirement, retirement
from registry_api.settings import Settings

# The second gives every word of ours a meaning of its own, so that JSON-LD readers drop none.
_CONTEXT = (credentials.CONTEXT, "https://www.w3.org/ns/credentials/undefined-terms/v2")
_ISSUER_NAME = "Parkland registry"
_LONGEST = 500

Credential = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a certificate counts no more.

    Attributes:
        retirement_id: Whose certificate.
        sequence: Of the ledger entry that says so.
    """

    retirement_id: str
    reason: str
    revoked_at: datetime
    sequence: int


def address(settings: Settings, order_id: str) -> str:
    """Give the address of a retirement's page, by which its certificate is named."""
    return f"{settings.public_url}retirements/{order_id}"


def certificate(session: Session, settings: Settings, order_id: str) -> Credential:
    """Write and sign the certificate of a retirement.

    Raises:
        NotFound: If there is no such retirement.
        NotReady: If the registry's signing key cannot be read.
    """
    shown = retirement(session, order_id)
    entry = session.get_one(LedgerEntry, shown.sequence)
    place = divmod(shown.sequence, status_lists.LENGTH)
    listed = f"{settings.public_url}v1/status-lists/{place[0]}"
    stated = _without_blanks(shown.terms)
    return _signed(
        session,
        settings,
        {
            "@context": list(_CONTEXT),
            "id": address(settings, shown.id),
            "type": ["VerifiableCredential", "CreditRetirementCertificate"],
            "name": f"{'Test only: retirement' if settings.sandbox else 'Retirement'} of "
            f"{shown.quantity_t} t CO2e for {shown.terms['beneficiary']}",
            "issuer": {"id": signing.controller(settings), "name": _ISSUER_NAME},
            "validFrom": credentials.moment(shown.retired_at),
            "credentialStatus": {
                "id": f"{listed}#{place[1]}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": str(place[1]),
                "statusListCredential": listed,
            },
            "credentialSubject": {
                "type": "CreditRetirement",
                **({"testUnits": True} if settings.sandbox else {}),
                "retirement": f"urn:uuid:{shown.id}",
                **stated,
                "quantity": {"value": shown.quantity_t, "unit": "t CO2e"},
                "retiredAt": credentials.moment(shown.retired_at),
                "credits": _credits(session, shown),
                "ledgerEntry": {
                    "sequence": shown.sequence,
                    "sha256": entry.entry_hash,
                    "logProof": _log_proof(session, settings, shown.sequence),
                },
            },
        },
        shown.retired_at,
    )


def status_list(session: Session, settings: Settings, number: int) -> Credential:
    """Write and sign the list of revoked certificates whose entries fall in one range.

    Raises:
        NotFound: If the ledger has not come that far.
        NotReady: If the registry's signing key cannot be read.
    """
    first = number * status_lists.LENGTH
    begun = session.get(LedgerEntry, max(first, 1))
    if begun is None:
        raise NotFound(f"There is no status list {number} yet.")
    revoked = session.scalars(
        select(CertificateRevocation)
        .where(
            CertificateRevocation.retired_sequence >= first,
            CertificateRevocation.retired_sequence < first + status_lists.LENGTH,
        )
        .order_by(CertificateRevocation.sequence)
    ).all()
    changed = revoked[-1].revoked_at if revoked else begun.recorded_at
    place = f"{settings.public_url}v1/status-lists/{number}"
    return _signed(
        session,
        settings,
        {
            "@context": [credentials.CONTEXT],
            "id": place,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": {"id": signing.controller(settings), "name": _ISSUER_NAME},
            "validFrom": credentials.moment(changed),
            "credentialSubject": {
                "id": f"{place}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": status_lists.encode(one.retired_sequence - first for one in revoked),
            },
        },
        changed,
    )


def revocation(session: Session, order_id: str) -> Revocation | None:
    """Say whether, why and when a retirement's certificate was revoked.

    Raises:
        NotFound: If there is no such retirement.
    """
    found = session.get(CertificateRevocation, UUID(retirement(session, order_id).id))
    return _shown(found) if found is not None else None


def revoke(session: Session, order_id: str, reason: str, key: str, *, by: str) -> Revocation:
    """Revoke a certificate whose words are wrong; what was retired stays retired.

    Args:
        session: The one transaction.
        order_id: Of the retirement.
        reason: Why, for everybody to read.
        key: The caller's name for this request.
        by: Account of a registrar.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such retirement.
        NotAcceptable: If no reason is given.
        Contradiction: If it was revoked already.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    shown = retirement(session, order_id)
    why = reason.strip()
    if not 0 < len(why) <= _LONGEST or not why.isprintable():
        raise NotAcceptable(f"A revocation has a reason of up to {_LONGEST} letters.")

    def act() -> str:
        if session.get(CertificateRevocation, UUID(shown.id)) is not None:
            raise Contradiction("That certificate is revoked already.")
        entry = ledger.append(
            session,
            "certificate_revoked",
            actor=by,
            payload={"retirement": shown.id, "reason_sha256": sha256_of_text(why)},
        )
        session.add(
            CertificateRevocation(
                order_id=UUID(shown.id),
                reason=why,
                revoked_at=entry.recorded_at,
                retired_sequence=shown.sequence,
                sequence=entry.sequence,
            )
        )
        session.flush()
        return shown.id

    request = {"retirement": shown.id, "reason": why}
    done = once(session, by, key, "revoke_certificate", request, act)
    return _shown(session.get_one(CertificateRevocation, UUID(done)))


def _signed(session: Session, settings: Settings, document: Credential, at: datetime) -> Credential:
    """Sign; dated no earlier than the key, and never with the time of asking."""
    key_id = signing.current_key_id(settings)
    since = {key.key_id: key.since for key in signing.public_keys(session)}.get(key_id, at)
    return credentials.with_proof(
        document,
        verification_method=f"{signing.controller(settings)}#{key_id}",
        created=max(at, since),
        sign=lambda message: signing.sign(settings, message).value,
    )


def _credits(session: Session, shown: Retirement) -> list[dict[str, Any]]:
    cards = batches_of(session, shown.serials)
    return [
        {
            "serial": serial,
            "project": card.project_name,
            "country": card.country,
            "monitoredFrom": card.vintage_start.isoformat(),
            "monitoredBefore": card.vintage_end.isoformat(),
            "methodology": f"{card.methodology_id} {card.methodology_version}",
            "evidenceSha256": card.estimate_sha256,
            "invented": card.simulated,
        }
        for serial, card in zip(shown.serials, cards, strict=True)
    ]


def _log_proof(session: Session, settings: Settings, sequence: int) -> dict[str, Any]:
    """Prove that the entry is in the log as it was right after it, so that it stays the same."""
    told = transparency.prove_inclusion(session, sequence, sequence)
    return {
        "size": told.size,
        "hashes": list(told.proof),
        "checkpoint": transparency.note(session, settings, sequence),
    }


def _without_blanks(terms: Mapping[str, object]) -> dict[str, object]:
    words = {
        "beneficiary_lei": "beneficiaryLei",
        "consumed_from": "consumedFrom",
        "consumed_until": "consumedUntil",
    }
    return {words.get(name, name): told for name, told in terms.items() if told not in ("", None)}


def _shown(row: CertificateRevocation) -> Revocation:
    return Revocation(str(row.order_id), row.reason, row.revoked_at, row.sequence)
