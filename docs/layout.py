"""The folders of the code, as `docs/architecture.md` lists them: `python docs/layout.py`.

With ``--write`` it puts the listing into the page (`make docs`). With ``--sizes`` it prints how
large the modules are.
"""

import argparse
import ast
import subprocess
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("glossator", "lsp_server", "backend", "indexer", "loadtest")
BEGIN, END = "<!-- layout: begin (make docs) -->\n", "<!-- layout: end -->\n"


def modules() -> list[Path]:
    """Every Python file of the packages that git knows, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [Path(line) for line in listed.stdout.splitlines() if line.endswith(".py")]
    return sorted(name for name in names if (ROOT / name).exists())


def folders() -> dict[Path, list[str]]:
    """The names in each folder: its modules, and its folders with a slash."""
    found: dict[Path, set[str]] = {}
    for module in modules():
        if module.name not in ("__init__.py", "__main__.py"):
            found.setdefault(module.parent, set()).add(module.stem)
        for parent in module.parents:
            if parent.name and parent.parent.name:
                found.setdefault(parent.parent, set()).add(f"{parent.name}/")
    return {folder: sorted(names) for folder, names in sorted(found.items())}


def purpose(folder: Path) -> str:
    """The first paragraph of the package's docstring."""
    source = (ROOT / folder / "__init__.py").read_text("utf-8")
    said = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]
    return " ".join(said.split()).replace("``", "`")


def listing() -> str:
    rows = ["| folder | what it is for | what is in it |", "| --- | --- | --- |"]
    for folder, names in folders().items():
        shown = " ".join(f"`{name}`" for name in names)
        rows.append(f"| `{folder}/` | {purpose(folder)} | {shown} |")
    return "\n".join(rows) + "\n"


def sizes() -> str:
    lines = sorted(len((ROOT / name).read_text("utf-8").splitlines()) for name in modules())
    widest = max(folders().items(), key=lambda each: len(each[1]))
    return (
        f"{len(lines)} modules, {sum(lines):,} lines; median {median(lines):.0f}, "
        f"p90 {quantiles(lines, n=10)[-1]:.0f}, largest {lines[-1]}; "
        f"most names at one level: {len(widest[1])} ({widest[0]}/)"
    )


def page() -> str:
    """The page, with the listing as it has to be."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + listing() + END + rest.partition(END)[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put it into docs/architecture.md")
    parser.add_argument("--sizes", action="store_true", help="print how large modules are")
    arguments = parser.parse_args()
    if arguments.write:
        PAGE.write_text(page(), "utf-8")
    print(sizes() if arguments.sizes else listing())


if __name__ == "__main__":
    main()
