"""What would have happened anyway, and what is lost again.

Estimating stock change is `mrv.estimation`.
"""
