"""From measured plots and a map to one change with one honest variance."""
