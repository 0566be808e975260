"""Runs started from a script: what it ignores must not keep Dagster's helpers alive."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts with '&'
from pipelines.execution import dagster_instance
with dagster_instance(Path(sys.argv[1])):
    print(signal.getsignal(signal.SIGINT) == signal.default_int_handler)
print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
"""


@pytest.mark.slow
def test_a_run_that_a_script_started_hears_interrupts_until_it_ends(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "home")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["True", "True"]
