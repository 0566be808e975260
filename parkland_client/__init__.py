"""A registry of Parkland from Python: search credits, follow a serial, retire, take home the proof.

from parkland_client import Registry

registry = Registry("https://registry.example", key="pkl_...")
for credit in registry.credits(country="KE"):
    print(credit.serial, credit.quantity_t)
"""

from parkland_client.answers import Credit, Holding, Order, Retirement, Supply, Whereabouts
from parkland_client.problems import Problem, Refused, TooOften, Unreachable
from parkland_client.registry import Registry

__all__ = [
    "Credit",
    "Holding",
    "Order",
    "Problem",
    "Refused",
    "Registry",
    "Retirement",
    "Supply",
    "TooOften",
    "Unreachable",
    "Whereabouts",
]
