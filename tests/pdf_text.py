"""Read the text out of a PDF as Chromium writes it; no general reader of PDF, which would be a dependency."""

import re
import unicodedata
import zlib
from pathlib import Path

OBJECT = re.compile(rb"^(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(rb"/ActualText <FEFF(\w+)>|/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|\b(EMC)\b")
"""What is to be read in place of the glyphs up to the next EMC, a font, glyphs."""


def pages(file: Path) -> list[str]:
    """The text of each page as `plain` has it: where words end is not written in a PDF."""
    objects = {int(number): body for number, body in OBJECT.findall(file.read_bytes())}
    return [_text(objects, body) for body in objects.values() if re.search(rb"/Type /Page\b", body)]


def _text(objects: dict[int, bytes], page: bytes) -> str:
    fonts = {name: _characters(objects, int(at)) for name, at in re.findall(rb"/(F\d+) (\d+) 0 R", page)}
    contents = re.search(rb"/Contents (\d+) 0 R", page)
    assert contents is not None
    told: list[str] = []
    characters: dict[bytes, str] = {}
    is_told = False
    for instead, font, code, end in SHOWN.findall(_stream(objects[int(contents[1])])):
        if instead:
            told.append(bytes.fromhex(instead.decode()).decode("utf-16-be"))
            is_told = True
        elif font:
            characters = fonts[font]
        elif end:
            is_told = False
        elif not is_told:
            digits = len(next(iter(characters), b"00"))
            codes = [code[at : at + digits].upper() for at in range(0, len(code), digits)]
            told += [characters.get(each, "\N{REPLACEMENT CHARACTER}") for each in codes]
    return plain("".join(told))


def plain(text: str) -> str:
    """A text without white space, its ligatures and radicals as the letters that they stand for."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _characters(objects: dict[int, bytes], font: int) -> dict[bytes, str]:
    """What each code of a font means, by its table ToUnicode."""
    table = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])
    if table is None:
        return {}
    text, found = _stream(objects[int(table[1])]), {}
    for block in re.findall(rb"beginbfchar\n(.*?)endbfchar", text, re.DOTALL):
        for code, meaning in re.findall(rb"<(\w+)> <(\w+)>", block):
            found[code.upper()] = bytes.fromhex(meaning.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange\n(.*?)endbfrange", text, re.DOTALL):
        for first, last, meaning in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
            for step in range(int(last, 16) - int(first, 16) + 1):
                code = f"{int(first, 16) + step:0{len(first)}X}".encode()
                found[code] = chr(int(meaning, 16) + step)
    return found


def _stream(body: bytes) -> bytes:
    return zlib.decompress(body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0])
