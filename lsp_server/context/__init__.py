"""What goes with a question."""
