"""What the questions of the XLSForms have in common: their shape, languages, and usual answers.

Labels are English, French and Kiswahili. Names are those of our columns and limits those of our
tables, so that what comes back from the field loads without touching a column.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Words = tuple[str, str, str]  # English, French, Kiswahili
Question = Mapping[str, str | Words]


@dataclass(frozen=True, slots=True)
class Form:
    """One XLSForm: its settings, questions in order, and lists of answers."""

    name: str
    form_id: str
    title: str
    instance_name: str
    questions: tuple[Question, ...]
    choices: Mapping[str, Mapping[str, Words]]


def question(kind: str, name: str, label: Words | None = None, **more: str | Words) -> Question:
    """Give one row of the survey; `more` are columns of XLSForm."""
    told: dict[str, str | Words] = {"type": kind, "name": name}
    return told | ({"label": label} if label else {}) | more


def needed(kind: str, name: str, label: Words, **more: str | Words) -> Question:
    return question(kind, name, label, required="yes", **more)


YES_NO: Mapping[str, Words] = {"yes": ("Yes", "Oui", "Ndiyo"), "no": ("No", "Non", "Hapana")}
NOT_IN_FUTURE: Mapping[str, str | Words] = {
    "constraint": ". <= today()",
    "constraint_message": (
        "This day is still to come.",
        "Cette date est dans le futur.",
        "Tarehe hii bado haijafika.",
    ),
}
TIMES = (question("start", "start"), question("end", "end"), question("today", "today"))
