"""Whether there is a trace, and where its spans go, without OpenTelemetry."""

import pytest

from backend.protocol.tracing import Trace, Tracer
from backend.protocol.tracing.exporting import endpoint, tracer

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"  # the specification's example


def test_a_trace_that_nobody_collects_is_handed_on_as_it_came():
    trace = Tracer().start("gateway ask", GIVEN)
    with trace.span("retrieval"):
        pass
    trace.end("stop")
    assert (trace.traceparent, trace.id) == (GIVEN, "4bf92f3577b34da6a3ce929d0e0e4736")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no trace",
        GIVEN.upper(),
        GIVEN.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        GIVEN + "\r\nX-Injected: yes",
    ],
)
def test_what_is_no_traceparent_is_dropped(given):
    """It becomes a header of the upstream's request: nothing but a traceparent may."""
    assert Trace(given).traceparent == Trace(given).id == ""


def test_the_setting_wins_over_the_standard_variables():
    base = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://base:4318/"}
    exact = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://exact/spans"}
    assert endpoint("http://ours:4318", base | exact) == "http://ours:4318/v1/traces"
    assert endpoint("", base | exact) == "http://exact/spans"
    assert endpoint("", base) == "http://base:4318/v1/traces"
    assert endpoint("", {}) == ""
    assert endpoint("http://ours:4318", {"OTEL_SDK_DISABLED": "true"}) == ""


def test_without_a_collector_nothing_is_collected():
    assert type(tracer("glossator", "")) is Tracer
