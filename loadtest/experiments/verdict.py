"""What a run has shown, in one sentence, and whether it may pass. Pure."""

from collections import Counter
from collections.abc import Sequence

from loadtest.experiments.figures import FEWEST
from loadtest.experiments.log import Experiment, Moment
from loadtest.experiments.sample import Sample

# Refusals that say the server is busy, which the SLO judges. All others say that the measurement
# itself is wrong: a token that is not known, an address that is not the server's.
_BUSY = ("http 429", "http 502", "http 503", "http 504")
_REFUSED = ("unauthorized", "forbidden", "unknown_model", "bad_frame", "quota")


def unfit(samples: Sequence[Sample]) -> str:
    """Why a run measured nothing that an SLO could judge; empty when it did."""
    bad = Counter(_cause(each) for each in samples if each.outcome != "finished")
    most = ""
    if bad:
        cause, count = bad.most_common(1)[0]
        most = f" The most frequent error, {count} of {len(samples)} requests: {cause}."
    answered = sum(each.outcome == "finished" for each in samples)
    if not answered:
        return f"Nothing was answered.{most or ' Nothing was asked either.'}"
    if any(_refuses(each) for each in samples):
        return f"The server refused requests, and not because it was busy.{most}"
    return ""


def causes(samples: Sequence[Sample]) -> list[tuple[str, int]]:
    """Why requests did not finish, the most frequent first."""
    return Counter(_cause(each) for each in samples if each.outcome != "finished").most_common()


def _refuses(sample: Sample) -> bool:
    if sample.outcome != "failed":
        return False
    code = sample.code
    return code.startswith(_REFUSED) or (code.startswith("http 4") and code not in _BUSY)


def _cause(sample: Sample) -> str:
    return sample.code or sample.outcome


def sentence(experiment: Experiment, samples: Sequence[Sample]) -> str:
    """Such as: 50 users: p95 TTFT 0.62 s; the SLO (ttft_p95<1s) is met; the queue is what grows."""
    if problem := unfit(samples):
        return problem
    figures = experiment.figures
    count = figures.counts.get("ttft", figures.requests)
    said = [f"p95 TTFT {figures['ttft_p95'] / 1000:.2f} s" if count >= FEWEST
            else f"only {count} answer{'s' * (count != 1)}, too few for a percentile"]  # fmt: skip
    if experiment.ceiling == 0:
        said.append(f"they are too many for the SLO: {', '.join(experiment.broken)}")
    elif experiment.ceiling is not None:
        said.append(f"the ceiling is {experiment.ceiling} users within {experiment.slo}")
    elif experiment.broken:
        said.append(f"the SLO is broken: {', '.join(experiment.broken)}")
    else:
        said.append(f"the SLO ({experiment.slo}) is met")
    if grows := _grows(experiment.timeline):
        said.append(grows)
    if found := causes(samples):
        cause, times = found[0]
        said.append(f"{times} of {len(samples)} requests ended with {cause}")
    return f"{experiment.users} users: {'; '.join(said)}."


def _grows(timeline: Sequence[Moment]) -> str:
    """Compares the last third with the middle one, because the first one has users arriving."""
    waiting = [moment.waiting for moment in timeline if moment.waiting is not None]
    third = len(waiting) // 3
    if third < 2:
        return ""
    middle, last = (sum(part) / len(part) for part in (waiting[third:-third], waiting[-third:]))
    return "the queue is what grows" if last > max(1.5 * middle, middle + 1) else ""
