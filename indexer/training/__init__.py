"""Trains the ranker. Nothing here is imported at run time."""
