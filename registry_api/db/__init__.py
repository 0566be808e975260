"""Tables and migrations of the registry.

`models` are the tables, `engine` opens a database, `migrations` bring it to its newest shape,
`nearby` asks which plots lie where. What may be written, and when, is decided in
`registry_api.services`.
"""

from registry_api.db.engine import (
    Database,
    database,
    is_current,
    lock_for_writing,
    migrate,
    reads_only,
)

__all__ = ["Database", "database", "is_current", "lock_for_writing", "migrate", "reads_only"]
