"""The registries' words for states, steps and kinds of things, in one language.

Terms follow what registries print: issued, buffer, vintage, serial. Prose lives in the templates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from gettext import NullTranslations

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms by the keys that services and documents use."""

    waterfall: Words
    waterfall_why: Words
    kind: Words
    kind_many: Words
    estimate_state: Words
    opinion: Words
    assurance: Words
    finding_kind: Words
    finding_state: Words
    changed_part: Words
    changed: Words
    credit_status: Words
    credit_event: Words
    credit_sort: Words
    facet: Words
    facet_value: Words
    ledger_event: Words
    notice: Words
    label_state: Words
    retirement_purpose: Words
    order_kind: Words
    order_state: Words
    order_answer: Words
    estimator: Words
    role: Words
    tree_status: Words
    before: Words
    held_state: Words
    break_cause: Words
    monitoring: Words
    gate: Words
    verdict: Words
    verdict_one: Words
    severity_mark: Words
    severity_hint: Words
    run_state: Words
    run_step: Words
    problem: Mapping[int, str]


def vocabulary(texts: NullTranslations) -> Vocabulary:
    """Put every term into the language of the texts."""
    _ = texts.gettext
    return Vocabulary(
        waterfall=_waterfall(_),
        waterfall_why=_waterfall_why(_),
        kind=_kinds(_),
        kind_many={
            "artifact": _("Files"),
            "decision": _("Verifiers' decisions"),
            "look": _("Looks"),
            "plot": _("Plots"),
            "plots": _("Plots by stratum"),
            "tree": _("Trees"),
            "scene": _("Satellite scenes"),
            "stratum": _("Strata"),
            "verdict": _("Checks"),
            "waterfall": _("From gross removals to credits"),
        },
        estimate_state={
            "refused": _("refused: nothing to credit"),
            "submitted": _("waiting for a verifier"),
            "sent_back": _("sent back by the verifier"),
            "superseded": _("superseded by a later run"),
            "approved": _("approved, not yet issued"),
            "issued": _("issued"),
        },
        opinion={
            "positive": _("positive"),
            "qualified": _("qualified"),
            "adverse": _("adverse"),
            "withheld": _("withheld"),
        },
        assurance={
            "reasonable": _("reasonable"),
            "limited": _("limited"),
            "none": _("none, demo"),
        },
        finding_kind={
            "misstatement": _("misstatement"),
            "nonconformity": _("nonconformity"),
            "clarification": _("clarification"),
            "forward_action": _("forward action"),
        },
        finding_state={
            "requested": _("waits for the developer"),
            "answered": _("waits for the verifier"),
            "returned": _("returned to the developer"),
            "closed": _("closed"),
        },
        changed_part={
            "input": _("Inputs"),
            "parameter": _("Parameters"),
            "code": _("Code"),
            "result": _("Results"),
        },
        changed={
            "u90": _("Half-width of the 90 % interval over the net change (U90)"),
            "estimator": _("Estimator"),
            "cumulative_net_kg": _("Issuable since the start"),
            "issued_before_kg": _("Issued in earlier periods"),
            "carried_in_kg": _("Carried in from earlier periods"),
            "credits_t": _("Credits"),
            "buffer_t": _("Credits for the buffer pool"),
            "buffer_before_t": _("Buffer of earlier periods"),
            "carried_out_kg": _("Carried on to the next period"),
            "reversal_kg": _("Below what was issued"),
            "methodology id": _("Methodology"),
            "methodology version": _("Version of the rules"),
            "methodology digest": _("Digest of the rules"),
            "seed": _("Seed"),
            "draws": _("Draws"),
            "period start": _("First day of the period"),
            "period end": _("Day after the period"),
            "code_version": _("Version of the code"),
            "python": _("Python"),
            "passed": _("passed"),
            "not passed": _("not passed"),
        },
        credit_status={
            "active": _("active"),
            "offered": _("on offer"),
            "held": _("on hold"),
            "buffer": _("held in the buffer pool"),
            "retired": _("retired"),
            "cancelled": _("cancelled"),
        },
        credit_event={
            "batch_issued": _("issued"),
            "transfer_offered": _("offered to another account"),
            "transfer_accepted": _("taken by the account it was offered to"),
            "transfer_declined": _("offer declined"),
            "transfer_withdrawn": _("offer withdrawn"),
            "credits_listed": _("listed for sale"),
            "listing_withdrawn": _("taken off sale"),
            "credits_sold": _("sold"),
            "credits_retired": _("retired for good"),
            "credits_held": _("put on hold by a registrar"),
            "credits_released": _("released again"),
            "cancellation_asked": _("on hold: its holder asks that it be cancelled"),
            "cancellation_accepted": _("cancelled"),
            "cancellation_declined": _("cancellation declined"),
            "cancellation_withdrawn": _("wish for cancellation withdrawn"),
            "buffer_released": _("released from the buffer to its developer"),
            "reversal_settled": _("cancelled out of the buffer for a loss"),
            "corrected": _("given back: an earlier entry was corrected"),
        },
        credit_sort={
            "-changed": _("changed last first"),
            "changed": _("changed first first"),
            "-quantity": _("largest first"),
            "quantity": _("smallest first"),
            "-vintage": _("newest vintage first"),
            "vintage": _("oldest vintage first"),
            "uncertainty": _("most certain first"),
        },
        facet={
            "status": _("State"),
            "country": _("Country"),
            "vintage": _("Vintage"),
            "project": _("Project"),
            "claim": _("Kind of claim"),
            "uncertainty": _("Uncertainty (U90)"),
            "price": _("Listed price"),
            "label": _("Label"),
            "sdg": _("Development goal"),
            "womens_share": _("Women among those paid"),
        },
        facet_value={
            "carbon": _("carbon"),
            "resilience": _("resilience"),
            "biodiversity": _("biodiversity"),
            "up_to_10": _("up to 10 %"),
            "10_to_20": _("10 to 20 %"),
            "20_to_30": _("20 to 30 %"),
            "over_30": _("over 30 %"),
            "under_25": _("under 25 %"),
            "25_to_50": _("25 to 50 %"),
            "50_to_75": _("50 to 75 %"),
            "75_or_more": _("75 % or more"),
        },
        notice={
            "reversal_confirmed": _("A loss of trees was confirmed"),
            "reversal_settled": _("A loss was made good"),
            "period_restated": _("A period was stated anew"),
            "corrected": _("An entry of the ledger was corrected"),
        },
        ledger_event={
            "project_registered": _("project registered"),
            "project_changed": _("project's statements changed"),
            "files_delivered": _("project's files delivered"),
            "plots_registered": _("plots registered"),
            "plot_left": _("a plot left the programme"),
            "estimate_submitted": _("estimate handed in"),
            "methodology_adopted": _("project took up another version of its rules"),
            "estimate_decided": _("verifier decided on an estimate"),
            "batch_issued": _("credits issued"),
            "verification_assigned": _("verifier assigned to a period"),
            "verification_sampled": _("verifier's sample drawn"),
            "verification_recomputed": _("estimate computed again by its verifier"),
            "finding_requested": _("verifier put a finding on an estimate"),
            "finding_answered": _("developer answered a finding"),
            "finding_returned": _("verifier returned a finding"),
            "finding_closed": _("finding closed"),
        },
        label_state={
            "valid": _("valid"),
            "not_yet": _("not yet valid"),
            "ended": _("no longer valid"),
            "withdrawn": _("withdrawn"),
        },
        retirement_purpose={
            "voluntary": _("voluntarily, for its own emissions"),
            "compliance": _("to meet an obligation"),
            "contribution": _("as a contribution, without a claim of its own"),
            "other": _("for another purpose"),
        },
        order_kind={
            "transfer": _("Offer of credits"),
            "retire": _("Retirement"),
            "cancel": _("Cancellation"),
            "hold": _("Hold"),
            "list": _("Listing"),
            "reserve": _("Reservation"),
            "quote": _("Request for a quote"),
        },
        order_state={
            "open": _("waiting for an answer"),
            "done": _("done"),
            "accepted": _("accepted"),
            "declined": _("declined"),
            "withdrawn": _("withdrawn"),
            "released": _("released"),
            "expired": _("has run out"),
        },
        order_answer={
            "transfer.accepted": _("Take them"),
            "transfer.declined": _("Decline"),
            "transfer.withdrawn": _("Withdraw the offer"),
            "cancel.accepted": _("Cancel these credits for good"),
            "cancel.declined": _("Decline: they stay"),
            "cancel.withdrawn": _("Withdraw the wish"),
            "hold.released": _("Release them"),
            "list.withdrawn": _("Withdraw what is not sold"),
            "reserve.accepted": _("It is settled: hand them over"),
            "reserve.declined": _("Decline"),
            "reserve.withdrawn": _("I do not want them any more"),
            "quote.declined": _("Decline"),
            "quote.withdrawn": _("Withdraw the request"),
        },
        estimator={
            "greg": _("field sample, sharpened by the map (GREG)"),
            "expansion": _("field sample alone (expansion)"),
        },
        role={"enrolled": _("enrolled"), "control": _("control")},
        tree_status={
            "planted": _("just planted"),
            "alive": _("alive"),
            "dead": _("dead"),
            "harvested": _("harvested"),
            "missing": _("missing"),
            "no_trees": _("no trees found"),
        },
        before={
            "lost_trees": _("trees were lost in the years before"),
            "canopy": _("green in the dry season"),
            "unseen": _("nobody looked"),
            "scattered_trees": _("scattered trees"),
            "open": _("open land"),
        },
        held_state={
            "suspect": _("suspect, waits for somebody to look"),
            "confirmed": _("confirmed loss"),
            "planned": _("planned harvest"),
            "classified": _("loss, its cause told"),
            "quantified": _("loss, measured"),
            "settled": _("loss, made good"),
        },
        break_cause={
            "fire": _("fire"),
            "flood": _("flood"),
            "clearing": _("clearing"),
            "not_confirmed": _("nobody looked in time, so it counts as an avoidable loss"),
        },
        monitoring={
            "carried": _("not seen of late, its last value is carried on"),
            "held": _("not seen for long, its growth is held"),
            "lost": _("nobody watches it any more"),
            "left": _("left the programme"),
        },
        gate={
            "probability_sample": _("Trees were measured in a random sample"),
            "enough_plots": _("Enough measured plots"),
            "enough_clusters": _("Enough villages"),
            "enough_controls": _("Enough control plots"),
            "clear_looks": _("Enough clear looks from space"),
            "offsets_sane": _("Brightness offsets of the scenes agree"),
            "model_acceptance": _("The map holds in villages it had not seen, or is not used"),
            "trusted_trees": _("Few measured trees are suspect"),
            "plausible_growth": _("Plausible growth"),
            "before_enrolment": _("It is known what stood there before"),
            "additionality": _("The trees would not have been planted anyway"),
            "matched_controls_balanced": _("Matched controls resemble the project"),
            "placebo_before_start": _("Before the start both grew alike"),
            "u90_within_ceiling": _("The interval is narrow enough"),
            "methodology_verified": _("Every rule has a verified source"),
        },
        verdict={
            "refused": _("To mend"),
            "warned": _("In, look at it"),
            "repaired": _("In, repaired"),
            "accepted": _("In"),
            "pending": _("Not judged yet"),
        },
        verdict_one={
            "refused": _("to mend, not in yet"),
            "warned": _("in the programme; look at it when you can"),
            "repaired": _("in the programme, after a small repair"),
            "accepted": _("in the programme"),
            "pending": _("not judged yet"),
        },
        severity_mark={"error": "refused", "repair": "repaired", "warning": "warned"},
        severity_hint={
            "error": _("To mend it:"),
            "repair": _("Look:"),
            "warning": _("When you can:"),
        },
        run_state={
            "waiting": _("waiting its turn"),
            "working": _("being checked"),
            "done": _("checked"),
            "failed": _("could not be used"),
        },
        run_step={
            "waiting": _("Waiting its turn"),
            "reading": _("Reading the file"),
            "screening": _("Checking each plot"),
            "deciding": _("Comparing with the plots that are registered"),
            "writing": _("Taking the good plots in"),
        },
        problem={
            401: _("Please sign in"),
            403: _("Not yours to do"),
            404: _("Not found"),
            422: _("That cannot be answered"),
            500: _("Something went wrong"),
            503: _("Not just now"),
        },
    )


