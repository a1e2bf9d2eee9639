"""Open documents: their text, syntax, imports and installed packages."""
