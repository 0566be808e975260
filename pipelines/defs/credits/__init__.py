"""Stage: credits."""
