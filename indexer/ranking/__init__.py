"""Finds candidates for a question and puts them in order."""
