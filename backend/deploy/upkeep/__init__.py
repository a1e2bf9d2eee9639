"""Keeps the index up to date while the backend serves."""
