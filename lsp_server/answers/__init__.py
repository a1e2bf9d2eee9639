"""Passes an answer on to the editor while it arrives."""
