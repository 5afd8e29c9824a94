"""Parquet columns, checked: what is missing, of another type or truncated is named."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.files.toml import SCHEMA, check_schema

GROUP = 1_000_000  # rows that are written, and read again, at once


def write_table(path: Path, columns: Mapping[str, Any]) -> None:
    """One file; float columns become null where nan."""
    pq.write_table(_table(columns), path)


def _table(columns: Mapping[str, Any]) -> pa.Table:
    arrays = {
        name: pa.array(column, from_pandas=True)
        if isinstance(column, np.ndarray)
        else column
        for name, column in columns.items()
    }
    return pa.table(arrays).replace_schema_metadata({"schema": str(SCHEMA)})


class TableWriter:
    """One file, written part by part, so that a long night does not fill the memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[Mapping[str, NDArray[Any]]] = []
        self._rows = 0
        self._file: Any = None

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Some rows more; every part has the same columns."""
        self._parts.append(columns)
        self._rows += len(next(iter(columns.values())))
        if self._rows >= GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._parts:
            return
        table = _table(
            {
                name: np.concatenate([p[name] for p in self._parts])
                for name in self._parts[0]
            }
        )
        if self._file is None:
            self._file = pq.ParquetWriter(self._path, table.schema)
        self._file.write_table(table, row_group_size=GROUP)
        self._parts, self._rows = [], 0

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        if self._file is not None:
            self._file.close()


def read_table(path: Path) -> pa.Table:
    """A whole file of schema 1."""
    tables = list(read_groups(path))
    return pa.concat_tables(tables)


def read_groups(path: Path) -> Iterator[pa.Table]:
    """A file of schema 1, some rows at a time; at least one table, maybe without rows."""
    try:
        with pq.ParquetFile(path) as file:
            meta = file.schema_arrow.metadata or {}
            check_schema(path, meta.get(b"schema", b"1").decode())
            if not file.num_row_groups:
                yield file.read()
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (pa.ArrowInvalid, OSError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"{path}: is not a whole Parquet file: {first}") from None


def numbers(
    path: Path, table: pa.Table, name: str, required: bool = True
) -> NDArray[np.float64]:
    """A column as float64, nan where null; all nan where it is optional and absent."""
    if name not in table.column_names:
        if required:
            raise ConfigError(f"{path}: column {name!r} is missing; it has {_names(table)}")
        return np.full(len(table), np.nan)
    try:
        column = table.column(name).cast(pa.float64())
    except pa.ArrowInvalid:
        found = table.column(name).type
        raise ConfigError(f"{path}: column {name!r} is {found}, expected numbers") from None
    values: NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def texts(path: Path, table: pa.Table, name: str, required: bool = True) -> list[str]:
    """A column as text, "" where null, or where it is optional and absent."""
    if name not in table.column_names:
        if required:
            raise ConfigError(f"{path}: column {name!r} is missing; it has {_names(table)}")
        return [""] * len(table)
    if not (
        pa.types.is_string(table.column(name).type) or _is_coded(table.column(name).type)
    ):
        found = table.column(name).type
        raise ConfigError(f"{path}: column {name!r} is {found}, expected text")
    return [value or "" for value in table.column(name).to_pylist()]


def unknown(table: pa.Table, known: tuple[str, ...]) -> tuple[str, ...]:
    """Names of columns that nobody reads."""
    return tuple(name for name in table.column_names if name not in known)


def _is_coded(kind: Any) -> bool:
    return bool(
        pa.types.is_large_string(kind)
        or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type))
    )


def _names(table: pa.Table) -> str:
    return ", ".join(table.column_names) or "none"
