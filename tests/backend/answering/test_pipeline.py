"""The pipeline: order of stages, and exactly one terminal frame on every way out."""

import asyncio

import pytest

from backend.answering.answer import Answer
from backend.errors import Overloaded, Unavailable
from backend.identity.caller import Caller
from backend.ports import Retrieved, TextDelta
from backend.protocol.wire import (
    EXTRACTIVE,
    Admitted,
    Ask,
    Citations,
    Complete,
    Delta,
    Failed,
    Finished,
    Notice,
    Prepare,
    Queued,
    Thinking,
)
from backend.rails.input.secrets import SecretsRail
from backend.settings import Generation, Settings, Tenant
from indexer.types import Chunk, Passage
from tests.fixtures.pipeline import (
    Found,
    Scripted,
    Slow,
    admission,
    answered,
    pipeline,
    text,
    until,
)

TOKEN = "ghp_" + "a1B2" * 9


async def test_frames_come_in_the_order_of_the_stages():
    frames = await answered(pipeline(Scripted(TextDelta("a", tokens=1), TextDelta("b", tokens=2))))

    assert [type(f) for f in frames] == [Admitted, Citations, Delta, Delta, Notice, Finished]
    assert frames[1].citations[0].line == 3
    assert frames[1].dataset == "v1"
    usage = frames[-1].usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (9, 4, 3)


async def test_the_first_delta_does_not_wait_for_the_second():
    generator = Scripted(TextDelta("a"), endless=True)
    answer = Answer("r")
    running = asyncio.create_task(pipeline(generator).answer(Ask(id="r", question="q"), answer))
    await until(answer, Delta)
    running.cancel()
    await asyncio.wait([running])
    assert text(answer.frames) == "a"


async def test_cancelling_reports_cancelled_and_closes_the_generator():
    generator = Scripted(TextDelta("a"), endless=True)
    answer = Answer("r")
    running = asyncio.create_task(pipeline(generator).answer(Ask(id="r", question="q"), answer))
    await until(answer, Delta)
    running.cancel()
    await asyncio.wait([running])

    assert answer.frames[-1].reason == "cancelled"
    assert generator.running == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unavailable("down"), "unavailable"), (ValueError("a bug with content"), "internal")],
)
async def test_a_generator_that_fails_midway_ends_the_answer_once(error, code, caplog):
    frames = await answered(pipeline(Scripted(TextDelta("a"), fail=error)))

    assert [type(f) for f in frames][-2:] == [Delta, Failed]
    assert frames[-1].code == code
    assert "bug" not in frames[-1].message


WORDS = (TextDelta("Use "), TextDelta("irfft"), TextDelta("."))


@pytest.mark.parametrize("known", ["", "U", "Use ", "Use irf", "Use irfft."])
async def test_an_answer_is_continued_from_what_its_client_has(known):
    frames = await answered(pipeline(Scripted(*WORDS)), continue_from=known)

    assert known + text(frames) == "Use irfft."
    assert isinstance(frames[-1], Finished)


@pytest.mark.parametrize("known", ["Try ", "Use irfft. Then"])
async def test_what_cannot_be_continued_fails_and_shows_nothing(known):
    frames = await answered(pipeline(Scripted(*WORDS)), continue_from=known)

    assert (text(frames), frames[-1].code) == ("", "unavailable")


async def test_a_model_that_repeats_itself_is_stopped_and_its_reader_told():
    generator = Scripted(*[TextDelta("and over again, ")] * 200, endless=True)
    frames = await answered(pipeline(generator))

    assert len(text(frames)) < 1000
    assert [frame.about for frame in frames if isinstance(frame, Notice)][:1] == ["loop"]
    assert frames[-1].reason == "stop"
    assert generator.running == 0


async def test_code_that_replaces_code_may_repeat_itself():
    rows = [TextDelta("    (0, 'and over again'),\n")] * 60
    frames = await answered(pipeline(Scripted(*rows)), kind="optimize")

    assert text(frames).count("again") == 60


@pytest.mark.parametrize(("answerable", "told"), [(0.001, 1), (0.5, 0), (None, 0)])
async def test_who_asks_what_is_not_documented_is_told_before_the_answer(answerable, told):
    retriever = Found(Retrieved(answerable=answerable))
    frames = await answered(pipeline(Scripted(TextDelta("a")), retriever))
    about = [frame.about for frame in frames if isinstance(frame, Notice)]
    assert about.count("answerability") == told


async def test_what_supports_nothing_is_no_source():
    entry = Passage(Chunk("p", "file:///a", "p.real", "f", symbol="p.real"), 0.5)
    other = Passage(Chunk("p", "file:///b", "t", "x"), 0.5)
    retriever = Found(Retrieved((entry, other), "v1"))
    for said, cited in (("Call `p.real()`.", (1,)), ("Nothing of this.", ())):
        frames = await answered(pipeline(Scripted(TextDelta(said)), retriever))
        assert len(frames[1].citations) == 2
        assert frames[-1].cited == cited


