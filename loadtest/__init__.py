"""Load tests, simulation and benchmarks, and the tiny model that they run on.

Of the backend they import the wire protocol. The simulation also runs its admission and its
autoscaling policy, which are pure.
"""
