"""Makes ``ordinary.jsonl`` and ``planted.jsonl``: ``python tests/data/rails/make.py``.

Deterministic: the same bytes for the same versions of Python, numpy and the packages in
``PACKAGES``, from whose sources most of the ordinary snippets are taken. Snippets with real
people's addresses were left out by reading, not by the rails: ``WITH_ADDRESSES``.
"""
# ruff: noqa: E501, SIM905 (tables, one row a line)

import ast
import json
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import planted

HERE = Path(__file__).parent
SEED = 20261121
STDLIB = (
    "argparse ast asyncio/base_events asyncio/streams base64 calendar configparser csv ctypes/util"
    " datetime decimal difflib email/utils fractions ftplib functools getpass hashlib hmac http/client"
    " http/cookiejar http/server imaplib inspect ipaddress json/decoder logging/handlers mailbox"
    " mimetypes netrc nntplib optparse os pathlib pickletools platform plistlib poplib random secrets"
    " shutil smtplib socket sqlite3/dump ssl statistics string subprocess tarfile telnetlib tempfile"
    " timeit turtle typing urllib/parse urllib/request uuid webbrowser xml/sax/saxutils xmlrpc/client"
    " zipfile"
).split()
PACKAGES = (
    "aiohttp/client aiohttp/helpers aiohttp/web_log click/core cryptography/x509/name fastapi/security/http"
    " fastapi/security/oauth2 httpx/_auth httpx/_urls kubernetes/config/kube_config numpy/fft/_pocketfft"
    " numpy/lib/_function_base_impl numpy/linalg/_linalg openai/_client openai/lib/azure"
    " pydantic/networks requests/auth requests/utils rich/color starlette/authentication urllib3/connection"
    " urllib3/util/ssl_ urllib3/util/url websockets/headers"
).split()
SNIPPETS_PER_MODULE = 4
WITH_ADDRESSES = (
    "argparse email/utils hashlib imaplib inspect optparse platform poplib smtplib sqlite3/dump"
    " subprocess tarfile turtle"
).split()  # their heads name authors and mailing lists


def ordinary() -> Iterator[dict[str, object]]:
    for number, text in enumerate((HERE / "ordinary.txt").read_text().split("\n---\n")):
        if text.strip():
            yield {"text": text, "spans": [], "origin": f"handwritten/{number}"}
    rng = Random(SEED)
    for root, modules in (("stdlib", STDLIB), ("purelib", PACKAGES)):
        for module in modules:
            path = Path(sysconfig.get_path(root)) / f"{module}.py"
            for name, text in snippets(path.read_text("utf-8"), rng):
                if name != "head" or module not in WITH_ADDRESSES:
                    yield {"text": text, "spans": [], "origin": f"{root}/{module}:{name}"}
    for number in range(60):
        text = machine_output(rng)
        yield {"text": text, "spans": [], "origin": f"machine output/{number}"}


def snippets(source: str, rng: Random) -> Iterator[tuple[str, str]]:
    """The head of a module, with its comments, and some of its functions and classes."""
    lines = source.splitlines(keepends=True)
    yield "head", "".join(lines[:40])
    nodes = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and 6 <= (node.end_lineno or 0) - node.lineno <= 80
    ]
    for node in rng.sample(nodes, min(len(nodes), SNIPPETS_PER_MODULE - 1)):
        yield node.name, "".join(lines[node.lineno - 1 : node.end_lineno])


