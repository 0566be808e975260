"""U08 and U09: GeoPackages with a life of their own, shapefiles with parts that lie."""

import struct

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import altered_geopackage, geopackage, shapefile, zipped, zipped_shapefile


@attack("U08", "plots.gpkg", READ)
def trigger(_bait: Bait) -> bytes:
    return altered_geopackage("CREATE TRIGGER t AFTER INSERT ON plots BEGIN DELETE FROM plots; END")


@attack("U08", "plots.gpkg", "not_a_table")
def view(_bait: Bait) -> bytes:
    return altered_geopackage(
        "ALTER TABLE plots RENAME TO hidden",
        "CREATE VIEW plots AS SELECT * FROM hidden",
    )


@attack("U08", "plots.gpkg", "damaged")
def column_that_fills_the_memory(_bait: Bait) -> bytes:
    return altered_geopackage("ALTER TABLE plots ADD COLUMN x AS (hex(zeroblob(900000000)))")


@attack("U08", "plots.gpkg", "damaged")
def column_that_loads_an_extension(bait: Bait) -> bytes:
    return altered_geopackage(
        f"ALTER TABLE plots ADD COLUMN x AS (load_extension('{bait.secret}'))"
    )


@attack("U08", "plots.gpkg", "not_a_table")
def layer_whose_name_is_a_command(bait: Bait) -> bytes:
    name = f"plots\"; ATTACH ''{bait.secret}'' AS a; --"
    return altered_geopackage(
        f"UPDATE gpkg_contents SET table_name = '{name}'",  # noqa: S608  # that is the attack
        "UPDATE gpkg_geometry_columns SET table_name = (SELECT table_name FROM gpkg_contents)",
    )


@attack("U08", "plots.gpkg", READ)
def shape_of_ninety_megabytes(_bait: Bait) -> bytes:
    return altered_geopackage("UPDATE plots SET geom = zeroblob(90000000) WHERE fid = 1")


@attack("U08", "plots.gpkg", "no_geometry")
def no_layer(_bait: Bait) -> bytes:
    return altered_geopackage("UPDATE gpkg_contents SET data_type = 'tiles'")


@attack("U08", "plots.gpkg", "damaged")
def corrupt_pages(_bait: Bait) -> bytes:
    raw = bytearray(geopackage())
    raw[4096::3] = bytes(len(raw[4096::3]))
    return bytes(raw)


@attack("U08", "plots.gpkg", "damaged")
def geopackage_cut_short(_bait: Bait) -> bytes:
    return geopackage()[:50_000]


@attack("U08", "plots.gpkg", "damaged")
def empty_database(_bait: Bait) -> bytes:
    return b"SQLite format 3\0" + bytes(52) + b"GPKG" + bytes(4096)


@attack("U08", "plots.gpkg", "damaged")
def database_that_is_no_geopackage(_bait: Bait) -> bytes:
    return b"SQLite format 3\0" + bytes(4096)


@attack("U09", "plots.zip", READ)
def no_prj(_bait: Bait) -> bytes:
    return zipped_shapefile({".prj": None})


@attack("U09", "plots.zip", "missing_part")
def no_shx(_bait: Bait) -> bytes:
    return zipped_shapefile({".shx": None})


@attack("U09", "plots.zip", "missing_part")
def no_dbf(_bait: Bait) -> bytes:
    return zipped_shapefile({".dbf": None})


@attack("U09", "plots.zip", "missing_part")
def no_shp(_bait: Bait) -> bytes:
    return zipped_shapefile({".shp": None})


@attack("U09", "plots.shp", "missing_part")
def shp_alone(_bait: Bait) -> bytes:
    return shapefile()[".shp"]


@attack("U09", "plots.zip", READ)
def cpg_that_is_a_path(_bait: Bait) -> bytes:
    return zipped_shapefile({".cpg": b"../../etc/passwd"})


@attack("U09", "plots.zip", "two_layers")
def two_shapefiles(_bait: Bait) -> bytes:
    return zipped({f"{n}{part}": data for n in "ab" for part, data in shapefile().items()})


@attack("U09", "plots.zip", READ)
def shx_that_points_outside(_bait: Bait) -> bytes:
    """The record it points to is a row without a shape."""
    raw = bytearray(shapefile()[".shx"])
    struct.pack_into(">i", raw, 100, 0x7FFFFFF0)
    return zipped_shapefile({".shx": bytes(raw)})


@attack("U09", "plots.zip", READ)
def shp_cut_short(_bait: Bait) -> bytes:
    """What is beyond the end is a row without a shape."""
    return zipped_shapefile({".shp": shapefile()[".shp"][:300]})
