"""The HTTP API, version 1: addresses, shapes and status codes; what is true is asked of services.

Reading what is public needs no key. Writing, and exact places or people, need one, of an account in
the role the act calls for; a browser that is signed in sends its cookie instead.
"""

from fastapi import APIRouter

from registry_api.api import (
    certificates,
    contests,
    estimates,
    exports,
    health,
    keys,
    labels,
    log,
    losses,
    methodologies,
    orders,
    plot_findings,
    plot_records,
    plot_reports,
    plot_uploads,
    projects,
    second_eyes,
    supply,
    trades,
    uploads,
    verifications,
)
from registry_api.api import credits as issued
from registry_api.api.problems import PROBLEM_RESPONSES

_PARTS = (
    projects,
    uploads,
    plot_uploads,
    plot_reports,
    plot_records,
    contests,
    plot_findings,
    issued,
    orders,
    trades,
    supply,
    losses,
    second_eyes,
    certificates,
    labels,
    exports,
    estimates,
    verifications,
    methodologies,
    keys,
    log,
    health,
)
router = APIRouter(responses=PROBLEM_RESPONSES)
for part in _PARTS:
    router.include_router(part.router)
