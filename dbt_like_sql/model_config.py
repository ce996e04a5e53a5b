"""What a model's config() may say: how it is kept, and what is executed around its query.

Here: the options of dbt that this project has, and what to write in place of the others. Not here: filling templates
in (templates) and executing anything (run).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.templates import Use

MATERIALIZATIONS = ("table", "view", "incremental")
_OPTIONS = ("materialized", "incremental_strategy", "pre_hook", "post_hook")
_ALTERNATIVES = {
    "unique_key": "append after a pre_hook that deletes the affected days, whole: by key, cells that become empty stay",
    "schema": "the schema of a model is its folder",
    "alias": "the name of a model is that of its file",
    "tags": "write them under `config` in the model's yml",
    "meta": "write it under `config` in the model's yml",
}


@dataclass(frozen=True)
class Config:
    """The config() of a model; `line` is where it stands, for errors in its hooks."""

    materialized: str
    pre_hooks: tuple[str, ...] = ()
    post_hooks: tuple[str, ...] = ()
    line: int = 1

    @classmethod
    def of(cls, uses: Iterable[Use], default: str, shown: str) -> "Config":
        """Read a model's config() from the calls in its template; without one, it is kept as its folder says.

        Raises
        ------
        ProjectError
            With the line: for an option that this project does without, or an incremental model that would not
            replace its days.
        """
        use = next((use for use in uses if use.function == "config"), None)
        if use is None:
            return cls(default)
        for option in use.options:
            if option not in _OPTIONS:
                advice = _ALTERNATIVES.get(option, f"config() takes {', '.join(_OPTIONS)} only")
                raise ProjectError(shown, use.line, f"config() has no `{option}` here: {advice}")
        if use.arguments:
            raise ProjectError(shown, use.line, "config() takes options by their names only")
        config = cls(
            str(use.options.get("materialized", default)),
            _hooks(use, "pre_hook", shown),
            _hooks(use, "post_hook", shown),
            use.line,
        )
        if config.materialized not in MATERIALIZATIONS:
            raise ProjectError(shown, use.line, f"`materialized` must be {', '.join(MATERIALIZATIONS)}")
        strategy = use.options.get("incremental_strategy")
        if config.materialized == "incremental" and (strategy != "append" or not config.pre_hooks):
            fault = "an incremental model appends: write incremental_strategy='append', and a pre_hook that deletes "
            raise ProjectError(shown, use.line, f"{fault}the affected days, whole")
        if config.materialized != "incremental" and strategy is not None:
            raise ProjectError(shown, use.line, "`incremental_strategy` is for incremental models")
        return config


def _hooks(use: Use, name: str, shown: str) -> tuple[str, ...]:
    given = use.options.get(name, ())
    hooks = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(hook, str) for hook in hooks):
        raise ProjectError(shown, use.line, f"`{name}` is a statement, or a list of statements, as text")
    return hooks
