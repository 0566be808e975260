"""Bearer tokens of one OpenID Connect issuer: whom the registry trusts to say who somebody is.

The issuer is a setting. Nothing that a token or the issuer's description says makes the registry
ask anywhere else: keys come from the issuer's own origin, or from the address that is set for them;
redirects are not followed, and `jku`, `x5u` and `jwk` in a token are not looked at. What a token
opens is its `scope` (RFC 8693) and nothing without; for whom, a registrar has said beforehand.
"""

import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import OutsideIdentity, OutsideIdentityEnd
from registry_api.errors import Contradiction, NotAcceptable, NotAuthenticated, NotFound, NotReady
from registry_api.services import clock
from registry_api.services.accounts import account
from registry_api.services.keys import SCOPES, Presented
from registry_api.settings import Settings

# Signatures that only the issuer can make; never `none`, never a shared secret (RFC 8725, 3.1).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
CLOCK_SKEW_S = 60.0
KEYS_KEPT_S = 3600.0  # a key that the issuer takes back is believed no longer than this [P]
_ASK_AGAIN_S = 30.0  # an unknown key id makes us ask, but not more often [P]
_PATIENCE_S = (3.0, 5.0)
_LARGEST_ANSWER_BYTES = 256_000
_LONGEST_TOKEN = 8_000
_CLAIMS = ["exp", "iat", "sub", "aud", "iss"]


class Issuer:
    """An issuer and its keys, asked for when they are needed and kept for `KEYS_KEPT_S`.

    Args:
        url: Of the issuer, as its tokens have it in `iss`.
        audience: What its tokens for this registry have in `aud`.
        keys_url: Where its keys are; empty asks its description (OpenID Connect Discovery 1.0).
        now: Seconds that never go back.
    """

    def __init__(
        self,
        url: str,
        audience: str,
        keys_url: str = "",
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self.audience, self.keys_url, self._now = url, audience, keys_url, now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._lock = Lock()

    def claims(self, token: str) -> Mapping[str, Any]:
        """Check a token and give what it says.

        Raises:
            NotAuthenticated: If it is not a token of this issuer for this registry and this hour.
            NotReady: If the issuer's keys cannot be had.
        """
        if len(token) > _LONGEST_TOKEN:
            raise NotAuthenticated("The token is too long to be one.")
        try:
            head = jwt.get_unverified_header(token)
            key = self._key(str(head.get("kid", "")))
            if head.get("alg") not in ALGORITHMS:
                raise NotAuthenticated(
                    f"The token is signed in a way that is not accepted; use {ALGORITHMS[0]}."
                )
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=self.url,
                leeway=CLOCK_SKEW_S,
                options={"require": _CLAIMS},
            )
        except jwt.PyJWTError as error:
            raise NotAuthenticated(
                f"The token is not accepted ({type(error).__name__}); get a new one from "
                f"{self.url} for '{self.audience}'."
            ) from error

    def _key(self, kid: str) -> jwt.PyJWK:
        with self._lock:
            now = self._now()
            stale = now - self._fetched_at > KEYS_KEPT_S
            if stale or (kid not in self._keys and now - self._asked_at > _ASK_AGAIN_S):
                self._asked_at = now
                self._keys = _usable(_fetch(self._where()))
                self._fetched_at = now
            found = self._keys.get(kid)
        if found is None:
            raise NotAuthenticated(f"The token's key is none of {self.url}; get a new token.")
        return found

    def _where(self) -> str:
        if self.keys_url:
            return _reachable(self.keys_url)
        described = _fetch(_reachable(self.url.rstrip("/") + "/.well-known/openid-configuration"))
        keys_url = str(described.get("jwks_uri", ""))
        if described.get("issuer") != self.url or _origin(keys_url) != _origin(self.url):
            raise NotReady(
                f"{self.url} describes itself as another issuer, or keeps its keys elsewhere; set "
                "PARKLAND_OIDC_KEYS_URL if that is meant."
            )
        return _reachable(keys_url)


def issuer_of(settings: Settings) -> Issuer | None:
    """Give the issuer that is trusted; None where there is none."""
    if not settings.oidc_issuer:
        return None
    return _issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_keys_url)


def is_token(presented: str) -> bool:
    """Tell a token in the form of RFC 7519 from a key of the registry."""
    return presented.count(".") == 2  # noqa: PLR2004  header, claims, signature


