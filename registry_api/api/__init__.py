"""The HTTP API, version 1: addresses, shapes and status codes; what is true is asked of services.

Reading needs no key. Writing needs one, of an account in the role the act calls for.
"""

from fastapi import APIRouter

from registry_api.api import credits as issued
from registry_api.api import estimates, health, projects, uploads
from registry_api.api.problems import PROBLEM_RESPONSES

router = APIRouter(responses=PROBLEM_RESPONSES)
for part in (projects, uploads, issued, estimates, health):
    router.include_router(part.router)