async def test_a_name_that_does_not_exist_is_marked_before_the_answer_ends():
    retriever = Found()
    retriever.names = {"package:p": {"p": ["real"]}}
    frames = await answered(pipeline(Scripted(TextDelta("Call `p.rael()`.")), retriever))

    (mark,) = (f for f in frames if isinstance(f, Notice) and f.about == "names")
    assert (mark.instead, text(frames)[mark.start : mark.end]) == ("p.real", "p.rael")
    assert isinstance(frames[-1], Finished)


async def test_a_repeated_request_samples_the_same():
    generator = Scripted()
    for request_id in ("r", "r", "s"):
        await answered(pipeline(generator), id=request_id, temperature=0.7)
    await answered(pipeline(generator), temperature=0.0)

    first, again, other, greedy = (sampling.seed for sampling in generator.samplings)
    assert first == again != other
    assert greedy is None


async def test_a_deadline_ends_the_answer_and_closes_the_generator():
    generator = Scripted(TextDelta("a"), endless=True)
    frames = await answered(pipeline(generator), deadline_ms=30)

    assert (frames[-1].code, text(frames)) == ("deadline", "a")
    assert generator.running == 0


async def test_an_unknown_model_fails_before_anything_is_spent():
    generator = Scripted()
    frames = await answered(pipeline(generator), model="other")

    assert [(f.code, "scripted" in f.message) for f in frames] == [("unknown_model", True)]
    assert generator.prompts == []


async def test_the_served_model_may_be_named():
    assert isinstance((await answered(pipeline(Scripted()), model="scripted"))[-1], Finished)


async def test_who_has_to_wait_is_told_his_position_and_a_full_room_sheds():
    generator = Scripted(endless=True)
    pipe = pipeline(generator, admission=admission(1, waiting_tokens=60))
    answers = [Answer(str(number)) for number in range(3)]
    tasks = []
    for answer in answers:
        tasks.append(asyncio.create_task(pipe.answer(Ask(id=answer.id, question="q"), answer)))
        await until(answer, Admitted | Queued | Failed)
    await asyncio.wait([tasks[2]])

    assert [type(answer.frames[0]) for answer in answers] == [Admitted, Queued, Failed]
    assert answers[2].frames[-1].code == "overloaded"
    assert answers[2].frames[-1].retry_after_ms > 0
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(answer.ended for answer in answers)


async def test_a_tenant_is_answered_from_its_own_sources_only():
    """And not at all from what it asks for beyond them."""
    settings = Settings(tenants={"acme": Tenant(sources=("a", "b"))})
    for asked, searched in ((None, ["a", "b"]), (("b", "c"), ["b"]), (("c",), [])):
        retriever = Found()
        pipe = pipeline(Scripted(), retriever, settings=settings)
        await pipe.answer(Ask(id="r", question="q", sources=asked), Answer("r", Caller("acme")))
        assert [source for _, scope in retriever.queries for source in scope.sources] == searched


async def test_what_an_answer_cost_is_what_the_next_of_its_kind_is_expected_to_cost():
    gate = admission()
    pipe = pipeline(Scripted(TextDelta("a", tokens=7)), admission=gate)
    await answered(pipe)
    answer = Answer("r")
    asking = asyncio.create_task(pipe.answer(Ask(id="r", question="q"), answer))
    await until(answer, Admitted)
    assert gate.room.running.tokens == pytest.approx(9 - 4 + 7)
    await asking


async def test_an_empty_list_of_sources_means_no_retrieval():
    retriever = Found()
    frames = await answered(pipeline(Scripted(), retriever), sources=())

    assert retriever.queries == []
    assert frames[1].citations == ()


async def test_late_retrieval_is_said_and_the_answer_goes_on():
    retriever = Found(Retrieved(dataset="v1", late=True))
    frames = await answered(pipeline(Scripted(TextDelta("a")), retriever))

    assert frames[1].late
    assert isinstance(frames[-1], Finished)


@pytest.mark.parametrize(("model", "budget_ms"), [("scripted", 2000), (EXTRACTIVE, 10_000)])
async def test_who_can_only_quote_waits_for_what_is_quoted(model, budget_ms):
    generator, retriever = Scripted(TextDelta("a")), Found(Retrieved(late=True))
    generator.model = model
    await answered(pipeline(generator, retriever))

    assert retriever.budgets == [budget_ms]
    assert generator.prompts[0].late


