"""What is in the log of a backend that was asked things, and what is not."""

import json
import re
import uuid
from pathlib import Path

import psutil

from backend.protocol.wire import Ask, Complete, Lookup

SECRET = "ghp_" + "A1b2" * 9  # a GitHub token's format
CANARY = "zanzibar"


def logs(backend):
    """The backend's own, and on Ray those of its workers."""
    found = [backend.log]
    for process in psutil.Process(backend.process.pid).children(recursive=True):
        for argument in process.cmdline():
            if folder := re.fullmatch(r"--log_dir=(.+)", argument):
                found += Path(folder[1]).glob("*.err")
    return sorted(set(found))


async def test_no_line_holds_what_was_asked_and_every_answer_has_one(backend, client):
    ids = [uuid.uuid4().hex for _ in range(4)]
    question = f"where do I put {SECRET} in {CANARY}?"
    await client.ask(Ask(id=ids[0], question=question, max_tokens=3))
    await client.ask(Ask(id=ids[1], question=question, model=CANARY))
    await client.ask(Ask(id=ids[2], question=question, max_tokens=3, deadline_ms=1))
    await client.ask(Complete(id=ids[3], prefix=question, max_tokens=3))
    await client.send(Lookup(id=uuid.uuid4().hex, symbol=CANARY))
    await client.receive()
    await client.send(json.dumps({"type": "ask", "id": "x", "question": question, "kind": CANARY}))
    await client.receive()

    def lines():
        text = "\n".join(path.read_text(errors="replace") for path in logs(backend))
        return [json.loads(line) for line in text.splitlines() if line.startswith('{"time"')]

    def answers():
        return {line["request"]: line for line in lines() if line["logger"] == "glossator.answers"}

    await backend.until(lambda: set(ids) <= answers().keys(), "a line for each answer")
    told = answers()
    assert [told[each]["outcome"] for each in ids[:3]] == ["length", "unknown_model", "deadline"]
    assert told[ids[0]]["usage"]["completion_tokens"] == 3
    assert re.fullmatch(r"[0-9a-f]{32}", told[ids[0]]["trace"])
    audited = [line for line in lines() if line.get("request") == ids[0] and "rail" in line]
    assert {"secrets": [len(SECRET)]}.items() <= {
        line["rail"]: line.get("lengths") for line in audited
    }.items()
    for path in logs(backend):
        written = path.read_text(errors="replace")
        assert SECRET not in written
        assert CANARY not in written
