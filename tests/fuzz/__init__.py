"""Fuzzing of the readers of boundary files and of screening: `python -m tests.fuzz`."""
