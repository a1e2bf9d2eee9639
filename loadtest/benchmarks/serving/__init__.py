"""How fast and how fair serving is."""
