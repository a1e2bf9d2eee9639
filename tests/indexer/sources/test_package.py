"""Installed packages: the real NumPy, and small ones that misbehave."""

import argparse
import importlib.metadata
import inspect
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy
import pytest

from indexer.sources import inspect_package
from indexer.sources.package import PackageSource
from indexer.types import Document, SourceError


def cited_line(document: Document) -> str:
    path = Path(unquote(urlparse(document.uri).path))
    assert document.line is not None
    return path.read_text("utf-8").split("\n")[document.line - 1]


@pytest.fixture(scope="module")
def entries() -> dict[str, Document]:
    return {document.symbol: document for document in PackageSource("package:numpy").documents()}


def test_irfft_is_cited_where_it_is_defined(entries: dict[str, Document]) -> None:
    """Public name, signature, installed version, and the very line of the definition."""
    irfft = entries["numpy.fft.irfft"]
    assert irfft.signature == "numpy.fft.irfft(a, n=None, axis=-1, norm=None, out=None)"
    assert irfft.version == numpy.__version__
    assert irfft.kind == "function"
    assert irfft.breadcrumb == ("numpy", "fft", "irfft")
    assert irfft.text.startswith("Computes the inverse of `rfft`.")
    assert cited_line(irfft).startswith("def irfft(")


@pytest.mark.parametrize(
    ("symbol", "signature", "line"),
    [
        ("numpy.add", "numpy.add(x1, x2, /, out=None, *, where=True", "add: "),
        ("numpy.zeros", "numpy.zeros(shape, dtype=float, order='C'", "zeros: "),
        ("numpy.concatenate", "numpy.concatenate(", "def concatenate("),
        ("numpy.linalg.solve", "numpy.linalg.solve(a, b)", "def solve("),
        ("numpy.random.Generator.normal", "numpy.random.Generator.normal(loc=0.0", "def normal("),
        ("numpy.ndarray.sort", "numpy.ndarray.sort(axis=-1, kind=None", "def sort("),
        ("numpy.ma.MaskedArray", "numpy.ma.MaskedArray(data=None", "class MaskedArray("),
        ("numpy.polynomial.Polynomial.fit", "numpy.polynomial.Polynomial.fit(x, y", "def fit("),
    ],
)
def test_compiled_code_is_cited_too(
    entries: dict[str, Document], symbol: str, signature: str, line: str
) -> None:
    """Ufuncs, C functions, methods and classes: their call, and a definition in the package."""
    assert entries[symbol].signature.startswith(signature)
    assert cited_line(entries[symbol]).strip().startswith(line)


def test_numpy_is_there_in_full(entries: dict[str, Document]) -> None:
    assert len(entries) > 1500
    for prefix, least in (("numpy.fft.", 18), ("numpy.linalg.", 30), ("numpy.ndarray.", 60)):
        assert sum(symbol.startswith(prefix) for symbol in entries) >= least


def test_names_are_public_and_each_object_has_one(entries: dict[str, Document]) -> None:
    """Aliases (numpy.abs) and private homes (numpy.fft._pocketfft) are not entries."""
    assert "numpy.absolute" in entries
    assert "numpy.abs" not in entries
    assert not [symbol for symbol in entries if "._" in symbol or ".tests" in symbol]


def test_every_citation_opens_a_text_file_of_the_package(entries: dict[str, Document]) -> None:
    home = Path(numpy.__file__).resolve().parent.as_uri()
    for document in entries.values():
        assert document.uri.startswith(home + "/")
        assert document.uri.endswith((".py", ".pyi"))


def test_reading_twice_gives_the_same(entries: dict[str, Document]) -> None:
    """No addresses or orders of sets in what is stored: an unchanged package is unchanged."""
    again = PackageSource("package:numpy.fft").documents()
    assert all(
        (entries[document.symbol].text, entries[document.symbol].signature)
        == (document.text, document.signature)
        for document in again
    )


