"""Formats of dates and times: the standard writes them as Java does, the engine as C does."""

import re

_C_TO_JDK = {
    "Y": "yyyy",
    "y": "yy",
    "m": "MM",
    "b": "MMM",
    "d": "dd",
    "H": "HH",
    "I": "hh",
    "p": "a",
    "M": "mm",
    "S": "ss",
}
_JDK_TO_C = {
    **{letters: f"%{directive}" for directive, letters in _C_TO_JDK.items()},
    "M": "%m",
    "d": "%d",
    "H": "%H",
    "h": "%I",
    "m": "%M",
    "s": "%S",
    "uuuu": "%Y",
    "SSS": "%g",
    "SSSSSS": "%f",
}
_JDK_PART = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")


def jdk_format(pattern: str) -> str | None:
    """Write an engine's pattern (`%Y-%m-%d`) as the standard does (`yyyy-MM-dd`); None where it cannot be."""
    made, at = "", 0
    while at < len(pattern):
        if pattern[at] == "%":
            directive = pattern[at + 1 : at + 2]
            if directive not in _C_TO_JDK:
                return None
            made, at = made + _C_TO_JDK[directive], at + 2
            continue
        if pattern[at] == "'":
            return None
        made += f"'{pattern[at]}'" if pattern[at].isalpha() else pattern[at]
        at += 1
    return made


def engine_format(pattern: str) -> str | None:
    """Write a format of the standard as the engine's pattern; None where it has letters that the engine lacks."""
    made, at = "", 0
    for part in _JDK_PART.finditer(pattern):
        if part.start() != at:
            return None
        at = part.end()
        text = part[0]
        if part[1] is not None:
            made += part[1].replace("%", "%%") or "'"
        elif text[0].isalpha() and text[0].isascii():
            if text not in _JDK_TO_C:
                return None
            made += _JDK_TO_C[text]
        else:
            made += text.replace("%", "%%")
    return made if at == len(pattern) else None
