"""The scenarios: how many users there are, and how their questions arrive. Pure."""

from typing import Literal

from msgspec import Struct

Arrivals = Literal["closed", "poisson"]


class Scenario(Struct, frozen=True):
    """``closed``: each user waits for an answer before thinking of the next question.
    ``poisson``: questions arrive at a rate, whatever happened to earlier ones (an open loop).

    ``step_users`` more users come every ``step_s``. With 0, all come during the first ``ramp_s``.
    """

    name: str
    meaning: str
    users: int
    duration_s: float = 60.0
    ramp_s: float = 5.0
    step_users: int = 0
    step_s: float = 20.0
    arrivals: Arrivals = "closed"

    def users_at(self, elapsed_s: float) -> int | None:
        """How many users there are, or None once the scenario is over."""
        if elapsed_s >= self.duration_s:
            return None
        if self.step_users:
            return min(self.users, self.step_users * (1 + int(elapsed_s / self.step_s)))
        if elapsed_s >= self.ramp_s:
            return self.users
        return max(1, round(self.users * elapsed_s / self.ramp_s))


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("developer", "one team tries it", 10),
        Scenario("typical", "an ordinary day", 20),
        Scenario("strain", "a busy day", 30),
        Scenario("spike", "a launch: everybody comes within a second", 50, ramp_s=1.0),
        Scenario(
            "failure",
            "ten more every step, until the SLO breaks; names the ceiling",
            1000,
            duration_s=2000.0,
            step_users=10,
        ),
    )
}
