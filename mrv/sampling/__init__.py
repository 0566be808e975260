"""Sample planning: how many plots and villages to measure, which ones, and in which order.

`sizes` holds the formulas, `expected` what is known of growth beforehand, `plan` the cheapest
sample that is sharp enough, `selection` the draw, `route` the walk.
"""
