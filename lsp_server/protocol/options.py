"""The options that an editor sets, at ``initialize`` and whenever they change."""

from typing import Annotated

from msgspec import Meta, Struct


class Options(Struct, frozen=True, rename="camel"):
    """``initializationOptions``, and ``settings.glossator`` in ``didChangeConfiguration``.

    A wrong value is reported, and its default is used.
    """

    sources: tuple[str, ...] | None = None  # null: everything that is indexed
    hover_budget_ms: Annotated[float, Meta(ge=0)] = 300.0
    inline_completion: bool = True
    context_tokens: Annotated[int, Meta(ge=200)] = 3000
    ruff: str = ""  # empty: that of a trusted workspace, else the one installed with the server
    history_folder: str = ""  # empty: the user's data folder
    previews: bool = False
    trusted: bool = False  # whether programs of the workspace may run
    document_characters: Annotated[int, Meta(ge=0)] = 2_000_000  # longer documents are not read
