"""The current options of the editor."""

from typing import Any

import msgspec

from lsp_server.protocol.options import Options


class Configuration:
    """``options`` is replaced as a whole, so read it each time it is needed."""

    def __init__(self) -> None:
        self.options = Options()

    def replace(self, given: Any) -> list[str]:
        """Takes the options that an editor sent, and returns the problems, in words for the user.

        A wrong value gets its default; all other values count.
        """
        if given is None:
            given = {}
        if not isinstance(given, dict):
            return ["Glossator's options are not an object; the defaults are used."]
        # This says what the editor can do. It was sent at the beginning and is not a setting.
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
