"""The reader's language: which one, its texts, its numbers and its names of countries.

Texts come from gettext catalogues under `locale/<language>/LC_MESSAGES/parkland.mo`, made from
`locale/messages.pot`; numbers and country names come from the CLDR, through Babel. English is
written in the templates themselves and needs no catalogue.
"""

from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.numbers import format_decimal, format_percent

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "parkland"
SOURCE = "en"
_CODE_LENGTH = 2
_NO_COUNTRIES = frozenset(  # the CLDR names them by codes that ISO reserves or leaves to users
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
)


def languages() -> list[str]:
    """List the languages there are texts in."""
    found = LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return [SOURCE, *sorted(file.parent.parent.name for file in found)]


def choose(asked: str | None, accepted: str) -> str:
    """Choose a language: the one asked for in the address, else the browser's, else English.

    Args:
        asked: Value of `?lang=`.
        accepted: The Accept-Language header.
    """
    preferred = [asked] if asked else []
    preferred += [tag for _, tag in sorted(map(_weighted, accepted.split(",")), reverse=True)]
    tags = [tag.replace("-", "_") for tag in preferred if tag]
    return negotiate_locale(tags, languages()) or SOURCE


def _weighted(item: str) -> tuple[float, str]:
    tag, _, quality = item.strip().partition(";q=")
    try:
        return float(quality or 1), tag
    except ValueError:
        return 0.0, ""


def texts(language: str) -> NullTranslations:
    """Give the catalogue of a language; without one, the English of the templates."""
    return translation(DOMAIN, LOCALE, [language], fallback=True)


@lru_cache(maxsize=32)
def _conventions(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale(SOURCE)


def number(language: str, value: float, decimals: int = 0) -> str:
    """Write a number with thousands marked, e.g. 12,345.6."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=f"{pattern};\u2212{pattern}", locale=_conventions(language))


def percent(language: str, fraction: float, decimals: int = 0) -> str:
    """Write a fraction as per cent, e.g. 0.2 as 20%."""
    pattern = "0" + ("." + "0" * decimals if decimals else "") + "%"
    return format_percent(fraction, format=pattern, locale=_conventions(language))


def country(language: str, code: str) -> str:
    """Name a country by its ISO 3166 code; an unknown code is given back."""
    return str(_conventions(language).territories.get(code, code))


def countries(language: str) -> list[tuple[str, str]]:
    """List the countries of ISO 3166 by their names, each with its code."""
    territories = _conventions(language).territories
    named = [
        (str(name), code)
        for code, name in territories.items()
        if len(code) == _CODE_LENGTH and code.isalpha() and code not in _NO_COUNTRIES
    ]
    return sorted(named, key=lambda pair: pair[0].casefold())
