"""Landscapes with a known truth: villages, plots, trees, field work and satellite scenes.

They are for planning field samples, for tests and benchmarks, and for the demonstration; whatever
comes from here says so. Writing a landscape to disk belongs to `mrv.sources.simulated`.
"""
