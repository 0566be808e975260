"""The form with which trees are measured: a visit to a plot, and every tree on it."""

from collections.abc import Mapping

from mrv.field.fields import BY_NAME, ORIGINS, STATUSES
from tests.forms.questions import NOT_IN_FUTURE, TIMES, YES_NO, Form, Words, needed, question

STATUS_LABELS: Mapping[str, Words] = {
    "planted": (
        "Just planted, too small",
        "Vient d'être planté, trop petit",
        "Umepandwa sasa hivi",
    ),
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
SIZE_LABELS: Mapping[str, Words] = {
    "diameter": ("Diameter tape or caliper", "Ruban de diamètre ou compas", "Tepe ya kipenyo"),
    "girth": ("Measuring tape: girth", "Ruban : circonférence", "Tepe: mzingo"),
    "height": ("Height only (palms)", "Hauteur seule (palmiers)", "Urefu tu (mitende)"),
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
            "subplot_radius_m",
            (
                "Radius of the circle that was measured [m]",
                "Rayon du cercle mesuré [m]",
                "Nusu kipenyo cha duara lililopimwa [m]",
            ),
            hint=(
                "Blank where all of the plot, or a share of it, was measured.",
                "Vide si toute la parcelle, ou une part, a été mesurée.",
                "Acha wazi kama shamba lote au sehemu yake imepimwa.",
            ),
            **limits("subplot_radius_m"),
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
            relevant="${subplot_radius_m} = ''",
            **limits("tree_fraction"),
        ),
        question(
            "decimal",
            "slope_percent",
            (
                "Slope of the ground [%]",
                "Pente du terrain [%]",
                "Mteremko wa ardhi [%]",
            ),
            hint=(
                "Only where a circle or a share was laid out along the slope.",
                "Seulement si le cercle ou la part suit la pente.",
                "Tu kama duara au sehemu imepimwa kwa kufuata mteremko.",
            ),
            **limits("slope_percent"),
        ),
        question(
            "decimal",
            "shrub_cover",
            (
                "Share of the ground under shrubs (0 to 1)",
                "Part du sol sous arbustes (0 à 1)",
                "Sehemu ya ardhi chini ya vichaka (0 hadi 1)",
            ),
            **limits("shrub_cover"),
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
        needed(
            "select_one size",
            "sized_by",
            ("What was measured?", "Qu'a-t-on mesuré ?", "Kimepimwa nini?"),
            default="diameter",
            relevant="${state} = 'alive'",
        ),
        question(
            "decimal",
            "dbh_cm",
            (
                "Diameter [cm]",
                "Diamètre [cm]",
                "Kipenyo [cm]",
            ),
            relevant="${state} = 'alive' and ${sized_by} = 'diameter'",
            required="yes",
            **limits("dbh_cm"),
        ),
        question(
            "decimal",
            "girth_cm",
            ("Girth [cm]", "Circonférence [cm]", "Mzingo [cm]"),
            relevant="${state} = 'alive' and ${sized_by} = 'girth'",
            required="yes",
            **limits("girth_cm"),
        ),
        question(
            "decimal",
            "measured_at_m",
            (
                "Height above ground at which it was measured [m]",
                "Hauteur de la mesure au-dessus du sol [m]",
                "Urefu kutoka ardhini pa kupimia [m]",
            ),
            hint=(
                "Coffee at 0.15 or 0.4, other trees at 1.3; the same at every visit.",
                "Café à 0,15 ou 0,4, autres arbres à 1,3 ; la même à chaque visite.",
                "Kahawa 0.15 au 0.4, miti mingine 1.3; ule ule kila ziara.",
            ),
            default="1.3",
            relevant="${state} = 'alive' and ${sized_by} != 'height'",
            **limits("measured_at_m"),
        ),
        question(
            "decimal",
            "height_m",
            ("Height [m], if measured", "Hauteur [m], si mesurée", "Urefu [m], kama umepimwa"),
            relevant="${state} = 'alive'",
            required="${sized_by} = 'height'",
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
        "size": SIZE_LABELS,
        "origin": {name: ORIGIN_LABELS[name] for name in ORIGINS},
    },
)
