"""Exports of a form as ODK Central and KoboToolbox write them, built from the form's own structure.

The structure is read from the XLSForm itself with pyxform, so that a renamed question or group
shows in the export as it would in the field. Column names of the servers are those of their
documented exports (ODK Central: SubmissionDate ... FormVersion, KEY and PARENT_KEY; KoboToolbox:
_id ... _index, _parent_index), and a geopoint is split as each of them splits it.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from pyxform.question import Question
from pyxform.section import GroupedSection, RepeatingSection, Section
from pyxform.xls2xform import convert

from tests.forms.freeze import FORMS
from tests.forms.questions import Form

Answers = Mapping[str, Any]  # name of a question -> answer; of a repeat -> list of Answers


@dataclass(slots=True)
class Table:
    """One table of an export: the form's root or one repeat."""

    name: str
    columns: list[tuple[str, ...]] = field(default_factory=list)  # path of groups and question
    kinds: dict[tuple[str, ...], str] = field(default_factory=dict)
    repeats: list["Table"] = field(default_factory=list)


def structure(form: str) -> Table:
    """Read the tables of an export from a form of ours."""
    survey = convert(FORMS / f"{form}.xlsx", validate=False)._survey
    root = Table(survey.id_string)
    _walk(survey, (), root)
    return root


def _walk(section: Section, path: tuple[str, ...], table: Table) -> None:
    for child in section.children:
        if isinstance(child, RepeatingSection):
            repeat = Table(child.name)
            table.repeats.append(repeat)
            _walk(child, (), repeat)
        elif isinstance(child, GroupedSection) and child.name != "meta":
            _walk(child, (*path, child.name), table)
        elif isinstance(child, Question) and child.type != "note" and path != ("meta",):
            place = (*path, child.name)
            table.columns.append(place)
            table.kinds[place] = child.type


def central_zip(form: str, submissions: Sequence[Answers], *, groups: bool = True) -> bytes:
    """Export as ODK Central does: a zip with a CSV for the submissions and one for each repeat."""
    root = structure(form)
    files: dict[str, list[dict[str, str]]] = {root.name: []}
    files |= {f"{root.name}-{repeat.name}": [] for repeat in root.repeats}
    for number, answers in enumerate(submissions, start=1):
        key = str(answers.get("KEY", f"uuid:00000000-0000-4000-8000-{number:012d}"))
        row = {"SubmissionDate": f"2026-03-{number:02d}T08:00:00.000Z"}
        row |= dict(_central_cells(root, answers, groups=groups))
        row |= {"meta-instanceID": key, "meta-instanceName": "", "KEY": key, "SubmitterID": "7"}
        row |= {"SubmitterName": "crew 1", "AttachmentsPresent": "0", "AttachmentsExpected": "0"}
        row |= {"Status": "", "ReviewState": "", "DeviceID": "d", "Edits": "0", "FormVersion": "1"}
        files[root.name].append(row | {k: v for k, v in answers.items() if k in row})
        for repeat in root.repeats:
            for place, told in enumerate(answers.get(repeat.name, ()), start=1):
                child = dict(_central_cells(repeat, told, groups=groups))
                child |= {"PARENT_KEY": key, "KEY": f"{key}/{repeat.name}[{place}]"}
                files[f"{root.name}-{repeat.name}"].append(child)
    return zipped({f"{name}.csv": as_csv(rows) for name, rows in files.items()})


def kobo_csv(form: str, submissions: Sequence[Answers]) -> bytes:
    """Export as KoboToolbox does: one CSV with semicolons and all in quotes; no repeats."""
    root = structure(form)
    return as_csv(list(_kobo_rows(root, submissions)), delimiter=";", quoting=csv.QUOTE_ALL)


