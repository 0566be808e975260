"""Stage: evidence."""
