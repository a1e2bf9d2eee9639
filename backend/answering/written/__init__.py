"""Works on the text that a model writes: adds citations, and marks names that do not exist."""
