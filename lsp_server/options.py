"""The options that the editor set, as they are now."""

from typing import Any

import msgspec

from lsp_server.protocol.options import Options


class Configuration:
    """``options`` is replaced as a whole; whoever needs one reads it when it is needed."""

    def __init__(self) -> None:
        self.options = Options()

    def replace(self, given: Any) -> list[str]:
        """Takes what an editor sent; returns what is wrong with it, in words for the user.

        A wrong value leaves its default, and every other value counts.
        """
        if given is None:
            given = {}
        if not isinstance(given, dict):
            return ["Glossator's options are not an object; the defaults are used."]
        # Not a setting but what the editor can do; it said so at the beginning.
        values: dict[str, Any] = {"previews": self.options.previews}
        problems = []
        for field in msgspec.structs.fields(Options):
            if field.encode_name not in given:
                continue
            try:
                values[field.name] = msgspec.convert(given[field.encode_name], field.type)
            except msgspec.ValidationError as error:
                problems.append(
                    f"Glossator's option {field.encode_name}: {error}. Its default is used."
                )
        self.options = Options(**values)
        return problems
