"""What an engine's step costs: four numbers from a file, which also says where they come from.

A step that decodes ``n`` answers, whose sequences hold ``k`` tokens of KV cache, and reads ``p``
tokens of prompts, takes ``step_s + n sequence_s + k kv_token_s + p / prefill_tokens_per_s``:
reading the weights, some work for every sequence, reading their KV cache, and arithmetic. That has
the shape of the roofline model (S. Williams, A. Waterman, D. Patterson, Communications of the ACM
52(4), 2009), with a sum in place of its maximum, because a sum is what a step takes.
"""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct


class Speed(Struct, frozen=True, forbid_unknown_fields=True):
    """The speed of one replica. ``source`` says who measured it, or what it was derived from."""

    source: str
    step_s: float
    sequence_s: float
    kv_token_s: float
    prefill_tokens_per_s: float
    startup_s: float
    kv_tokens: int
    max_num_seqs: int
    max_num_batched_tokens: int
    first_s: float = 0.0  # before the engine gets a request

    def step(self, sequences: int, kv_tokens: float, prefill_tokens: int) -> float:
        """Seconds."""
        return (
            self.step_s
            + sequences * self.sequence_s
            + kv_tokens * self.kv_token_s
            + prefill_tokens / self.prefill_tokens_per_s
        )

    def tokens_per_s(self, prompt_tokens: float, output_tokens: float) -> float:
        """Prompt and output tokens per second of a full replica, for requests of this size."""
        held = prompt_tokens + output_tokens / 2
        together = max(1, min(self.max_num_seqs, int(self.kv_tokens / (held + output_tokens / 2))))
        # While one answer is written, so are all others, and every one of their prompts is read.
        writing = output_tokens * self.step(together, together * held, 0)
        reading = together * prompt_tokens / self.prefill_tokens_per_s
        return together * (prompt_tokens + output_tokens) / (writing + reading)


FOLDER = Path(__file__).parent / "speeds"


def names() -> list[str]:
    """The names of the files that come with this package."""
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
