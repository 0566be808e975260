"""What the registry does: the only writer of its tables."""
