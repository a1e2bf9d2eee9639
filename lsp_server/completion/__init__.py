"""Completes code at the cursor."""
