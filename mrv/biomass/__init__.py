"""From a measured tree to dry biomass and carbon."""
