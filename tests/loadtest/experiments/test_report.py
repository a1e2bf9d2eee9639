"""The page of HTML: complete in itself, and safe to show whatever a note says."""

from xml.etree import ElementTree

import msgspec
import pytest

from loadtest.experiments.charts import Series, chart
from loadtest.experiments.figures import TIMES, figures
from loadtest.experiments.report import page


def test_a_page_has_every_run_its_figures_and_its_charts(experiment):
    one, samples = experiment(0.1, note="<script>alert(1)</script>")
    two, others = experiment(0.2)
    html = page({one.id: (one, samples), two.id: (two, others)})
    assert html.count("<svg") == 4
    assert "<script" not in html
    assert "http" not in html.replace("http:", "http:") or "src=" not in html
    assert html.count(one.id) >= 3
    assert "worse" in html
    for name in (*TIMES, "tokens_per_s", "failed"):
        assert f"<td>{name}</td>" in html


def test_a_run_in_which_nothing_was_answered_still_has_a_page(experiment):
    one, _ = experiment()
    html = page({"empty": (one, [])})
    assert "Nothing to draw" in html
    assert "Nothing was answered" in html


def test_the_page_opens_with_the_verdict_and_one_picture_before_its_tables(experiment):
    one, samples = experiment()
    html = page({one.id: (one, samples)})
    body = html[html.index("<h1>") :]
    assert body.index('class="verdict') < body.index("<svg") < body.index("<table")
    assert body.index("<table") < body.index("<svg", body.index("<svg") + 1)
    assert "15 users: p95 TTFT 0.16 s; the SLO (failed&lt;1%) is met." in body


def test_the_older_run_is_before_whatever_the_order_of_the_arguments(experiment):
    old, fast = experiment(0.1, when="2026-11-01T00:00:00+00:00")
    new, slow = experiment(0.2, when="2026-11-02T00:00:00+00:00")
    there = page({old.id: (old, fast), new.id: (new, slow)})
    assert page({new.id: (new, slow), old.id: (old, fast)}) == there
    assert "better" not in there[there.index("What changed") : there.index("What differed")]


def test_what_a_server_says_of_itself_is_shown_as_single_values(experiment):
    one, samples = experiment(server={"model": "tiny", "vllm": {"max_num_seqs": 8}})
    html = page({one.id: (one, samples)})
    assert "<td>server.vllm.max_num_seqs</td><td>8</td>" in html
    assert "{&#39;" not in html
    assert "{'" not in html


def test_few_answers_have_a_count_and_no_percentile(experiment):
    _, samples = experiment()
    one, _ = experiment(figures=figures(samples[:3], 20.0))
    html = page({one.id: (one, samples[:3])})
    assert '<td>ttft</td><td class="n">3</td>\n<td class="n">–</td>' in html
    assert "only 3 answers, too few for a percentile" in html


@pytest.mark.parametrize("top", [0.0, 1e-6, 0.3, 1, 7, 99, 12_345_678])
def test_points_stay_inside_the_drawing(top):
    svg = chart([Series("a & b", ((0, 0), (top, top)), dots=True)], "x", "y")
    figure = ElementTree.fromstring(svg)
    for circle in figure.iter("circle"):
        assert 0 <= float(circle.get("cx")) <= 640
        assert 0 <= float(circle.get("cy")) <= 280


def test_a_run_that_looked_for_a_ceiling_shows_latency_by_users_first_with_the_limit(experiment):
    one, samples = experiment(ceiling=70, broken=("ttft_p95 is 900, not < 500",))
    one = msgspec.structs.replace(one, slo="ttft_p95<500ms,failed<1%")
    html = page({one.id: (one, samples)})
    assert html.index("Latency by users") < html.index("TTFT, share of answers")
    assert "limit of p95, 500 ms" in html
    assert 'class="verdict better"' in html  # to break the SLO last is what it is for
    none = msgspec.structs.replace(one, ceiling=0)
    assert 'class="verdict worse"' in page({none.id: (none, samples)})
