"""A network between a client and a server. It can be cut while both stay alive."""

import asyncio
import contextlib
import socket
import struct
from urllib.parse import urlsplit

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Cable:
    """A way to the server at a URL. ``cut`` resets every connection through it."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._ends: list[asyncio.StreamWriter] = []
        self.url = ""
        self.joined = 0  # connections so far

    async def lay(self) -> asyncio.Server:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"{self._to.scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.joined += 1
        beyond = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._ends += [writer, beyond[1]]
        await asyncio.gather(self._carry(reader, beyond[1]), self._carry(beyond[0], writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Resets every connection at both ends, which is all that a network ever tells them."""
        ends, self._ends = self._ends, []
        for end in ends:
            if end.is_closing():
                continue
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            end.transport.abort()
