"""Every text can be put into another language, and numbers follow the reader."""

import json
import re
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mrv.plots.catalogue import CATALOGUE, or_accept
from registry_api.web import finding_texts, language, rendering
from tests.registry_api.web.conftest import Pages

WEB = Path(language.__file__).parent
TEMPLATE = WEB / "locale" / "messages.pot"
PSEUDO = "en_ZA"  # a real language tag, so that the real road is taken; country names stay English
HIDDEN = {"script", "style", "template"}
SPOKEN = {"aria-label", "title", "alt", "placeholder", "content", "data-label"}


@pytest.fixture
def pseudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language whose every text is the English one in brackets."""
    with TEMPLATE.open("rb") as file:
        template = read_po(file)
    catalogue = Catalog(locale=PSEUDO)
    for message in template:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        said = tuple(f"⟦{text}⟧" for text in ids)
        catalogue.add(message.id, said[0] if len(said) == 1 else said, context=message.context)
    folder = tmp_path / PSEUDO / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / f"{language.DOMAIN}.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    rendering.environment.cache_clear()
    yield
    rendering.environment.cache_clear()


class Spoken(HTMLParser):
    """Collects what a reader sees or hears outside of brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.inside: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a screen reader would say."""
        if tag in HIDDEN:
            self.inside.append(tag)
        named = dict(attrs)
        if tag == "meta" and named.get("name") != "description":
            return
        self.outside += [
            re.sub(r"⟦.*⟧", "", value or "", flags=re.DOTALL)
            for name, value in attrs
            if name in SPOKEN
        ]

    def handle_endtag(self, tag: str) -> None:
        """Leave a part that nobody sees."""
        if tag in HIDDEN and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        """Note what lies outside of brackets, which may span tags."""
        if self.inside:
            return
        kept = ""
        for letter in data:
            self.depth += (letter == "⟦") - (letter == "⟧")
            if self.depth == 0 and letter != "⟧":
                kept += letter
        self.outside.append(kept)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield str(key).upper()
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value


def _data(pages: Pages) -> list[str]:
    """Every text that comes from the registry itself, longest first."""
    digest = pages.batch.estimate_sha256
    answers = [
        f"/v1/projects/{pages.batch.project_id}", f"/v1/projects/{pages.refused}",
        f"/v1/projects/{pages.batch.project_id}/plots", f"/v1/estimates/{digest}",
        f"/v1/estimates/{digest}/plots/P-001", f"/v1/serials/{pages.serial}",
    ]  # fmt: skip
    known = {text for path in answers for text in _leaves(pages.client.get(path).json())}
    refused = pages.client.get(f"/v1/projects/{pages.refused}").json()
    known |= {
        text
        for period in refused["periods"]
        if period["estimate_sha256"]
        for text in _leaves(pages.client.get(f"/v1/estimates/{period['estimate_sha256']}").json())
    }
    known |= {text[:12] for text in known if re.fullmatch("[0-9a-f]{64}|0.1.0.*", text)}
    return sorted({*known, "Kenya", "UTC"}, key=len, reverse=True)


@pytest.mark.usefixtures("pseudo")
def test_every_text_of_every_page_can_be_translated(pages: Pages) -> None:
    """Outside of brackets nothing is left but data and numbers."""
    data = _data(pages)
    unmarked: dict[str, list[str]] = {}
    for path in [*pages.paths, "/projects/nobody", "/serials?serial=x"]:
        address = f"{path}{'&' if '?' in path else '?'}lang={PSEUDO.replace('_', '-')}"
        html = pages.client.get(address).text
        assert '<html lang="en-ZA">' in html
        reader = Spoken()
        reader.feed(html)
        assert reader.depth == 0
        for text in reader.outside:
            left = text
            for known in data:
                left = left.replace(known, "")
            if re.search(r"[^\W\d_]{2,}", left):
                unmarked.setdefault(path, []).append(text.strip())
    # One sentence of an error and an echo of what was asked are data, too.
    unmarked.get("/projects/nobody", []).remove("There is no project 'nobody'.")
    sentence = next(t for t in unmarked["/serials?serial=x"] if "is not a serial" in t)
    unmarked["/serials?serial=x"].remove(sentence)
    assert {path: texts for path, texts in unmarked.items() if texts} == {}


@pytest.mark.usefixtures("pseudo")
def test_words_inside_data_blocks_are_translated(pages: Pages) -> None:
    """What islands write comes translated from the server."""
    html = pages.client.get(f"/?lang={PSEUDO}").text
    block = re.search(r'id="places">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    data = json.loads(block[1])
    assert data["words"]["zoomIn"] == "⟦Zoom in⟧"
    assert data["features"]["features"][0]["properties"]["text"] == "⟦20 credits, 4 plots⟧"


def test_template_of_texts_is_up_to_date() -> None:
    """messages.pot holds exactly the texts of the templates and of the code."""
    with (WEB / "locale" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = {
        message if isinstance(message, str) else message[0]
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(WEB), method_map=methods, options_map=options
        )
    }
    with TEMPLATE.open("rb") as file:
        kept = read_po(file)
    held = {m.id if isinstance(m.id, str) else m.id[0] for m in kept if m.id}
    assert found == held, "run pybabel extract as locale/babel.cfg says"


def test_every_finding_can_be_said_in_another_language() -> None:
    """Titles, hints and the meanings of columns stand in the template, and are looked up whole."""

    class Shouting(NullTranslations):
        def gettext(self, message: str) -> str:
            assert message in held
            return message.upper()

    with TEMPLATE.open("rb") as file:
        held = {message.id for message in read_po(file)}
    for code in CATALOGUE.values():
        assert finding_texts.title(code.code, Shouting()) == code.title.upper()
        for told in (code.hint, or_accept(code.hint)):
            assert finding_texts.hint(told, Shouting()) == told.upper()


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        (None, "", "en"),
        (None, "fr-FR,fr;q=0.9,en;q=0.5", "fr"),
        (None, "vi;q=0.2, sw;q=0.8", "sw"),
        ("sw", "fr", "sw"),
        ("xx", "fr", "fr"),
        (None, "de, *;q=0.5", "en"),
        (None, ";q=, ,;;q=nonsense", "en"),
        ("../../etc", "", "en"),
    ],
)
def test_language_is_the_readers(
    asked: str | None, accepted: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address decides, then the browser, then English; never a language without texts."""
    monkeypatch.setattr(language, "languages", lambda: ["en", "fr", "sw"])
    assert language.choose(asked, accepted) == chosen


def test_numbers_follow_the_reader() -> None:
    """Thousands, decimals, per cent and minus as the CLDR has them."""
    assert language.number("en", 1234567.891, 2) == "1,234,567.89"
    assert language.number("de", 1234567.891, 2) == "1.234.567,89"
    assert language.number("en", -12) == "\N{MINUS SIGN}12"
    assert language.percent("en", 0.1834, 1) == "18.3%"
    assert language.country("fr", "KE") == "Kenya"
    assert language.country("de", "KG") == "Kirgisistan"
    assert language.country("en", "ZZZ") == "ZZZ"
