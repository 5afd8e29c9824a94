"""Parquet columns, checked: what is missing, of another type or truncated is named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.files.toml import SCHEMA, check_schema


def write_table(path: Path, columns: Mapping[str, Any]) -> None:
    """One file; float columns become null where nan."""
    arrays = {
        name: pa.array(column, from_pandas=True)
        if isinstance(column, np.ndarray)
        else column
        for name, column in columns.items()
    }
    table = pa.table(arrays).replace_schema_metadata({"schema": str(SCHEMA)})
    pq.write_table(table, path)


def read_table(path: Path) -> pa.Table:
    """A whole file of schema 1."""
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (pa.ArrowInvalid, OSError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"{path}: is not a whole Parquet file: {first}") from None
    meta = table.schema.metadata or {}
    check_schema(path, meta.get(b"schema", b"1").decode())
    return table


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
