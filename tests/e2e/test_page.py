"""The built-in page at ``/``, in a real browser: what an operator sees without Grafana."""

import re
import urllib.request
from pathlib import Path

import pytest

ARTIFACTS = Path("artifacts")


@pytest.fixture(scope="module")
def server(start_backend, own_data):
    return start_backend("--engine", "extractive", "--data", str(own_data))


def test_the_page_loads_nothing_from_elsewhere(server):
    """And its policy would not let it."""
    with urllib.request.urlopen(server.url, timeout=60) as response:
        policy = response.headers["Content-Security-Policy"]
        html = response.read().decode()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in html.replace("<!doctype", "")
    for path in re.findall(r'(?:src|href)="([^"]+)"', html):
        with urllib.request.urlopen(server.url + path, timeout=60) as response:
            assert response.status == 200


@pytest.fixture
async def page(browser):
    context = await browser.new_context(viewport={"width": 960, "height": 760})
    page = await context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    await context.close()


@pytest.mark.editor
async def test_a_question_is_answered_and_measured(page, server):
    await page.goto(server.url)
    await page.wait_for_selector("#health.ready, #health.degraded")
    assert "extractive" in await page.inner_text("#health")
    await page.fill("#question", "how do I run an FFT on my data?")
    await page.press("#question", "Enter")
    await page.wait_for_selector("#timing:not(:empty)")
    await page.wait_for_selector("#stop", state="hidden")
    assert "fft" in await page.inner_text("#answer")
    assert "numpy" in await page.inner_text("#citations")
    assert re.fullmatch(r"first words after \d+ ms", await page.inner_text("#timing"))
    await page.wait_for_selector("#ttft_p50:text('ms')")
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / "page.png")
    assert page.problems == []


@pytest.mark.editor
async def test_a_backend_that_knows_its_users_asks_for_a_token(
    page, start_backend, run_glossator, tmp_path
):
    config = tmp_path / "glossator.toml"
    config.write_text(
        f'[auth]\ntokens = "{tmp_path / "tokens.json"}"\n[generation]\nengine = "extractive"\n'
    )
    server = start_backend("--data", str(tmp_path / "data"), "--config", str(config))
    token = run_glossator("token", "create", "ada", "--config", str(config)).stdout.strip()
    await page.goto(server.url)
    await page.fill("#question", "anything?")
    await page.press("#question", "Enter")
    await page.wait_for_selector("#answer.failed")
    assert await page.is_visible("#token")
    await page.fill("#token", token)
    await page.press("#question", "Enter")
    await page.wait_for_selector("#answer:not(.failed):not(:empty)")