def kobo_labels(form: Form, submissions: Sequence[Answers], language: int) -> bytes:
    """Export as KoboToolbox does unless told otherwise: questions and answers as people read them.

    Of a form without repeats; the fixed columns of the server keep their names.
    """
    told = {q["name"]: q["label"][language] for q in form.questions if "label" in q}
    lists = {q["name"]: str(q["type"]).split()[-1] for q in form.questions}
    rows = []
    for row in _kobo_rows(structure(form.name), submissions):
        read = {}
        for column, cell in row.items():
            name = column.split("/")[-1]
            answers = form.choices.get(lists.get(name, ""), {})
            read[told.get(name, column)] = answers[cell][language] if cell in answers else cell
        rows.append(read)
    return as_csv(rows, delimiter=";", quoting=csv.QUOTE_ALL)


def flat_csv(form: str, submissions: Sequence[Answers]) -> bytes:
    """Export as Ona and old KoboToolbox do: repeats beside each other, plot[1]/plot_id."""
    root = structure(form)
    rows = list(_kobo_rows(root, submissions))
    for row, answers in zip(rows, submissions, strict=True):
        for repeat in root.repeats:
            for place, told in enumerate(answers.get(repeat.name, ()), start=1):
                for name, cell in _kobo_cells(repeat, told):
                    row[f"{repeat.name}[{place}]/{name}"] = cell
    return as_csv(rows)


def kobo_xlsx(form: str, submissions: Sequence[Answers]) -> bytes:
    """Export as KoboToolbox does: a sheet for the submissions and one for each repeat."""
    root = structure(form)
    rows = list(_kobo_rows(root, submissions))
    sheets: dict[str, list[dict[str, str]]] = {root.name[:31]: rows}
    for repeat in root.repeats:
        children = sheets.setdefault(repeat.name, [])
        for parent, answers in zip(rows, submissions, strict=True):
            for told in answers.get(repeat.name, ()):
                child = {f"{repeat.name}/{name}": cell for name, cell in _kobo_cells(repeat, told)}
                child |= {"_index": str(len(children) + 1), "_parent_table_name": root.name[:31]}
                child |= {"_parent_index": parent["_index"], "_submission__id": parent["_id"]}
                children.append(child | {"_submission__uuid": parent["_uuid"]})
    return as_xlsx(sheets)


def _central_cells(table: Table, answers: Answers, *, groups: bool) -> Iterator[tuple[str, str]]:
    for path in table.columns:
        name = "-".join(path) if groups else path[-1]
        cell = str(answers.get(path[-1], ""))
        if table.kinds[path] == "geopoint":
            parts = cell.split() or [""] * 4
            ends = ("Latitude", "Longitude", "Altitude", "Accuracy")
            yield from ((f"{name}-{end}", part) for end, part in zip(ends, parts, strict=True))
        else:
            yield name, cell


def _kobo_cells(table: Table, answers: Answers) -> Iterator[tuple[str, str]]:
    for path in table.columns:
        name, cell = "/".join(path), str(answers.get(path[-1], ""))
        yield name, cell
        if table.kinds[path] == "geopoint":
            parts = cell.split() or [""] * 4
            ends = ("latitude", "longitude", "altitude", "precision")
            inner = "/".join((*path[:-1], f"_{path[-1]}"))
            yield from ((f"{inner}_{end}", part) for end, part in zip(ends, parts, strict=True))


def _kobo_rows(root: Table, submissions: Sequence[Answers]) -> Iterator[dict[str, str]]:
    for number, answers in enumerate(submissions, start=1):
        row = dict(_kobo_cells(root, answers)) | {"__version__": "v1", "_id": str(400 + number)}
        row |= {"_uuid": f"00000000-0000-4000-8000-{number:012d}", "_notes": "", "_tags": ""}
        row |= {"_submission_time": f"2026-03-{number:02d}T08:00:00", "_validation_status": ""}
        row |= {"_status": "submitted_via_web", "_submitted_by": "crew1", "_index": str(number)}
        yield row | {k: v for k, v in answers.items() if k in row and k.startswith("_")}


def as_csv(
    rows: Sequence[Mapping[str, str]], *, delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL
) -> bytes:
    text = io.StringIO()
    header = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter, quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + text.getvalue()).encode()


def as_xlsx(sheets: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        header = list(dict.fromkeys(name for row in rows for name in row))
        sheet.append(header)
        for row in rows:
            sheet.append([row.get(name) or None for name in header])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()
