"""Makes a tiny model for tests and benchmarks: real architecture and tokenizer, random weights.

It generates noise, but everything around that is real. It is a Qwen2 that any engine loads from an
ordinary Hugging Face folder, with a byte-level BPE vocabulary trained on the standard library's
sources, a ChatML template and Qwen's fill-in-the-middle tokens. Making it takes seconds on a laptop
and needs no network. Nothing is done if the folder already holds it::

    python -m loadtest.benchmarks.models.tiny_model FOLDER
"""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.models.made import make_once

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# Raise it whenever a change below makes a different model, so that folders are made again.
RECIPE = 3

VOCABULARY = 4096
CONTEXT = 4096  # tokens
SEED = 20

END_OF_TEXT = "<|endoftext|>"
START_OF_TURN = "<|im_start|>"
END_OF_TURN = "<|im_end|>"
# These are Qwen2.5-Coder's names, so that code written for it works here.
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
# This is enough text for merges to be made of words in code. More would only take longer.
TRAINING_CHARACTERS = 3_000_000
_STAMP = "tiny_model.json"


def make(folder: Path) -> Path:
    """Makes the model in ``folder``, unless this recipe's model is already there.

    Raises ``FileExistsError`` for a folder that holds something else, and leaves it alone.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _STAMP).exists():
        raise FileExistsError(f"{folder} holds something else; name an empty or new folder.")
    make_once(folder, _STAMP, {"recipe": RECIPE}, _save)
    return folder


def _save(folder: Path) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # These imports take seconds, so they wait until there is something to make.
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
        # If tied, or at the usual 0.02, random weights repeat one token, and then tests would not
        # notice mixed up streams or a missed stop string.
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
    """The standard library's modules in the order of their names, up to the limit."""
    left = TRAINING_CHARACTERS
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="ignore")[:left]
        yield text
        left -= len(text)
        if not left:
            return


def main(arguments: list[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("folder", type=Path, metavar="FOLDER", help="where to make it")
    folder = study.parse_args(arguments).folder
    try:
        make(folder)
    except OSError as error:
        study.exit(1, f"tiny_model: {error}\n")
    print(folder)


if __name__ == "__main__":
    main()
