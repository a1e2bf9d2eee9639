"""Turns the bytes of a file into pages: one module per format. Reads no files itself."""
