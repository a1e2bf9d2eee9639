"""What the load test's own client adds to every event it times.

    python -m loadtest.client_overhead

A server of its own process sends frames that say when they left, on the clock that all processes
of a machine share; the client notes when it has decoded each. The difference is the client's, the
kernel's and the scheduling's together: an upper bound of the client's own. Users are greenlets, as
under Locust, and speak through the same ``WebsocketClient``.
"""

import argparse
import asyncio
import subprocess
import sys
import time

EVERY_S = 0.05  # a delta per user: 20 a second, faster than anybody reads
DELTAS = 64


async def _serve() -> None:
    """Answers every question with ``DELTAS`` timed deltas; prints its port."""
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.typing import Subprotocol

    from backend.wire import SUBPROTOCOL, Ask, Delta, Finished, Timings, Usage, encode
    from backend.wire import decode_client as decode

    async def answer(socket: ServerConnection) -> None:
        async for text in socket:
            ask = decode(text)
            assert isinstance(ask, Ask)
            for seq in range(DELTAS):
                await asyncio.sleep(EVERY_S)
                await socket.send(encode(Delta(ask.id, seq, f"{time.perf_counter():.9f} ")))
            end = Finished(ask.id, DELTAS, "stop", Usage(1, 0, DELTAS), Timings())
            await socket.send(encode(end))

    spoken = [Subprotocol(SUBPROTOCOL)]
    async with serve(answer, "127.0.0.1", 0, subprotocols=spoken, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


def _measure(port: int, users: int, answers: int) -> list[float]:
    """Seconds from a delta's leaving the server to its being timed, of every delta."""
    import gevent.monkey

    gevent.monkey.patch_all()
    import gevent

    from loadtest.scenarios.clients import WebsocketClient
    from loadtest.scenarios.workload import Workload

    late: list[float] = []

    def live(user: int) -> None:
        client = WebsocketClient(f"http://127.0.0.1:{port}", {})
        gevent.sleep(EVERY_S * user / users)  # users don't ask in step
        conversations = Workload().conversations(user)
        for number in range(answers):
            conversation = next(conversations)
            ask = conversation.ask(conversation.turns[0], f"{user}-{number}", None)
            began = time.perf_counter()
            sample, text = client.ask(ask, [], users)
            assert sample.outcome == "finished", sample.code
            heard = began + sample.ttft_s
            sent = [float(stamp) for stamp in text.split()]
            late.append(heard - sent[0])
            for gap, stamp in zip(sample.gaps_s, sent[1:], strict=True):
                heard += gap
                late.append(heard - stamp)
        client.close()

    gevent.joinall([gevent.spawn(live, user) for user in range(users)], raise_error=True)
    return late


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.client_overhead",
        description="Time from a frame's leaving a server to its being timed by the load test.",
    )
    parser.add_argument("--users", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--answers", type=int, default=5, help="per user; default: %(default)s")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.serve:
        asyncio.run(_serve())
        return
    from loadtest.summary import quantile

    server = subprocess.Popen(
        [sys.executable, "-m", "loadtest.client_overhead", "--serve"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        late = _measure(int(server.stdout.readline()), chosen.users, chosen.answers)
    finally:
        server.terminate()
        server.wait(10)
    shown = "  ".join(
        f"p{share:g} {1000 * quantile(late, share / 100):.2f}" for share in (50, 95, 99)
    )
    print(f"{chosen.users} users, {len(late):,} events, ms: {shown}")


if __name__ == "__main__":
    main()
