"""The language server's costs are measured on the real command; that it keeps its promises is
for a quiet machine to say."""

from loadtest.benchmarks.editors.language_server import Figures, measure, table


async def test_every_figure_is_measured():
    figures = await measure(starts=1, keystrokes=5, questions=2)
    assert len(figures.start_ms) == 1
    assert len(figures.keystroke_ms) == len(figures.command_ms) == 5
    assert len(figures.question_ms) == 2
    every = [
        *figures.hover_ms,
        *figures.start_ms,
        *figures.keystroke_ms,
        *figures.question_ms,
        figures.memory_mib,
    ]
    assert all(value > 0 for value in every)


def test_a_broken_promise_is_told():
    kept = Figures([300.0], 70.0, [1.0], [2.0], [9.0], [20.0], [3.0])
    assert table(kept)[1] is True
    text, broken = table(Figures([500.0], 70.0, [1.0], [2.0], [9.0], [20.0], [3.0]))
    assert broken is False
    assert "| start to `initialize`, median | 500.0 ms | 400 ms |" in text
