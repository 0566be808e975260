"""`parkland dev`: Dagster's own pages on this registry's workspace."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def open_dagster(home: Path, port: int) -> int:
    """Start `dagster dev` on loopback and stay until it ends; gives its exit code.

    SIGINT is set back to its default in the child: started from a script, Dagster would inherit an
    ignored SIGINT, copy it to SIGTERM, and never stop.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PARKLAND_HOME": str(home.resolve())}
    return subprocess.run(  # noqa: S603 - our own interpreter and fixed arguments
        [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)],
        env=environment,
        cwd=Path(__file__).parents[2],
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # see above
    ).returncode
