"""What the registry tells the world every night: all its credits as files, and a signed account."""

import dagster as dg

from pipelines.resources import WorkspaceResource
from registry_api.services import bulk_export, supply_statements

BULK = "bulk"  # folder under home; a web server may hand it out as it is


@dg.op
def write_credits(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> None:
    """Write every credit as Parquet into a folder of the ledger's state, the manifest last."""
    place = workspace.workspace
    done = bulk_export.export(place.settings, place.home / BULK)
    context.log.info("%d credits as of ledger entry %d", done.quantity_t, done.as_of)


@dg.op
def sign_supply(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> None:
    """Say where the credits of every issuance are, once a day, and sign it."""
    place = workspace.workspace
    with place.registry() as session:
        told = supply_statements.state_supply(session, place.settings)
    context.log.info("statement of %s, sha-256 %s", told.day, told.sha256)


@dg.job(description="All credits as files, and a signed account of where they are.")
def nightly_account() -> None:
    """Do both; one that fails does not keep the other back."""
    write_credits()
    sign_supply()


every_night = dg.ScheduleDefinition(
    job=nightly_account,
    cron_schedule="15 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
