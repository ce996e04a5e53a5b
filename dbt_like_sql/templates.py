"""The Jinja in models, hooks and macros: dbt's ref, source, var, config, is_incremental and this, and own macros.

Here: scanning a template for what it uses, and rendering it to SQL that is known to parse. Not here: which of an
engine's macros stands for a name (dispatch), which models exist and in what order they run (project).
"""

import functools
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import sqlglot
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from dbt_like_sql.dispatch import Dispatch, Engine, dispatched
from dbt_like_sql.errors import ProjectError

# What dbt offers and this project does without, with what to write instead.
ALTERNATIVES = {
    "this": "it belongs in models and hooks: give it to the macro as an argument",
    "env_var": "use var('name') and give its value under `vars` in dbt_project.yml",
    "target": "put what differs between engines into macros, and call them by adapter.dispatch('name')",
    "adapter": "it belongs in macros: call one that picks the engine's by adapter.dispatch('name')",
    "return": "it belongs in macros: {{ return(adapter.dispatch('name')(…)) }}",
    "run_query": "a model is one query; ref() the model that holds the rows",
    "execute": "a model is one query; ref() the model that holds the rows",
    "dbt": "write the macro in this project's macros folder",
    "dbt_utils": "packages are not installed: write the macro in this project's macros folder",
}
FOREIGN_BLOCKS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


_MARK = re.compile("\x00(?P<file>[^\x00]+):(?P<line>\\d+)\x00")


class _LineMarks(Extension):
    """Marks each line of text with the file and line it comes from, so that SQL errors can name them."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == "data":
                first, *rest = token.value.split("\n")
                marked = [f"\n\x00{stream.name}:{token.lineno + n}\x00{text}" for n, text in enumerate(rest, 1)]
                yield Token(token.lineno, "data", first + "".join(marked))
            else:
                yield token


@dataclass(frozen=True)
class Use:
    """A call of one of dbt's functions with constant arguments, and its line."""

    function: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    line: int


@dataclass(frozen=True)
class Setting:
    """What a template is filled in with.

    Attributes
    ----------
    ref, source
        Answer with the names of relations.
    this
        Name of the model's own relation.
    is_incremental
        Whether the model's table is there and only part of it is made anew.
    variables
        Values of var() in place of the project's.
    """

    ref: Callable[[str], str]
    source: Callable[[str, str], str]
    this: str
    is_incremental: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)


