"""Simulates users, replicas and their scaling as discrete events: hours in seconds. Pure."""