async def test_a_slow_machine_is_given_fewer_passages_from_its_second_answer_on():
    long = [Passage(Chunk("s", f"file:///{i}", f"t{i}", "word " * 300), 0.5) for i in range(6)]

    class Slow(Scripted):
        async def stream(self, prompt, sampling, request_id):
            self.prompts.append(prompt)
            await asyncio.sleep(0.05)
            yield TextDelta("a", prompt_tokens=100, finish="stop")

    generator = Slow()
    settings = Settings(generation=Generation(read_s=0.1))
    pipe = pipeline(generator, Found(Retrieved(tuple(long))), settings=settings)
    frames = [*await answered(pipe), *await answered(pipe)]

    first, second = (len(prompt.passages) for prompt in generator.prompts)
    assert (first, second) == (6, 2)
    assert not [f for f in frames if isinstance(f, Notice) and f.about == "passages"]


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (10, 10), (500, 50)])
async def test_an_answer_is_as_long_as_asked_and_no_longer_than_allowed(asked, given):
    generator = Scripted()
    await answered(pipeline(generator), max_tokens=asked)
    assert generator.samplings[0].max_tokens == given


async def test_prepare_warms_the_prompt_that_the_question_will_have_as_far_as_it_is_known():
    generator = Scripted()
    pipe = pipeline(generator)
    await pipe.prepare(Prepare(id="p", question="q"))
    await answered(pipe)

    assert generator.warmed[0].messages == generator.prompts[0].messages


async def test_prepare_is_refused_where_others_wait_and_leaves_them_its_place():
    generator = Scripted(endless=True)
    pipe = pipeline(generator, Slow())
    preparing = asyncio.create_task(pipe.prepare(Prepare(id="p", question="q")))
    await asyncio.sleep(0)
    answers = [Answer(name) for name in "abc"]
    tasks = [asyncio.create_task(pipe.answer(Ask(id=a.id, question="q"), a)) for a in answers]
    await until(answers[2], Queued)
    await asyncio.wait([preparing])

    assert preparing.cancelled()
    with pytest.raises(Overloaded):
        await pipe.prepare(Prepare(id="p", question="q"))
    assert generator.warmed == []
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_gap_is_filled_without_searching():
    """Code before and after the cursor, secrets kept from the model; no question, no passages."""
    generator, retriever = Scripted(TextDelta("rfft(x)")), Found()
    pipe = pipeline(generator, retriever, rails=[SecretsRail()])
    answer = Answer("r")
    await pipe.complete(Complete(id="r", prefix=f"k = '{TOKEN}'\ny = ", suffix="\n"), answer)

    [asked] = generator.prompts
    assert asked.messages == ()
    assert asked.gap.prefix.endswith("'\ny = ")
    assert TOKEN not in asked.gap.prefix
    assert asked.gap.suffix == "\n"
    assert retriever.queries == []
    assert text(answer.frames) == "rfft(x)"
    assert isinstance(answer.frames[-1], Finished)


async def test_a_completion_ends_with_its_statement_and_stops_the_engine():
    """A model that goes on for ever is stopped at the end of the line, and the answer is whole."""
    generator = Scripted(TextDelta("rfft("), TextDelta("x)\n\nde"), TextDelta("f"), endless=True)
    answer = Answer("r")
    async with asyncio.timeout(60):
        await pipeline(generator).complete(Complete(id="r", prefix="y = ", suffix="\n"), answer)
    assert text(answer.frames) == "rfft(x)"
    assert answer.frames[-1].reason == "stop"
    assert generator.running == 0


async def test_a_generator_that_cannot_fill_says_what_can():
    generator = Scripted(TextDelta("x"))
    generator.fills = False
    answer = Answer("r")
    await pipeline(generator).complete(Complete(id="r", prefix="a"), answer)
    [failed] = answer.frames
    assert failed.code == "unsupported"
    assert "Qwen2.5-Coder" in failed.message
    assert generator.prompts == []


async def test_thinking_is_told_and_is_no_part_of_the_answer():
    """The tags are split over deltas. Citations, guards and the client see what is said alone."""
    pieces = ("<th", "ink>Secret", " thoughts.</thi", "nk>\n\nThe ", "answer.")
    frames = await answered(pipeline(Scripted(*map(TextDelta, pieces))))
    assert text(frames) == "The answer."
    assert [type(frame) for frame in frames].count(Thinking) == 1
    assert [type(frame) for frame in frames].index(Thinking) < [
        type(frame) for frame in frames
    ].index(Delta)
    assert not any("Secret" in repr(frame) for frame in frames)


async def test_an_answer_of_nothing_but_thinking_says_so():
    frames = await answered(pipeline(Scripted(TextDelta("<think>Well, "), TextDelta("well"))))
    assert text(frames) == ""
    [notice] = [each for each in frames if isinstance(each, Notice) and each.about == "thinking"]
    assert "only thought" in notice.message
    assert isinstance(frames[-1], Finished)


async def test_a_completion_may_begin_with_the_tag():
    """Code is no thinking, whatever it looks like."""
    answer = Answer("r")
    pipe = pipeline(Scripted(TextDelta("<think>")))
    await pipe.complete(Complete(id="r", prefix="tag = '", suffix="'\n"), answer)
    assert text(answer.frames) == "<think>"
