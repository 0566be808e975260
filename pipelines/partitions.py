"""What one run is about: one project and one of its monitoring periods.

Both dimensions are dynamic: projects and periods come into being in the registry, and a sensor or
the command line adds their keys.
"""

import dagster as dg

PROJECTS = dg.DynamicPartitionsDefinition(name="projects")
PERIODS = dg.DynamicPartitionsDefinition(name="periods")
PROJECT_PERIOD = dg.MultiPartitionsDefinition({"project": PROJECTS, "period": PERIODS})


def partition_key(project: str, period: str) -> dg.MultiPartitionKey:
    """Name the partition of one project and period."""
    return dg.MultiPartitionKey({"project": project, "period": period})


def project_and_period(key: str) -> tuple[str, str]:
    """Split a key by name; Dagster orders its parts alphabetically ("2021-2024|kisumu")."""
    period, project = key.split("|")
    return project, period


def add_partition(instance: dg.DagsterInstance, project: str, period: str) -> None:
    """Make a partition known to an instance; twice is once."""
    instance.add_dynamic_partitions(str(PROJECTS.name), [project])
    instance.add_dynamic_partitions(str(PERIODS.name), [period])
