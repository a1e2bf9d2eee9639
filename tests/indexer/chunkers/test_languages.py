"""The languages beside the first eight: definitions are named, and cut between their members."""

import pytest

from indexer.chunkers import CodeChunker
from indexer.chunkers.blocks import Characters
from indexer.readers.formats import CODE
from indexer.types import Chunk, Document

CSHARP = """using System;

namespace Acme.Audio {
    public class Sound : IPlayable {
        /// Plays it.
        public int Play(int device) { return device; }
        public string Name { get; set; }
    }
    public enum Format { Wav, Mp3 }
}
"""
KOTLIN = """package audio

/** A sound. */
class Sound(val rate: Int) {
    // Plays it.
    fun play(device: Int): Int = device + rate
    companion object { fun load() {} }
}
"""
RUBY = """module Audio
  # A sound.
  class Sound < Base
    # Plays it.
    def play(device)
      device
    end

    def self.load; end
  end
end
"""
PHP = """<?php
namespace Acme;
/** A sound. */
class Sound {
    // Plays it.
    public function play($device) { return $device; }
}
function load() {}
"""
SWIFT = """/// A sound.
struct Sound: Playable {
    // Plays it.
    func play(device: Int) -> Int { return device }
    init(rate: Int) { self.rate = rate }
}
protocol Playable { func play(device: Int) -> Int }
"""
BASH = """#!/bin/bash
set -eu

# Plays it.
play() {
    echo "$1"
}
"""
SQL = """-- Sounds by name.
CREATE TABLE audio.sounds (
    id INT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE VIEW loud AS SELECT * FROM sounds;
"""
LUA = """local M = {}

-- Plays it.
function M.play(device)
    return device
end

function M:stop() end
"""


def cut(text: str, suffix: str, limit: int) -> list[Chunk]:
    document = Document("app", f"file:///a{suffix}", f"a{suffix}", text, kind="code",
                        breadcrumb=("app", "a"), line=1, language=CODE[suffix])  # fmt: skip
    return list(CodeChunker(Characters(limit)).chunks(document))


@pytest.mark.parametrize(
    ("text", "suffix", "name", "line"),
    [
        (CSHARP, ".cs", "Acme.Audio.Sound.Play", 6),
        (KOTLIN, ".kt", "Sound.play", 6),
        (RUBY, ".rb", "Audio.Sound.play", 5),
        (PHP, ".php", "Sound.play", 6),
        (SWIFT, ".swift", "Sound.play", 4),
        (BASH, ".sh", "play", 5),
        (LUA, ".lua", "M.play", 4),
    ],
)
def test_a_member_is_named_with_its_comment_and_line(
    text: str, suffix: str, name: str, line: int
) -> None:
    found = {(each.section, each.summary, each.line) for each in cut(text, suffix, 60)}
    assert (name, "Plays it.", line) in found


def test_a_table_is_named_with_its_schema() -> None:
    table, view = cut(SQL, ".sql", 60)[0], cut(SQL, ".sql", 60)[-1]
    assert (table.section, table.summary) == ("audio.sounds", "Sounds by name.")
    assert (view.section, view.line) == ("loud", 7)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [(CSHARP, ".cs"), (KOTLIN, ".kt"), (RUBY, ".rb"), (PHP, ".php"), (SWIFT, ".swift"),
     (BASH, ".sh"), (SQL, ".sql"), (LUA, ".lua")],
)  # fmt: skip
@pytest.mark.parametrize("limit", [40, 120, 4_000])
def test_no_line_is_lost(text: str, suffix: str, limit: int) -> None:
    shown = "\n".join(each.text for each in cut(text, suffix, limit))
    for line in text.split("\n"):
        if any(map(str.isalnum, line)):
            assert line.strip() in shown
