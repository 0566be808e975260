"""Whether the registry is up, and whether it can answer."""

from dataclasses import dataclass

from fastapi import APIRouter

from registry_api.api.examples import example
from registry_api.api.parameters import Plain
from registry_api.deps import SettingsDep
from registry_api.services import readiness

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Health:
    """The registry is up."""

    up: bool = True


@router.get("/health", summary="Up", responses=example("health"))
def get_health(_query: Plain) -> Health:
    """Tell that the process answers."""
    return Health()


@router.get("/ready", summary="Ready", responses=example("ready"))
def get_readiness(settings: SettingsDep, _query: Plain) -> readiness.Readiness:
    """Tell that the database can be reached and has its newest shape; 503 otherwise."""
    return readiness.readiness(settings)