def test_subpackage_is_a_source_of_its_own() -> None:
    symbols = {document.symbol for document in PackageSource("package:numpy.fft").documents()}
    assert "numpy.fft.irfft" in symbols
    assert all(symbol.startswith("numpy.fft") for symbol in symbols)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PackageSource]:
    """``package(files, …)`` writes a package named ``sample`` and opens it as a source."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(files: dict[str, str], timeout_s: float = 30) -> PackageSource:
        for name, text in files.items():
            path = tmp_path / "sample" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        return PackageSource("package:sample", timeout_s=timeout_s)

    return make


def test_a_python_that_leaves_the_scripts_folder_out_keeps_its_path(
    package: Callable[..., PackageSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHONSAFEPATH: the first entry is then not the folder of our script."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    source = package({"__init__.py": 'def f(x):\n    """Good words."""\n'})
    assert [document.symbol for document in source.documents()] == ["sample.f"]


def test_broken_submodule_is_reported_and_skipped(package: Callable[..., PackageSource]) -> None:
    """Even one that exits: the other modules are read all the same."""
    source = package({
        "__init__.py": "",
        "good.py": 'def f(x):\n    """Good words."""\n',
        "bad.py": "import no_such_module",
        "exits.py": "raise SystemExit(3)",
    })  # fmt: skip
    assert [document.symbol for document in source.documents()] == ["sample.good.f"]
    assert [(what, why.partition(":")[0]) for what, why in source.skipped] == [
        ("sample.bad", "ModuleNotFoundError"),
        ("sample.exits", "SystemExit"),
    ]


def test_what_a_package_prints_does_not_mix_with_its_entries(
    package: Callable[..., PackageSource],
) -> None:
    """Output of Python and of C alike, and a thread that never ends."""
    source = package({
        "__init__.py": '''
            """Noisy."""
            import os, threading, time
            print("hello")
            os.write(1, b'{"symbol": "fake"}')
            threading.Thread(target=time.sleep, args=(3600,)).start()
        '''
    })  # fmt: skip
    assert [document.text for document in source.documents()] == ["Noisy."]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.abort()", "cannot be imported .exit status -6"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os._exit(0)", "cannot be imported .exit status 0"),
        ("raise SystemExit('no')", "SystemExit: no"),
    ],
)
def test_package_that_dies_is_one_clear_error(
    package: Callable[..., PackageSource], code: str, says: str
) -> None:
    with pytest.raises(SourceError, match=f"sample.*{says}"):
        list(package({"__init__.py": code}).documents())


def test_package_that_hangs_is_ended(package: Callable[..., PackageSource]) -> None:
    source = package({"__init__.py": "import threading; threading.Event().wait()"}, timeout_s=1)
    with pytest.raises(SourceError, match="sample took more than 1 s"):
        list(source.documents())


def test_missing_package_says_how_to_install_it() -> None:
    with pytest.raises(SourceError, match=r"not installed.*pip install no_such_package"):
        list(PackageSource("package:no_such_package").documents())


def test_missing_interpreter_is_a_source_error() -> None:
    with pytest.raises(SourceError, match="/no/such/python cannot be run"):
        list(PackageSource("package:numpy", python="/no/such/python").documents())


def test_exports_and_homes_decide_what_is_public(package: Callable[..., PackageSource]) -> None:
    """``__all__`` wins; without it, names imported from elsewhere are not the module's own."""
    source = package({
        "__init__.py": '''
            from sample._core import f, hidden
            from sample.plain import g
            __all__ = ["f", "plain"]
        ''',
        "_core.py": 'def f(): "F."\ndef hidden(): "H."\n',
        "plain.py": 'from json import dumps\nfrom sample._core import f\ndef g(): "G."\n',
        "unlisted.py": 'def u(): "U."\n',
    })  # fmt: skip
    symbols = [document.symbol for document in source.documents()]
    assert symbols == ["sample.f", "sample.plain.g"]


