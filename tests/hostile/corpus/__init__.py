"""The corpus: one function for each hostile file; importing this puts all of them on the list."""

from tests.hostile.corpus import archives, json_texts, kml_texts, maps, pointing, size, tables

__all__ = ["archives", "json_texts", "kml_texts", "maps", "pointing", "size", "tables"]
