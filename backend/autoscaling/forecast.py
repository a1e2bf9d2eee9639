"""Forecasts the arrival rate a little ahead of time: Holt's linear trend, damped. Pure.

A replica takes a minute to load a model, so the rate at the time when it is up counts.

Sources: C. C. Holt, "Forecasting seasonals and trends by exponentially weighted moving averages"
(1957; International Journal of Forecasting 20, 2004); D. J. Wright, "Forecasting data published at
irregular time intervals" (Management Science 32, 1986) for steps of unequal length; E. S. Gardner
and E. McKenzie, "Forecasting trends in time series" (Management Science 31, 1985) for the damping,
without which a short climb would be extended for ever.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trend:
    """``level`` at the time ``at_s``, in the unit of the observations; ``slope`` is per second."""

    at_s: float
    level: float
    slope: float = 0.0

    def observe(self, at_s: float, value: float, level_s: float, slope_s: float) -> "Trend":
        """Takes in the value at ``at_s``. Values older than these time constants count little."""
        passed = at_s - self.at_s
        if passed <= 0:
            return self
        expected = self.level + self.slope * passed
        level = value + (expected - value) * math.exp(-passed / level_s)
        steepness = (level - self.level) / passed
        slope = steepness + (self.slope - steepness) * math.exp(-passed / slope_s)
        return Trend(at_s, level, slope)

    def ahead(self, horizon_s: float, damping_s: float) -> float:
        """The value expected ``horizon_s`` after ``at_s``, never below 0.

        The slope fades with the time constant ``damping_s``.
        """
        reach_s = damping_s * -math.expm1(-horizon_s / damping_s)
        return max(0.0, self.level + self.slope * reach_s)
