"""Stage: plots."""
