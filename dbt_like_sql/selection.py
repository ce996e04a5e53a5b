"""Which models a command is about: dbt's node selection syntax, over the models of a project.

Here: reading the words of `--select` and `--exclude`, and following the graph. Not here: what is then done
with the models.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import Model, Project

_TERM = re.compile(
    r"(?P<at>@)?(?:(?P<up>\d*)\+)?(?:(?P<method>\w+):)?(?P<value>[^@+:,\s]+)(?:\+(?P<down>\d*))?", re.ASCII
)
_FORMS = "write a model's name, tag:…, path:…, with + or a number and + on either side, or @ in front"
_MOST_LISTED = 12


class SelectionError(ProjectError):
    """A word of `--select` or `--exclude` that is not understood or fits no model; the message says which.

    Parameters
    ----------
    option
        Where it stands: `--select` or `--exclude`.
    word
        The word, as given.
    fault
        What is wrong and what to do about it.
    """

    def __init__(self, option: str, word: str, fault: str) -> None:
        super().__init__(f"{option} {word}", None, fault)


def select(project: Project, words: Iterable[str] = (), exclude: Iterable[str] = ()) -> tuple[Model, ...]:
    """Return the models that words name, in the project's order.

    Several words are a union; within a word, terms with a comma between them are an intersection. A term is

    - `name`, with `*` for any text, `folder.name`, or `folder` for all in it;
    - `tag:x`, or `path:models/facts` for a folder or file;
    - with `+` before it all that it reads, with `+` after it all that read it, `2+` and `+2` to that depth;
    - with `@` before it all that read it, and all that those read.

    Parameters
    ----------
    words
        What to take; without any, all models.
    exclude
        What to leave out of it.

    Raises
    ------
    SelectionError
        When a word is not understood or fits no model, or when nothing is left.
    """
    graph = _Graph.of(project)
    taken = [graph.of_word("--select", word) for word in words] or [set(graph.models)]
    left_out = {word: graph.of_word("--exclude", word) for word in exclude}
    chosen = set().union(*taken).difference(*left_out.values())
    if not chosen:
        raise SelectionError("--exclude", " ".join(left_out), "leaves no model of those selected: exclude less")
    return tuple(model for model in project.models if model.name in chosen)


@dataclass(frozen=True)
class _Graph:
    """The models by name, with what each reads and what reads it."""

    models: Mapping[str, Model]
    parents: Mapping[str, Sequence[str]]
    children: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, project: Project) -> "_Graph":
        children: dict[str, list[str]] = {model.name: [] for model in project.models}
        for model in project.models:
            for read in model.depends_on:
                children[read].append(model.name)
        models = {model.name: model for model in project.models}
        return cls(models, {name: model.depends_on for name, model in models.items()}, children)

    def of_word(self, option: str, word: str) -> set[str]:
        """Return the names of the models that a word selects, at least one."""

        def refuse(fault: str) -> SelectionError:
            return SelectionError(option, word, fault)

        found = set.intersection(*(self._of_term(term, refuse) for term in word.split(",")))
        if not found:
            raise refuse("no model fits all of its terms: separate them with spaces to take what fits any")
        return found

    def _of_term(self, term: str, refuse: Callable[[str], SelectionError]) -> set[str]:
        read = _TERM.fullmatch(term)
        if read is None:
            raise refuse(f"`{term}` is not understood: {_FORMS}")
        found = self._named(read["method"], read["value"], refuse)
        if read["at"]:
            if read["up"] is not None or read["down"] is not None:
                raise refuse("`@` already takes what the models read and what reads them: leave the + out")
            return _reached(_reached(found, self.children), self.parents)
        upstream = _reached(found, self.parents, _depth(read["up"]))
        return upstream | _reached(found, self.children, _depth(read["down"]))

    def _named(self, method: str | None, value: str, refuse: Callable[[str], SelectionError]) -> set[str]:
        """Return the models of a term without its operators."""
        if method not in _METHODS:
            near = difflib.get_close_matches(str(method), [known for known in _METHODS if known], n=1)
            raise refuse(f"`{method}:` is not known: {f'did you mean {near[0]}:?' if near else _FORMS}")
        if method == "path":
            value = _from_top(PurePath(value), {PurePath(model.at.path).parts[0] for model in self.models.values()})
        found = {name for name, model in self.models.items() if _fits(model, method, value)}
        if not found:
            known = sorted({label for model in self.models.values() for label in _METHODS[method](model)})
            raise refuse(f"no model {_HOW[method]} {value}: {_advice(value, known)}")
        return found


def _advice(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value, known, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = len(known) - _MOST_LISTED
    return f"there are {', '.join(known[:_MOST_LISTED])}{f' and {more} more' if more > 0 else ''}"


def _fits(model: Model, method: str | None, value: str) -> bool:
    if method is not None:
        return any(fnmatchcase(label, value) for label in _METHODS[method](model))
    # A folder is named whole: a wildcard without a dot is about names, as in `f*`.
    return value == model.schema or fnmatchcase(model.relation if "." in value else model.name, value)


def _names(model: Model) -> tuple[str, ...]:
    return (model.name, model.schema)


def _tags(model: Model) -> tuple[str, ...]:
    return model.tags


def _places(model: Model) -> tuple[str, ...]:
    """Return a model's file and the folders that it is in, as the project's folder has them."""
    file = PurePath(_from_top(model.path, {PurePath(model.at.path).parts[0]}))
    return (file.as_posix(), *(folder.as_posix() for folder in file.parents if folder.name))


def _from_top(path: PurePath, tops: Collection[str]) -> str:
    """Return a path from a folder of models on, whatever folder it is given from."""
    starts = [at for at, part in enumerate(path.parts) if part in tops]
    return PurePath(*path.parts[starts[-1] if starts else 0 :]).as_posix()


_METHODS: dict[str | None, Callable[[Model], tuple[str, ...]]] = {None: _names, "tag": _tags, "path": _places}
_HOW = {None: "is called", "tag": "has the tag", "path": "is in"}


def _depth(written: str | None) -> int | None:
    """Return how far an operator reaches: not at all without it, without a number as far as it goes (None)."""
    if written is None:
        return 0
    return int(written) if written else None


def _reached(start: set[str], neighbours: Mapping[str, Sequence[str]], depth: int | None = None) -> set[str]:
    """Return what is at most `depth` steps from any of the start, the start too."""
    reached, edge = set(start), set(start)
    while edge and depth != 0:
        edge = {neighbour for name in edge for neighbour in neighbours[name]} - reached
        reached |= edge
        depth = None if depth is None else depth - 1
    return reached
