"""Every setting of the registry, read once from `PARKLAND_...` in the environment.

Nothing else in `registry_api` looks at the environment.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, HttpUrl, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mrv.crediting.serials import REGISTRY, TEST_REGISTRY


def _usual_code(stated: dict[str, Any]) -> str:
    return TEST_REGISTRY if stated.get("sandbox") else REGISTRY


class Settings(BaseSettings):
    """Where the registry keeps things, and how it presents itself."""

    model_config = SettingsConfigDict(env_prefix="PARKLAND_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".parkland"), description="folder of the registry's own data")
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty means a SQLite file under home"
    )
    artifacts: str = Field(
        default="", description="folder of content-addressed files; empty means one under home"
    )
    pixels: str = Field(
        default="",
        description="folder or object store of what was read of scenes; empty means under home",
    )
    dask_scheduler: str = Field(
        default="", description="Dask scheduler whose workers read scenes; empty means threads"
    )
    demo: bool = Field(
        default=False,
        description="a demonstration registry: unverified rules may issue, and every page says so",
    )
    sandbox: bool = Field(
        default=False,
        description="a registry to try things in: its units are test units, with serials of their "
        "own, and every page and certificate says so",
    )
    one_registrar: bool | None = Field(
        default=None,
        description="whether one registrar may issue alone, which every batch then says; unset, "
        "only a demonstration's may",
    )
    public_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:8000/"), description="where people reach the registry"
    )
    trusted_hosts: tuple[str, ...] = Field(
        default=(), description="further Host headers to answer, beside the one of public_url"
    )
    registry_code: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", default_factory=_usual_code, description="of serials")
    ]
    worker: bool = Field(default=True, description="whether the service screens uploads itself")
    private_key: Path | None = Field(
        default=None,
        description="file with the age identity that opens private data; none means one under home",
    )
    signing_key: Path | None = Field(
        default=None,
        description="file with the Ed25519 key that signs; none means one under home",
    )
    loss_raster: Path | None = Field(
        default=None, description="loss-year raster of tree cover; without it loss is not checked"
    )
    loss_product: str = Field(default="", description="what the loss-year raster is, for people")
    openlineage: str = Field(
        default="", description="file or address that steps of runs are told to; empty: nowhere"
    )
    dagster_url: HttpUrl | None = Field(
        default=None,
        description="address of Dagster's pages, where lineages lead verifiers and developers",
    )
    basemap_style: str = Field(
        default="", description="address of a MapLibre style; empty means the own light basemap"
    )
    largest_plot_file_mb: Annotated[int, Field(ge=1)] = 512
    oidc_issuer: str = Field(
        default="", description="OpenID Connect issuer whose bearer tokens are accepted"
    )
    oidc_audience: str = Field(
        default="parkland", description="what its tokens for this registry have in `aud`"
    )
    oidc_keys_url: str = Field(
        default="", description="where its keys are, if not on the issuer's own origin"
    )
    calls_per_minute: Annotated[int, Field(ge=1)] = 300
    calls_per_minute_with_key: Annotated[int, Field(ge=1)] = 1_200
    session_hours: Annotated[float, Field(gt=0)] = 12.0

    @model_validator(mode="after")
    def _serials_tell_test_units(self) -> Self:
        if self.sandbox != (self.registry_code == TEST_REGISTRY):
            raise ValueError(
                f"PARKLAND_REGISTRY_CODE is {self.registry_code}, and serials of a sandbox, and of "
                f"no other registry, begin with {TEST_REGISTRY}; leave the code out, or correct "
                "PARKLAND_SANDBOX"
            )
        return self

    @property
    def registrar_alone(self) -> bool:
        """Whether an issuance may do with one registrar."""
        return self.demo if self.one_registrar is None else self.one_registrar

    @cached_property
    def database(self) -> str:
        """Give the SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'registry.sqlite'}"

    @cached_property
    def artifact_root(self) -> str:
        """Give the place of content-addressed files in force."""
        return self.artifacts or str(self.home.absolute() / "artifacts")

    @cached_property
    def pixels_root(self) -> str:
        """Give the place of kept pixels in force."""
        return self.pixels or str(self.home.absolute() / "pixels")

    @cached_property
    def hosts(self) -> list[str]:
        """List the Host headers the registry answers to."""
        return sorted(
            {self.public_url.host or "127.0.0.1", "127.0.0.1", "localhost", *self.trusted_hosts}
        )
