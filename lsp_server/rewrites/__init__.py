"""Proposes, checks and applies new code for a selection."""
