"""A traced client: the editor's span of a request, and what of it goes to the backend."""

import pytest

from backend.protocol.tracing.exporting import tracer
from backend.protocol.wire import Ask, Failed
from lsp_server.client import traced
from lsp_server.client.client import BackendUnreachable, Client
from lsp_server.client.traced import TracedClient

ASK = Ask(id="r1", question="secret?")


@pytest.fixture
def spans(collector):
    """``spans(tracer)``: what it had sent, by the time it is closed."""
    collector.spans.clear()

    def sent(made):
        made.close()
        return [span for _, span in collector.spans]

    return sent


def outcome(span):
    return {each.key: each.value.string_value for each in span.attributes}["glossator.outcome"]


async def test_the_backend_is_told_whose_part_it_is(play, answer, collector, spans):
    asked = []

    async def script(peer):
        asked.append(await peer.receive(Ask))
        await peer.send(*answer("r1"))
        await peer.closed()

    backend = await play(script)
    made = tracer("tests", f"{collector.url}/v1/traces", "client")
    async with TracedClient(made, backend.url) as client:
        assert [frame async for frame in client.ask(ASK)] == answer("r1")
    await backend.played()
    (span,) = spans(made)
    assert asked[0].traceparent[:-2] == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-"
    assert (span.name, outcome(span)) == ("editor ask", "stop")
    assert b"secret" not in span.SerializeToString()


async def test_a_refusal_and_a_backend_that_is_not_there_are_told(play, collector, spans):
    async def script(peer):
        await peer.receive(Ask)
        await peer.send(Failed(id="r1", seq=0, code="blocked", message="no"))
        await peer.closed()

    backend = await play(script)
    made = tracer("tests", f"{collector.url}/v1/traces", "client")
    async with TracedClient(made, backend.url) as client:
        assert [frame.code async for frame in client.ask(ASK)] == ["blocked"]
    await backend.played()
    async with TracedClient(made, "ws://127.0.0.1:9") as client:
        with pytest.raises(BackendUnreachable):
            await anext(client.ask(ASK))
    assert [outcome(span) for span in spans(made)] == ["blocked", "unanswered"]


def test_without_a_collector_nothing_is_traced(monkeypatch):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert type(traced.client("tests", "ws://127.0.0.1:9")) is Client
