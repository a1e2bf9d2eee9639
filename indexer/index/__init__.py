"""One index on disk: vectors in Chroma, words in tantivy, and a catalog of what is served."""
