"""Stage: project."""
