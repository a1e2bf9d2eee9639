"""Gathers what goes along with a question."""
