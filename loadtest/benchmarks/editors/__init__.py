"""Real editors with our plugins in them, and a backend whose time to first token is known."""
