"""The OpenAPI document tells the truth: whatever it allows is answered as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from backend.admission.gate import Gate
from backend.admission.room import Limits
from backend.answering.pipeline import Pipeline
from backend.gateway.app import Gateway, build_app
from backend.generators.extractive import ExtractiveGenerator
from backend.identity.door import door
from backend.metrics import Metrics
from backend.protocol.tracing import Tracer
from backend.rails.output.hold_back import NoGuard
from backend.settings import Server, Settings
from tests.fixtures.backend import FixedRetriever

load_all_checks()


@pytest.fixture
def document():
    # A text over its own limit must be refused for that, and not for the size of the whole body.
    settings = Settings(server=Server(hosts=("testserver",), max_frame_bytes=2**26))
    metrics, generator = Metrics(), ExtractiveGenerator()
    shares = {"help": 16.0, "chat": 4.0, "optimize": 1.0}
    gate = Gate(Limits(100, waiting_tokens=0.0), shares, lambda *_: None)
    pipeline = Pipeline(
        settings=settings, generator=generator, retriever=FixedRetriever(), rails=[],
        guard=lambda *_: NoGuard(), admission=gate, metrics=metrics,
    )  # fmt: skip
    app = build_app(Gateway(settings, pipeline, None, metrics, generator, door(settings), Tracer()))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


CHAT = "/v1/chat/completions"
GETS = ["/v1/models", "/v1/about", "/healthz", "/readyz", "/metrics"]
VALID, BROKEN = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE


@pytest.mark.parametrize(
    ("path", "mode"),
    [*((path, VALID) for path in GETS), (CHAT, VALID), (CHAT, BROKEN)],
)
def test_every_route_answers_as_the_document_says(document, path, mode):
    """Status, media type and schema of whatever the document allows, and of what it does not."""
    operation = document[path]["post" if path == CHAT else "get"]

    @settings(max_examples=60, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def conforms(case):
        # That a conversation must end with the user's message is more than a schema can say.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    conforms()


def test_every_http_route_is_described(document):
    """None returns what the document does not show."""
    described = document.raw_schema["paths"]
    assert set(described) == {CHAT, *GETS}
    for path in described.values():
        for operation in path.values():
            for response in operation["responses"].values():
                assert all(content["schema"] for content in response["content"].values())