def machine_output(rng: Random) -> str:
    """Logs, JSON and listings full of numbers and digests that are no one's."""
    hexa = planted.of(planted.HEX, 40)
    digest = planted.of(planted.HEX, 64)
    uuid = f"{hexa(rng)[:8]}-{hexa(rng)[:4]}-4{hexa(rng)[:3]}-a{hexa(rng)[:3]}-{hexa(rng)[:12]}"
    epoch = rng.randint(1_600_000_000, 1_900_000_000)
    version = ".".join(str(rng.randint(0, 30)) for _ in range(rng.choice([3, 4])))
    return rng.choice(
        [
            f'{{"id": "{uuid}", "ts": {epoch}, "ms": {epoch}{rng.randint(100, 999)}, "sha": "{hexa(rng)}"}}\n',
            f"commit {hexa(rng)}\nMerge: {hexa(rng)[:9]} {hexa(rng)[:9]}\n\n    Release {version}\n",
            f"{digest(rng)}  dist/pkg-{version}.tar.gz\n{digest(rng)}  dist/pkg-{version}-py3-none-any.whl\n",
            f"pkg=={version} --hash=sha256:{digest(rng)}\nother>={version}\n",
            f"[{epoch}.{rng.randint(100000, 999999)}] eth0: link up, {rng.randint(1, 10**9)} packets, 10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.7:{rng.randint(1024, 65535)}\n",
            f"token_count={rng.randint(1, 99999)} password_age_days={rng.randint(1, 90)} secret_version={rng.randint(1, 40)} key_id={uuid}\n",
            f"ETag: \"{hexa(rng)[:32]}\"\nX-Request-Id: {uuid}\nContent-Length: {rng.randint(1, 10**9)}\nServer: nginx/{version}\n",
            f"image: registry.internal/app:{version}@sha256:{digest(rng)}\n",
            f"{rng.random():.17f} {rng.random() * 1e9:.6f} {rng.randint(0, 2**63)} 0x{hexa(rng)[:16]} {rng.randint(0, 2**32)}\n",
            f"id,created,amount\n{rng.randint(10**8, 10**9)},{epoch},{rng.randint(1, 99999)}.{rng.randint(10, 99)}\n{rng.randint(10**10, 10**11)},{epoch + 9},7.25\n",
        ]
    )  # fmt: skip


def planted_lines() -> Iterator[dict[str, object]]:
    rng = Random(SEED + 1)
    for number, (kind, make) in enumerate(planted.TOKENS.items()):
        yield from plant(rng, kind, make, planted.TOKEN_CONTEXTS, number, (1, 3))
    for number, (kind, make) in enumerate(planted.KEYS.items()):
        yield from plant(rng, kind, make, planted.KEY_CONTEXTS, number, (1, 2))
    for number in range(12):
        kind = "password"
        yield from plant(rng, kind, planted.password, planted.PASSWORD_CONTEXTS, number, (1, 3))
        yield from plant(rng, "key", planted.opaque, planted.OPAQUE_CONTEXTS, number, (1, 3))
    for number, (kind, (name, make)) in enumerate(planted.PERSONAL.items()):
        for round_ in range(4):
            contexts = tuple(
                [context.replace("{name}", name) for context in half]
                for half in planted.PERSONAL_CONTEXTS
            )
            yield from plant(rng, kind, make, contexts, number + round_, (1, 3))


def plant(
    rng: Random,
    kind: str,
    make: Callable[[Random], str],
    contexts: tuple[list[str], list[str]],
    number: int,
    counts: tuple[int, int],
) -> Iterator[dict[str, object]]:
    """The value in the next contexts of each half, as many as ``counts`` says."""
    for split, half, count in zip(("development", "held out"), contexts, counts, strict=True):
        for place in range(count):
            context = half[(number + place) % len(half)]
            public, _, value = make(rng).rpartition("¦")
            before, after = (
                part.replace("{{", "{").replace("}}", "}") for part in context.split("{value}")
            )
            before += public
            text = before + value + after
            yield {
                "text": text,
                "spans": [[len(before), len(before) + len(value), kind.strip()]],
                "origin": f"{split}/{kind.strip()}",
            }


def write(name: str, lines: Iterator[dict[str, object]]) -> None:
    (HERE / name).write_text("".join(map(encoded, lines)), "utf-8")


def encoded(line: dict[str, Any]) -> str:
    """One line of JSON; the head of each planted value is escaped, so that scanners rest."""
    text, dumped = line["text"], json.dumps(line, ensure_ascii=False)
    for start, *_ in line["spans"]:
        head = text[start : start + 12]
        escaped = "".join(f"\\u{ord(character):04x}" for character in head)
        dumped = dumped.replace(json.dumps(head, ensure_ascii=False)[1:-1], escaped)
    assert json.loads(dumped) == line
    return dumped + "\n"


if __name__ == "__main__":
    write("ordinary.jsonl", ordinary())
    write("planted.jsonl", planted_lines())
