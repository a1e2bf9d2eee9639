"""The adapter of presidio: an analyzer with our formats and, if wanted, a model for names.

Importing this module takes seconds, and a transformers model needs torch, so ``pii`` imports it in
a thread. Presidio's own pattern recognizers are not used, because in code they find versions, OIDs
and attribute access (``docs/guardrails.md`` has the figures).
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from presidio_analyzer import (
    AnalyzerEngine,
    EntityRecognizer,
    LocalRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import NlpEngine, NoOpNlpEngine, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import HuggingFaceNerRecognizer, SpacyRecognizer

from backend.ports import Span
from backend.rails.formats.patterns import Scanner
from backend.rails.formats.pii import PII
from backend.rails.redaction import merge

Names = Literal["none", "spacy", "transformers"]
# Presidio's names of findings, and ours. Dates, organizations and so on are nobody's data.
_KINDS = {"PERSON": "person", "LOCATION": "location"}


class Analyzer:
    """Presidio's engine over our formats and, unless ``names`` is none, a model's findings.

    ``model`` is a local folder, the name of an installed spaCy package, or the name of a
    transformers model that is cached or can be downloaded. ``degraded`` says why names are not
    found although they should be; formats are found anyway.
    """

    def __init__(self, names: Names, model: str, device: str) -> None:
        self.degraded = ""
        nlp: NlpEngine = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
        recognizers: list[EntityRecognizer] = [_Formats()]
        try:
            if names == "spacy":
                nlp = _spacy(model)
                recognizers.append(SpacyRecognizer(supported_entities=list(_KINDS)))
            elif names == "transformers":
                recognizers.append(_transformers(model, device))
        except Exception as error:  # each library has its own errors; the formats still work
            reason = str(error).strip().partition("\n")[0]
            self.degraded = f"names and places are not found, {model} did not load: {reason}"
        self._engine = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=recognizers, supported_languages=["en"]),
            nlp_engine=nlp,
            supported_languages=["en"],
        )

    def find(self, text: str) -> list[Span]:
        found = self._engine.analyze(text, language="en")
        spans = (
            Span(result.start, result.end, _KINDS.get(result.entity_type, result.entity_type))
            for result in found
        )
        return merge(sorted(spans, key=lambda span: (span.start, span.end, span.kind)))


class _Formats(LocalRecognizer):
    """Our formats as a recognizer of presidio. Every finding is validated, so it is certain."""

    def __init__(self) -> None:
        self._scanner = Scanner(PII)
        super().__init__(supported_entities=sorted({pattern.kind for pattern in PII}))

    def load(self) -> None:
        pass

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: Any = None
    ) -> list[RecognizerResult]:
        return [
            RecognizerResult(span.kind, span.start, span.end, EntityRecognizer.MAX_SCORE)
            for span in self._scanner.find(text)
            if span.kind in entities
        ]


def _spacy(model: str) -> NlpEngine:
    # Presidio would pip-install a missing model at run time.
    if not Path(model).is_dir() and importlib.util.find_spec(model) is None:
        raise FileNotFoundError(
            f"there is no folder and no installed spaCy model {model!r}; "
            f"install it (python -m spacy download {model})"
        )
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    engine.load()
    return engine


def _transformers(model: str, device: str) -> EntityRecognizer:
    recognizer = HuggingFaceNerRecognizer(
        model_name=model, supported_entities=list(_KINDS), device=device
    )
    recognizer.load()
    return recognizer
