"""Reads the words of roff: escapes become characters, and font changes disappear. Pure."""

import re

_SPECIAL = {"em": "—", "en": "–", "hy": "-", "aq": "'", "dq": '"', "lq": "“", "rq": "”",
            "oq": "‘", "cq": "’", "bu": "•", "co": "©", "rg": "®", "tm": "™", "ga": "`",
            "ha": "^", "ti": "~", "rs": "\\", "sl": "/", "ba": "|", "or": "|", "at": "@",
            "sh": "#", "Do": "$", "mu": "×", "->": "→", "<-": "←", "<=": "≤", ">=": "≥",
            "!=": "≠", "de": "°", "+-": "±", "Fo": "«", "Fc": "»", "ss": "ß", "pl": "+",
            "mi": "-", "eq": "=", "la": "<", "ra": ">", "lB": "[", "rB": "]", "lC": "{",
            "rC": "}"}  # fmt: skip
_SINGLE = {"-": "-", "e": "\\", "\\": "\\", "'": "'", "`": "`", " ": " ", "~": " ", "0": " ",
           "t": "\t", "&": "", "|": "", "^": "", "%": "", "/": "", ",": "", ":": "", "c": "",
           "p": "", "d": "", "u": "", "{": "", "}": "", ")": "", "!": "", ".": "."}  # fmt: skip
_ESCAPE = re.compile(
    r"""\\(?:
    (?P<comment>["\#].*)
    |f(?:\[[^\]]{0,200}+\]|\(..|.)
    |s(?:[-+]?\(\d\d|[-+]?\[[^\]]{0,200}+\]|[-+]?\d{1,2}|'[^']{0,200}+')
    |\*(?:\[(?P<string_long>[^\]]{0,200}+)\]|\((?P<string_two>..)|.)
    |[hvwlLDbkmMnoNRSXZz](?:'[^']{0,200}+'|\[[^\]]{0,200}+\]|\(..|.)?
    |\((?P<two>..)
    |\[(?P<long>[^\]]{0,200}+)\]
    |(?P<one>.)
    |$)""",
    re.X,
)
_STRINGS = {"lq": "“", "rq": "”", "R": "®", "Tm": "™", "C+": "C++", "--": "--", "PI": "pi"}


def plain(text: str) -> str:
    return _ESCAPE.sub(_character, text)


def arguments(text: str) -> list[str]:
    """The arguments of a macro: separated by blanks, or held together by double quotes (two quotes
    mean one).
    """
    found = re.findall(r'"((?:[^"]|"")*)(?:"|$)|((?:\\.|[^\s"\\])(?:\\.|[^\s\\])*)', text)
    words = [quoted.replace('""', '"') if quoted else bare for quoted, bare in found]
    comment = next((i for i, word in enumerate(words) if word.startswith('\\"')), len(words))
    return [plain(word) for word in words[:comment]]


def _character(match: re.Match[str]) -> str:
    if match["comment"] is not None:
        return ""
    string = match["string_long"] or match["string_two"]
    if string:
        return _STRINGS.get(string, "")
    name = match["two"] or match["long"]
    if name:
        if re.fullmatch(r"u[0-9A-Fa-f]{4,5}", name):
            return chr(int(name[1:], 16))
        return _SPECIAL.get(name, "")
    return _SINGLE.get(match["one"], match["one"]) if match["one"] else ""
