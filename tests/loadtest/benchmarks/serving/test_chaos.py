"""What counts as complete and exact when replicas are killed."""

from loadtest.benchmarks.serving.chaos import Meter, Outcome, Tally, table

EXPECTED = ["one two", "three four"]
WHOLE = [Outcome("one two", "stop", 1, 0.1), Outcome("three four", "length", 1, 0.4)]


def test_whole_answers_are_exact_and_the_longest_silence_is_kept():
    tally = Tally().and_of(WHOLE, EXPECTED)

    assert (tally.kills, tally.answers, tally.ended_once, tally.exact) == (1, 2, 2, 2)
    assert tally.pauses_s == (0.4,)
    assert tally.others == ()


def test_a_changed_a_failed_and_an_unended_answer_are_not_exact():
    outcomes = [
        Outcome("one  two", "stop", 1, 0),
        Outcome("three four", "unavailable: ask again", 1, 0),
        Outcome("one two", "", 0, 0),
    ]
    tally = Tally().and_of(outcomes, ["one two", "three four", "one two"])

    assert (tally.exact, tally.ended_once) == (0, 2)
    assert tally.others == ("stop", "unavailable: ask again", "")


def test_rounds_add_up_in_the_table():
    tally = Tally().and_of(WHOLE, EXPECTED).and_of([WHOLE[0], WHOLE[0]], EXPECTED)

    assert table({"gateway": tally}).splitlines()[-1] == (
        "| gateway | 2 | 4 | 4 (100.0 %) | 3 (75.0 %) | 0.4, 0.4 | stop |"
    )


def test_the_meter_tells_when_enough_text_has_come():
    meter = Meter(5)
    meter.add("four")
    assert not meter.reached.is_set()
    meter.add("!")
    assert meter.reached.is_set()
