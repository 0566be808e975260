"""What every answer carries beside its content: security headers and an ETag.

Written as plain ASGI, so that streamed answers stay streams.
"""

import hashlib
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",  # the map paints tiles it has made itself
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_MAP_READS = ("connect-src", "img-src")
_HSTS = "max-age=31536000; includeSubDomains"


def content_policy(basemap: str = "") -> str:
    """Say what a page may load: ours only, and a base map from the host of its style.

    Args:
        basemap: Address of the style; "" where there is none. Its tiles must be on the same host.
    """
    style = urlsplit(basemap)
    host = f" {style.scheme}://{style.netloc}" if style.scheme and style.netloc else ""
    return "; ".join(
        f"{name} {value}{host if name in _MAP_READS else ''}" for name, value in _POLICY.items()
    )


class SecurityHeaders:
    """Adds the headers that keep a browser strict."""

    def __init__(self, app: ASGIApp, *, https: bool, basemap: str = "") -> None:
        self.app = app
        self.headers = {"Content-Security-Policy": content_policy(basemap)} | _ALWAYS
        if https:
            self.headers["Strict-Transport-Security"] = _HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sending)


class EntityTags:
    """Names each answer of the API by its content, and sends nothing twice to who has it already.

    Only answers that come in one piece are named. What was answered to somebody in particular is
    kept by no cache, unless its route says otherwise.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asks = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if not asks or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope)
        known = sent.get("if-none-match", "")
        keep = "private, no-store" if {"authorization", "cookie"} & set(sent) else "no-cache"
        start: Message = {}

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start:
                MutableHeaders(scope=start).setdefault("Cache-Control", keep)
                if start["status"] == 200 and not message.get("more_body", False):  # noqa: PLR2004
                    message = _tagged(start, message, known)
                await send(start)
                start = {}
            await send(message)

        await self.app(scope, receive, sending)


def _tagged(start: Message, body: Message, known: str) -> Message:
    headers = MutableHeaders(scope=start)
    headers.setdefault("ETag", f'"{hashlib.sha256(body.get("body", b"")).hexdigest()}"')
    held = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if headers["ETag"] not in held and "*" not in held:
        return body
    start["status"] = 304
    del headers["Content-Length"], headers["Content-Type"]
    return {**body, "body": b""}
