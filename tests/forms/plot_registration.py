"""The form with which plots are registered: consent, farmer, and a walk around each plot."""

from collections.abc import Mapping

from mrv.methodologies import load_methodology
from mrv.plots.columns import CONSENT, ROLES
from mrv.plots.rules import PlotRules
from tests.forms.questions import (
    NOT_IN_FUTURE,
    TIMES,
    YES_NO,
    Form,
    Question,
    Words,
    needed,
    question,
)

# What screening would refuse is told in the field, where it can still be walked again.
RULES = PlotRules.of(load_methodology("agroforestry_removals", 1))
_LEAST_M2, _MOST_M2 = (round(ha * 10_000) for ha in (RULES.area_min_ha, RULES.area_max_ha))
_SIZES = f"{RULES.area_min_ha:g}-{RULES.area_max_ha:g}"
_SIZES_FR = _SIZES.replace(".", ",")

PRACTICES: Mapping[str, Words] = {
    "trees in cropland": (
        "Trees scattered in cropland",
        "Arbres dispersés dans les cultures",
        "Miti iliyotawanyika shambani",
    ),
    "trees on boundaries": (
        "Trees along boundaries",
        "Arbres en bordure",
        "Miti kwenye mipaka",
    ),
    "woodlot": ("Woodlot", "Boisement", "Msitu mdogo wa shamba"),
    "shade trees over coffee or cocoa": (
        "Shade trees over coffee or cocoa",
        "Arbres d'ombrage sur café ou cacao",
        "Miti ya kivuli kwa kahawa au kakao",
    ),
    "fruit orchard": ("Fruit orchard", "Verger", "Bustani ya matunda"),
    "silvopasture": ("Trees on pasture", "Arbres sur pâturage", "Miti malishoni"),
    "other": ("Other", "Autre", "Nyingine"),
}
ROLE_LABELS: Mapping[str, Words] = {
    "enrolled": (
        "Planted by the project",
        "Planté par le projet",
        "Imepandwa na mradi",
    ),
    "control": (
        "Only for comparison",
        "Seulement pour comparaison",
        "Kwa kulinganisha tu",
    ),
}
CONSENT_GROUP = (
    question("begin_group", "consent", ("Consent", "Consentement", "Ridhaa")),
    question(
        "note",
        "consent_text",
        (
            (
                "Read aloud: the project maps your plots, counts the trees and sells the carbon "
                "they hold. Your name and phone are kept secret. You may say no, and leave "
                "at any time."
            ),
            (
                "Lisez à haute voix : le projet cartographie vos parcelles, compte les arbres et "
                "vend le carbone qu'ils retiennent. Votre nom et votre téléphone restent secrets. "
                "Vous pouvez refuser, et partir à tout moment."
            ),
            (
                "Soma kwa sauti: mradi unapima mashamba yako, unahesabu miti na kuuza kaboni "
                "inayohifadhiwa. Jina na simu yako ni siri. Unaweza kukataa, na kuondoka wakati "
                "wowote."
            ),
        ),
    ),
    needed(
        "select_one yes_no",
        "consent_given",
        ("Does the farmer agree?", "Le paysan est-il d'accord ?", "Je, mkulima anakubali?"),
    ),
    needed(
        "date",
        "consent_on",
        ("Day of consent", "Date du consentement", "Tarehe ya ridhaa"),
        default="today()",
        relevant="${consent_given} = 'yes'",
        **NOT_IN_FUTURE,
    ),
    question("end_group", "consent"),
)
FARMER_GROUP = (
    question(
        "begin_group",
        "farmer",
        ("Farmer", "Paysan", "Mkulima"),
        relevant="${consent_given} = 'yes'",
    ),
    needed(
        "text",
        "farmer_id",
        ("Farmer's number", "Numéro du paysan", "Namba ya mkulima"),
        hint=(
            "From your register; never a name or a phone.",
            "De votre registre ; jamais un nom ni un téléphone.",
            "Kutoka kwenye orodha yenu; si jina wala simu.",
        ),
        constraint=r"regex(., '^[A-Za-z0-9][A-Za-z0-9_./-]{0,39}$')",
        constraint_message=(
            "Letters, digits and - only.",
            "Lettres, chiffres et - seulement.",
            "Herufi, tarakimu na - tu.",
        ),
    ),
    question("text", "farmer_name", ("Name (kept secret)", "Nom (secret)", "Jina (siri)")),
    question(
        "text",
        "farmer_phone",
        ("Phone (kept secret)", "Téléphone (secret)", "Simu (siri)"),
        appearance="numbers",
        constraint=r"regex(., '^\+?[0-9 ]{8,17}$')",
        constraint_message=(
            "Digits, with the country's code, such as +254 700 000 001.",
            "Des chiffres, avec l'indicatif du pays, comme +226 70 00 00 01.",
            "Tarakimu, na msimbo wa nchi, kama +254 700 000 001.",
        ),
    ),
    needed("text", "village", ("Village", "Village", "Kijiji")),
    needed(
        "date",
        "enrolled_on",
        ("Day of joining", "Date d'inscription", "Tarehe ya kujiunga"),
        default="today()",
        **NOT_IN_FUTURE,
    ),
    question("end_group", "farmer"),
)


