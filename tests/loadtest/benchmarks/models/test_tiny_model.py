"""The tiny model's maker."""

import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from loadtest.benchmarks.models import tiny_model as recipe


def test_it_does_nothing_when_the_folder_holds_this_recipes_model(tmp_path: Path) -> None:
    """Every file keeps its time of change."""
    folder = recipe.make(tmp_path / "tiny")
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert recipe.make(folder) == folder
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_a_model_of_another_recipe_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "tiny_model.json").write_text('{"recipe": 0}')
    assert (recipe.make(folder) / "model.safetensors").exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="something else"):
        recipe.make(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_tokenizer_is_real(tiny_model: Path) -> None:
    """Text comes back as it went in, code packs well, special tokens are one token each."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    text = "def f(self):\n    return 'naïve — 日本'\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text
    code = Path(recipe.__file__).read_text()
    assert len(tokenizer.encode(code)) < len(code) / 2.5
    for token in recipe.SPECIAL_TOKENS:
        assert len(tokenizer.encode(token)) == 1
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Why?"}], add_generation_prompt=True, tokenize=False
    )
    assert chat == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"


def test_the_command_makes_a_folder_and_explains_a_refusal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtest.benchmarks.models.tiny_model"]
    (tmp_path / "else").touch()
    refused = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    made = subprocess.run([*command, str(tmp_path / "new")], capture_output=True, text=True)
    assert (made.returncode, made.stdout.strip()) == (0, str(tmp_path / "new"))
