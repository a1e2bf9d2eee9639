"""Checks that every entry that the question sets expect is in the index.

``python tests/data/questions/check.py --data DIR [FILE...]``, by default for all sets beside it.
It prints what is missing, by corpus, and fails when anything is. Corpora that are not in the index
are named and fail as well: index them with ``sources.toml`` first.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path

from backend.deploy import build
from backend.settings import load
from glossator.evaluate.expected import missing

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="Folder of the index.")
    parser.add_argument("files", nargs="*", type=Path, default=sorted(HERE.glob("*.jsonl")))
    given = parser.parse_args()
    wanted: dict[str, list[str]] = {}
    for file in given.files:
        for line in file.read_text("utf-8").splitlines():
            question = json.loads(line)
            wanted.setdefault(question["corpus"], []).extend(question["expected"])
    settings = load(HERE / "sources.toml")
    failed = False
    with build.store(
        given.data, build.embedder(settings.retrieval), settings.retrieval, writable=False
    ) as store:
        for corpus, expected in sorted(wanted.items()):
            if corpus not in store.sources():
                failed = True
                print(f"{corpus} is not in the index")
                continue
            chunks = itertools.chain.from_iterable(batch for batch, _ in store.export(corpus))
            left = missing(expected, chunks)
            failed |= bool(left)
            print(f"{corpus}: {len(set(expected))} entries, {len(left)} missing")
            for each in left:
                print(f"  {each}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
