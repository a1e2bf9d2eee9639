"""Composition roots: the one place that knows every concrete part.

``build`` makes the parts from the settings. ``local`` joins them in one process, and ``ray.app`` as
Ray Serve deployments. Only ``ray`` imports Ray.
"""
