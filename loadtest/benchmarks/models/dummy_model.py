"""Makes the configuration of a real model's size without weights (``load_format=dummy``).

vLLM fills the weights in. Serving it costs what the real model costs, but its answers are noise.
The dimensions are those of the published configurations. The tokenizer is the tiny model's, with
filler words up to the size of the real vocabulary::

    python -m loadtest.benchmarks.models.dummy_model 7b FOLDER
"""

import json
import shutil
from pathlib import Path
from typing import Any

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.models import tiny_model

# From https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct and its smaller siblings. `small` is
# for trying the command on a CPU.
SIZES: dict[str, dict[str, Any]] = {
    "7b": {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
           "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064},
    "1.5b": {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
             "num_attention_heads": 12, "num_key_value_heads": 2, "vocab_size": 151936},
    "0.5b": {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936},
    "small": {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4,
              "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 8192},
}  # fmt: skip
CONTEXT = 32768


def make(size: str, folder: Path, tiny: Path) -> Path:
    """Writes the configuration and the tokenizer of ``size`` into ``folder``.

    ``tiny`` is the tiny model's folder. It is made if it is not there.
    """
    source = tiny_model.make(tiny)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer_config.json", "chat_template.jinja", "generation_config.json"):
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    config = json.loads((source / "config.json").read_text())
    config |= SIZES[size] | {"max_position_embeddings": CONTEXT, "max_window_layers": 0}
    config.pop("layer_types", None)  # it has an entry for each of the tiny model's layers
    config.pop("head_dim", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    _fill(tokenizer, config["vocab_size"])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def _fill(tokenizer: dict[str, Any], size: int) -> None:
    """Makes every id a word. Otherwise answers could seem to be empty."""
    words = tokenizer["model"]["vocab"]
    known = {*words.values(), *(added["id"] for added in tokenizer["added_tokens"])}
    words.update({f"Ġw{number}": number for number in range(size) if number not in known})


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("size", choices=SIZES)
    study.add_argument("folder", type=Path)
    study.folder("--tiny", ".models/tiny", "the tiny model, which is made if it is not there")
    arguments = study.parse_args()
    print(make(arguments.size, arguments.folder, arguments.tiny.resolve()))


if __name__ == "__main__":
    main()
