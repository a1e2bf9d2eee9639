"""Source code becomes chunks by its syntax, in the first eight languages."""

import pytest

from indexer.chunkers import CodeChunker
from indexer.chunkers.blocks import Characters
from indexer.chunkers.grammars import GRAMMARS
from indexer.types import Chunk, Document

PYTHON = '''"""Sounds."""

import io


# Reads sound.
class Sound:
    """A sound in memory."""

    rate = 44100

    @property
    def length(self) -> float:
        """Seconds of it."""
        return len(self.samples) / self.rate

    def play(self, device: str) -> None:
        first = self.samples[: self.rate]
        second = self.samples[self.rate :]
        for part in (first, second):
            device.write(part)
            device.flush()
        device.close()


def load(path: str) -> Sound:
    return Sound(io.open(path))
'''


def cut(text: str, language: str = "python", limit: int = 800, file: str = "") -> list[Chunk]:
    file = file or "waves.x"
    document = Document("s", f"file:///repo/src/{file}", file, text, "code", line=1,
                        breadcrumb=("repo", "src", *file.split("/")),
                        language=language)  # fmt: skip
    return list(CodeChunker(Characters(limit)).chunks(document))


def test_a_definition_that_fits_is_a_chunk_with_its_comment() -> None:
    """Imports and constants between definitions share one; each knows its line and summary."""
    chunks = cut(PYTHON)
    assert [(each.title, each.symbol, each.line) for each in chunks] == [
        ("waves.x", "", 1),
        ("Sound", "waves.Sound", 7),
        ("load", "waves.load", 26),
    ]
    assert chunks[1].text.startswith('# Reads sound.\nclass Sound:\n    """A sound')
    assert chunks[1].summary == "A sound in memory."
    assert chunks[2].signature == "def load(path: str) -> Sound"
    assert {each.breadcrumb for each in chunks} == {"repo › src › waves.x"}
    assert chunks[1].section == "Sound"


def test_a_class_that_does_not_fit_is_cut_between_its_members() -> None:
    """Each member keeps the header of its class, with its decorators."""
    chunks = {each.title: each for each in cut(PYTHON, limit=300)}
    assert chunks["Sound.length"].text == (
        "class Sound:\n    …\n    @property\n    def length(self) -> float:\n"
        '        """Seconds of it."""\n        return len(self.samples) / self.rate'
    )
    assert chunks["Sound.length"].line == 13
    assert "rate = 44100" in chunks["Sound"].text


def test_a_function_that_does_not_fit_is_cut_between_statements() -> None:
    """Every piece keeps the headers of its function and class; the loop stays whole."""
    pieces = [each for each in cut(PYTHON, limit=220) if each.title == "Sound.play"]
    assert len(pieces) > 1
    for piece in pieces:
        assert piece.text.startswith("class Sound:\n")
        assert "\n    def play(self, device: str) -> None:\n" in piece.text
    assert any("for part in (first, second):\n            device.write(part)" in piece.text
               for piece in pieces)  # fmt: skip
    assert pieces[1].line is not None
    assert PYTHON.split("\n")[pieces[1].line - 1].strip() in pieces[1].text.split("…")[-1]


GO = """package main

// Server answers.
type Server struct {
	addr string
}

// Handle does it.
func (s *Server) Handle(x int) error {
	return nil
}
"""
RUST = """use std::fmt;

/// A point.
#[derive(Debug)]
pub struct Point {
    x: f64,
}

impl Point {
    /// Makes one, at the place that the caller wants it to be.
    pub fn new(x: f64) -> Self {
        Self { x }
    }
}
"""
JAVA = """package a;

/** Keeps. */
public class Waves {
  /** Plays it, from the first to the last sample that it has. */
  @Override
  public void play(String device) {
    open(device);
  }
}
"""
TYPESCRIPT = """import x from "x";

/** What answers. */
export interface Api { get(id: string): Promise<void>; }

export const App = (a: number) => {
  return a;
};

export default class Server extends Base {
  private port = 1;
  /** Handles it, whatever it is and wherever it comes from. */
  handle(): void { this.port = 2; }
}
"""
C = """#include <stdio.h>

typedef struct node { int x; } node_t;

/* Adds. */
int add(int a, int b)
{
  return a + b;
}
"""
CPP = """namespace waves {
// Counts.
template <typename T>
class Counter {
 public:
  // Counts one more, and tells how many there are by now.
  int count(T x) { return 1; }
};
}

int waves::Counter<int>::count(int x) { return 2; }
"""


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("go", GO, {"Server": "Server answers.", "Server.Handle": "Handle does it."}),
        ("rust", RUST, {"Point": "A point.",
                        "Point.new": "Makes one, at the place that the caller wants it to be."}),
        ("java", JAVA, {"Waves": "Keeps.",
                        "Waves.play": "Plays it, from the first to the last sample that it has."}),
        ("typescript", TYPESCRIPT, {"Api": "What answers.", "App": "",
                                    "Server.handle": "Handles it, whatever it is and wherever it "
                                    "comes from."}),
        ("tsx", "const A = () => { return <b>x</b>; };\n", {"A": ""}),
        ("javascript", "class A {\n  b() { return 1; }\n}\nfunction f() {}\n", {"A": "", "f": ""}),
        ("c", C, {"node_t": "", "add": "Adds."}),
        ("cpp", CPP, {"waves.Counter.count": "Counts one more, and tells how many there are by "
                      "now."}),
    ],
)  # fmt: skip
def test_definitions_of_every_language_have_name_and_summary(
    language: str, text: str, expected: dict[str, str]
) -> None:
    found: dict[str, str] = {}
    for chunk in cut(text, language, limit=120):
        found[chunk.title] = found.get(chunk.title) or chunk.summary
    assert {title: found.get(title) for title in expected} == expected


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_no_line_is_lost_or_doubled(language: str) -> None:
    """For any limit, the pieces contain the lines of the file in order, except for bare braces."""
    text = {"go": GO, "rust": RUST, "java": JAVA, "c": C, "cpp": CPP, "python": PYTHON}.get(
        language, TYPESCRIPT
    )
    for limit in (60, 140, 400):
        shown = "\n".join(each.text for each in cut(text, language, limit))
        for line in text.split("\n"):
            if any(map(str.isalnum, line)):
                assert line in shown


def test_lines_point_at_the_code_itself() -> None:
    """They do not point at the blank lines before the code."""
    text = "\n\n\nimport a\n\n\ndef f():\n    pass\n\n\n\nB = 1\n"
    assert [(each.text, each.line) for each in cut(text)] == [
        ("import a", 4),
        ("def f():\n    pass", 7),
        ("B = 1", 12),
    ]


def test_code_that_is_broken_is_cut_all_the_same() -> None:
    text = "class A:\n    def (((\n" + "x = [\n" * 200
    assert "".join(each.text for each in cut(text, limit=100)).count("x = [") == 200


def test_deep_nesting_and_long_lines_end() -> None:
    """Ten thousand brackets, and a line of a hundred thousand characters, which is not cut."""
    assert cut("(" * 10_000 + ")" * 10_000 + "\nx = 1\n" + "y = '" + "z" * 100_000 + "'")


def test_the_name_of_a_module_leaves_out_what_says_nothing() -> None:
    (chunk,) = cut("def f(): pass\n", file="waves/__init__.py")
    assert chunk.symbol == "waves.f"
