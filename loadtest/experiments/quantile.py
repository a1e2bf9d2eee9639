"""Quantiles of samples. Pure."""

from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """Interpolates between the two nearest ranks, as in NumPy. Raises ``ValueError`` if empty."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
