"""The form with which trees are measured: a visit to a plot, and every tree on it."""

from collections.abc import Mapping

from mrv.field.fields import BY_NAME, ORIGINS, STATUSES
from tests.forms.questions import NOT_IN_FUTURE, TIMES, YES_NO, Form, Words, needed, question

STATUS_LABELS: Mapping[str, Words] = {
    "alive": ("Alive", "Vivant", "Hai"),
    "dead": ("Dead", "Mort", "Umekufa"),
    "harvested": ("Harvested", "Coupé", "Umevunwa"),
    "missing": ("Not found", "Introuvable", "Haukuonekana"),
}
ORIGIN_LABELS: Mapping[str, Words] = {
    "planted": ("Planted by the project", "Planté par le projet", "Umepandwa na mradi"),
    "pre_existing": ("There before the project", "Présent avant le projet", "Ulikuwepo kabla"),
    "regenerated": ("Came up by itself", "Régénération naturelle", "Umeota wenyewe"),
}


def limits(name: str) -> Mapping[str, str | Words]:
    """Give the constraint that our table of trees has for a column."""
    field = BY_NAME[name]
    low = f". > {field.above:g}" if field.above is not None else f". >= {field.at_least:g}"
    told = f"{field.above if field.above is not None else field.at_least:g} - {field.at_most:g}"
    unit = f" {field.unit}" if field.unit else ""
    return {
        "constraint": f"{low} and . <= {field.at_most:g}",
        "constraint_message": (
            f"Must be within {told}{unit}.",
            f"Doit être entre {told}{unit}.",
            f"Lazima iwe kati ya {told}{unit}.",
        ),
    }


TREES = Form(
    name="tree-inventory",
    form_id="parkland_tree_inventory",
    title="Parkland: tree inventory",
    instance_name="concat(${plot_id}, ' ', ${measured_on})",
    questions=(
        *TIMES,
        question("begin_group", "visit", ("Visit", "Visite", "Ziara")),
        needed("text", "plot_id", ("Plot's number", "Numéro de la parcelle", "Namba ya shamba")),
        needed(
            "date",
            "measured_on",
            ("Day of measuring", "Date de mesure", "Tarehe ya kupima"),
            default="today()",
            **NOT_IN_FUTURE,
        ),
        question(
            "decimal",
            "inclusion_probability",
            (
                "Probability with which the plot was drawn",
                "Probabilité de tirage de la parcelle",
                "Uwezekano wa shamba kuchaguliwa",
            ),
            hint=(
                "From the sampling plan; leave blank if you do not know.",
                "Du plan d'échantillonnage ; laissez vide si inconnu.",
                "Kutoka mpango wa sampuli; acha wazi kama hujui.",
            ),
            **limits("inclusion_probability"),
        ),
        question(
            "decimal",
            "tree_fraction",
            (
                "Share of the plot that was measured (1 = all)",
                "Part de la parcelle mesurée (1 = toute)",
                "Sehemu ya shamba iliyopimwa (1 = yote)",
            ),
            default="1",
            **limits("tree_fraction"),
        ),
        needed(
            "select_one yes_no",
            "any_trees",
            (
                "Are there trees to measure?",
                "Y a-t-il des arbres à mesurer ?",
                "Je, kuna miti ya kupima?",
            ),
        ),
        question("calculate", "status", calculation="if(${any_trees} = 'no', 'no_trees', '')"),
        question("end_group", "visit"),
        question(
            "begin_repeat",
            "tree",
            ("Tree", "Arbre", "Mti"),
            relevant="${any_trees} = 'yes'",
        ),
        needed(
            "text",
            "tree_id",
            ("Tree's number", "Numéro de l'arbre", "Namba ya mti"),
            hint=(
                "The same at every visit.",
                "Le même à chaque visite.",
                "Ile ile kila ziara.",
            ),
        ),
        question(
            "integer",
            "stem",
            ("Stem (1 if there is one)", "Tige (1 si unique)", "Shina (1 kama ni moja)"),
            default="1",
            **limits("stem"),
        ),
        question(
            "text",
            "species",
            ("Scientific name", "Nom scientifique", "Jina la kisayansi"),
        ),
        needed("select_one status", "state", ("State", "État", "Hali"), default="alive"),
        question("calculate", "status", calculation="${state}"),
        question(
            "decimal",
            "dbh_cm",
            (
                "Diameter at 1.3 m [cm]",
                "Diamètre à 1,3 m [cm]",
                "Kipenyo kwa mita 1.3 [cm]",
            ),
            relevant="${state} = 'alive'",
            required="yes",
            **limits("dbh_cm"),
        ),
        question(
            "decimal",
            "height_m",
            ("Height [m], if measured", "Hauteur [m], si mesurée", "Urefu [m], kama umepimwa"),
            relevant="${state} = 'alive'",
            **limits("height_m"),
        ),
        question(
            "select_one origin",
            "origin",
            ("Where does it come from?", "D'où vient-il ?", "Umetoka wapi?"),
        ),
        question(
            "geopoint",
            "place",
            ("Place of the tree", "Position de l'arbre", "Mahali pa mti"),
            parameters="allow-mock-accuracy=false",
        ),
        question("end_repeat", "tree"),
    ),
    choices={
        "yes_no": YES_NO,
        "status": {name: STATUS_LABELS[name] for name in STATUSES if name != "no_trees"},
        "origin": {name: ORIGIN_LABELS[name] for name in ORIGINS},
    },
)
