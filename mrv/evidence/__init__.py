"""What a credit stands on, by content, and the way down to it."""
