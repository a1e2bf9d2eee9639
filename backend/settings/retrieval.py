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
            "all-MiniLM-L6-v2 that comes with the server."
        ),
    ] = "bundled"
    chroma_url: Annotated[
        str,
        doc(
            "Address of a Chroma server (`chroma run`) that keeps the vectors. Empty: they are "
            "in the index folder. `glossator index migrate` moves them."
        ),
    ] = ""
    watch: Annotated[
        bool,
        doc("While serving locally, index a folder again as soon as a file in it changes."),
    ] = True
    reranker: Annotated[
        str,
        doc(
            "Cross-encoder that reorders the best passages, as far as `budget_ms` allows: a "
            "local folder, or a hub name in the local cache. Empty: none."
        ),
    ] = ""
    late_interaction: Annotated[
        bool,
        doc(
            "Compare the best candidates with a question token by token. Indexing keeps 64 bytes "
            "for each token. It needs a projection of the embedder's tokens, which `bundled` has."
        ),
    ] = True
    limit: Annotated[Count, doc("Passages given to the generator and cited.")] = 6
    passage_tokens: Annotated[
        Count,
        doc(
            "About how many tokens of a prompt the passages may take. Long passages are clipped "
            "around the words of the question, and then the last ones are left out. The same "
            "happens where the model's context is shorter."
        ),
    ] = 3000
    budget_ms: Annotated[
        Milliseconds,
        doc(
            "A search that takes longer is given up, and the answer goes on without passages. "
            "Where the model takes seconds to read a prompt, it may take up to half of that. "
            "The `extractive` engine can only quote passages, so it waits up to 10 s."
        ),
    ] = 300.0
    threads: Annotated[Count, doc("Searches that run side by side.")] = 1
    embedder_threads: Annotated[Size, doc("Torch threads of the embedder; 0: all cores.")] = 0
    device: Annotated[
        str, doc("Device of the embedder: cpu, cuda, cuda:1; auto: a GPU if there is one.")
    ] = "cpu"
