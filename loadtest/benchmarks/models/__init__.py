"""Models and indexes made for measuring."""
