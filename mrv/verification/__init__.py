"""Performing an estimate again from its bundle, and saying where the two part.

Level 0 looks whether the bundle is what it says and what was signed; level 1 does waterfall and
allocation again, level 2 the statistics, level 3 the observations from pixels. Nothing here asks a
registry: everything comes from the bundle, and scenes from whoever is handed in to open them.
"""
