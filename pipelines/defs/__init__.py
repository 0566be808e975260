"""Dagster finds every asset, check, job and sensor below here by itself."""
