"""The map of growth: models that are linear in the measured values, judged on unseen villages.

The map only sharpens a total that measured plots carry (`mrv.estimation.greg`). Its models choose
their structure on mean values; their predictions are then a matrix times the measured values, the
same matrix for every Monte Carlo draw. `fit.py` is the way in.
"""
