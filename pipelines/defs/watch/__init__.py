"""Stage: watch."""
