"""A tiny model for tests and benchmarks: real architecture, real tokenizer, random weights.

Nothing about it pretends to be an answer: it emits noise. What it exercises is real, though. It
is a Qwen2 that any engine loads from an ordinary Hugging Face folder, with a byte-level BPE
vocabulary trained on the standard library's sources, a ChatML template and Qwen's
fill-in-the-middle tokens. Made in seconds on a laptop, without a network::

    python -m loadtest.benchmarks.models.tiny_model FOLDER
"""

import argparse
import contextlib
import json
import os
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# Raise it whenever a change below makes another model: existing folders are then made again.
RECIPE = 3

VOCABULARY = 4096
CONTEXT = 4096  # tokens
SEED = 20

END_OF_TEXT = "<|endoftext|>"
START_OF_TURN = "<|im_start|>"
END_OF_TURN = "<|im_end|>"
# Qwen2.5-Coder's names, so that what is written for it works here.
SPECIAL_TOKENS = (
    END_OF_TEXT,
    START_OF_TURN,
    END_OF_TURN,
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Enough text that merges are made of code's own words; more would only take longer.
TRAINING_CHARACTERS = 3_000_000
_STAMP = "tiny_model.json"


def make(folder: Path) -> Path:
    """Makes the model in ``folder``, unless this recipe's model is already there.

    The folder appears at once and complete, so concurrent callers are safe: the first to finish
    wins. Raises ``FileExistsError`` for a folder that holds something else, and leaves it alone.
    """
    if _is_current(folder):
        return folder
    if folder.exists() and any(folder.iterdir()) and not (folder / _STAMP).exists():
        raise FileExistsError(f"{folder} holds something else; name an empty or new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tiny-") as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        _save(made)
        if not _is_current(folder):
            shutil.rmtree(folder, ignore_errors=True)
            # Losing the race to another maker leaves its equal model in place.
            with contextlib.suppress(OSError):
                made.rename(folder)
    return folder


def _is_current(folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads((folder / _STAMP).read_text()) == {"recipe": RECIPE})
    return False


def _save(folder: Path) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Seconds of import time: not before there is something to make.
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM, logging

    logging.disable_progress_bar()

    tokenizer = _tokenizer()
    tokenizer.save_pretrained(folder)
    end_of_text, end_of_turn = tokenizer.convert_tokens_to_ids([END_OF_TEXT, END_OF_TURN])
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        # Tied or at the usual 0.02, random weights say one token over and over: streams that got
        # mixed up, or a stop string that was missed, would not show.
        tie_word_embeddings=False,
        initializer_range=0.1,
        bos_token_id=None,
        eos_token_id=end_of_turn,
        pad_token_id=end_of_text,
        dtype=torch.bfloat16,
    )
    torch.manual_seed(SEED)
    model = Qwen2ForCausalLM(config).to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        do_sample=False, eos_token_id=[end_of_turn, end_of_text], pad_token_id=end_of_text
    )
    model.save_pretrained(folder)
    (folder / _STAMP).write_text(json.dumps({"recipe": RECIPE}))


def _tokenizer() -> "PreTrainedTokenizerFast":
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_sources(), trainer=trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END_OF_TURN,
        pad_token=END_OF_TEXT,
        additional_special_tokens=list(SPECIAL_TOKENS),
        chat_template=CHATML,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def _sources() -> Iterator[str]:
    """The standard library's modules, by name, up to ``TRAINING_CHARACTERS``."""
    left = TRAINING_CHARACTERS
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="ignore")[:left]
        yield text
        left -= len(text)
        if not left:
            return


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.models.tiny_model",
        description="Make a tiny language model with random weights, for tests and benchmarks. "
        "It generates noise. Does nothing when the folder already holds it.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to make it")
    folder = parser.parse_args(arguments).folder
    try:
        make(folder)
    except OSError as error:
        parser.exit(1, f"tiny_model: {error}\n")
    print(folder)


if __name__ == "__main__":
    main()
