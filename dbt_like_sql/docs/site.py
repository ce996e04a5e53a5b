"""The site's pages: what each says, put into the templates beside this module and written to a folder.

Here: gathering and writing. Not here: words (wording), colours of SQL (highlighting), places in a drawing
(layout), looks (`*.html`, `style.css`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from dbt_like_sql.declarations import Expectation
from dbt_like_sql.docs import wording
from dbt_like_sql.docs.highlighting import highlighted
from dbt_like_sql.docs.layout import BOX_HEIGHT, Layout, lay_out
from dbt_like_sql.project import Identity, Model, Project, Source

_FOLDER = Path(__file__).parent
_COPIED = ("style.css", "site.js")
# Of the labels in a drawing, in pixels: a character of the monospaced face, and the space at both ends.
_CHARACTER, _PADDING = 6.7, 16


@dataclass(frozen=True)
class Page:
    """A table and its place in the site: `reads` and `read_by` are relations, in the project's order."""

    table: Source | Model
    relation: str
    layer: str
    kept_as: str
    reads: tuple[str, ...]
    read_by: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    identities: tuple[Identity, ...]

    @property
    def address(self) -> str:
        """Name of the page's file."""
        return f"{self.relation}.html"

    @property
    def checks(self) -> int:
        """How many tests and expectations are declared."""
        return len(self.table.tests) + len(self.expectations)


@dataclass(frozen=True)
class Drawing:
    """A drawing of some tables, and which of them it is about."""

    layout: Layout
    pages: Mapping[str, Page]
    subject: str | None


def write_site(project: Project, folder: Path, further: Mapping[str, Sequence[Expectation]] | None = None) -> int:
    """Write a site about a project, the same bytes for the same project.

    Parameters
    ----------
    project
        The project.
    folder
        Where to; it is made when absent, and what has other names is left there.
    further
        Expectations that are declared outside the project, by relation (`schema.name`).

    Returns
    -------
    int
        How many pages were written.
    """
    pages = _pages(project, further or {})
    links = {page.relation: page.address for page in pages.values()}
    for page in pages.values():
        links[f"{'ref' if isinstance(page.table, Model) else 'source'}.{page.table.name}"] = page.address
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        project=project,
        pages=pages,
        layers=_layers(pages.values()),
        sql=lambda text: highlighted(text, links),
        words=wording,
        related=lambda test: next((p for p in pages.values() if p.table.name == wording.related_table(test)), None),
        is_model=lambda page: isinstance(page.table, Model),
        box_height=BOX_HEIGHT,
    )
    folder.mkdir(parents=True, exist_ok=True)
    whole = [name for name, page in pages.items() if page.reads or page.read_by]
    _write(folder / "index.html", environment, "index.html", page=None, drawing=_drawn(pages, whole, None))
    for name, page in pages.items():
        around = {name, *_reached(pages, name, "reads"), *_reached(pages, name, "read_by")}
        _write(folder / page.address, environment, "table.html", page=page, drawing=_drawn(pages, around, name))
    for name in _COPIED:
        (folder / name).write_text((_FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    return len(pages) + 1


def _write(path: Path, environment: jinja2.Environment, template: str, **told: object) -> None:
    path.write_text(environment.get_template(template).render(**told), encoding="utf-8")


def _pages(project: Project, further: Mapping[str, Sequence[Expectation]]) -> dict[str, Page]:
    """Make a page of each source table and model, in the project's order, by relation."""
    sources = {source.name: f"{source.schema}.{source.name}" for source in project.sources}
    models = {model.name: model.relation for model in project.models}
    reads = {
        model.relation: (*(sources[name] for name in model.sources), *(models[name] for name in model.depends_on))
        for model in project.models
    }
    made = {}
    tables: list[Source | Model] = [*project.sources, *project.models]
    for table in tables:
        is_model = isinstance(table, Model)
        relation = (models if is_model else sources)[table.name]
        made[relation] = Page(
            table=table,
            relation=relation,
            layer=table.schema if is_model else "sources",
            kept_as=table.materialized if isinstance(table, Model) else "source table",
            reads=reads.get(relation, ()),
            read_by=tuple(reader for reader, read in reads.items() if relation in read),
            expectations=(*table.expectations, *further.get(relation, ())),
            identities=tuple(each for each in project.identities if is_model and table.name in each.depends_on),
        )
    return made


def _layers(pages: Iterable[Page]) -> dict[str, list[Page]]:
    layers: dict[str, list[Page]] = {}
    for page in pages:
        layers.setdefault(page.layer, []).append(page)
    return {layer: sorted(found, key=lambda page: page.table.name) for layer, found in layers.items()}


def _reached(pages: Mapping[str, Page], start: str, direction: str) -> set[str]:
    reached: set[str] = set()
    edge = {start}
    while edge:
        edge = {other for name in edge for other in getattr(pages[name], direction)} - reached
        reached |= edge
    return reached


def _drawn(pages: Mapping[str, Page], shown: Collection[str], subject: str | None) -> Drawing:
    """Draw some of the tables: of a subject, what it rests on and what rests on it."""
    widths = {name: _PADDING + _CHARACTER * len(page.table.name) for name, page in pages.items() if name in shown}
    edges = [(read, name) for name in widths for read in pages[name].reads if read in widths]
    return Drawing(lay_out(widths, edges), pages, subject)