def test_decorated_methods_and_properties_are_cited_at_their_def(
    package: Callable[..., PackageSource],
) -> None:
    source = package({
        "__init__.py": '''
            import functools
            def deco(f):
                @functools.wraps(f)
                def inner(*args): return f(*args)
                return inner
            class Thing:
                """A thing."""
                @deco
                @deco
                def act(self, a: int = 1) -> str:
                    """Act."""
                @property
                def size(self):
                    """Size."""
                @classmethod
                def make(cls, n):
                    """Make."""
                @staticmethod
                def tool(n):
                    """Tool."""
        '''
    })  # fmt: skip
    found = {document.symbol: document for document in source.documents()}
    assert found["sample.Thing.act"].signature == "sample.Thing.act(a: int = 1) -> str"
    assert found["sample.Thing.make"].signature == "sample.Thing.make(n)"
    assert found["sample.Thing.tool"].signature == "sample.Thing.tool(n)"
    assert found["sample.Thing.size"].signature == ""
    for name in ("act", "size", "make", "tool"):
        assert cited_line(found[f"sample.Thing.{name}"]).strip().startswith(f"def {name}(")
    assert cited_line(found["sample.Thing"]).startswith("class Thing:")


def test_another_interpreter_may_have_the_package(package: Callable[..., PackageSource]) -> None:
    """The inspecting script needs the standard library alone."""
    del package
    source = PackageSource("package:json", python=str(Path(sys.base_prefix, "bin", "python3")))
    assert "json.dumps" in {document.symbol for document in source.documents()}


def test_classes_are_found_where_inspect_finds_them() -> None:
    """Nested, decorated and plain ones, of a file that is parsed once for all of them."""
    found = 0
    for module in (argparse, inspect_package, numpy.ma.core):
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                lines = inspect_package._class_lines(str(module.__file__))
                assert lines[value.__qualname__] == inspect.getsourcelines(value)[1]
                found += 1
    assert found > 20
    assert inspect_package._class_lines(__file__)["Nested.Inner"] == Nested.Inner.line


class Nested:
    """Its inner class begins where its decorator stands."""

    @dataclass
    class Inner:
        line = inspect.currentframe().f_lineno - 2  # type: ignore[union-attr]


def test_the_version_is_of_who_has_the_package_not_of_who_is_called_so() -> None:
    """attrs has ``attr``; NumPy has ``numpy``."""
    assert inspect_package._version("attr") == importlib.metadata.version("attrs")
    assert inspect_package._version("numpy") == numpy.__version__


def test_all_public_names_are_listed_documented_or_not(tmp_path: Path) -> None:
    """Constants, submodules and annotated fields too, but nothing of what makes up its names."""
    package = tmp_path / "listed"
    package.mkdir()
    (package / "__init__.py").write_text(
        "LIMIT = 3\n_HIDDEN = 4\n"
        "class Shape:\n    'A shape.'\n    sides: int\n    def area(self): 'Its area.'\n"
        "class Any(type):\n    def __getattr__(cls, name): return 1\n"
        "class Made(metaclass=Any):\n    'Has any name.'\n"
    )
    (package / "lazy.py").write_text("'Lazy.'\ndef __getattr__(name): return 1\n")
    (package / "plain.py").write_text("'Plain.'\n")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    program += "from indexer.sources.inspect_package import run; run('listed', sys.stdout)"
    lines = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    names = {each["within"]: each["names"] for each in map(json.loads, lines) if "within" in each}
    assert {"LIMIT", "Shape", "Made", "lazy", "plain"} <= set(names["listed"])
    assert "_HIDDEN" not in names["listed"]
    assert names["listed.Shape"] == ["area", "sides"]
    assert names["listed.plain"] == []
    assert "listed.lazy" not in names
    assert "listed.Made" not in names


def test_a_source_has_the_names_once_it_was_read() -> None:
    source = PackageSource("package:numpy")
    assert source.names == {}
    next(source.documents())
    assert {"pi", "absolute", "fft"} <= set(source.names["numpy"])
    assert "shape" in source.names["numpy.ndarray"]
