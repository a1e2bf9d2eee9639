"""What hostile clients achieve."""
