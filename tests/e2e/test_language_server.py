"""The whole way: editor → language server → websocket → gateway → engine, and back."""


async def test_chat_streams_a_cited_answer_into_the_editor(backend, open_editor):
    editor = await open_editor(backend.url)

    _, result = editor.chat("how do I compute the inverse FFT of a real signal?", "t")
    values = await editor.partial_results("t")
    final = await result

    deltas = "".join(value["text"] for value in values if value["kind"] == "delta")
    assert deltas == final["text"] != ""
    (found,) = (value["citations"] for value in values if value["kind"] == "citations")
    assert any(citation["title"] == "numpy.fft.irfft" for citation in found)
    # The tiny model writes at random: what supports nothing is no source.
    assert final["citations"] == []


async def test_cancelling_in_the_editor_frees_the_engine(backend, open_editor):
    editor = await open_editor(backend.url)
    msg_id, _ = editor.chat("go on and on", "t")
    while (await editor.next_progress("t"))["kind"] != "delta":
        pass
    await backend.until(backend.engine_is_busy, "the engine runs the request")

    editor.cancel(msg_id)

    await backend.until(backend.engine_is_idle, "the engine runs nothing")


SOURCE = """\
import numpy as np


def spectra(signals):
    found = []
    for signal in signals:
        found.append(np.fft.rfft(signal))
    return found
"""


async def test_hover_shows_the_entry_that_the_import_means(backend, open_editor, tmp_path):
    editor = await open_editor(backend.url, hoverBudgetMs=10_000)
    uri = (tmp_path / "spectra.py").as_uri()
    editor.open(uri, SOURCE)

    hover = await editor.hover(uri, 6, SOURCE.splitlines()[6].index("rfft"))

    text = hover["contents"]["value"]
    assert "rfft(a, n=None" in text
    assert "[numpy.fft.rfft" in text
    assert "_pocketfft.py#L" in text
    assert await editor.hover(uri, 4, 5) is None


async def test_a_coder_model_completes_at_the_cursor(backend, open_editor, tmp_path):
    """The tiny model knows Qwen's tokens and says noise; its end and the status are what counts."""
    editor = await open_editor(backend.url)
    uri = (tmp_path / "spectra.py").as_uri()
    editor.open(uri, SOURCE + "y = \n")
    place = {"line": 8, "character": 4}
    _, answer = editor.request(
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": place, "context": {"triggerKind": 1}},
    )
    await answer
    while (await editor.statuses.get())["inlineCompletion"] != "available":
        pass


async def test_a_rewrite_that_makes_no_sense_leaves_the_linters_fixes(
    backend, open_editor, tmp_path
):
    """Noise is no code: the check sees it, and the user gets what ruff knows."""
    editor = await open_editor(backend.url)
    uri = (tmp_path / "spectra.py").as_uri()
    editor.open(uri, SOURCE)
    lines = {"start": {"line": 3, "character": 0}, "end": {"line": 8, "character": 0}}
    document = {"uri": uri, "version": 1}
    _, response = editor.request(
        "glossator/rewrite", {"kind": "optimize", "textDocument": document, "range": lines}
    )
    result = await response
    assert result["applicable"] is True
    assert "[np.fft.rfft(signal) for signal in signals]" in result["code"]
    _, response = editor.request("glossator/accept", {"id": result["id"]})
    assert (await response)["applied"] is True
