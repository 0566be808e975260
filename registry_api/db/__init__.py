"""Tables and migrations of the registry."""
