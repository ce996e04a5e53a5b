"""Secrets in addresses and headers: filled in for use, taken out again of everything that is shown."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

_VARIABLE = re.compile(r"\$\{[^}]*\}")
# Passwords written into an address: user:password@host, password=…, and parameters such as ?token=….
_WRITTEN = (
    re.compile(r"(?s)://[^:/@]*:(.*)@"),
    re.compile(r"(?i)\bpassword\s*=\s*([^\s&']+)"),
    re.compile(r"(?i)\bpassword\s*=\s*'((?:[^'\\]|\\.)*)"),
    re.compile(r"(?i)[?&][^=&]*(?:token|key|secret|signature)[^=&]*=([^&\s]+)"),
)
_SHORTEST_WORD = 4


@dataclass(frozen=True)
class Filled:
    """A text with its variables filled in.

    `hidden` maps each secret in it to what is shown in its place, the longest first.
    """

    text: str
    hidden: dict[str, str]

    def masked(self, message: str) -> str:
        """Return a message without the secrets."""
        if not self.hidden:
            return message
        secrets = "|".join(re.escape(secret) for secret in self.hidden)
        return re.sub(secrets, lambda found: self.hidden[found[0]], message)


def fill(text: str, secrets: Callable[[str], str]) -> Filled:
    """Fill in the variables of a text, `${NAME}`, and note what must not be shown."""
    filled = secrets(text)
    hidden = {secret: "***" for form in _WRITTEN for secret in form.findall(filled)}
    hidden |= {secrets(variable): variable for variable in _VARIABLE.findall(text)}
    spelt = {spelling: shown for secret, shown in hidden.items() for spelling in _spellings(secret)}
    return Filled(filled, {secret: spelt[secret] for secret in sorted(spelt, key=len, reverse=True) if secret})


def _spellings(secret: str) -> list[str]:
    """Return a secret as it is, quoted and unquoted, and its words, for messages that quote a piece of it."""
    is_address = "=" in secret or "://" in secret
    words = [] if is_address else [word for word in re.split(r"\W+", secret) if len(word) >= _SHORTEST_WORD]
    return [*words, unquote(secret), quote(secret), secret]
