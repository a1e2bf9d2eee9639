"""What each suite of tests loads: a test of one layer must not wait for the imports of another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
COLLECT = """
import json, sys
import pytest
status = pytest.main(["--collect-only", "-qq", "-p", "no:schemathesis", sys.argv[1]])
assert status == 0, status
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
OF_THE_SERVER = {"fastapi", "opentelemetry", "uvicorn", "openai", "vllm", "locust"}


@pytest.mark.parametrize(
    ("suite", "heavy"),
    [
        ("tests/indexer", OF_THE_SERVER | {"pygls", "lsprotocol", "ray"}),
        ("tests/lsp_server/documents", OF_THE_SERVER | {"chromadb", "torch", "ray"}),
    ],
)
def test_a_suite_loads_nothing_of_other_layers(suite: str, heavy: set[str]) -> None:
    """Schemathesis has a plugin that brings Starlette along wherever it is installed."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, suite],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not heavy & loaded
