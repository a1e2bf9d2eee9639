"""How many generators are needed: pure, with explicit time. ``backend.deploy`` asks it on Ray."""

from backend.autoscaling.forecast import Trend
from backend.autoscaling.policy import Decision, Limits, Need, Observed, State, decide

__all__ = ["Decision", "Limits", "Need", "Observed", "State", "Trend", "decide"]
