"""The engine of a build on a Spark cluster: the statements of DuckDB's in Spark's SQL.

There is one description of the steps. sqlglot writes each statement in the other dialect; what the
two engines do otherwise under one name stands in `_IN_SPARK`, and is made what DuckDB does. Text is
read as a number, a date or a yes only where both read it alike: the rest has no value, and a value
that cannot be read is an error on either engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import narwhals as nw

from mih_impact.errors import EngineError, OptionError, require_package
from mih_impact.panel.engine import reading, watched
from mih_impact.panel.sources import connect, evidence_clause
from mih_impact.registers.opening import ROW, Store, first_rows, literal, quoted, removed, renamed

__all__ = ["SparkStore"]

#: What a build's own session has: DuckDB raises too where a number does not fit.
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.mergeSchema": "true",
}
#: DuckDB's names of Spark's types.
_TYPES = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
    "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP WITH TIME ZONE", "timestamp_ntz": "TIMESTAMP",
    "void": '"NULL"',
}  # fmt: skip
#: DuckDB's types that Spark has not, and the nearest that holds their values.
_NEAREST = {
    "UTINYINT": "SMALLINT", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20, 0)", "HUGEINT": "DECIMAL(38, 0)", "ENUM": "VARCHAR", "TIME": "VARCHAR",
    "UUID": "VARCHAR",
}  # fmt: skip
#: What some errors of Spark's are known by, what they mean, and what to do.
_KNOWN = (
    (
        ("ARITHMETIC_OVERFLOW", "NUMERIC_VALUE_OUT_OF_RANGE", "CAST_OVERFLOW"),
        "An amount is larger than Spark's whole numbers",
        "see that amounts are in kroner, or build on DuckDB: engine=None",
    ),
    (
        ("CANNOT_MERGE_SCHEMAS", "FAILED_MERGE_FIELDS"),
        "The Parquet files of one table have a column of several types",
        "write them again with one type, or build on DuckDB: engine=None",
    ),
    (
        ("PATH_NOT_FOUND", "FILE_NOT_EXIST"),
        "The machines of the cluster do not see the files of the extract",
        "put them where all of them do, or give a table as a Spark frame: spark.read.parquet(...)",
    ),
)


@dataclass
class SparkStore(Store):
    """A Spark session of its own for a build, and what has been put in it.

    Tables are kept by the executors, in memory and then on their disks. What they hold of a step is
    not made again if one is lost: a plan that reaches back to the files would take longer to make
    than most steps take to run. `connection` is the DuckDB that reads files other than Parquet.
    """

    session: Any = None

    @classmethod
    def in_session(cls, session: Any, memory_limit: int) -> SparkStore:
        """Return an empty store on a session's cluster, with its settings and views of its own.

        Raises
        ------
        OptionError
            It is no Spark session.
        MissingExtraError
            Without the extra `spark`.
        """
        if not hasattr(session, "newSession"):
            raise OptionError(
                "engine= is a Spark session, or None for DuckDB",
                found=f"an object of type {type(session).__name__}",
                do="engine=SparkSession.builder.getOrCreate()",
            )
        require_package("sqlglot", extra="spark", to="Building a panel on Spark")
        connection, own = connect(memory_limit), session.newSession()
        zone = connection.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
        given = {**session.conf.getAll, **_SETTINGS, "spark.sql.session.timeZone": zone}
        for name, value in given.items():
            if own.conf.isModifiable(name):
                own.conf.set(name, value)
        return cls(connection, session=own)

    def keep(self, sql: str, *, view: bool = False) -> str:
        """Give a query a name; the cluster keeps its rows, unless it is a view."""
        self.held += 1
        return self._named(f"t{self.held}", self._asked(sql), view=view)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that a query gives; what the cluster raises tells of no person."""
        frame = self._asked(sql)
        with self._working():
            return [tuple(row) for row in frame.collect()]

    def types(self, name: str) -> dict[str, str]:
        """Return the types of a table's columns, by DuckDB's names."""
        found = {field.name: field.dataType.simpleString() for field in self.frame(name).schema}
        return {our: _TYPES.get(type_, type_.upper()) for our, type_ in found.items()}

    def frame(self, name: str) -> Any:
        """Return a table as a Spark frame."""
        return self.session.table(name)

    # --- what is read -----------------------------------------------------------------------------

    def take_frame(self, frame: Any) -> str:
        """Take a frame as a table; of a Spark frame, whose rows have no order, with any numbers."""
        if not hasattr(frame, "sparkSession"):
            return self.take_read(f"SELECT * FROM {super().take_frame(frame)}")
        from pyspark.sql.functions import monotonically_increasing_id

        self.held += 1
        # Of its times those are meant that the session of the frame shows.
        times = {name for name, type_ in frame.dtypes if type_ == "timestamp"}
        shown = {name: frame[name].cast("timestamp_ntz") for name in times}
        frame = frame.withColumns(shown) if shown else frame
        lent = f"mih_impact_{uuid4().hex}"  # a session has no other way to another's frames
        with self._working():
            frame.createGlobalTempView(lent)
            rows = self.session.table(f"global_temp.{lent}")
            self.session.catalog.dropGlobalTempView(lent)
        rows = rows.withColumn(ROW, monotonically_increasing_id() + 1)
        return self._named(f"t{self.held}", rows)

    def take_read(self, sql: str) -> str:
        """Hand the cluster what DuckDB reads of other files."""
        self.held += 1
        types = self.connection.sql(sql).types
        columns = [
            f"CAST({quoted(name)} AS {_nearest(str(type_))}) AS {quoted(name)}"
            for name, type_ in zip(self.connection.sql(sql).columns, types, strict=True)
        ]
        columns.append(f"row_number() OVER () AS {quoted(ROW)}")
        rows = self.connection.sql(f"SELECT {', '.join(columns)} FROM ({sql})").to_arrow_table()
        return self._named(f"t{self.held}", self.session.createDataFrame(rows))

    def take_files(self, files: Sequence[str]) -> str:
        """Take Parquet files, and where in them a row is; every machine has to see them."""
        from pyspark.sql import functions

        self.held += 1
        places = [f"file:{Path(file).resolve()}" for file in files]
        firsts = zip(places, first_rows(self.connection, files), strict=False)
        first = functions.create_map(*(functions.lit(each) for pair in firsts for each in pair))
        path = functions.expr("url_decode(replace(_metadata.file_path, '+', '%2B'))")
        with self._working():
            rows = self.session.read.parquet(*places)
            rows = rows.withColumn(ROW, first[path] + functions.col("_metadata.row_index"))
            rows = rows.withColumnsRenamed(renamed(rows.columns))
        return self._named(f"t{self.held}", rows, view=True)

    # --- what is written --------------------------------------------------------------------------

    def with_column(self, sql: str, name: str, expr: nw.Expr) -> str:
        """Return a query with one column more, an expression on its columns."""
        frame = nw.from_native(self.frame(self.keep(sql, view=True)))
        with reading(frame):
            more = frame.with_columns(expr.alias(name)).to_native()
        self.held += 1
        return f"SELECT * FROM {self._named(f't{self.held}', more, view=True)}"

    def write(self, sql: str, path: Path) -> str | None:
        """Write a query's rows to a folder of Parquet files; return their name if there are any."""
        part, frame = path.with_suffix(".part"), self._asked(sql)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._working():
                frame.write.mode("overwrite").parquet(f"file:{part.resolve()}")
            rows = self.session.read.parquet(f"file:{part.resolve()}")
            if rows.isEmpty():
                return None
            self._say_what_they_are(part)
            removed(path)
            os.replace(part, path)
        finally:
            removed(part)
        self.held += 1
        rows = self.session.read.parquet(f"file:{path.resolve()}")
        return self._named(f"t{self.held}", rows, view=True)

    def _say_what_they_are(self, folder: Path) -> None:
        """Write the files of a folder again with what kind of data they are, if that was said."""
        for file in sorted(folder.glob("*.parquet")) if self.evidence else ():
            told, new = evidence_clause(self.evidence), file.with_suffix(".new")
            same = f"FROM read_parquet({literal(file)})"
            self.connection.execute(f"COPY ({same}) TO {literal(new)} (FORMAT parquet{told})")
            os.replace(new, file)
            file.with_name(f".{file.name}.crc").unlink(missing_ok=True)  # of the file before

    def source(self, name: str, path: Path | None) -> Any:
        """Return what a panel reads: the rows, wherever the cluster has them."""
        del path
        return self.frame(name)

    # --- within -----------------------------------------------------------------------------------

    @contextmanager
    def _working(self) -> Iterator[None]:
        frame = nw.from_native(self.session.range(1)).lazy()
        with watched(frame), reading(frame):
            try:
                yield
            except Exception as error:
                for signs, what, do in _KNOWN:
                    if any(sign in str(error) for sign in signs):
                        raised = f"Spark raised {type(error).__name__}"
                        raise EngineError(what, found=raised, do=do) from None
                raise

    def _asked(self, sql: str) -> Any:
        with self._working():
            return self.session.sql(in_spark(sql))

    def _named(self, name: str, frame: Any, *, view: bool = False) -> str:
        """Name a frame; unless it is a view the executors keep its rows, and it has no plan."""
        if not view:
            frame = frame.localCheckpoint(eager=False)
        frame.createOrReplaceTempView(name)
        return name


