"""Recording a trace."""

from loadtest.benchmarks.drivers.closed_loop import Answered
from loadtest.benchmarks.scaling.record import recorded


async def test_what_was_asked_and_answered_becomes_the_trace() -> None:
    """Arrivals in order, by whom, and the tokens that the engine counted."""

    async def user(_: str) -> Answered:
        return Answered(0.0, 0.0, 100, 40, 7)

    trace = await recorded([user, user], seconds=0.2, think_s=0.02, seed=3)
    assert len(trace) > 2
    assert [asked.at_s for asked in trace] == sorted(asked.at_s for asked in trace)
    assert {asked.user for asked in trace} == {"u0", "u1"}
    assert {(one.prompt_tokens, one.cached_tokens, one.output_tokens) for one in trace} == {
        (100, 40, 7)
    }
