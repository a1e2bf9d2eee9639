"""The options of a run. Locust's command line and `glossator loadtest` fill the same fields."""

from msgspec import Struct

from loadtest.scenarios.catalogue import SCENARIOS, Scenario


class Options(Struct, frozen=True):
    """``users``, ``duration_s`` and ``arrivals`` override the scenario's, unless 0 or empty.

    ``rate`` is the number of questions per second in an open loop; 0 derives it from the pauses.
    ``bare`` asks without retrieval. ``gpus`` and ``price_per_hour`` cover everything that serves.
    ``server_pid`` is the root of a server's processes on this machine.
    """

    scenario: str = "typical"
    api: str = "websocket"
    model: str = ""
    users: int = 0
    duration_s: float = 0.0
    arrivals: str = ""
    rate: float = 0.0
    seed: int = 7
    think: float = 1.0  # factor on the pauses between questions
    bare: bool = False
    slo: str = "ttft_p95<2s,failed<1%"
    log: str = "experiments"
    note: str = ""
    token: str = ""
    gpus: float = 0.0
    price_per_hour: float = 0.0
    server_pid: int = 0

    def chosen(self) -> Scenario:
        """Raises ``KeyError`` for a scenario that does not exist."""
        scenario = SCENARIOS[self.scenario]
        changes = {
            "users": self.users or scenario.users,
            "duration_s": self.duration_s or scenario.duration_s,
            "arrivals": self.arrivals or scenario.arrivals,
        }
        return Scenario(**{field: getattr(scenario, field) for field in scenario.__struct_fields__}
                        | changes)  # fmt: skip
