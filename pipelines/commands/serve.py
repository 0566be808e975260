"""`parkland serve`: the registry over HTTP."""

from pathlib import Path

import uvicorn

from pipelines.commands.show import console
from registry_api.app import create_app
from registry_api.settings import Settings


def serve_registry(home: Path, port: int, *, demo: bool) -> None:
    """Serve the API and the pages on loopback until interrupted."""
    settings = Settings(home=home.resolve(), demo=demo)
    console.print(f"Parkland is at http://127.0.0.1:{port}/  (Ctrl-C ends it)")
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning")
