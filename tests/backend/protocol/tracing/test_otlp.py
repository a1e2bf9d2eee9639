"""What reaches a collector, over real HTTP."""

import pytest

from backend.protocol.tracing.exporting import tracer

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE_ID = GIVEN[3:35]
ERROR = 2  # of opentelemetry.proto.trace.v1.Status.StatusCode


@pytest.fixture
def traced(collector, monkeypatch):
    """A tracer that exports to the collector; ``sent()`` closes it and returns the spans' names."""
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    collector.spans.clear()
    made = tracer("tests", f"{collector.url}/v1/traces")

    def sent():
        made.close()
        return {span.name: span for _, span in collector.spans}

    return made, sent


def test_the_parts_of_a_request_are_children_of_its_span_and_that_of_the_clients(traced):
    tracer, sent = traced
    trace = tracer.start("gateway ask", GIVEN)
    with trace.span("retrieval"), trace.span("rails"):
        pass
    trace.end("stop", request="r-1", completion_tokens=7)
    spans = sent()
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE_ID} == {trace.id}
    whole = spans["gateway ask"]
    assert whole.parent_span_id.hex() == GIVEN[36:52]
    assert trace.traceparent == f"00-{TRACE_ID}-{whole.span_id.hex()}-01"
    assert {spans[name].parent_span_id for name in ("retrieval", "rails")} == {whole.span_id}
    told = {each.key: each.value for each in whole.attributes}
    assert told["glossator.outcome"].string_value == "stop"
    assert told["glossator.completion_tokens"].int_value == 7


def test_without_a_traceparent_a_trace_begins_here(traced):
    tracer, sent = traced
    trace = tracer.start("gateway ask", "no trace")
    trace.end("stop")
    assert sent()["gateway ask"].parent_span_id == b""
    assert trace.id != ""


def test_a_failure_is_told_by_its_code_alone(traced, collector):
    """What was raised may quote the question."""
    tracer, sent = traced
    trace = tracer.start("gateway ask")
    with pytest.raises(ValueError, match="secret"), trace.span("retrieval"):
        raise ValueError("secret")
    trace.end("internal", failed=True)
    spans = sent()
    assert spans["gateway ask"].status.code == ERROR
    assert b"secret" not in b"".join(span.SerializeToString() for span in spans.values())


def test_a_client_that_did_not_sample_its_trace_is_not_sampled_here(traced):
    tracer, sent = traced
    trace = tracer.start("gateway ask", GIVEN.removesuffix("01") + "00")
    trace.end("stop")
    assert sent() == {}
    assert trace.traceparent.endswith("-00")


def test_a_collector_that_is_not_there_costs_a_warning_and_no_answer(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    lost = tracer("tests", "http://127.0.0.1:9/v1/traces")
    lost.start("gateway ask").end("stop")
    lost.close()
    assert "Failed to export" in caplog.text
