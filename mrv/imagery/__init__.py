"""What scenes say about plots: offsets, masks, indices, coverage, composites."""
