"""Reads the settings, from wherever they are given, and says everything that is wrong with them."""
