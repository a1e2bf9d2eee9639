"""Load as users make it: what they ask, how many come and when, and the clients that ask for them.

``workload`` and ``catalogue`` are pure. ``locustfile`` is where Locust comes in; it runs by itself
(`locust -f loadtest/scenarios/locustfile.py`) and under `glossator loadtest`.
"""