def authenticate(session: Session, issuer: Issuer, token: str) -> Presented:
    """Find who a token stands for, and how far it opens.

    Raises:
        NotAuthenticated: If it is not accepted, or its subject acts for no account here.
        NotReady: If the issuer's keys cannot be had.
    """
    claims = issuer.claims(token)
    found = _current(session, issuer.url, str(claims["sub"]))
    if found is None:
        raise NotAuthenticated(
            "Whoever this token is for acts for no account here; ask the registry to link it."
        )
    said = claims.get("scope", "")
    scopes = frozenset(said.split() if isinstance(said, str) else ()) & set(SCOPES)
    return Presented(account(session, found.account_id), scopes)


def link(session: Session, issuer_url: str, subject: str, account_id: str, *, by: str) -> None:
    """Let a subject of an issuer act for an account; again, it changes nothing.

    Raises:
        NotFound: If there is no such account.
        NotAcceptable: If there is no issuer, or the subject is none.
        Contradiction: If the subject acts for another account.
    """
    lock_for_writing(session)
    account(session, account_id)
    if not issuer_url or not subject or len(subject) > 255:  # noqa: PLR2004  OpenID Connect Core 2
        raise NotAcceptable(
            "A link needs PARKLAND_OIDC_ISSUER, and a subject of at most 255 characters."
        )
    held = _current(session, issuer_url, subject)
    if held is not None and held.account_id != account_id:
        raise Contradiction(f"This subject acts for {held.account_id}; unlink it first.")
    if held is None:
        session.add(
            OutsideIdentity(
                issuer=issuer_url,
                subject=subject,
                account_id=account_id,
                linked_by=by,
                linked_at=clock.now(),
            )
        )
        session.flush()


def unlink(session: Session, issuer_url: str, subject: str, *, by: str) -> None:
    """Let a subject act for nobody from now on.

    Raises:
        NotFound: If it acts for nobody.
    """
    lock_for_writing(session)
    held = _current(session, issuer_url, subject)
    if held is None:
        raise NotFound("This subject acts for no account.")
    session.add(OutsideIdentityEnd(identity_id=held.id, ended_by=by, ended_at=clock.now()))
    session.flush()


def _current(session: Session, issuer_url: str, subject: str) -> OutsideIdentity | None:
    return session.scalars(
        select(OutsideIdentity)
        .where(
            OutsideIdentity.issuer == issuer_url,
            OutsideIdentity.subject == subject,
            OutsideIdentity.id.not_in(select(OutsideIdentityEnd.identity_id)),
        )
        .order_by(OutsideIdentity.id.desc())
    ).first()


@lru_cache(maxsize=8)
def _issuer(url: str, audience: str, keys_url: str) -> Issuer:
    return Issuer(url, audience, keys_url)


def _usable(told: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    keys = {}
    listed = told.get("keys")
    for one in listed if isinstance(listed, list) else []:
        signs = isinstance(one, dict) and one.get("use", "sig") == "sig"
        if signs and one.get("kty") in {"RSA", "EC", "OKP"} and isinstance(one.get("kid"), str):
            try:
                keys[one["kid"]] = jwt.PyJWK(one)
            except jwt.PyJWTError:
                continue  # of a kind that is not known here
    return keys


def _fetch(url: str) -> dict[str, Any]:
    import requests  # the API starts light

    try:
        with requests.Session() as calls:
            calls.trust_env = False
            answer = calls.get(url, timeout=_PATIENCE_S, allow_redirects=False, stream=True)
            body = answer.raw.read(_LARGEST_ANSWER_BYTES + 1, decode_content=True)
        told = json.loads(body) if answer.status_code == requests.codes.ok else None
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise NotReady(f"{url} does not answer, so tokens cannot be checked just now.") from error
    if not isinstance(told, dict) or len(body) > _LARGEST_ANSWER_BYTES:
        raise NotReady(f"{url} does not answer as an issuer does, so tokens cannot be checked.")
    return told


def _reachable(url: str) -> str:
    parts = urlsplit(url)
    here = parts.hostname == "localhost"
    with suppress(ValueError):
        here = here or ipaddress.ip_address(parts.hostname or "").is_loopback
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise NotReady("The issuer's addresses must be https, or http on this machine.")
    return url


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
