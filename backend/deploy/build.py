"""Makes each part of the backend from the settings. Heavy libraries load in here, when called."""

import math
from pathlib import Path

from backend.admission import gauges
from backend.admission.gate import Gate
from backend.admission.room import Limits
from backend.answering.lookup import Lookups
from backend.answering.pipeline import Pipeline
from backend.device import device
from backend.errors import StartupFailed
from backend.gateway.app import Gateway
from backend.generators.choose import Choice
from backend.identity.door import door
from backend.metrics import Metrics
from backend.ports import Admission, Generator, Load, Rail, Retriever
from backend.protocol.tracing import exporting
from backend.protocol.wire import Kind
from backend.rails.output.guards import guards
from backend.retrieval.prefetch import Prefetched
from backend.retrieval.reranking import Reranking
from backend.retrieval.retriever import IndexRetriever
from backend.settings import Retrieval, Settings
from indexer.embedder import SentenceTransformerEmbedder
from indexer.index.folder import IndexFolder
from indexer.index.search import HybridIndex
from indexer.ranking.reranker import CrossEncoderReranker
from indexer.types import (
    Embedder,
    IndexDamaged,
    IndexerError,
    SearchIndex,
    TokenEmbedder,
)

UNKNOWN_REQUESTS = 64  # that a generator answers at once, if it names no number


def index_folder(data: Path) -> Path:
    return data / "index"


async def generator(choice: Choice, settings: Settings) -> Generator:
    """Raises ``StartupFailed``. With vLLM it takes as long as loading the model's weights."""
    generation = settings.generation
    match choice.engine:
        case "vllm":
            from backend.generators.vllm.engine import VllmGenerator

            return await VllmGenerator.start(
                choice.model,
                settings.vllm,
                generation.coalesce_ms,
                traces(settings),
                thinking=generation.thinking,
            )
        case "openai":
            from backend.generators.openai_upstream import OpenAIGenerator

            return await OpenAIGenerator.start(generation)
        case "transformers":
            from backend.generators.transformers_pipeline import TransformersGenerator

            return await TransformersGenerator.start(choice.model, thinking=generation.thinking)
        case "extractive":
            from backend.generators.extractive import ExtractiveGenerator

            return ExtractiveGenerator()


def traces(settings: Settings) -> str:
    """The URL to which spans of requests are posted; empty when there is none."""
    return exporting.endpoint(settings.observability.otlp_endpoint)


def embedder(retrieval: Retrieval) -> Embedder:
    """Raises ``StartupFailed``. Imports torch, which takes seconds."""
    try:
        return SentenceTransformerEmbedder(
            retrieval.embedder,
            threads=retrieval.embedder_threads or None,
            device=device(retrieval.device),
            late_interaction=retrieval.late_interaction,
        )
    except IndexerError as error:
        raise StartupFailed(str(error)) from error


def store(data: Path, embedder: Embedder, retrieval: Retrieval, *, writable: bool) -> HybridIndex:
    """Raises ``StartupFailed`` if it is in use, made by another embedder, or not there to read."""
    try:
        return HybridIndex.open(
            index_folder(data),
            embedder_name=embedder.name,
            dimension=embedder.dimension,
            writable=writable,
            chroma_url=retrieval.chroma_url,
            tokens=embedder.tokens if isinstance(embedder, TokenEmbedder) else None,
        )
    except IndexerError as error:
        raise StartupFailed(str(error)) from error


def store_or_anew(data: Path, embedder: Embedder, retrieval: Retrieval) -> tuple[HybridIndex, str]:
    """The index to serve and write, and what happened to a damaged one; "" when all is well.

    An index can be made again from its sources. So a damaged one is renamed, and an empty one takes
    its place. For everything else it raises ``StartupFailed``, as ``store`` does.
    """
    try:
        opened = store(data, embedder, retrieval, writable=True)
        if not opened.lost():
            return opened, ""
        damage = f"The vectors of {', '.join(opened.lost())} are gone."
        opened.close()
    except StartupFailed as failed:
        if not isinstance(failed.__cause__, IndexDamaged):
            raise
        damage = failed.message
    try:
        aside = IndexFolder.set_aside(index_folder(data))
    except IndexerError as error:
        raise StartupFailed(f"{damage} {error}") from error
    return store(data, embedder, retrieval, writable=True), (
        f"{damage} The index is kept as {aside}, and an empty one serves. Declared sources are "
        "indexed again now; index the others with `glossator index SOURCE…`."
    )


def retriever(settings: Settings, embedder: Embedder, store: SearchIndex) -> IndexRetriever:
    """Raises ``StartupFailed`` when the reranker does not exist."""
    topic, retrieval = settings.rails.topic, settings.retrieval
    return IndexRetriever(
        embedder,
        store,
        retrieval.threads,
        subjects=(*topic.allow, *topic.deny),
        reranking=_reranking(retrieval),
    )


def _reranking(retrieval: Retrieval) -> Reranking | None:
    if not retrieval.reranker:
        return None
    try:
        return Reranking(CrossEncoderReranker(retrieval.reranker, device=device(retrieval.device)))
    except IndexerError as error:
        raise StartupFailed(str(error)) from error


def limits(settings: Settings, engine: Load) -> Limits:
    """What may run on one engine; ``engine`` says how much it holds."""
    admission = settings.admission
    return Limits(
        requests=admission.engine_requests or engine.max_requests or UNKNOWN_REQUESTS,
        tokens=admission.engine_tokens or engine.max_tokens or math.inf,
        waiting_tokens=admission.max_waiting_tokens,
        wait_s=admission.max_wait_s,
        reserved_share=admission.reserved_share,
        spare_share=admission.prepare_share,
    )


def gate(settings: Settings, limits: Limits, metrics: Metrics) -> Gate:
    admission = settings.admission
    shares: dict[Kind, float] = {
        "help": admission.help_share,
        "chat": admission.chat_share,
        "optimize": admission.optimize_share,
    }
    gate = Gate(limits, shares, metrics.turned_away)
    gauges.watch(gate.room, shares, metrics)
    return gate


def gateway(
    settings: Settings,
    generator: Generator,
    retriever: Retriever,
    rails: list[Rail],
    admission: Admission,
    metrics: Metrics,
) -> Gateway:
    """The pipeline and the gateway, over parts that are local or handles of Ray Serve."""
    for one in rails:
        one.start()
    retriever = Prefetched(retriever)
    pipeline = Pipeline(
        settings=settings,
        generator=generator,
        retriever=retriever,
        rails=rails,
        guard=guards(settings),
        admission=admission,
        metrics=metrics,
    )
    lookups = Lookups(settings, retriever)
    tracer = exporting.tracer("glossator", traces(settings))
    return Gateway(settings, pipeline, lookups, metrics, generator, door(settings), tracer)
