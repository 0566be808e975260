"""The forms with which a field team starts: XLSForms for ODK and KoboToolbox, to be taken away."""

from dataclasses import dataclass
from gettext import NullTranslations
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from registry_api.errors import NotFound

FORMS = Path(__file__).resolve().parents[2] / "schemas/forms"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class FieldForm:
    """One form, and who wants it."""

    href: str
    name: str
    told: str


def field_forms(texts: NullTranslations) -> tuple[FieldForm, ...]:
    """List the forms that are there, in the reader's language."""
    _ = texts.gettext
    forms = (
        ("plot-registration", _("Plots, for ODK"), _("several plots of one farmer at a time")),
        ("plot-registration-kobo", _("Plots, for KoboToolbox"), _("one plot at a time")),
        ("tree-inventory", _("Trees, for both"), _("what stands on the plots that are measured")),
    )
    return tuple(
        FieldForm(f"/forms/{name}.xlsx", title, told)
        for name, title, told in forms
        if (FORMS / f"{name}.xlsx").is_file()
    )


@router.get("/forms/{name}.xlsx", name="field_form")
def field_form(name: str) -> FileResponse:
    """Give a form to take away.

    Raises:
        NotFound: If there is none of that name.
    """
    known = {file.stem: file for file in FORMS.glob("*.xlsx")}
    if name not in known:
        raise NotFound(f"There is no form '{name[:60]}'.")
    return FileResponse(known[name], media_type=_XLSX, filename=f"{name}.xlsx")
