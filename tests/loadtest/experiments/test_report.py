"""The page of HTML: complete in itself, and safe to show whatever a note says."""

from xml.etree import ElementTree

import pytest

from loadtest.experiments.charts import Series, chart
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
    for name in one.figures.values:
        assert f"<td>{name}</td>" in html


def test_a_run_in_which_nothing_was_answered_still_has_a_page(experiment):
    one, _ = experiment()
    assert "Nothing to draw" in page({"empty": (one, [])})


@pytest.mark.parametrize("top", [0.0, 1e-6, 0.3, 1, 7, 99, 12_345_678])
def test_points_stay_inside_the_drawing(top):
    svg = chart([Series("a & b", ((0, 0), (top, top)), dots=True)], "x", "y")
    figure = ElementTree.fromstring(svg)
    for circle in figure.iter("circle"):
        assert 0 <= float(circle.get("cx")) <= 640
        assert 0 <= float(circle.get("cy")) <= 280
