"""Composition roots: the one place that knows every concrete part.

``build`` makes the parts from settings; ``local`` joins them in one process, ``ray_app`` as
Ray Serve deployments. Ray is imported in ``ray_app``, ``cluster``,
``handles`` and ``router`` alone.
"""
