"""Checking: a delivery held against a contract, by its sender, with the two files alone.

The contract may come from anyone: its queries run on an engine that can by then neither read nor write a file. How
the outcome looks on a terminal is in `report`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from open_data_contract_standard.model import SchemaObject, ServiceLevelAgreementProperty

from pipelines.contracts.delivery import Delivery, files_of, read_delivery
from pipelines.contracts.formats import engine_format
from pipelines.contracts.questions import Question, Severity, is_withheld, questions, table_name
from pipelines.contracts.reading import Contract, own_value
from pipelines.errors import ContractError
from pipelines.warehouse import literal, quoted

Outcome = Literal["holds", "broken", "not judged", "left out"]
MOST_EXAMPLES = 5
WITHHELD = "(withheld)"
_LONGEST_VALUE = 80
_FRESHNESS = ("latency", "ly", "freshness", "fy")
_DAYS = {"d": 1.0, "day": 1.0, "days": 1.0, "h": 1 / 24, "hour": 1 / 24, "hours": 1 / 24}
_SIGNS: dict[str, tuple[str, Callable[[float, Any], bool]]] = {
    "mustBe": ("=", lambda seen, bound: seen == bound),
    "mustNotBe": ("≠", lambda seen, bound: seen != bound),
    "mustBeGreaterThan": (">", lambda seen, bound: seen > bound),
    "mustBeGreaterOrEqualTo": ("≥", lambda seen, bound: seen >= bound),
    "mustBeLessThan": ("<", lambda seen, bound: seen < bound),
    "mustBeLessOrEqualTo": ("≤", lambda seen, bound: seen <= bound),
    "mustBeBetween": ("within", lambda seen, bound: bound[0] <= seen <= bound[1]),
    "mustNotBeBetween": ("outside", lambda seen, bound: not bound[0] <= seen <= bound[1]),
}


@dataclass(frozen=True)
class Example:
    """A row that breaks a rule; `value` is what it says, withheld where the contract classifies it."""

    file: str
    line: int
    value: str


@dataclass(frozen=True)
class Verdict:
    """What came of one question.

    `rows` counts the rows that break it, where it is about rows; `observed` says in words what was found. `left out`
    is what the contract leaves to people or other engines; `not judged` what should have been judged and could not.
    """

    rule: str
    columns: tuple[str, ...]
    severity: Severity
    description: str
    outcome: Outcome
    rows: int | None = None
    observed: str = ""
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """A delivery held against a contract."""

    contract_id: str
    version: str
    object_name: str
    as_of: date
    delivery: Delivery
    verdicts: list[Verdict]
    not_carried: list[dict[str, str]]

    @property
    def holds(self) -> bool:
        """Whether the delivery fulfils the contract; warnings do not break it, what could not be judged does."""
        return not any(
            verdict.severity == "error" and verdict.outcome in ("broken", "not judged") for verdict in self.verdicts
        )


def check_delivery(
    contract: Contract, paths: Sequence[Path], as_of: date | None, object_name: str | None, now: datetime
) -> Check:
    """Hold files against a contract.

    Parameters
    ----------
    paths
        Files of the delivery; where none are given, those that the contract says where to find.
    as_of
        Day by which freshness is judged; by default the contract's own, else that of `now` in the contract's zone.
    object_name
        Object of the contract that the delivery is of; by default its only one.

    Raises
    ------
    ContractError, SourceError
        If the contract does not say which files or which format, or a file cannot be read.
    """
    _, schema = contract.object_named(object_name)
    ruled_by = as_of or _own_as_of(contract) or _today(contract, now)
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'; set autoinstall_known_extensions = false; set enable_progress_bar = false")
        delivery = read_delivery(con, contract, schema, list(paths) or files_of(contract))
        con.execute("set enable_external_access = false; set lock_configuration = true")
        asked = _Asked(con, schema, delivery)
        verdicts = [*asked.columns(), *(asked.judge(each) for each in questions(schema))]
        levels = [level for level in contract.said.slaProperties or [] if (level.property or "").lower() in _FRESHNESS]
        verdicts += [asked.fresh(level, ruled_by) for level in levels]
    return Check(
        contract_id=contract.said.id or "",
        version=contract.said.version or "",
        object_name=schema.name or "",
        as_of=ruled_by,
        delivery=delivery,
        verdicts=verdicts,
        not_carried=[
            {str(key): str(value) for key, value in each.items()}
            for each in own_value(contract.said.customProperties, "notCarried") or []
            if isinstance(each, dict)
        ],
    )


def _own_as_of(contract: Contract) -> date | None:
    given = own_value(contract.said.customProperties, "asOf")
    if given is None:
        return None
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise contract.error(
            f"asOf {given!r} is not a date", "customProperties", remedy="write it as 2016-12-31, or give --as-of"
        ) from None


def _today(contract: Contract, now: datetime) -> date:
    zone = own_value(contract.said.customProperties, "timeZone") or "UTC"
    try:
        return now.astimezone(ZoneInfo(str(zone))).date()
    except (KeyError, ValueError):
        raise contract.error(
            f"{zone!r} is not an IANA time zone", "customProperties", remedy="write it as Asia/Shanghai"
        ) from None


@dataclass(frozen=True)
class _Asked:
    """The delivered rows, open to questions."""

    con: duckdb.DuckDBPyConnection
    schema: SchemaObject
    delivery: Delivery

    def columns(self) -> Iterator[Verdict]:
        """Yield a verdict on each file's columns."""
        for file in self.delivery.files:
            missing = self.delivery.missing.get(file, [])
            told = f"{file} has no column {', '.join(missing)}" if missing else ""
            yield Verdict(
                rule="columns",
                columns=tuple(missing),
                severity="error",
                description="Every column of the contract is there",
                outcome="broken" if missing else "holds",
                observed=told,
            )

    def judge(self, question: Question) -> Verdict:
        """Put a question to the rows."""
        if question.found is not None:
            return self._unread(question, question.found)
        if question.query is None:
            # A declared type in an unknown format is the contract's own to judge; a text for people is not.
            is_own = question.name in ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
            return _verdict(question, "not judged" if is_own else "left out", observed=question.why_not or "")
        missing = {column for columns in self.delivery.missing.values() for column in columns}
        lacking = [column for column in dict.fromkeys((*question.columns, *question.needs)) if column in missing]
        if lacking:
            return _verdict(question, "not judged", observed=f"there is no column {', '.join(lacking)}")
        try:
            observed = self._value(question.query)
            return self._compared(question, observed)
        except (duckdb.Error, ContractError) as error:
            told = error.problem if isinstance(error, ContractError) else str(error).splitlines()[0]
            return _verdict(question, "not judged", observed=told)

    def _value(self, query: str) -> Any:
        """Return the value that a query answers with; it must be one that only asks."""
        statements = self.con.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ContractError("the query is not one select statement")
        rows = self.con.execute(statements[0]).fetchmany(2)
        if len(rows) != 1 or len(rows[0]) != 1:
            raise ContractError("the query answers with something else than one value")
        return rows[0][0]

    def _compared(self, question: Question, observed: Any) -> Verdict:
        sign, test = _SIGNS[question.operator]
        if question.is_share and isinstance(observed, int | float):
            observed = 100.0 * observed / self.delivery.rows if self.delivery.rows else 0.0
        seen, bound = _comparable(observed, question.bound)
        is_counted = question.rows is not None and not question.is_share
        fulfilled = seen is not None and test(seen, bound)
        if fulfilled:
            return _verdict(question, "holds", rows=int(observed) if is_counted else None)
        told = (
            "" if is_counted and question.bound in (0, "0") else f"{_shown(observed)}, agreed {sign} {question.bound}"
        )
        rows = int(observed) if is_counted else None
        return _verdict(question, "broken", rows=rows, observed=told, examples=self._examples(question, observed))

    def _examples(self, question: Question, observed: Any) -> list[Example]:
        """Return some of the rows that a question counts; none where they cannot be told for certain."""
        if question.rows is None:
            return []
        # What is shown of them is the raw text, so that no query of the contract decides about it.
        named = {column.name: column for column in self.schema.properties or []}
        about = [named[column] for column in question.columns if column in named]
        hidden = any(is_withheld(column) for column in about)
        cells = [] if hidden else [column.name or "" for column in about]
        table = quoted(table_name(self.schema))
        listed = "".join(f", whole.{quoted(cell)}" for cell in cells)
        try:
            total = self._value(f"select count(*) from ({question.rows})")
            if not question.is_share and total != observed:
                return []
            rows = self.con.execute(
                f"select whole._file, whole._line{listed} from {table} as whole semi join ({question.rows}) as found "
                f"using (_file, _line) order by whole._file, whole._line limit {MOST_EXAMPLES}"
            ).fetchall()
        except (duckdb.Error, ContractError):
            return []
        return [Example(file, line, WITHHELD if hidden else _cells(cells, values)) for file, line, *values in rows]

    def _unread(self, question: Question, found: str) -> Verdict:
        places = self.delivery.unread.get(found, [])
        examples = [Example(file, line, "") for file, line in places[:MOST_EXAMPLES]]
        return _verdict(question, "broken" if places else "holds", rows=len(places), examples=examples)

    def fresh(self, level: ServiceLevelAgreementProperty, as_of: date) -> Verdict:
        """Judge whether the newest record, of those not after `as_of`, is new enough."""
        told = level.description or "The newest record is new enough"
        question = Question("freshness", (), "error", told, self._times(level))
        unit = (level.unit or "d").lower()
        try:
            limit = float(str(level.value)) * _DAYS[unit]
        except (KeyError, ValueError):
            return _verdict(question, "not judged", observed=f"{level.value} {level.unit or ''} is no length of time")
        if question.query is None:
            return _verdict(question, "not judged", observed="neither element nor query says which time is meant")
        try:
            after = literal((as_of + timedelta(days=1)).isoformat())
            newest = self._value(
                f"select max(time) from ({question.query}) as told(time) where time < timestamp {after}"
            )
        except (duckdb.Error, ContractError) as error:
            return _verdict(question, "not judged", observed=str(error).splitlines()[0])
        if newest is None:
            return _verdict(question, "broken", observed=f"no record is of {as_of} or before")
        moment = newest if isinstance(newest, datetime) else datetime(newest.year, newest.month, newest.day)  # noqa: DTZ001
        # Days are counted from day to day, hours from the end of the day.
        end = datetime(as_of.year, as_of.month, as_of.day) + timedelta(days=1)  # noqa: DTZ001
        age = (as_of - moment.date()).days if unit.startswith("d") else (end - moment) / timedelta(days=1)
        told = f"the newest record is of {moment:%Y-%m-%d %H:%M}, {_age(age)} before {as_of}"
        return _verdict(question, "broken" if age > limit else "holds", observed=told)

    def _times(self, level: ServiceLevelAgreementProperty) -> str | None:
        """Compose the query of the times that a service level is about."""
        query = own_value(level.customProperties, "query")
        if query is not None:
            return str(query).strip().rstrip(";")
        asked = (level.element or "").rpartition(".")[2]
        column = next((each for each in self.schema.properties or [] if each.name == asked), None)
        if column is None:
            return None
        written = (column.logicalTypeOptions or {}).get("format")
        pattern = None if written is None else engine_format(str(written))
        name = quoted(asked)
        value = f"try_cast({name} as timestamp)" if pattern is None else f"try_strptime({name}, {literal(pattern)})"
        return f"select {value} from {quoted(table_name(self.schema))}"


def _verdict(question: Question, outcome: Outcome, **found: Any) -> Verdict:
    return Verdict(question.name, question.columns, question.severity, question.description, outcome, **found)


def _comparable(observed: Any, bound: Any) -> tuple[Any, Any]:
    """Return a value and a bound as numbers where both are, else as texts."""
    if observed is None:
        return None, bound
    try:
        if isinstance(bound, list):
            return float(observed), [float(each) for each in bound]
        numbers = float(observed), float(bound)
    except (TypeError, ValueError):
        return str(observed), str(bound)
    return (str(observed), str(bound)) if any(math.isnan(number) for number in numbers) else numbers


def _shown(observed: Any) -> str:
    text = f"{observed:.2f}" if isinstance(observed, float) else str(observed)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _age(days: float) -> str:
    return f"{days:,} days" if isinstance(days, int) else f"{days * 24:.1f} hours"


def _cells(names: Sequence[str], values: Sequence[str | None]) -> str:
    shown = (
        repr(values[0] or "")
        if len(names) == 1
        else ", ".join(f"{name} {value!r}" for name, value in zip(names, values, strict=True) if value is not None)
    )
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"
