"""Rails that read an answer while it streams."""
