"""Late interaction: compares a question with passages token by token. Pure, but for one file.

A passage's vector has one direction for everything that it says. Its tokens have one each, so a
question finds the sentence that answers it within a long passage. The score of a passage (MaxSim)
is the mean over the question's tokens of the best cosine to any token of the passage.

Token vectors are projected to few principal directions and rounded to a byte each.
``python -m indexer.training.project_tokens`` writes the projection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexer.types import TokenForm, Tokens

SCALE = 127.0  # of a byte: the length of a token's vector
MOST = 64  # tokens of a question that are compared; a longer one says the same more than once

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Projection:
    """Takes a model's token vectors, of unit length, to few directions: ``x @ matrix - offset``."""

    form: TokenForm
    matrix: Matrix
    offset: Matrix

    @classmethod
    def of(cls, model: str) -> Self | None:
        """The projection that ships for a model; None when there is none."""
        path = at(model)
        return cls.read(path, model) if path.exists() else None

    @classmethod
    def read(cls, path: Path, model: str) -> Self:
        rows = np.load(path, allow_pickle=False).astype(np.float32)
        digest = blake2b(rows.tobytes(), digest_size=4).hexdigest()
        return cls(TokenForm(f"{model}@{digest}", rows.shape[1]), rows[:-1], rows[-1])


def at(model: str) -> Path:
    return Path(__file__).with_name(f"{model}.npy")


def maxsim(question: Tokens, passages: Sequence[Tokens]) -> list[float]:
    """The score of each passage, -1 to 1. All of them are compared in one product."""
    if not passages or not len(question):
        return [0.0] * len(passages)
    starts = np.cumsum([0, *(len(each) for each in passages[:-1])])
    asked = question[:MOST].astype(np.float32)
    cosines = asked @ np.concatenate(passages).astype(np.float32).T
    best = np.maximum.reduceat(cosines, starts, axis=1)
    scores: list[float] = (best.mean(axis=0) / SCALE**2).tolist()
    return scores
