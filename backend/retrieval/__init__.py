"""Finds the passages for a question, within a time budget."""
