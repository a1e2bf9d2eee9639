"""``glossator/didChangeStatus``: the connection to the backend."""

from typing import Literal

from msgspec import Struct

STATUS = "glossator/didChangeStatus"


class StatusParams(Struct, frozen=True, rename="camel"):
    """``glossator/didChangeStatus``, notification: the connection to the backend.

    ``reason`` tells the user why it is offline and what to do. Whether the backend's model
    completes code is known only after it was asked to.
    """

    state: Literal["connecting", "ready", "degraded", "offline"]
    url: str
    reason: str = ""
    inline_completion: Literal["unknown", "available", "unavailable", "disabled"] = "unknown"
    inline_completion_reason: str = ""
