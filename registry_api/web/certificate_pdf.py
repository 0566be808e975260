"""The certificate of a retirement as a PDF: the page's content to print, mail and scan.

The same retirement in the same language gives the same bytes. Fonts are embedded; letters that
they lack are shown as boxes, with a sentence that says where the name stands whole.
"""

from dataclasses import dataclass
from functools import lru_cache
from gettext import NullTranslations
from html import escape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import segno
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_INK, _QUIET, _LINE = HexColor("#1c2b22"), HexColor("#4a5a50"), HexColor("#b9c5bd")
_FONTS = {
    "Certificate": "DejaVuSans.ttf",
    "Certificate-Bold": "DejaVuSans-Bold.ttf",
    "Certificate-Mono": "DejaVuSansMono.ttf",
}
_BOX = "\u25a1"
_QUIET_MODULES = 4  # light modules around a QR code (ISO/IEC 18004)
_CODE_MM, _MARGIN_MM, _NAMES_MM = 34, 20, 38
_FRAME_PADDING = 6  # points, that reportlab leaves inside its frame on each side


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a certificate.

    Attributes:
        name: What it is.
        values: What it says, a paragraph each.
        mono: Whether it is to be typed off, character by character.
    """

    name: str
    values: tuple[str, ...]
    mono: bool = False


def certificate_pdf(
    *,
    title: str,
    sentences: tuple[str, ...],
    facts: tuple[Fact, ...],
    address: str,
    language: str,
    texts: NullTranslations,
) -> bytes:
    """Draw a certificate.

    Args:
        title: Of the document, for people and for readers of screens.
        sentences: What it says first.
        facts: What it says in detail.
        address: Of its page; the code is that of the address.
        language: Of the texts, BCP 47.
        texts: In that language.
    """
    _fonts()
    body = ParagraphStyle("body", fontName="Certificate", fontSize=10, leading=15, textColor=_INK)
    head = ParagraphStyle("head", body, fontName="Certificate-Bold", fontSize=20, leading=26)
    name = ParagraphStyle("name", body, textColor=_QUIET, fontSize=9)
    # Serials have no spaces to break at; the rule for ideographs breaks anywhere.
    mono = ParagraphStyle("mono", body, fontName="Certificate-Mono", fontSize=8.5, wordWrap="CJK")
    rows = [
        [
            Paragraph(_drawable(fact.name), name),
            [Paragraph(_drawable(value), mono if fact.mono else body) for value in fact.values],
        ]
        for fact in facts
    ]
    width = A4[0] - 2 * _MARGIN_MM * mm - 2 * _FRAME_PADDING
    table = Table(rows, colWidths=(_NAMES_MM * mm, width - _NAMES_MM * mm), splitInRow=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    said = " ".join((*sentences, *(value for fact in facts for value in fact.values)))
    if _lacking(said):
        sentences += (
            texts.gettext("Letters that this file cannot show stand on the certificate's page."),
        )
    where = texts.gettext("This certificate's address:")
    flow: list[Flowable] = [
        Paragraph(_drawable(title), head),
        Spacer(0, 4 * mm),
        *(Paragraph(_drawable(sentence), body) for sentence in sentences),
        Spacer(0, 5 * mm),
        table,
        Spacer(0, 6 * mm),
        _Code(address),
        Paragraph(f'{escape(where)}<br/><a href="{escape(address)}">{escape(address)}</a>', mono),
    ]
    written = BytesIO()
    SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=_MARGIN_MM * mm,
        rightMargin=_MARGIN_MM * mm,
        topMargin=_MARGIN_MM * mm,
        bottomMargin=_MARGIN_MM * mm,
        title=title,
        author="Parkland",
        lang=language,
        displayDocTitle=1,
        invariant=1,
    ).build(flow)
    return written.getvalue()


class _Code(Flowable):
    """A QR code of an address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.rows = [
            list(row) for row in segno.make(address, micro=False).matrix_iter(border=_QUIET_MODULES)
        ]
        self.width = self.height = _CODE_MM * mm

    def draw(self) -> None:
        """Draw it module by module, so that it stays sharp at any size."""
        side = self.width / len(self.rows)
        self.canv.setFillColor(black)
        for y, row in enumerate(reversed(self.rows)):
            for x, dark in enumerate(row):
                if dark:
                    self.canv.rect(x * side, y * side, side, side, stroke=0, fill=1)


@lru_cache(maxsize=1)
def _fonts() -> tuple[TTFont, ...]:
    # reportlab's own fonts end with western Europe; DejaVu comes with matplotlib, which is not
    # imported for it.
    found = find_spec("matplotlib")
    places = list(found.submodule_search_locations or ()) if found else []
    folder = Path(places[0]) / "mpl-data" / "fonts" / "ttf"
    fonts = tuple(TTFont(name, str(folder / file)) for name, file in _FONTS.items())
    for font in fonts:
        pdfmetrics.registerFont(font)
    return fonts


def _lacking(text: str) -> set[str]:
    known = _fonts()[0].face.charToGlyph
    return {letter for letter in text if ord(letter) not in known}


def _drawable(text: str) -> str:
    missing = _lacking(text)
    return escape("".join(_BOX if letter in missing else letter for letter in text))
