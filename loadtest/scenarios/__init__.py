"""Load as users make it: what they ask, how many come and when, and the clients that they use.

``answer`` does no I/O; ``workload`` and ``catalogue`` are pure. Only ``locustfile`` imports Locust.
It runs by itself (`locust -f loadtest/scenarios/locustfile.py`) and under `glossator loadtest`.
"""