def plot_questions(crossing: str) -> tuple[Question, ...]:
    """Give the questions about one plot; `crossing` is what refuses lines that cross."""
    return (
        needed(
            "text",
            "plot_id",
            ("Plot's number", "Numéro de la parcelle", "Namba ya shamba"),
            hint=(
                "Once in the whole project, for example K012-1.",
                "Unique dans tout le projet, par exemple K012-1.",
                "Mara moja katika mradi wote, kwa mfano K012-1.",
            ),
            constraint="string-length(.) <= 64",
            constraint_message=(
                "At most 64 letters.",
                "Au plus 64 lettres.",
                "Herufi 64 tu.",
            ),
        ),
        needed(
            "geoshape",
            "boundary",
            (
                "Walk around the plot",
                "Faites le tour de la parcelle",
                "Tembea kuzunguka shamba",
            ),
            hint=(
                (
                    "Stop at every corner; never cross your own line. Wait until the accuracy is "
                    f"below 5 m. The rules take plots of {_SIZES} ha."
                ),
                (
                    "Arrêtez-vous à chaque coin ; ne croisez jamais votre ligne. Attendez une "
                    f"précision de moins de 5 m. Les règles admettent {_SIZES_FR} ha."
                ),
                (
                    "Simama kila kona; usivuke mstari wako. Subiri usahihi uwe chini ya mita 5. "
                    f"Kanuni zinakubali hekta {_SIZES}."
                ),
            ),
            parameters="allow-mock-accuracy=false",
            constraint=f"area(.) >= {_LEAST_M2} and area(.) <= {_MOST_M2}{crossing}",
            constraint_message=(
                (
                    f"A plot has {_SIZES} ha and a boundary that never crosses itself; walk it "
                    "again."
                ),
                (
                    f"Une parcelle fait {_SIZES_FR} ha et sa limite ne se croise jamais ; refaites "
                    "le tour."
                ),
                f"Shamba lina hekta {_SIZES} na mpaka usiojikata; zunguka tena.",
            ),
        ),
        question("calculate", "area_ha", calculation="round(area(${boundary}) div 10000, 3)"),
        question(
            "note",
            "area_told",
            (
                "This plot has ${area_ha} ha.",
                "Cette parcelle fait ${area_ha} ha.",
                "Shamba hili lina hekta ${area_ha}.",
            ),
        ),
        needed(
            "select_one role",
            "role",
            ("What is the plot for?", "Rôle de la parcelle", "Shamba ni la nini?"),
            default="enrolled",
        ),
        question(
            "select_one practice",
            "practice",
            ("What is done on it?", "Quelle pratique ?", "Nini kinafanyika?"),
            relevant="${role} = 'enrolled'",
        ),
        question(
            "text",
            "species",
            ("Trees planted", "Arbres plantés", "Miti iliyopandwa"),
            hint=(
                "Scientific names with ; between them.",
                "Noms scientifiques séparés par ;",
                "Majina ya kisayansi, tenganisha kwa ;",
            ),
            relevant="${role} = 'enrolled'",
        ),
        question(
            "date",
            "planted_on",
            ("First planting", "Première plantation", "Upandaji wa kwanza"),
            relevant="${role} = 'enrolled'",
            **NOT_IN_FUTURE,
        ),
    )


_PLOT_CHOICES: Mapping[str, Mapping[str, Words]] = {
    "yes_no": {name: YES_NO[name] for name in CONSENT},
    "role": {name: ROLE_LABELS[name] for name in ROLES},
    "practice": PRACTICES,
}

# ODK knows intersects() since November 2025 (getodk/collect#6967).
PLOTS = Form(
    name="plot-registration",
    form_id="parkland_plot_registration",
    title="Parkland: plot registration",
    instance_name="concat(${farmer_id}, ' ', ${today})",
    questions=(
        *TIMES,
        *CONSENT_GROUP,
        *FARMER_GROUP,
        question(
            "begin_repeat",
            "plot",
            ("Plot", "Parcelle", "Shamba"),
            relevant="${consent_given} = 'yes'",
        ),
        *plot_questions(" and not(intersects(.))"),
        question("end_repeat", "plot"),
    ),
    choices=_PLOT_CHOICES,
)
# KoboToolbox leaves repeats out of its CSV and does not know intersects(): one plot a submission.
PLOTS_KOBO = Form(
    name="plot-registration-kobo",
    form_id="parkland_plot_registration_kobo",
    title="Parkland: plot registration, one plot at a time",
    instance_name="concat(${plot_id}, ' ', ${today})",
    questions=(
        *TIMES,
        *CONSENT_GROUP,
        *FARMER_GROUP,
        question(
            "begin_group",
            "plot",
            ("Plot", "Parcelle", "Shamba"),
            relevant="${consent_given} = 'yes'",
        ),
        *plot_questions(""),
        question("end_group", "plot"),
    ),
    choices=_PLOT_CHOICES,
)
