"""Landscapes with a known truth, for planning samples, for tests and for the demo."""
