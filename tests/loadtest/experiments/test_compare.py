"""Two runs side by side: what changed is told from what chance does."""

import msgspec

from loadtest.experiments.compare import changes, differences


def verdicts(found):
    return {change.name: change.verdict for change in found}


def test_the_same_run_twice_shows_no_difference(experiment):
    _, samples = experiment()
    found = changes(samples, samples, (20.0, 20.0))
    assert set(verdicts(found).values()) == {"no difference shown"}
    assert all(change.low <= 1 <= change.high for change in found)


def test_slower_first_tokens_are_worse_and_faster_ones_better(experiment):
    (_, quick), (_, slow) = experiment(0.1), experiment(0.2)
    assert verdicts(changes(quick, slow, (20.0, 20.0)))["TTFT p50, ms"] == "worse"
    assert verdicts(changes(slow, quick, (20.0, 20.0)))["TTFT p95, ms"] == "better"


def test_more_tokens_a_second_are_better(experiment):
    _, samples = experiment()
    found = changes(samples, samples, (20.0, 10.0))
    (rate,) = [change for change in found if change.name == "tokens/s"]
    assert (rate.verdict, round(rate.ratio, 6)) == ("better", 2)


def test_runs_without_answers_have_nothing_to_compare():
    assert changes([], [], (1.0, 1.0)) == []


def test_what_differed_besides_is_named(experiment):
    ours, _ = experiment()
    theirs = msgspec.structs.replace(ours, commit="abc", server={"model": "large", "cores": 2})
    assert differences(ours, theirs) == [
        ("commit", ours.commit, "abc"),
        ("server.cores", "", "2"),
        ("server.model", "tiny", "large"),
    ]  # fmt: skip


def test_fewer_than_ten_answers_prove_nothing(experiment):
    (_, quick), (_, slow) = experiment(0.1), experiment(0.2)
    assert set(verdicts(changes(quick[:9], slow, (20.0, 20.0))).values()) == {"too few answers"}
