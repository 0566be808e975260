"""What may be found on a plot, in the reader's language: titles, hints, and what columns mean.

The English is in `mrv.plots`, for reports and the API; here it is looked up and, for translators,
listed, as `locale/babel.cfg` asks.
"""

from collections.abc import Iterator
from gettext import NullTranslations

Found = tuple[int, str, str, list[str]]  # line, function, text, comments: as Babel takes them


def title(code: str, texts: NullTranslations) -> str:
    """Name a code in a few words of the reader's language."""
    from mrv.plots.catalogue import CATALOGUE  # brings pandas, which start-up does without

    words = CATALOGUE[code].title if code in CATALOGUE else code.replace("_", " ")
    said = texts.gettext(words)
    return said[:1].upper() + said[1:]


def hint(told: str, texts: NullTranslations) -> str:
    """Say how to mend a finding in the reader's language."""
    from mrv.plots.catalogue import OR_ACCEPT

    if told.endswith(f" {OR_ACCEPT}"):
        return f"{texts.gettext(told.removesuffix(f' {OR_ACCEPT}'))} {texts.gettext(OR_ACCEPT)}"
    return texts.gettext(told) if told else ""


def extract(*_asked: object, **_options: object) -> Iterator[Found]:
    """List the texts for translators; Babel calls it with this file, which says none of them."""
    from mrv.plots.catalogue import CATALOGUE, OR_ACCEPT
    from mrv.plots.columns import COLUMNS, PRIVATE_COLUMNS

    texts = {OR_ACCEPT: ["after the hint of a finding"]}
    for code in CATALOGUE.values():
        texts.setdefault(code.title, []).append(f"title of the finding {code.code}")
        texts.setdefault(code.hint, []).append(f"hint of the finding {code.code}")
    for column in (*COLUMNS, *PRIVATE_COLUMNS):
        texts.setdefault(column.meaning, []).append(f"what the column {column.name} means")
    for text, comments in texts.items():
        yield 1, "gettext", text, comments[:1]
