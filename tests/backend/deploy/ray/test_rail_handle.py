"""A rail on Ray Serve, as the gateway holds it."""

from backend.deploy.ray.handles import RayRail


class Untouchable:
    """A handle whose every use starts a replica."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was asked for")


async def test_a_rail_that_may_sleep_is_not_woken_for_its_state():
    rail = RayRail(Untouchable(), "pii", frozenset({"question"}), may_sleep=True)
    assert await rail.state() == ""
