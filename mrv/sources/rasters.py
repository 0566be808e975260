"""Raster files of a scene: opens its bands and reads their blocks of raw digital numbers.

Nothing is scaled, masked or resampled here (`mrv.imagery` does that); what is checked is that a
file is what its item says. Which of the readers opens a file is decided here: plain tiled GeoTIFFs
are read without GDAL's opening, everything else by GDAL, as GeoTIFF or JPEG 2000 and as nothing
else.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from numpy.typing import NDArray

from mrv.errors import SceneUnreadable
from mrv.imagery.grids import BandLayout
from mrv.imagery.radar import RadarScene
from mrv.imagery.scenes import Scene
from mrv.sources.bands import BandFault, BandFile
from mrv.sources.cog_bands import RemoteCog, near_cog
from mrv.sources.gdal_bands import GdalBand
from mrv.sources.ranges import NearFile, WholeFile
from mrv.sources.remote_files import SCHEMES, RemoteFile
from mrv.sources.tiff_headers import HEAD_BYTES, HeaderUnusual

_SMALL_FILE_BYTES = 128 * 1024  # are read at once, not tile by tile [P]


class RasterScene:
    """The bands of one scene, each opened when it is first asked for."""

    _radar: ClassVar = False

    def __init__(self, scene: Scene | RadarScene, stack: ExitStack) -> None:
        self._scene = scene
        self._stack = stack
        self._files: dict[str, BandFile] = {}
        self._layouts: dict[str, BandLayout] = {}

    def layout(self, band: str) -> BandLayout:
        """Say how a band lies in its file.

        Raises:
            SceneUnreadable: If the file is damaged, is not on the item's projection, or is not a
                band of digital numbers with 0 as no data.
        """
        if band not in self._layouts:
            try:
                file = _open_band(self._scene.assets[band], self._stack)
                self._layouts[band] = file.facts.layout(self._scene.epsg, radar=self._radar)
            except BandFault as fault:
                raise self._unreadable(band, fault) from fault
            self._files[band] = file
        return self._layouts[band]

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Decode blocks of a band, each cut to the grid, in the order asked.

        An array is valid only until the next is taken.

        Raises:
            SceneUnreadable: As `layout`, or if the file changed meanwhile.
        """
        self.layout(band)
        try:
            yield from self._files[band].blocks(numbers)
        except BandFault as fault:
            raise self._unreadable(band, fault) from fault

    def _unreadable(self, band: str, fault: BandFault) -> SceneUnreadable:
        return SceneUnreadable(
            f"Band {band} of scene {self._scene.id} cannot be used: {fault}; fetch the scene again "
            "or leave it out.",
            scene=self._scene.id,
            band=band,
        )


class RadarRaster(RasterScene):
    """The two bands of a radar acquisition."""

    _radar: ClassVar = True

    def nodata(self, band: str) -> float | None:
        """Give the number that marks missing pixels; None where the file does not say.

        Raises:
            SceneUnreadable: As `layout`.
        """
        self.layout(band)
        return self._files[band].facts.nodata


@contextmanager
def open_radar(scene: RadarScene) -> Iterator[RadarRaster]:
    """Open an acquisition's files for reading and close them at the end of the block."""
    with ExitStack() as stack:
        yield RadarRaster(scene, stack)


@contextmanager
def open_scene(scene: Scene) -> Iterator[RasterScene]:
    """Open a scene's files for reading and close them at the end of the block."""
    with ExitStack() as stack:
        yield RasterScene(scene, stack)


def _open_band(href: str, stack: ExitStack) -> BandFile:
    try:
        parts = urlsplit(href)
    except ValueError as error:
        raise BandFault("its address cannot be used") from error
    is_tiff = not parts.path.endswith(".jp2")
    if parts.scheme in SCHEMES:
        try:
            if is_tiff:
                return RemoteCog(href)
        except HeaderUnusual:
            pass
        file = RemoteFile(href)
        file.open(HEAD_BYTES)
        return GdalBand(parts.path.rsplit("/", 1)[-1], stack, file)
    path = Path(href)
    if href.startswith("/vsi") or not path.is_file():
        raise BandFault("its address is not a plain file or web address")
    if is_tiff:
        small = path.stat().st_size <= _SMALL_FILE_BYTES
        try:
            return near_cog(WholeFile(path.read_bytes()) if small else NearFile(path, stack))
        except HeaderUnusual:
            pass
    return GdalBand(href, stack)
