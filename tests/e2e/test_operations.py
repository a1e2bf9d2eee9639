"""What an operator looks at."""

import json


def test_a_healthy_backend_says_so(backend):
    assert backend.get("/healthz") == "ok\n"
    readiness = json.loads(backend.get("/readyz"))
    assert (readiness["ready"], readiness["model"]) == (True, "tiny")


async def test_metrics_count_what_users_saw(backend, client):
    from backend.protocol.wire import Ask

    name = 'glossator_requests_total{kind="help",outcome="length"}'
    await client.ask(Ask(id="counted-1", question="q", kind="help", max_tokens=3, sources=()))
    before = backend.metric(name)
    finished = (
        await client.ask(Ask(id="counted-2", question="q", kind="help", max_tokens=3, sources=()))
    )[-1]

    assert finished.reason == "length"
    assert backend.metric(name) == before + 1
    assert backend.metric("glossator_sessions") >= 1
