"""A log workspace that runs KQL on DuckDB, and alert rules over it as Azure Monitor evaluates them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

import duckdb_kql

from tests.infra.log_tables import TABLES

_SQL_TYPES: Final = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
}
_INGESTED: Final = "ingested"
"""A column of our own: the engine does not know ``ingestion_time()``."""


class Line(NamedTuple):
    """One row of a table. ``late``: how long after it was written it is to be seen."""

    table: str
    written: datetime
    values: Mapping[str, Any]
    late: timedelta = timedelta()


class Fired(NamedTuple):
    """What a rule finds: whether it fires, for which values of its dimension, and the rows."""

    fires: bool
    dimensions: tuple[str, ...]
    rows: list[dict[str, Any]]


class Workspace:
    """The log tables of one stamp, empty at first."""

    def __init__(self) -> None:
        self._connection = duckdb_kql.connect()
        for name, columns in TABLES.items():
            described = ", ".join(f'"{column}" {_SQL_TYPES[type_]}' for column, type_ in columns.items())
            self._connection.sql(f'CREATE TABLE all_{name} ({described}, "{_INGESTED}" TIMESTAMP)')

    def write(self, lines: Iterable[Line]) -> None:
        """Rows that are seen from their moment on."""
        alike: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
        for line in lines:
            times = {"TimeGenerated": _naive(line.written), _INGESTED: _naive(line.written + line.late)}
            values = {**line.values, **times}
            alike[line.table, *values].append([*values.values()])
        for (table, *names), rows in alike.items():
            columns, lists = ", ".join(f'"{name}"' for name in names), ", ".join("unnest(?)" for _ in names)
            into = f"INSERT INTO all_{table} ({columns}) SELECT {lists}"
            self._connection.execute(into, [list(column) for column in zip(*rows, strict=True)])

    def query(self, text: str, now: datetime, window: timedelta | None = None) -> list[dict[str, Any]]:
        """Rows of a query's result at a moment, over what is there by then and was written within the window."""
        end, start = _naive(now), _naive(now - window) if window else datetime.min  # noqa: DTZ901 - as the engine takes it
        for name in TABLES:
            self._connection.execute(
                f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM all_{name} WHERE TimeGenerated > '{start}'"  # noqa: S608 - of ours
                f" AND TimeGenerated <= '{end}' AND {_INGESTED} <= '{end}'"
            )
        sql, clocks = _translated(text)
        result = self._connection.execute(sql, dict.fromkeys(clocks, end))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@cache
def _translated(text: str) -> tuple[str, tuple[str, ...]]:
    """A query as SQL, and the names of the parameters that are the time it is asked at."""
    schema = {name: [*columns, _INGESTED] for name, columns in TABLES.items()}
    asked = text.replace("ingestion_time()", _INGESTED)
    translated = duckdb_kql.to_sql(asked, schema=schema, query_now=datetime(2000, 1, 1))  # noqa: DTZ001 - any time
    return str(translated), tuple(translated.parameters)


def evaluated(workspace: Workspace, rule: Mapping[str, Any], now: datetime) -> Fired:
    """A rule's run: the rows of its window, counted by its dimension, against its threshold."""
    [criteria] = rule["criteria"]["allOf"]
    rows = workspace.query(criteria["query"], now, minutes(rule["windowSize"]))
    by = [each["name"] for each in criteria["dimensions"]]
    if not by:
        return Fired(_beyond(criteria, len(rows)), (), rows)
    counted = Counter(str(row[by[0]]) for row in rows)
    over = tuple(sorted(value for value, count in counted.items() if _beyond(criteria, count)))
    return Fired(bool(over), over, rows)


def _beyond(criteria: Mapping[str, Any], count: int) -> bool:
    if criteria["operator"] == "LessThan":
        return bool(count < criteria["threshold"])
    return bool(count > criteria["threshold"])


def minutes(duration: str) -> timedelta:
    """``PT30M``."""
    found = re.fullmatch(r"PT(\d+)M", duration)
    if found is None:
        raise ValueError(f"{duration} is no number of minutes")
    return timedelta(minutes=int(found[1]))


def _naive(instant: datetime) -> datetime:
    """As the engine takes it: UTC without saying so."""
    return instant.astimezone(UTC).replace(tzinfo=None)
