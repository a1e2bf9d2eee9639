"""The types of the fields of messages, with their limits.

Every text and list of a client's frame has a limit, which is far above what an editor sends. The
limits are needed because a frame within ``max_frame_bytes`` may still hold a hundred thousand of
something. A client that may have more cuts it before it sends (``lsp_server.client.limits``).
"""

from typing import Annotated

from msgspec import Meta

Traceparent = Annotated[str, Meta(max_length=128)]
RequestId = Annotated[str, Meta(min_length=1, max_length=128)]
Line = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Tokens = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Milliseconds = Annotated[float, Meta(ge=0)]
Patience = Annotated[float, Meta(gt=0, le=86_400_000)]  # milliseconds, at most a day

Text = Annotated[str, Meta(max_length=500_000)]  # what a person wrote, or a file of code
Name = Annotated[str, Meta(max_length=256)]
Symbol = Annotated[str, Meta(min_length=1, max_length=256)]
Uri = Annotated[str, Meta(max_length=8192)]
Headers = Annotated[str, Meta(max_length=4000)]
Saying = Annotated[str, Meta(max_length=10_000)]
Symbols = Annotated[tuple[Name, ...], Meta(max_length=100)]
Versions = Annotated[dict[Name, Name], Meta(max_length=1000)]
Packages = Annotated[tuple[Name, ...], Meta(max_length=1000)]
Sources = Annotated[tuple[Annotated[str, Meta(max_length=1024)], ...], Meta(max_length=1000)]
Stop = Annotated[str, Meta(min_length=1, max_length=256)]
Stops = Annotated[tuple[Stop, ...], Meta(max_length=16)]
Model = Annotated[str, Meta(max_length=512)]
