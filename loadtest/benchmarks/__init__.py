"""Measurements, one program per table of `docs/performance/`."""
