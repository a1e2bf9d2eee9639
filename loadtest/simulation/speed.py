"""What an engine's step costs: four numbers that a file gives, with where they come from.

A step that decodes ``n`` answers, whose sequences hold ``k`` tokens of KV cache, and reads ``p``
tokens of prompts, takes ``step_s + n sequence_s + k kv_token_s + p / prefill_tokens_per_s``:
reading the weights, some work for every sequence, reading their KV cache, and arithmetic. That is
the roofline model's shape (S. Williams, A. Waterman, D. Patterson, Communications of the ACM 52(4),
2009), its maximum replaced by a sum, which is what a step measures.
"""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct


class Speed(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one replica. ``source`` says who measured it, or from what it was derived."""

    source: str
    step_s: float
    sequence_s: float
    kv_token_s: float
    prefill_tokens_per_s: float
    startup_s: float
    kv_tokens: int
    max_num_seqs: int
    max_num_batched_tokens: int
    first_s: float = 0.0  # of each request, before the engine has it

    def step(self, sequences: int, kv_tokens: float, prefill_tokens: int) -> float:
        """Seconds."""
        return (
            self.step_s
            + sequences * self.sequence_s
            + kv_tokens * self.kv_token_s
            + prefill_tokens / self.prefill_tokens_per_s
        )

    def tokens_per_s(self, prompt_tokens: float, output_tokens: float) -> float:
        """Prompt and output tokens of such requests that a full replica works off per second."""
        held = prompt_tokens + output_tokens / 2
        together = max(1, min(self.max_num_seqs, int(self.kv_tokens / (held + output_tokens / 2))))
        # While one answer is written, each of the others is as well, and one prompt is read.
        writing = output_tokens * self.step(together, together * held, 0)
        reading = together * prompt_tokens / self.prefill_tokens_per_s
        return together * (prompt_tokens + output_tokens) / (writing + reading)


FOLDER = Path(__file__).parent / "speeds"


def names() -> list[str]:
    """Of the files that come with this package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read(name: str) -> Speed:
    """One of ``names`` or a file. Raises ``OSError`` or ``ValueError``."""
    path = FOLDER / f"{name}.toml" if name in names() else Path(name)
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Speed)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error


def write(speed: Speed, path: Path) -> None:
    lines = [
        f"{name} = {msgspec.json.encode(value).decode()}\n"
        for name, value in msgspec.structs.asdict(speed).items()
    ]
    path.write_text("".join(lines))
