"""The load that gateways see. They tell it to generators, which add it up. Pure."""

from dataclasses import dataclass

from backend.admission.room import Room

FORGET_AFTER_S = 5.0  # when a gateway has told nothing for this long


@dataclass(frozen=True, slots=True)
class Pressure:
    """One gateway's requests, by their estimated cost in tokens, and its predicted wait."""

    arrived_tokens_per_s: float = 0.0
    running_tokens: float = 0.0
    waiting_tokens: float = 0.0
    queue_s: float = 0.0


class Gauge:
    """Reads the figures of a waiting room; ``now`` is in seconds."""

    def __init__(self, room: Room, now: float) -> None:
        self._room = room
        self._read_at = now
        self._arrived = room.arrived_tokens

    def read(self, now: float) -> Pressure:
        """Arrivals since the last reading, and everything else as it is now."""
        room = self._room
        arrived, passed = room.arrived_tokens - self._arrived, now - self._read_at
        self._arrived, self._read_at = room.arrived_tokens, now
        waiting = room.waiting
        return Pressure(
            arrived_tokens_per_s=arrived / passed if passed > 0 else 0.0,
            running_tokens=room.running.tokens,
            waiting_tokens=waiting.tokens,
            queue_s=(room.wait_s("chat", "") or 0.0) if waiting.requests else 0.0,
        )


class Pressures:
    """What each gateway told last."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, Pressure]] = {}

    def tell(self, now: float, gateway: str, pressure: Pressure) -> None:
        self._told[gateway] = now, pressure

    def sum(self, now: float) -> Pressure:
        """The sum over all gateways that still tell; the wait is the longest one."""
        self._told = {
            gateway: told for gateway, told in self._told.items() if now - told[0] < FORGET_AFTER_S
        }
        told = [pressure for _, pressure in self._told.values()]
        return Pressure(
            sum(each.arrived_tokens_per_s for each in told),
            sum(each.running_tokens for each in told),
            sum(each.waiting_tokens for each in told),
            max((each.queue_s for each in told), default=0.0),
        )
