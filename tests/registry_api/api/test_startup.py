"""The API starts light: importing and making it loads no orchestrator and no geospatial stack."""

import subprocess
import sys

HEAVY = ("dagster", "geopandas", "rasterio", "odc", "scipy", "sklearn", "pandas", "matplotlib")


def test_start_up_loads_nothing_heavy() -> None:
    program = (
        "import sys; from registry_api.app import create_app; create_app(); "
        f"print(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
