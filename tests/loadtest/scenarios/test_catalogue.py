"""How many users there are, second by second."""

import pytest

from loadtest.scenarios.catalogue import SCENARIOS, Scenario


@pytest.mark.parametrize(
    ("elapsed", "users"), [(0, 1), (2.5, 10), (5, 20), (59.9, 20), (60, None), (1000, None)]
)
def test_users_come_during_the_ramp_and_stay(elapsed, users):
    assert Scenario("s", "", 20, duration_s=60, ramp_s=5).users_at(elapsed) == users


@pytest.mark.parametrize(("elapsed", "users"), [(0, 10), (19, 10), (20, 20), (45, 25), (99, 25)])
def test_a_staircase_rises_to_its_top(elapsed, users):
    scenario = Scenario("s", "", 25, duration_s=100, step_users=10, step_s=20)
    assert scenario.users_at(elapsed) == users


def test_the_documented_scenarios_are_there():
    sizes = {name: scenario.users for name, scenario in SCENARIOS.items()}
    assert sizes | {"failure": 0} == {
        "developer": 10, "typical": 20, "strain": 30, "spike": 50, "failure": 0,
    }  # fmt: skip
