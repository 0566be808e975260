"""Who may come in where: for each operation of the API the scope it asks for, and the roles.

The table comes before everything else of a request that needs a key: before its body is read, and
before a service asks whether this very thing is the caller's. A new operation needs a row here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from registry_api.errors import NotAllowed, NotFound
from registry_api.services.accounts import Role
from registry_api.services.keys import Presented, Scope

EVERYBODY: frozenset[Role] = frozenset({"developer", "verifier", "registrar", "buyer"})
_HOLDERS: frozenset[Role] = frozenset({"developer", "buyer"})
_DEVELOPER: frozenset[Role] = frozenset({"developer"})
_VERIFIER: frozenset[Role] = frozenset({"verifier"})
_REGISTRAR: frozenset[Role] = frozenset({"registrar"})
_JUDGES: frozenset[Role] = frozenset({"verifier", "registrar"})
_WATCHERS: frozenset[Role] = frozenset({"developer", "verifier", "registrar"})
_PROJECT: frozenset[Role] = frozenset({"developer", "verifier"})


@dataclass(frozen=True, slots=True)
class Door:
    """What an operation asks of who comes in.

    Attributes:
        scope: That a limited key or token must have; None opens to anybody, without a key.
        roles: Of the accounts it opens to; whether the thing is theirs is asked by the services.
        hides: Whether others are told that there is no such project, as somebody else's is.
    """

    scope: Scope | None
    roles: frozenset[Role] = EVERYBODY
    hides: bool = False


PUBLIC = Door(None)
_REPORT = Door("private:read", _PROJECT, hides=True)
_FROM_THE_FIELD = Door("plots:write", _PROJECT, hides=True)
_OWN = Door("registry:read")
_TRADE = Door("credits:trade")
_DEAL = Door("credits:trade", _HOLDERS)
_RULE = Door("registry:rule", _REGISTRAR)

DOORS: Mapping[str, Door] = {
    # Projects and their numbers
    "get_portfolio": PUBLIC,
    "list_projects": PUBLIC,
    "get_project": PUBLIC,
    "list_periods": PUBLIC,
    "list_plots": PUBLIC,
    "list_finding_codes": PUBLIC,
    "list_methodologies": PUBLIC,
    "get_methodology": PUBLIC,
    "list_adoptions": PUBLIC,
    "list_supply_statements": PUBLIC,
    "get_supply_statement": PUBLIC,
    "get_checkpoint": PUBLIC,
    "prove_inclusion": PUBLIC,
    "prove_consistency": PUBLIC,
    "list_signing_keys": PUBLIC,
    "get_health": PUBLIC,
    "get_readiness": PUBLIC,
    "upload_project": Door("projects:write", _DEVELOPER),
    "get_estimate": PUBLIC,
    "get_document": Door("private:read"),
    "get_plot_evidence": Door("private:read", _PROJECT),
    "get_bundle": Door("private:read", _PROJECT),
    "get_plot_trace": PUBLIC,
    "get_run_changes": PUBLIC,
    # Verification
    "decide_on_estimate": Door("findings:write", _VERIFIER),
    "get_opinion": PUBLIC,
    "assign_verifier": _RULE,
    "list_verifications": Door("private:read", _WATCHERS),
    "get_verification": Door("private:read", _WATCHERS),
    "get_plot_sheet": Door("private:read", _WATCHERS),
    "get_chips": Door("private:read", _PROJECT),
    "draw_sample": Door("findings:write", _VERIFIER),
    "recompute_estimate": Door("findings:write", _VERIFIER),
    "request_finding": Door("findings:write", _VERIFIER),
    "answer_finding": Door("plots:write", _DEVELOPER),
    "settle_finding": Door("findings:write", _VERIFIER),
    # Plots as they were sent, and their people
    "send_plots": _FROM_THE_FIELD,
    "run_upload_again": _FROM_THE_FIELD,
    "leave_programme": _FROM_THE_FIELD,
    "forget_farmer": _FROM_THE_FIELD,
    "file_contest": _FROM_THE_FIELD,
    "list_uploads": _REPORT,
    "get_upload": _REPORT,
    "get_columns": _REPORT,
    "get_file": _REPORT,
    "list_findings": _REPORT,
    "get_map": _REPORT,
    "get_repairs": _REPORT,
    "get_proposals": _REPORT,
    "get_rejected": _REPORT,
    "list_versions": _REPORT,
    "get_farmer": _REPORT,
    "list_private_reads": _REPORT,
    "list_contests": _REPORT,
    "list_open_contests": Door("private:read", _VERIFIER),
    "get_evidence": Door("private:read"),
    "decide_contest": Door("findings:write"),
    # Credits
    "list_credits": PUBLIC,
    "get_credit_facets": PUBLIC,
    "list_batches": PUBLIC,
    "get_batch": PUBLIC,
    "get_serial": PUBLIC,
    "get_lineage": PUBLIC,
    "list_lineage_nodes": PUBLIC,
    "get_lineage_node": PUBLIC,
    "get_state": PUBLIC,
    "get_supply": PUBLIC,
    "list_ledger": PUBLIC,
    "get_batch_supply": PUBLIC,
    "issue_batch": Door("credits:issue", _REGISTRAR),
    # What an account has, and moving it
    "list_holdings": _OWN,
    "list_orders": _OWN,
    "get_order": _OWN,
    "answer_order": _TRADE,
    "offer_transfer": _TRADE,
    "retire_credits": Door("credits:retire"),
    "get_retirement": PUBLIC,
    "get_certificate": PUBLIC,
    "revoke_certificate": _RULE,
    "get_status_list": PUBLIC,
    "list_project_labels": PUBLIC,
    "list_serial_labels": PUBLIC,
    "give_label": _RULE,
    "withdraw_label": _RULE,
    "export_cad_trust": _RULE,
    "export_aef": _RULE,
    "export_cdop": _RULE,
    "ask_cancellation": Door("credits:retire"),
    "hold_credits": _RULE,
    "list_listings": PUBLIC,
    "get_listing": PUBLIC,
    "list_credits_for_sale": _DEAL,
    "reserve_credits": _DEAL,
    "ask_for_quote": _DEAL,
    # The ledger's rules
    "list_buffer_entries": PUBLIC,
    "get_standing": PUBLIC,
    "list_settlements": PUBLIC,
    "list_restatements": PUBLIC,
    "list_corrections": PUBLIC,
    "open_reversal": Door("findings:write", _WATCHERS),
    "list_reversals": Door("private:read", _WATCHERS, hides=True),
    "step_reversal": Door("findings:write", _JUDGES),
    "quantify_reversal": Door("findings:write", _JUDGES),
    "settle_losses": _RULE,
    "restate_period": _RULE,
    "list_proposals": _RULE,
    "propose_issuance": Door("credits:issue", _REGISTRAR),
    "propose_release": _RULE,
    "propose_correction": _RULE,
    "confirm_proposal": _RULE,
    "drop_proposal": _RULE,
    "list_members": _OWN,
    "add_member": _RULE,
    "remove_member": _RULE,
    "list_notices": _OWN,
    "read_notice": _OWN,
    # Keys
    "list_keys": _OWN,
    "make_key": Door("keys:write"),
    "replace_key": Door("keys:write"),
    "withdraw_key": Door("keys:write"),
}


def let_in(operation: str, came: Presented, place: Mapping[str, str]) -> None:
    """Ask whether somebody may come in to an operation of the API at all.

    An operation without a row opens to keys without limits only.

    Args:
        operation: Its id.
        came: Who came, with what.
        place: Names in the address, such as the project's.

    Raises:
        NotAllowed: If the key is for other things, or the account's role is for others.
        NotFound: In place of it where the project is not to be told.
    """
    door = DOORS.get(operation, Door(None))
    if came.scopes is not None and door.scope not in came.scopes:
        needs = f"scope '{door.scope}'" if door.scope else "key without limits"
        raise NotAllowed(f"This needs a {needs}, which the key or token you sent does not have.")
    if came.account.role in door.roles:
        return
    if door.hides and "project_id" in place:
        raise NotFound(f"There is no project '{place['project_id']}'.")
    raise NotAllowed(
        f"This needs an account with the role {_either(door.roles)}; {came.account.id} is a "
        f"{came.account.role}.",
        account=came.account.id,
    )


def _either(roles: Collection[str]) -> str:
    return " or ".join(sorted(roles))
