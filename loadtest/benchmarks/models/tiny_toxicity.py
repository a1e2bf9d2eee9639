"""A tiny toxicity classifier for tests: detoxify's own format, real architecture, a real tokenizer.

A BERT of two layers that is trained for seconds, on the spot, to tell a few obvious words from
ordinary talk about code. It knows nothing else: what it exercises is loading, windows, batches and
verdicts, never a judgement about language. ``model_type`` in the checkpoint is a local folder, as
it has to be for detoxify to load it without a network::

    python -m loadtest.benchmarks.models.tiny_toxicity FOLDER
"""

import argparse
import contextlib
import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from transformers import BertTokenizer

# Raise it whenever a change below makes another model: existing folders are then made again.
RECIPE = 2

CLASSES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
LIMIT = 512  # tokens, as the published checkpoints have
STEPS = 300  # at most
LEARNT = 10  # steps in a row of almost no loss
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
    """Makes the checkpoint in ``folder``, unless this recipe's is already there.

    The folder appears at once and complete, so concurrent callers are safe.
    """
    made = Checkpoint(folder / _CHECKPOINT, folder / _CONFIG)
    if _is_current(folder):
        return made
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".toxicity-") as scratch:
        fresh = Path(scratch) / "model"
        _save(fresh, config=made.config)
        if not _is_current(folder):
            shutil.rmtree(folder, ignore_errors=True)
            # Losing the race to another maker leaves its equal model in place.
            with contextlib.suppress(OSError):
                fresh.rename(folder)
    return made


def _is_current(folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        # The checkpoint names its own folder: one that was moved is made again.
        stamp = {"recipe": RECIPE, "folder": str(folder.resolve())}
        return bool(json.loads((folder / _STAMP).read_text()) == stamp)
    return False


def _save(folder: Path, config: Path) -> None:
    """Writes into ``folder`` what will work once its ``config`` is at the given path."""
    import torch

    (folder / _CONFIG).mkdir(parents=True)
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
    stamp = {"recipe": RECIPE, "folder": str(config.resolve().parent)}
    (folder / _STAMP).write_text(json.dumps(stamp))


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
    torch.set_num_threads(1)  # of operations this small, more threads only wait for each other
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
        initializer_range=0.1,  # of so few dimensions, so that words are apart from the first step
    )
    model = BertForSequenceClassification(config)
    # A word means the same wherever it stands; seconds of training could not teach it that.
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
    """Ordinary words, in half of the cases around something toxic, and its classes.

    Now and then no words at all: what no letter of the vocabulary spells is not toxic either.
    """
    if draw.random() < 0.1:
        return " ".join(draw.choices(_STRANGE, k=draw.randint(0, 4))), [0.0] * len(CLASSES)
    words = [draw.choice(ORDINARY) for _ in range(draw.randint(2, longest))]
    # Names and numbers, such as code is full of, are pieces of one or two letters here.
    words += ["".join(draw.choices(_LETTERS, k=6)) for _ in range(len(words) // 4)]
    draw.shuffle(words)
    found = {""}
    if draw.random() < 0.5:
        kind = draw.choice(list(TOXIC))
        words.insert(draw.randint(0, len(words)), draw.choice(TOXIC[kind]))
        found = {"toxicity", kind}
    return " ".join(words), [float(name in found) for name in CLASSES]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.models.tiny_toxicity",
        description="Make a tiny toxicity checkpoint in detoxify's format, for tests. It knows a "
        "few words only. Does nothing when the folder already holds it.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to make it")
    made = make(parser.parse_args(arguments).folder)
    print(f'[rails.toxicity]\nmodel = "{made.file}"\nmodel_config = "{made.config}"')


if __name__ == "__main__":
    main()
