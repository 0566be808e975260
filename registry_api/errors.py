"""Every error the registry raises on purpose, and the HTTP status each becomes.

MrvError                      (mrv.errors: what is wrong with data or rules)
└── RegistryError             the registry will not do that
    ├── NotFound              there is no such thing here, or not for you
    ├── NotAuthenticated      no key, or one that is unknown or revoked
    ├── NotAllowed            known, but not in the role this needs
    ├── Contradiction         it would contradict what is recorded already
    │   ├── AlreadyIssued     that estimate, period or land has its credits
    │   └── LedgerBroken      the ledger does not agree with itself
    ├── NotAcceptable         what was handed in does not add up
    │   ├── EvidenceWrong     an evidence document contradicts itself or the registry
    │   ├── EvidenceMissing   a way down from the number is missing
    │   ├── UploadRefused     an archive or the project in it cannot be taken in
    │   ├── KeyReused         the idempotency key belongs to another request
    │   └── CursorInvalid     not a cursor of this list
    ├── KeyMissing            the request needs an Idempotency-Key
    ├── TooLarge              the request is larger than anything that is asked for there
    ├── TooSlow               the body of the request comes to a standstill
    ├── WrongMediaType        the body is of another kind than what is asked for
    └── NotReady              the registry cannot answer just now

HTTP appears nowhere else below the routes.
"""

from http import HTTPStatus

from mrv.errors import MrvError


class RegistryError(MrvError):
    """The registry will not do that."""

    code = "registry.refused"


class NotFound(RegistryError):
    """There is no such thing here, or not for you."""

    code = "registry.not_found"


class NotAuthenticated(RegistryError):
    """No key, or one that is unknown or revoked."""

    code = "registry.not_authenticated"


class NotAllowed(RegistryError):
    """Known, but not in the role this needs."""

    code = "registry.not_allowed"


class Contradiction(RegistryError):
    """It would contradict what is recorded already."""

    code = "registry.contradiction"


class AlreadyIssued(Contradiction):
    """That estimate, period or land has its credits."""

    code = "registry.already_issued"


class LedgerBroken(Contradiction):
    """The ledger does not agree with itself."""

    code = "registry.ledger_broken"


class NotAcceptable(RegistryError):
    """What was handed in does not add up."""

    code = "registry.not_acceptable"


class EvidenceWrong(NotAcceptable):
    """An evidence document contradicts itself or the registry."""

    code = "evidence.wrong"


class EvidenceMissing(NotAcceptable):
    """A way down from the number is missing."""

    code = "evidence.missing"


class UploadRefused(NotAcceptable):
    """An archive or the project in it cannot be taken in; the code says which of its faults."""

    code = "upload.refused"

    def __init__(self, fault: str, message: str, **facts: object) -> None:
        super().__init__(message, **facts)
        self.code = f"upload.{fault}"


class KeyReused(NotAcceptable):
    """The idempotency key belongs to another request."""

    code = "registry.key_reused"


class CursorInvalid(NotAcceptable):
    """Not a cursor of this list."""

    code = "registry.cursor_invalid"


class KeyMissing(RegistryError):
    """The request needs an Idempotency-Key."""

    code = "registry.key_missing"


class TooLarge(RegistryError):
    """The request is larger than anything that is asked for there."""

    code = "request.too_large"


class TooSlow(RegistryError):
    """The body of the request comes to a standstill, or hardly moves."""

    code = "request.too_slow"


class WrongMediaType(RegistryError):
    """The body is of another kind than what is asked for."""

    code = "request.media_type"


class NotReady(RegistryError):
    """The registry cannot answer just now."""

    code = "registry.not_ready"


# The most particular class of an error decides. Two statuses keep their old names until 3.13.
_STATUS: dict[type[MrvError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Contradiction: HTTPStatus.CONFLICT,
    KeyMissing: HTTPStatus.PRECONDITION_REQUIRED,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    WrongMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    MrvError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def status_of(error: MrvError) -> HTTPStatus:
    """Find the HTTP status of an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
