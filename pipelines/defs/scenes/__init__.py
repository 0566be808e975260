"""Stage: scenes."""
