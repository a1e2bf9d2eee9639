"""How fast indexing and searching are."""
