"""From an honest estimate to whole credits: deductions, buffer, rounding, gates, serials.

From here on amounts are whole kilograms of CO2e. Estimating carbon is `mrv.estimation`; remembering
what was issued is the registry's.
"""
