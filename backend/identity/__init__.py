"""Finds out who asks, and keeps the quotas of users."""