def _nearest(type_: str) -> str:
    """Return the type of DuckDB's that Spark has too."""
    if type_.startswith("TIMESTAMP_"):
        return "TIMESTAMP"
    return _NEAREST.get(type_.split("(")[0], type_)


# --- one dialect in the other ---------------------------------------------------------------------


@cache
def _parsed(template: str) -> Any:
    from sqlglot import parse_one

    return parse_one(template, read="spark")


def _iso(year: str, month: str, day: str) -> str:
    """Return the SQL of a date of its parts in text, none if there is no such day."""
    return f"try_cast(concat({year}, '-', {month}, '-', {day}) AS DATE)"


#: The month of 31DEC2024.
_MONTH = (
    "CAST((locate(lower(substr(:x, length(:x) - 6, 3)), 'jan feb mar apr may jun jul aug sep oct "
    "nov dec') + 3) DIV 4 AS STRING)"
)
#: Text that Spark and DuckDB read alike.
_NUMBER = r"^ *[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)? *$"
_YES_NO = "^(?i)(true|t|yes|y|1|false|f|no|n|0)$"
_DAY = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?)?"
_WHOLE = "coalesce(try_cast(:x AS {0}), try_cast(round(try_cast(:x AS DECIMAL(38, 10))) AS {0}))"

#: What DuckDB means by a name, in Spark's SQL: :x, :y and :z are its arguments.
_IN_SPARK = {
    "regexpfullmatch": r"(:x RLIKE concat('\\A(?:', :y, ')\\z'))",
    "isfinite": "(abs(:x) < CAST('Infinity' AS DOUBLE))",
    "floor": "CASE WHEN abs(:x) < 9e15D THEN floor(:x) ELSE :x END",  # no number of 64 bits above
    "datefromparts": "make_date(CAST(:x AS INT), CAST(:y AS INT), CAST(:z AS INT))",
    "datediff": "CAST(datediff(:x, :y) AS BIGINT)",
    "year": "CAST(year(:x) AS BIGINT)",
    "month": "CAST(month(:x) AS BIGINT)",
    "day": "CAST(day(:x) AS BIGINT)",
    "timetounix": "(timestampdiff(MICROSECOND, CAST('1970-01-01' AS TIMESTAMP_NTZ), :x) / 1e6D)",
    "sum": "sum(CAST(:x AS DECIMAL(38, 0)))",  # whole numbers all of them; DuckDB's have 128 bits
    "epoch_us": "unix_micros(:x)",
    "div": "(CAST(:x AS DOUBLE) / CAST(:y AS DOUBLE))",
    "cast INT128": "CAST(:x AS DECIMAL(38, 0))",
    # Spark writes a double with as many digits as tell it apart, and reads a decimal of those.
    "cast INT128 round": "CAST(CAST(:x AS BIGINT) AS DECIMAL(38, 0))",
    "try_strptime %Y%m%d": _iso("substr(:x, 1, 4)", "substr(:x, 5, 2)", "substr(:x, 7, 2)"),
    "try_strptime %d-%m-%Y": _iso(*(f"split_part(:x, '-', {k})" for k in (3, 2, 1))),
    "try_strptime %m-%d-%Y": _iso(*(f"split_part(:x, '-', {k})" for k in (3, 1, 2))),
    "try_strptime %d%b%Y": _iso("right(:x, 4)", _MONTH, "left(:x, length(:x) - 7)"),
    "trycast INT": _WHOLE.format("INT"),
    "trycast BIGINT": _WHOLE.format("BIGINT"),
    "trycast DOUBLE": f"CASE WHEN :x RLIKE '{_NUMBER}' THEN try_cast(:x AS DOUBLE) END",
    "trycast BOOLEAN": f"CASE WHEN :x RLIKE '{_YES_NO}' THEN try_cast(:x AS BOOLEAN) END",
    "trycast DATE": f"CASE WHEN :x RLIKE '{_DAY}$' THEN try_cast(:x AS DATE) END",
    "trycast TIMESTAMP": f"CASE WHEN :x RLIKE '{_DAY}{_TIME}$' "
    "THEN try_cast(:x AS TIMESTAMP_NTZ) END",
}


