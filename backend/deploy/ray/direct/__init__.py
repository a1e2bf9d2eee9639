"""Carries answers from a generator replica to a gateway, past Ray Serve, over one socket for all.

Ray Serve starts, watches, chooses and stops replicas, but no text passes through it
(docs/decisions/0008-deltas-beside-ray.md). Nothing in this package knows Ray.
"""
