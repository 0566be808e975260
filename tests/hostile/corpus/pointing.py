"""U01 to U04: files that point at another file, at an address, or at a coordinate system."""

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import collection, feature, zipped, zipped_shapefile


def vrt(source: str) -> bytes:
    """Write a virtual map of GDAL, which shows whatever file it names."""
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{source}</SrcDataSource>'
        "<SrcLayer>x</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def with_crs(crs: object) -> bytes:
    return collection(feature(), crs=crs)


def with_crs_name(name: str) -> bytes:
    return with_crs({"type": "name", "properties": {"name": name}})


@attack("U01", "plots.kml", "driver_mismatch")
def virtual_map_as_kml(bait: Bait) -> bytes:
    return vrt(bait.secret)


@attack("U01", "plots.geojson", "driver_mismatch")
def virtual_map_as_geojson(bait: Bait) -> bytes:
    return vrt(bait.secret)


@attack("U01", "plots.gpkg", "driver_mismatch")
def virtual_map_as_geopackage(bait: Bait) -> bytes:
    return vrt(bait.secret)


@attack("U01", "plots.parquet", "driver_mismatch")
def virtual_map_as_geoparquet(bait: Bait) -> bytes:
    return vrt(bait.secret)


@attack("U01", "plots.zip", "damaged")
def virtual_map_as_shapefile(bait: Bait) -> bytes:
    return zipped_shapefile({".shp": vrt(bait.secret)})


@attack("U01", "plots.vrt", "unknown_format")
def virtual_map_under_its_own_name(bait: Bait) -> bytes:
    return vrt(bait.secret)


@attack("U02", "plots.kml", "driver_mismatch")
def virtual_map_of_an_address(bait: Bait) -> bytes:
    return vrt(f"/vsicurl/{bait.address}")


@attack("U02", "plots.zip", "driver_mismatch")
def virtual_map_within_virtual_files(bait: Bait) -> bytes:
    return zipped({"plots.kml": vrt(f"/vsizip//vsicurl/{bait.address}/vsis3/x")})


@attack("U03", "plots.geojson", "remote_crs")
def system_by_link(bait: Bait) -> bytes:
    return with_crs({"type": "link", "properties": {"href": bait.address, "type": "proj4"}})


@attack("U03", "plots.geojson", "remote_crs")
def system_by_address_without_a_name(bait: Bait) -> bytes:
    return with_crs({"type": "name", "properties": {"href": bait.address}})


@attack("U03", "plots.geojson", "unknown_crs")
def system_named_by_an_address(bait: Bait) -> bytes:
    return with_crs_name(bait.address)


@attack("U03", "plots.geojson", READ)
def system_by_link_at_one_feature(bait: Bait) -> bytes:
    link = {"type": "link", "properties": {"href": bait.address}}
    return collection(feature(), feature(crs=link))


@attack("U04", "plots.geojson", READ)
def system_in_metres(_bait: Bait) -> bytes:
    return with_crs_name("EPSG:32637")


@attack("U04", "plots.geojson", "unknown_crs")
def system_that_is_none(_bait: Bait) -> bytes:
    return with_crs_name("EPSG:999999")


@attack("U04", "plots.geojson", "unknown_crs")
def system_of_mars(_bait: Bait) -> bytes:
    return with_crs_name("ESRI:104905")


@attack("U04", "plots.geojson", "unknown_crs")
def system_of_heights(_bait: Bait) -> bytes:
    return with_crs_name("EPSG:5773")


@attack("U04", "plots.geojson", "unknown_crs")
def system_with_a_grid_file(bait: Bait) -> bytes:
    return with_crs_name(f"+proj=longlat +nadgrids={bait.secret} +type=crs")


@attack("U04", "plots.zip", "unknown_crs")
def system_of_a_shapefile_with_a_grid_file(bait: Bait) -> bytes:
    wkt = (
        'GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.25],'
        f'EXTENSION["PROJ4_GRIDS","{bait.secret}"]],PRIMEM["x",0],UNIT["degree",0.0174]]'
    )
    return zipped_shapefile({".prj": wkt.encode()})
