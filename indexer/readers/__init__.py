"""Makes pages of the bytes of a file: one module per format. Reads no files itself."""
