"""The secrets rail finds published formats and leaves ordinary code alone."""

import pytest

from backend.rails.formats.patterns import Scanner
from backend.rails.formats.secrets import SECRETS
from backend.rails.input.secrets import SecretsRail

find = Scanner(SECRETS).find

# Made up, in the providers' published formats; split so that scanners of this repository rest.
EXAMPLES = {
    "GitHub token": "ghp_" + "a1B2" * 9,
    "AWS access key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "Slack token": "xoxb-" + "123456789012-abcdefGHIJKL",
    "Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "Google API key": "AIza" + "SyA-1234567890abcdefghijklmnopqrstu",
    "GitLab token": "glpat-" + "abcdefghij1234567890",
    "npm token": "npm_" + "a1B2" * 9,
    "OpenAI or Anthropic key": "sk-proj-" + "a1B2c3D4" * 5,
    "JSON web token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NSJ9" + ".abc_DEF-123",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 8
    + "\n-----END RSA PRIVATE KEY-----",
}  # fmt: skip


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_planted_secret_is_found_whole(kind):
    text = f"token = '{EXAMPLES[kind]}'  # do not commit"
    (span,) = find(text)
    assert (span.kind, text[span.start : span.end]) == (kind, EXAMPLES[kind])


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nnp.fft.rfft(signal)[: n // 2]",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sk-learn, task-runner, disk-usage, npm_config_cache, ghp_short",
        "uuid 123e4567-e89b-12d3-a456-426614174000, version 1.26.4.1",
        "-----BEGIN CERTIFICATE-----",
        "eyJ is how a JSON web token begins",
    ],
)
def test_ordinary_code_is_left_alone(text):
    assert find(text) == ()


async def test_each_text_gets_its_own_findings():
    clean, found = await SecretsRail().check(["nothing", EXAMPLES["GitHub token"]])

    assert clean == ()
    assert [span.kind for span in found] == ["GitHub token"]
