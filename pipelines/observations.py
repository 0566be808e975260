"""Reading a project's scenes: what is kept from before, where the work is done, who is told."""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mrv.imagery.extract import observe
from mrv.imagery.observations import Observations
from mrv.imagery.progress import Extent
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.sources.kept import keeper_at
from mrv.sources.rasters import open_scene
from mrv.sources.sealed import SealedKeeper
from pipelines.executors import executor_at
from pipelines.plots import screened_plots
from pipelines.progress import Pace
from pipelines.scenes import take_scenes
from pipelines.stage import Stage
from pipelines.steps import tell_scenes_read
from registry_api.services.private_key import identity
from registry_api.settings import Settings


def read_scenes(
    stage: Stage, say: Callable[[str], None], scenes: Sequence[Scene] | None = None
) -> tuple[Observations, Extent]:
    """Read what is not kept yet of the scenes on a stage's shelf, and sum it up per plot.

    Args:
        stage: Project and period.
        say: Hears now and then how far it has come.
        scenes: Others than those on the shelf.

    Returns:
        The observations, and what it took to make them.

    Raises:
        SourceFailed: If a scene cannot be read, there is no room to keep its pixels, or the cluster
            that was set does not answer. Run again, it goes on where it stopped.
    """
    settings = stage.workspace.settings
    scenes = take_scenes(stage.shelf) if scenes is None else scenes
    store = keeper_at(settings.pixels_root)
    store.sweep()
    pace = Pace(say)
    extent = Extent(0, len(scenes), 0, 0)

    def heard(so_far: Extent) -> None:
        nonlocal extent
        extent = so_far
        tell_scenes_read(so_far)
        pace(so_far)

    with executor_at(settings.dask_scheduler) as executor:
        seen = observe(
            scenes,
            screened_plots(stage.shelf),
            open_scene,
            rules=ImageryRules.of(stage.methodology),
            keeper=SealedKeeper(store, _pixels_secret(settings)),
            executor=executor,
            progress=heard,
        )
    return seen, extent


def _pixels_secret(settings: Settings) -> bytes:
    """Draw the key of kept pixels from the registry's; with another they are read anew."""
    derive = HKDF(SHA256(), 32, salt=None, info=b"parkland/kept-pixels/1")
    return derive.derive(str(identity(settings)).encode())
