"""Where a backend is asked for its health, whatever was typed as its address."""

import pytest

from glossator.operate.running import health, running


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765/healthz"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765/healthz"),
        ("wss://a.example.com/v1/session", "https://a.example.com/healthz"),
        ("https://a.example.com/docs/", "https://a.example.com/docs/healthz"),
        ("http://[", ""),
    ],
)
def test_health_is_asked_at_the_same_place(url, asked):
    assert health(url) == asked


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://127.0.0.1:notaport", "http://["])
async def test_what_is_no_address_says_how_one_looks(url):
    (found,) = await running(url, "")
    assert found.state == "wrong"
    assert found.todo
