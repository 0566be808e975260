"""`parkland trees`: a tree inventory on its own, without project, plots or registry."""

from pathlib import Path

from pipelines.commands.show import console, print_json, progress_bar, table
