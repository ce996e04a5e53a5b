"""Explain one figure on a terminal: `python -m dashboards.explain_command B2 city 2016-09 --home DIR`.

The command `wardlight explain` starts this. Here: the command line and how the account looks there. Not here: what it
says (`explanation`).
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import rich.box
import rich.console
import rich.padding
import rich.table
import rich.text

from dashboards.address import LANGUAGES, View
from dashboards.components.context import Context
from dashboards.data import Release, ReleaseError
from dashboards.explanation import Block, Table, account, title_of
from dashboards.figure_names import FORMS, UnknownFigureError, find_figure, period_code
from dashboards.figures.theme import palette
from dashboards.releases import Releases
from dashboards.wording import Words

WIDEST = 100
NAME_WIDTH, NUMBER_WIDTH = 40, 8
"""As wide as a file's name is told in one line, and as a number's heading goes before it wraps."""
ROWS_TOLD = 12
"""Of a longer table the last rows; `--json` has all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, print the account, and return the exit code: 1 where there is no such figure."""
    options = _parser().parse_args(arguments)
    try:
        # What is printed here is shown on this machine alone.
        release = Releases(options.home).named(options.release)
    except ReleaseError as error:
        words = Words(options.language or "en")
        return _refuse(
            f"{words(f'release_error.{error.code}')} {error.detail}", words(f"release_error.{error.code}_remedy")
        )
    try:
        return _explain(release, options)
    except UnknownFigureError as error:
        return _refuse(error.problem, error.remedy)
    finally:
        release.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wardlight explain", description="Tell where a figure comes from.")
    parser.add_argument("indicator", help="its id or title")
    parser.add_argument("area", help="its id or title")
    parser.add_argument("period", help=FORMS)
    parser.add_argument("--home", type=Path, required=True, help="state folder that holds releases/")
    parser.add_argument("--release", default=None, help="a release's id; by default the served one")
    parser.add_argument("--language", choices=LANGUAGES, default=None, help="by default the city's")
    parser.add_argument("--json", action="store_true", help="as JSON, whole")
    return parser


def _refuse(problem: str, remedy: str) -> int:
    print(f"wardlight: {problem}\n  What to do: {remedy}", file=sys.stderr)
    return 1


def _explain(release: Release, options: argparse.Namespace) -> int:
    figure = find_figure(release, options.indicator, options.area, options.period)
    told = release.explanations.explain(*vars(figure).values())
    if told is None:
        raise UnknownFigureError(f"the release has no row for {figure}", "try another period")
    if options.json:
        code = {"period": period_code(figure.period_kind, figure.period_start)}
        print(json.dumps({**code, **asdict(told)}, indent=2, ensure_ascii=False, default=str))
        return 0
    language = options.language or (release.info.language if release.info.language in LANGUAGES else "en")
    context = Context(release, View(), Words(language), "light", palette("light"))
    console = _console()
    console.print(rich.text.Text(title_of(context, told), style="bold"))
    for section in account(context, told):
        console.print()
        console.rule(rich.text.Text(section.title, style="bold"), align="left", style="dim")
        for at, block in enumerate(section.blocks):
            if at:
                console.print()
            console.print(*_block(context.words, block), sep="\n")
    return 0


def _console() -> rich.console.Console:
    made = rich.console.Console(highlight=False)
    made.width = min(made.width, WIDEST) if made.is_terminal else WIDEST
    return made


def _block(words: Words, block: Block) -> Iterable[rich.console.RenderableType]:
    if block.title:
        yield rich.text.Text(block.title, style="bold")
    if block.facts:
        facts = rich.table.Table.grid(padding=(0, 2, 0, 0))
        facts.add_column(max_width=26)
        facts.add_column(overflow="fold")
        for fact in block.facts:
            facts.add_row(rich.text.Text(fact.term, style="dim"), rich.text.Text(fact.text))
        yield facts
    if block.table:
        left_out = len(block.table.rows) - ROWS_TOLD
        yield rich.padding.Padding(_table(block.table, max(left_out, 0)), (1 if block.facts else 0, 0, 0, 0))
        if left_out > 0:
            yield rich.text.Text(words.counted("explain.more", left_out), style="dim")
    for note in block.notes:
        yield rich.text.Text(note, style="dim")


def _table(table: Table, left_out: int) -> rich.table.Table:
    made = rich.table.Table(
        box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 1, 0, 0)
    )
    for at, (heading, is_number) in enumerate(table.columns):
        if is_number:
            made.add_column(heading, justify="right", max_width=NUMBER_WIDTH)
        elif at:
            made.add_column(heading, overflow="fold")
        else:
            longest = max((len(line) for row in table.rows for line in row[at].split("\n")), default=0)
            made.add_column(heading, overflow="fold", min_width=min(longest, NAME_WIDTH))
    for row in table.rows[left_out:]:
        made.add_row(*map(rich.text.Text, row))
    return made


if __name__ == "__main__":
    sys.exit(main())
