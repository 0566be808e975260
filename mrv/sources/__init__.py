"""The rim of mrv: the only modules that open a file or a connection."""
