"""Puts the candidates for a question in order."""
