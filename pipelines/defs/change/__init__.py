"""Stage: change."""
