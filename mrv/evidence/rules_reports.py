"""The report of what other rules change: its form and its digest.

`mrv.verification.other_rules` writes it; whoever adopts other rules puts it on file.
"""

from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from mrv.evidence.digest import bytes_digest

REPORT_FORMAT: Final = "parkland-methodology-report/1"


def report_digest(report: Mapping[str, Any]) -> str:
    """Give the sha-256 of a report's canonical JSON (RFC 8785), its own digest left out."""
    content = {name: part for name, part in report.items() if name != "sha256"}
    return bytes_digest(rfc8785.dumps(content))
