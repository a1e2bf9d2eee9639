"""An answer's own way from a generator replica to a gateway: one socket for all of them.

Ray Serve decides which replica answers, and starts, watches and stops it; none of the text passes
through it (docs/decisions/0008-deltas-beside-ray.md). Nothing in this package knows Ray.
"""