def in_spark(sql: str) -> str:
    """Return a statement of DuckDB's in Spark's SQL.

    Examples
    --------
    >>> in_spark("SELECT a // 2, sum(b) AS b FROM t GROUP BY 1")
    'SELECT `a` DIV 2, SUM(CAST(`b` AS DECIMAL(38, 0))) AS `b` FROM `t` GROUP BY 1'
    """
    from sqlglot import parse_one

    tree = parse_one(sql, read="duckdb")
    for node in reversed([*tree.bfs()]):  # what is within others first
        rewritten = _rewritten(node)
        if rewritten is not node:
            node.replace(rewritten)
    written: str = tree.sql("spark", identify=True)
    return written


def _rewritten(node: Any) -> Any:
    """Return a part of a statement as Spark has to be told it."""
    from sqlglot import exp

    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.key
    given = [part for part in node.args.values() if isinstance(part, exp.Expression)]
    given += node.expressions if isinstance(node, exp.Anonymous) else []
    if name in ("greatest", "least"):  # of one
        return node if node.expressions else node.this
    if name == "hash":  # Spark's leaves nulls out
        return exp.Anonymous(this="struct", expressions=given)
    if name in ("cast", "trycast"):
        name += f" {node.to.sql('duckdb')}"
        name += " round" if isinstance(node.this, exp.Round) and name == "cast INT128" else ""
    if name == "try_strptime":
        name += f" {given[1].name}"
    template = _IN_SPARK.get(name)
    if template is None:
        return node
    arguments = dict(zip("xyz", given, strict=False))
    return exp.replace_placeholders(_parsed(template).copy(), **arguments)
