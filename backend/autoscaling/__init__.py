"""How many generators are needed. Pure: every time is given. ``backend.deploy.ray`` asks it."""

from backend.autoscaling.forecast import Trend
from backend.autoscaling.policy import Decision, Limits, Need, Observed, State, decide

__all__ = ["Decision", "Limits", "Need", "Observed", "State", "Trend", "decide"]
