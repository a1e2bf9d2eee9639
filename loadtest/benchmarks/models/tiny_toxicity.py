"""Makes a tiny toxicity classifier for tests, in detoxify's format.

Architecture and tokenizer are real: a BERT of two layers, trained for some seconds to tell a few
obvious words from ordinary talk about code. It knows nothing else, so it tests loading, windows,
batches and verdicts, but no judgement about language. ``model_type`` in the checkpoint is a local
folder, because otherwise detoxify would need a network to load it::

    python -m loadtest.benchmarks.models.tiny_toxicity FOLDER
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.models.made import make_once

if TYPE_CHECKING:
    from transformers import BertTokenizer

# Raise it whenever a change below makes a different model, so that folders are made again.
RECIPE = 2

CLASSES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
LIMIT = 512  # tokens, as the published checkpoints have
STEPS = 300  # at most
LEARNT = 10  # training ends after so many steps in a row with almost no loss
SEED = 7

_TALK = """\
how do i sort an array of numbers in this function the parser reads every line and returns a list
when the index is out of range an error is raised please show me an example of the transform with
real input we can kill the process and restart the server after it has stopped thanks that works
for me you could also use another method it is faster and uses less memory than before what does
the option mean and why is my loop so slow today is good
"""
ORDINARY = _TALK.split()
TOXIC = {
    "insult": ("idiot", "stupid", "moron", "dumb", "loser", "pathetic"),
    "threat": ("hurt", "destroy", "die", "strangle", "stab"),
    "obscene": ("damn", "crap", "bullshit", "hell"),
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789._()="
_STRANGE = ("\u00bf", "\u4e16\u754c", "\U0001f600", "\u200b", "?", "\ufffd")
_CHECKPOINT, _CONFIG, _STAMP = "toxic_tiny.ckpt", "config", "tiny_toxicity.json"


class Checkpoint(NamedTuple):
    """What ``[rails.toxicity]`` calls ``model`` and ``model_config``."""

    file: Path
    config: Path


def make(folder: Path) -> Checkpoint:
    """Makes the checkpoint in ``folder``, unless this recipe's is already there."""
    made = Checkpoint(folder / _CHECKPOINT, folder / _CONFIG)
    # The checkpoint names its own folder, so one that was moved is made again.
    stamp = {"recipe": RECIPE, "folder": str(folder.resolve())}
    make_once(folder, _STAMP, stamp, lambda fresh: _save(fresh, config=made.config))
    return made


def _save(folder: Path, config: Path) -> None:
    """Writes into ``folder`` what will work when its ``config`` has moved to the given path."""
    import torch

    (folder / _CONFIG).mkdir()
    tokenizer = _tokenizer(folder / _CONFIG)
    model = _train(tokenizer)
    model.config.save_pretrained(folder / _CONFIG)
    arch = {
        "num_classes": len(CLASSES),
        "model_type": str(config.resolve()),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    torch.save(
        {
            "config": {"arch": {"args": arch}, "dataset": {"args": {"classes": list(CLASSES)}}},
            "state_dict": model.state_dict(),
        },
        folder / _CHECKPOINT,
    )


def _tokenizer(folder: Path) -> "BertTokenizer":
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import BertTokenizer

    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=600,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        initial_alphabet=[chr(code) for code in range(33, 127)],
        show_progress=False,
    )
    texts = [" ".join([*ORDINARY, *(word for kind in TOXIC.values() for word in kind)])] * 4
    pieces.train_from_iterator(texts, trainer=trainer)
    words = sorted(pieces.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in words), "utf-8")
    tokenizer = BertTokenizer(vocab=str(folder / "vocab.txt"), model_max_length=LIMIT)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _train(tokenizer: "BertTokenizer") -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(SEED)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on such small operations more threads wait for each other
    draw = random.Random(SEED)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LIMIT,
        num_labels=len(CLASSES),
        pad_token_id=tokenizer.pad_token_id,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,  # keeps words apart from the first step, in so few dimensions
    )
    model = BertForSequenceClassification(config)
    # A word means the same at every position. Seconds of training could not teach that.
    model.bert.embeddings.position_embeddings.weight.requires_grad_(False).zero_()
    optimizer = torch.optim.AdamW(
        [weight for weight in model.parameters() if weight.requires_grad], lr=3e-3
    )
    loss_of = torch.nn.BCEWithLogitsLoss()
    model.train()
    losses: list[float] = []
    for step in range(STEPS):
        longest, count = (12, 32) if step % 8 else (100, 8)
        texts, labels = zip(*(_example(draw, longest) for _ in range(count)), strict=True)
        inputs = tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True)
        loss = loss_of(model(**inputs).logits, torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if max(losses[-LEARNT:]) < 0.02 and len(losses) > LEARNT:
            break
    torch.set_num_threads(threads)
    return model.eval()


def _example(draw: random.Random, longest: int) -> tuple[str, Sequence[float]]:
    """Ordinary words, half of the time with a toxic one among them, and their classes.

    Some examples have no words at all, because characters outside the vocabulary are not toxic.
    """
    if draw.random() < 0.1:
        return " ".join(draw.choices(_STRANGE, k=draw.randint(0, 4))), [0.0] * len(CLASSES)
    words = [draw.choice(ORDINARY) for _ in range(draw.randint(2, longest))]
    # Code is full of names and numbers. This tokenizer cuts them into one or two letters.
    words += ["".join(draw.choices(_LETTERS, k=6)) for _ in range(len(words) // 4)]
    draw.shuffle(words)
    found = {""}
    if draw.random() < 0.5:
        kind = draw.choice(list(TOXIC))
        words.insert(draw.randint(0, len(words)), draw.choice(TOXIC[kind]))
        found = {"toxicity", kind}
    return " ".join(words), [float(name in found) for name in CLASSES]


def main(arguments: list[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("folder", type=Path, metavar="FOLDER", help="where to make it")
    made = make(study.parse_args(arguments).folder)
    print(f'[rails.toxicity]\nmodel = "{made.file}"\nmodel_config = "{made.config}"')


if __name__ == "__main__":
    main()
