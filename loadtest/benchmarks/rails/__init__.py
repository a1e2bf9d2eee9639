"""What the rails cost."""
