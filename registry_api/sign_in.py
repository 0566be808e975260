"""How a browser stays signed in: one cookie, which counts on our own pages only.

The cookie holds the token of a session of `services.web_sessions`. Browsers send cookies along with
requests that other sites start, so a request with one has to say that it comes from here; a key in
a header is sent by nobody unasked and needs no such proof.
"""

from fastapi import Request, Response

from registry_api.errors import NotAllowed
from registry_api.settings import Settings

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# "none" is a person's own doing: an address typed in, a bookmark.
_OWN_SITE = {True: frozenset({"same-origin", "none"}), False: frozenset({"same-origin"})}


def cookie_name(settings: Settings) -> str:
    """Name the cookie; a browser accepts `__Host-` over https only, for one host and all paths."""
    return "__Host-parkland" if _https(settings) else "parkland"


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Give a browser its session."""
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=round(settings.session_hours * 3600),
        path="/",
        secure=_https(settings),
        httponly=True,
        samesite="strict",
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Take a browser's session from it."""
    response.delete_cookie(
        cookie_name(settings), path="/", secure=_https(settings), httponly=True, samesite="strict"
    )


def token_of(request: Request, settings: Settings) -> str | None:
    """Give the token of a request's session; None where it has no cookie.

    Raises:
        NotAllowed: If another site started the request.
    """
    token = request.cookies.get(cookie_name(settings))
    if not token:
        return None
    demand_own_page(request, settings)
    return token


def demand_own_page(request: Request, settings: Settings) -> None:
    """Insist that one of our own pages started a request; all browsers of this decade say so.

    Raises:
        NotAllowed: If it did not, or does not say.
    """
    reads = request.method in _READING
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        own = site in _OWN_SITE[reads]
    elif origin is not None:
        own = _is_here(origin, request, settings)
    else:
        own = reads
    if not own:
        raise NotAllowed(
            "This was not sent from a page of this registry, so its cookie does not count; use "
            "the page itself, or send a key as 'Authorization: Bearer <key>'."
        )


def _is_here(origin: str, request: Request, settings: Settings) -> bool:
    """Compare with the Host, which is one we answer to, under the scheme people reach us by."""
    here = f"{settings.public_url.scheme}://{request.headers.get('host', '')}"
    return origin == here


def _https(settings: Settings) -> bool:
    return settings.public_url.scheme == "https"
