"""Load tests, and the tiny model they run on. Of the backend they import the wire protocol; the
simulation also runs its admission and its autoscaling policy, which are pure."""
