"""The whole way: editor → language server → websocket → gateway → engine, and back."""


async def test_chat_streams_a_cited_answer_into_the_editor(backend, open_editor):
    editor = await open_editor(backend.url)

    _, result = editor.chat("how do I compute the inverse FFT of a real signal?", "t")
    values = await editor.partial_results("t")
    final = await result

    deltas = "".join(value["text"] for value in values if value["kind"] == "delta")
    assert deltas == final["text"] != ""
    assert any(citation["title"] == "numpy.fft.irfft" for citation in final["citations"])


async def test_cancelling_in_the_editor_frees_the_engine(backend, open_editor):
    editor = await open_editor(backend.url)
    msg_id, _ = editor.chat("go on and on", "t")
    while (await editor.next_progress("t"))["kind"] != "delta":
        pass
    await backend.until(backend.engine_is_busy, "the engine runs the request")

    editor.cancel(msg_id)

    await backend.until(backend.engine_is_idle, "the engine runs nothing")
