"""One trace id from the editor to the engine, as a collector sees it."""

import openai

QUESTION = "how do I compute the inverse FFT of a real signal?"
PARTS = {"admission", "rails.redact", "rails.judge", "retrieval", "prefill", "decode"}
ENGINE = "llm_request"  # vLLM's own


async def test_the_editors_question_and_the_engines_request_are_one_trace(
    backend, open_editor, collector, monkeypatch
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    editor = await open_editor(backend.url)
    _, result = editor.chat(QUESTION, "t")
    await result

    def asked():
        return [span for _, span in collector.spans if span.name == "editor ask"]

    await backend.until(asked, "the language server's span")
    trace_id = asked()[-1].trace_id.hex()
    expected = {"editor ask", "gateway ask", ENGINE} | PARTS
    await backend.until(lambda: expected <= collector.of(trace_id).keys(), "every span")

    spans = collector.of(trace_id)
    whole = spans["gateway ask"]
    assert whole.parent_span_id == spans["editor ask"].span_id
    assert {spans[name].parent_span_id for name in PARTS | {ENGINE}} == {whole.span_id}
    assert spans["retrieval"].start_time_unix_nano >= spans["admission"].end_time_unix_nano
    sent = b"".join(span.SerializeToString() for span in spans.values())
    assert b"inverse" not in sent


async def test_an_http_client_goes_on_with_its_own_trace(backend, collector):
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    given = f"00-{trace_id}-00f067aa0ba902b7-01"
    async with openai.AsyncOpenAI(base_url=f"{backend.url}/v1", api_key="none") as client:
        await client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": QUESTION}], max_tokens=3,
            extra_headers={"traceparent": given},
        )  # fmt: skip
    await backend.until(lambda: {"gateway ask", ENGINE} <= collector.of(trace_id).keys(), "both")
    assert collector.of(trace_id)["gateway ask"].parent_span_id.hex() == given[36:52]
