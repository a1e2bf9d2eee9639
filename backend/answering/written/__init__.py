"""What is made of the text that a model writes: citations, and marks on names that do not exist."""
