"""Metrics: every one is documented, and a request is counted as it ended."""

import re
from pathlib import Path

from backend.answering.answer import Answer
from backend.deploy import build
from backend.errors import Overloaded
from backend.generators.choose import Choice
from backend.metrics import Metrics
from backend.protocol.wire import Finished, Timings, Usage
from backend.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


class NoRetriever:
    """Never asked in here."""


async def test_the_page_in_the_docs_lists_exactly_the_metrics_of_a_gateway():
    settings = Settings()
    generator = await build.generator(Choice("extractive", "", ""), settings)
    metrics = Metrics()
    admission = build.gate(settings, build.limits(settings, await generator.load()), metrics)
    gateway = build.gateway(settings, generator, NoRetriever(), [], admission, metrics)

    scraped = (await gateway.metrics_text()).decode()
    exported = set(re.findall(r"^# TYPE (\S+)", scraped, re.MULTILINE))
    exported = {name for name in exported if not name.endswith("_created")}
    assert exported == set(re.findall(r"^\| `(\w+)`", PAGE.read_text(), re.MULTILINE))


def test_a_finished_request_is_counted_with_its_times_and_tokens():
    metrics = Metrics()
    answer = Answer("r")
    timings = Timings(rails_ms=1, retrieval_ms=20, ttft_ms=300, total_ms=2000)
    answer.emit(Finished, reason="length", usage=Usage(10, 4, 7), timings=timings)
    metrics.ended("chat", answer.frames[-1], ttft_s=0.3)

    value = metrics.registry.get_sample_value
    by = {"kind": "chat", "outcome": "length"}
    assert value("glossator_requests_total", by) == 1
    assert value("glossator_ttft_seconds_sum", {"kind": "chat"}) == 0.3
    assert value("glossator_e2e_seconds_sum", {"kind": "chat"}) == 2
    assert value("glossator_retrieval_seconds_sum") == 0.02
    assert value("glossator_cached_tokens_total") == 4


def test_a_failed_request_is_counted_by_its_code():
    metrics = Metrics()
    answer = Answer("r")
    answer.fail(Overloaded("full"))
    metrics.ended("help", answer.frames[-1], ttft_s=0)

    by = {"kind": "help", "outcome": "overloaded"}
    assert metrics.registry.get_sample_value("glossator_requests_total", by) == 1


def test_a_gauge_is_read_when_it_is_scraped():
    metrics, counted = Metrics(), [1, 2]
    metrics.watch("x", "X.", lambda: len(counted))
    metrics.watch_each("y", "Y.", "kind", {"chat": lambda: len(counted)})
    counted.append(3)
    assert metrics.registry.get_sample_value("glossator_x") == 3
    assert metrics.registry.get_sample_value("glossator_y", {"kind": "chat"}) == 3