def _waterfall(_: Callable[[str], str]) -> Words:
    return {
        "gross": _("Gross removals"),
        "baseline": _("Baseline"),
        "uncertainty": _("Uncertainty"),
        "project_emissions": _("Project emissions"),
        "leakage": _("Leakage"),
        "net_benefit": _("Net benefit"),
        "buffer": _("Buffer pool"),
        "issuable": _("Issuable"),
    }


def _waterfall_why(_: Callable[[str], str]) -> Words:
    return {
        "gross": _("carbon dioxide that all trees on the enrolled plots took up"),
        "baseline": _("what would have grown anyway: older trees, and growth on control plots"),
        "uncertainty": _("taken off because the estimate is not exact"),
        "project_emissions": _("what the project itself emitted"),
        "leakage": _("emissions that moved elsewhere"),
        "net_benefit": _("what is left after all deductions"),
        "buffer": _("kept back against losses to fire, drought or felling"),
        "issuable": _("may become credits, in whole tonnes"),
    }


def _kinds(_: Callable[[str], str]) -> Words:
    return {
        "serial": _("Credit"),
        "block": _("Serial block"),
        "batch": _("Issuance"),
        "decision": _("Verifier's decision"),
        "estimate": _("Estimate"),
        "evidence": _("Evidence"),
        "waterfall": _("Deductions"),
        "stratum": _("Stratum"),
        "model": _("Map model"),
        "run": _("Computation"),
        "methodology": _("Methodology"),
        "artifact": _("File"),
        "look": _("Look from space"),
        "plot": _("Plot"),
        "plots": _("Plots"),
        "tree": _("Tree"),
        "scene": _("Satellite scene"),
        "project": _("Project"),
        "period": _("Monitoring period"),
        "verdict": _("Check"),
    }
