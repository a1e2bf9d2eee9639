"""Finding passages."""

from typing import Annotated

from msgspec import Struct

from backend.settings.kinds import Count, Milliseconds, Size, doc


class Retrieval(Struct, frozen=True, forbid_unknown_fields=True):
    """Finding passages."""

    embedder: Annotated[
        str,
        doc(
            "sentence-transformers model: a local folder, a hub name, or `bundled` for the "
            "all-MiniLM-L6-v2 that is installed with the server."
        ),
    ] = "bundled"
    chroma_url: Annotated[
        str,
        doc(
            "Address of a Chroma server (`chroma run`) that keeps the vectors; empty: embedded, "
            "in the index folder. `glossator index migrate` moves them."
        ),
    ] = ""
    watch: Annotated[
        bool,
        doc("Index folders again as soon as something in them changes, while serving locally."),
    ] = True
    reranker: Annotated[
        str,
        doc(
            "Cross-encoder that orders the best passages anew, as far as `budget_ms` allows: a "
            "local folder, or a hub name in the local cache; empty: none."
        ),
    ] = ""
    limit: Annotated[Count, doc("Passages given to the generator and cited.")] = 6
    passage_tokens: Annotated[
        Count,
        doc(
            "Most of a prompt that passages may take, in tokens, about. Longer ones are clipped "
            "around what the question asks for, then the last ones left out; also where the "
            "model's context is shorter."
        ),
    ] = 3000
    budget_ms: Annotated[
        Milliseconds,
        doc(
            "The answer goes on without what is later than this; the `extractive` engine, which "
            "has nothing else to say, waits up to 10 s."
        ),
    ] = 300.0
    threads: Annotated[Count, doc("Searches done side by side.")] = 1
    embedder_threads: Annotated[Size, doc("Torch threads of the embedder; 0: all cores.")] = 0
    device: Annotated[str, doc("Device of the embedder: cpu, cuda, cuda:1.")] = "cpu"
