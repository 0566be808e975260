"""Stage: trees."""