class Templates:
    """The project's templates, with its macros loaded.

    Parameters
    ----------
    root
        The project's folder.
    macro_paths
        Macro files.
    variables
        Values of var().
    engine
        The engine that the SQL is for.

    Raises
    ------
    ProjectError
        When a macro file is no valid Jinja, uses an undefined name, repeats a macro's name, or leaves an engine
        without a macro for a name that it dispatches.
    """

    def __init__(
        self, root: Path, macro_paths: list[Path], variables: Mapping[str, Any], engine: Engine = "duckdb"
    ) -> None:
        self._root = root
        self._engine = engine
        self._variables = variables
        # The output is SQL, never HTML; a missing name is an error, never an empty string.
        self._environment = jinja2.Environment(  # noqa: S701 - SQL, not HTML
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            extensions=[_LineMarks],
        )
        self._functions = {"ref", "source", "var", "config", "is_incremental"}
        self._incremental = False
        self._overrides: Mapping[str, Any] = {}
        files: dict[str, str] = {}
        for path in macro_paths:
            shown = self.shown(path)
            for macro in self._parse(path).find_all(nodes.Macro):
                if macro.name in files or macro.name in self._functions:
                    first = files.get(macro.name, "dbt itself")
                    raise ProjectError(shown, macro.lineno, f"macro `{macro.name}` is already in {first}")
                files[macro.name] = shown
        self._macros = files
        for path in macro_paths:
            dispatched(self._parse(path), self.shown(path), files)
            for use in self.uses(path):
                if use.function not in ("var", "is_incremental"):
                    fault = f"{use.function}() belongs in models: give the macro what it needs as an argument"
                    raise ProjectError(self.shown(path), use.line, fault)
        # Macros see each other and the functions through the environment's globals, whatever file comes first.
        self._environment.globals.update(
            var=self._var,
            config=lambda **_: "",
            is_incremental=lambda: self._incremental,
            adapter=Dispatch(engine, files, self._call),
            **{"return": lambda value: value},
            **{name: functools.partial(self._call, name) for name in files},
        )
        self._modules: dict[str, Any] = {self.shown(path): self._template(path).module for path in macro_paths}

    def _call(self, macro: str, *arguments: Any, **named: Any) -> str:
        return str(getattr(self._modules[self._macros[macro]], macro)(*arguments, **named))

    def shown(self, path: Path) -> str:
        """Return the path as error messages show it."""
        return path.relative_to(self._root).as_posix()

    def uses(self, path: Path) -> list[Use]:
        """Return the calls of dbt's functions in a template, in its order.

        Raises
        ------
        ProjectError
            When the template is no valid Jinja, or uses a name that is neither one of them nor a macro.
        """
        shown, tree = self.shown(path), self._parse(path)
        is_macro = any(tree.find_all(nodes.Macro))
        for block in tree.find_all(FOREIGN_BLOCKS):
            fault = "include, import, extends and block are not supported: use a macro"
            raise ProjectError(shown, block.lineno, fault)
        names = list(tree.find_all(nodes.Name))
        own = {name.name for name in names if name.ctx != "load"} | set(jinja2.defaults.DEFAULT_NAMESPACE)
        # The shape in which macros may use the last two has been checked (dispatch).
        own |= {"adapter", "return"} if is_macro else {"this"}
        for name in names:
            if name.ctx == "load" and name.name not in own | self._functions | self._macros.keys():
                advice = ALTERNATIVES.get(name.name, "define a macro of this name in the macros folder")
                raise ProjectError(shown, name.lineno, f"`{name.name}` is not defined: {advice}")
        uses = []
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in self._functions:
                try:
                    arguments = tuple(argument.as_const() for argument in call.args)
                    options = {option.key: option.value.as_const() for option in call.kwargs}
                except nodes.Impossible as error:
                    fault = f"{call.node.name}() takes constants only: write the name out"
                    raise ProjectError(shown, call.lineno, fault) from error
                uses.append(Use(call.node.name, arguments, options, call.lineno))
        return uses

    def render(self, path: Path, setting: Setting) -> str:
        """Render a model's query.

        Raises
        ------
        ProjectError
            When a macro is called wrongly, a variable has no value, or the result is not one query.
        """
        sql, origins = self._rendered(self._template(path), path, setting, None)
        compiled = sql.rstrip()
        _check_syntax(compiled, origins, self._engine)
        return compiled

    def render_hook(self, path: Path, hook: str, line: int, setting: Setting) -> str:
        """Render a hook that a model's config() gives; one that has nothing to do is empty.

        Raises
        ------
        ProjectError
            As for a model, naming the line of the config().
        """
        try:
            sql, _ = self._rendered(self._hook(hook), path, setting, line)
            sqlglot.parse(sql, read=self._engine)
        except jinja2.TemplateSyntaxError as error:
            raise ProjectError(self.shown(path), line, f"the hook is not valid Jinja: {error.message}") from error
        except (ParseError, TokenError) as error:
            raise ProjectError(self.shown(path), line, f"the hook is not valid SQL: {error}") from error
        return sql.strip()

    def _rendered(
        self, template: jinja2.Template, path: Path, setting: Setting, line: int | None
    ) -> tuple[str, list[tuple[str, int]]]:
        """Fill a template in; return the SQL, and the file and line that each of its lines comes from."""
        shown = self.shown(path)
        self._incremental, self._overrides = setting.is_incremental, setting.variables
        try:
            marked = template.render(ref=setting.ref, source=setting.source, this=setting.this)
        except (jinja2.TemplateError, TypeError, ValueError, LookupError) as error:
            frames = traceback.extract_tb(error.__traceback__)
            line = line or next((frame.lineno for frame in frames if frame.filename == str(path)), None)
            raise ProjectError(shown, line, f"cannot be compiled: {error}") from error
        sql, origins, origin = [], [], (shown, line or 1)
        for marked_line in marked.split("\n"):
            if mark := _MARK.search(marked_line):
                origin = (mark["file"], int(mark["line"]))
            sql.append(_MARK.sub("", marked_line))
            origins.append(origin)
        return "\n".join(sql), origins

    @functools.cache  # noqa: B019 - the templates live as long as the project
    def _hook(self, hook: str) -> jinja2.Template:
        return self._environment.from_string(hook)

    @functools.cache  # noqa: B019 - the templates live as long as the project
    def _template(self, path: Path) -> jinja2.Template:
        # From the tree that has been read already: reading is a third of what Jinja's part of compiling takes.
        code = self._environment.compile(self._parse(path), self.shown(path), str(path))
        return jinja2.Template.from_code(self._environment, code, self._environment.globals)

    @functools.cache  # noqa: B019 - the templates live as long as the project
    def _parse(self, path: Path) -> nodes.Template:
        try:
            return self._environment.parse(path.read_text(encoding="utf-8"), self.shown(path))
        except jinja2.TemplateSyntaxError as error:
            raise ProjectError(self.shown(path), error.lineno, f"not valid Jinja: {error.message}") from error

    def _var(self, name: str, default: Any = None) -> Any:
        value = self._overrides.get(name, self._variables.get(name, default))
        if value is None:
            raise LookupError(f"var('{name}') has no value: give it under `vars` in dbt_project.yml")
        return value


def _check_syntax(sql: str, origins: list[tuple[str, int]], engine: Engine) -> None:
    """Raise ProjectError, naming the file and line that a line of the SQL is from, unless it is one query."""
    try:
        statements = sqlglot.parse(sql, read=engine)
    except ParseError as error:
        first = error.errors[0]
        line = min(first["line"] or 1, len(origins))
        raise ProjectError(*origins[line - 1], f"not valid SQL: {first['description']}") from error
    except TokenError as error:
        raise ProjectError(*origins[0], f"not valid SQL: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ProjectError(*origins[0], "a model is exactly one select")
    for line, text in enumerate(sql.split("\n")):
        if "\\" in text:
            raise ProjectError(*origins[line], "engines differ in what a backslash means: write chr(92) in its place")
