"""From an answer of the services to HTML: one Jinja environment per language, and its filters.

Autoescape is on for every template; a name that is not there is an error, not an empty space.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from gettext import NullTranslations
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from registry_api.services import clock
from registry_api.sign_in import cookie_name
from registry_api.web import assets, language
from registry_api.web.vocabulary import Vocabulary, vocabulary

KG_PER_TONNE = 1000


@lru_cache(maxsize=8)
def environment(tongue: str) -> Environment:
    """Set up Jinja for one language."""
    env = Environment(
        loader=PackageLoader("registry_api.web"),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = language.texts(tongue)
    env.install_gettext_translations(texts, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        island=assets.island, static=assets.static, words=vocabulary(texts), language=tongue
    )
    env.filters.update(_filters(tongue))
    return env


def _filters(tongue: str) -> dict[str, Callable[..., object]]:
    number = partial(language.number, tongue)
    return {
        "number": number,
        "tonnes": lambda kg, decimals=1: number(kg / KG_PER_TONNE, decimals),
        "percent": partial(language.percent, tongue),
        "country": partial(language.country, tongue),
        "day": _day,
        "moment": _moment,
        "last_day": lambda end: _day(end - timedelta(days=1)),
        "short": lambda digest: digest[:12],
    }


def _day(when: date) -> str:
    return (when.astimezone(UTC).date() if isinstance(when, datetime) else when).isoformat()


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def texts_for(request: Request) -> NullTranslations:
    """Give the texts in the reader's language."""
    return language.texts(tongue_of(request))


def words_for(request: Request) -> Vocabulary:
    """Give the terms in the reader's language."""
    return vocabulary(texts_for(request))


def tongue_of(request: Request) -> str:
    """Choose the language of one request."""
    asked = request.query_params.get("lang")
    return language.choose(asked, request.headers.get("accept-language", ""))


def page(request: Request, template: str, *, status_code: int = 200, **told: Any) -> HTMLResponse:  # noqa: ANN401  # any answer of the services
    """Render one page for one request.

    Args:
        request: Decides the language.
        template: Name under `templates/`.
        status_code: HTTP status.
        **told: What the template tells.
    """
    signed_in = cookie_name(request.app.state.settings) in request.cookies
    html = (
        environment(tongue_of(request))
        .get_template(template)
        .render(
            now=clock.now(),
            path=request.url.path,
            demonstration=request.app.state.settings.demo,
            sandbox=request.app.state.settings.sandbox,
            signed_in=signed_in,
            **told,
        )
    )
    headers = {"Vary": "Accept-Language, HX-Request, Cookie"}
    if signed_in:  # it may show a boundary or a farmer, and no cache is to keep that
        headers["Cache-Control"] = "private, no-store"
    return HTMLResponse(html, status_code, headers=headers)
