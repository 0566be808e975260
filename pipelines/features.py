"""Seasonal features on a shelf: Parquet keeps columns, here they get their index back."""

import pandas as pd

from pipelines.shelf import Note, Shelf

_INDEX = ["plot_id", "epoch"]


def keep_features(shelf: Shelf, features: pd.DataFrame) -> Note:
    """Leave features on a shelf."""
    return shelf.put_table("features", features.reset_index())


def take_features(shelf: Shelf) -> pd.DataFrame:
    """Take features off a shelf, by (plot_id, epoch)."""
    return shelf.table("features").set_index(_INDEX)
