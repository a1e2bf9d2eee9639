"""Reads a question and a passage together with a cross-encoder of sentence-transformers.

It is optional and as good as its weights, and the project ships none. Importing this module is
cheap.
"""

from collections.abc import Sequence
from pathlib import Path

from indexer.types import IndexerError


class CrossEncoderReranker:
    """A ``Reranker`` on this machine. Any thread may use it; they take turns.

    ``model`` is a local folder, or a hub name that is in the local cache. Raises ``IndexerError``
    when it cannot be loaded.
    """

    def __init__(self, model: str, *, device: str = "cpu") -> None:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise IndexerError(
                "Reranking needs sentence-transformers: pip install 'glossator[serve]'."
            ) from error
        location = str(Path(model).expanduser()) if Path(model).expanduser().is_dir() else model
        try:
            self._model = CrossEncoder(location, device=device, local_files_only=True)
            self.scores("question", ["passage"])  # the first call is several times as slow
        except Exception as error:
            raise IndexerError(
                f"The reranker {model!r} cannot be loaded ({error}). Set retrieval.reranker to "
                "the folder of a cross-encoder, or leave it empty."
            ) from error

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers; higher is better, and scores compare only within one
        question.
        """
        pairs = [(_encodable(question), _encodable(text)) for text in texts]
        scores = self._model.predict(pairs, batch_size=16, show_progress_bar=False)
        return [float(score) for score in scores]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
