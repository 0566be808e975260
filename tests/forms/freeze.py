"""Write the XLSForms of schemas/forms: `python -m tests.forms.freeze`.

A test writes them again and compares; the questions are `questions.py`.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from tests.forms.plot_registration import PLOTS, PLOTS_KOBO
from tests.forms.questions import Form, Question
from tests.forms.tree_inventory import TREES

ALL = (PLOTS, PLOTS_KOBO, TREES)
FORMS = Path(__file__).resolve().parents[2] / "schemas/forms"
LANGUAGES = ("English (en)", "Français (fr)", "Kiswahili (sw)")
VERSION = "2026112201"
_SAVED_AT = re.compile(rb"(?<=W3CDTF\">)[^<]+")  # in docProps/core.xml
_MADE_AT = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a workbook's time has no zone


def to_xlsx(form: Form) -> bytes:
    """Write a form; the same form gives the same bytes."""
    book = openpyxl.Workbook()
    book.properties.creator = "Parkland"
    _fill(book.active, "survey", form.questions)
    choices = [
        {"list_name": of, "name": name, "label": label}
        for of, answers in form.choices.items()
        for name, label in answers.items()
    ]
    _fill(book.create_sheet(), "choices", choices)
    settings = {
        "form_title": form.title,
        "form_id": form.form_id,
        "version": VERSION,
        "default_language": LANGUAGES[0],
        "instance_name": form.instance_name,
    }
    _fill(book.create_sheet(), "settings", [settings])
    written = io.BytesIO()
    book.save(written)
    return _without_times(written.getvalue())


def _fill(sheet: Worksheet, title: str, rows: Sequence[Question]) -> None:
    sheet.title = title
    flat = [dict(_cells(row)) for row in rows]
    header = list(dict.fromkeys(name for row in flat for name in row))
    sheet.append(header)
    for row in flat:
        sheet.append([row.get(name) for name in header])
    sheet.freeze_panes = "A2"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = 28


def _cells(row: Question) -> Iterator[tuple[str, str]]:
    for name, told in row.items():
        if isinstance(told, str):
            yield name, told
        else:
            for language, words in zip(LANGUAGES, told, strict=True):
                yield f"{name}::{language}", words


def _without_times(xlsx: bytes) -> bytes:
    """Pack a workbook again without the times at which it was packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as old, zipfile.ZipFile(packed, "w") as new:
        for member in sorted(old.namelist()):
            told = _SAVED_AT.sub(_MADE_AT.isoformat().encode() + b"Z", old.read(member))
            new.writestr(zipfile.ZipInfo(member), told)
    return packed.getvalue()


def main() -> None:
    for form in ALL:
        (FORMS / f"{form.name}.xlsx").write_bytes(to_xlsx(form))


if __name__ == "__main__":
    main()
