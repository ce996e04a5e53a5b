"""Mistakes in `city.yml`: what pydantic found, as errors with the line, the value and what to do.

Here: places, words and remedies. Not here: what a pack may say, which the models decide.
"""

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pydantic
import pydantic.fields

from pipelines.errors import PackError, WardlightError

_MANUAL = "docs/city-pack.md describes every key of city.yml"
_LONGEST_VALUE = 60
# A misspelt key is like a known one to this degree, else no suggestion is better than a wrong one.
_ALIKE = 0.55


class MistakesError(PackError):
    """Several mistakes found at once; place and remedy are those of the first.

    Parameters
    ----------
    found
        The mistakes, two at least, in the order in which they are listed.
    """

    def __init__(self, found: Sequence[WardlightError]) -> None:
        self.found = tuple(found)
        first = self.found[0]
        super().__init__(first.problem, file=first.file, line=first.line, field=first.field, remedy=first.remedy)

    def __str__(self) -> str:
        """All of them, one below the other."""
        return "\n".join([f"{len(self.found)} mistakes:", *(str(each) for each in self.found)])


def refuse(found: Sequence[WardlightError]) -> None:
    """Raise what was found: the one mistake itself, or all of several; nothing where there is none."""
    if len(found) == 1:
        raise found[0]
    if found:
        raise MistakesError(found)


def listed(error: WardlightError) -> tuple[WardlightError, ...]:
    """Return the mistakes that an error stands for."""
    return error.found if isinstance(error, MistakesError) else (error,)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one is most like; None where none is."""
    close = difflib.get_close_matches(name.lower(), list(known), 1, _ALIKE)
    return close[0] if close else None


def of_validation(
    error: pydantic.ValidationError,
    model: type[pydantic.BaseModel],
    path: Path,
    lines: Mapping[tuple[str, ...], int],
) -> list[PackError]:
    """Return the mistakes that a validation found, in the order of their lines, one for each place.

    Parameters
    ----------
    lines
        Line of every key of the file.
    """
    found: dict[tuple[str, ...], PackError] = {}
    for each in error.errors():
        keys = _written_keys(each["loc"], lines)
        if keys not in found:
            at = next((lines[keys[:depth]] for depth in range(len(keys), 0, -1) if keys[:depth] in lines), None)
            problem, remedy = _worded(each["type"], each["msg"], each["input"], keys, model)
            found[keys] = PackError(problem, file=path, line=at, field=".".join(keys) or None, remedy=remedy)
    return sorted(found.values(), key=lambda mistake: mistake.line or 0)


def _worded(
    kind: str, message: str, given: object, keys: tuple[str, ...], model: type[pydantic.BaseModel]
) -> tuple[str, str]:
    """Say what is wrong and what to do about it."""
    about = _described(model, keys)
    if kind == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        close = nearest(keys[-1], known)
        asked = f"did you mean {close}? " if close else ""
        return f"there is no key {keys[-1]!r} here", f"{asked}the keys here are {', '.join(known)}"
    if kind == "missing":
        return f"{keys[-1]} is missing", f"add {keys[-1]}{f': {about}' if about else ''}; {_MANUAL}"
    problem = message.removeprefix("Value error, ")
    shown = repr(given)
    if len(shown) <= _LONGEST_VALUE and shown not in problem:
        problem = f"{problem} (it says {shown})"
    return problem, f"{keys[-1]} is: {about}; {_MANUAL}" if about and keys else _MANUAL


def _written_keys(location: tuple[str | int, ...], lines: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    """Return a mistake's place as the keys of the file: pydantic names the chosen form of a part besides."""
    keys: tuple[str, ...] = ()
    for position, part in enumerate(location, start=1):
        if (*keys, str(part)) in lines or position == len(location):
            keys = (*keys, str(part))
    # The last part may be a form as well, such as `str` of a value that may be a text or a number.
    return keys[:-1] if keys and keys not in lines and keys[-1] in ("str", "int", "bool", "float") else keys


def _described(model: type[pydantic.BaseModel], keys: tuple[str, ...]) -> str | None:
    """Return the description of the key that a place is under."""
    if not keys:
        return None
    for part in _models(_annotations(model, keys[:-1])):
        field = part.model_fields.get(keys[-1])
        if field is not None and field.description:
            return field.description
    return None


def _known_keys(model: type[pydantic.BaseModel], keys: tuple[str, ...]) -> list[str]:
    """Return the keys that may stand under a place."""
    return list(dict.fromkeys(name for part in _models(_annotations(model, keys)) for name in part.model_fields))


def _annotations(model: type[pydantic.BaseModel], keys: tuple[str, ...]) -> list[Any]:
    """Return what may stand at a place, by walking down from a model."""
    here: list[Any] = [model]
    for key in keys:
        below: list[Any] = []
        for annotation in here:
            for form in _forms(annotation):
                if isinstance(form, type) and issubclass(form, pydantic.BaseModel):
                    below += [form.model_fields[key].annotation] if key in form.model_fields else []
                elif get_origin(form) in (dict, list):
                    below.append(get_args(form)[-1])
        here = below
    return here


def _models(annotations: Iterable[Any]) -> Iterator[type[pydantic.BaseModel]]:
    for annotation in annotations:
        for form in _forms(annotation):
            if isinstance(form, type) and issubclass(form, pydantic.BaseModel):
                yield form


def _forms(annotation: Any) -> Iterator[Any]:
    """Yield the forms that an annotation allows: the members of a union, without what is said about them."""
    if get_origin(annotation) is Annotated:
        yield from _forms(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _forms(member)
    else:
        yield annotation
