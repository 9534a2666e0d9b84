"""Databases that older products left, to be adopted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from discovery_pipeline.settings import Settings


@contextmanager
def left_behind(server, home: Path, *statements: str) -> Iterator[Settings]:
    """Settings of a database in which an older product did these statements."""
    name = f"old_{uuid.uuid4().hex[:12]}"
    here = f"host={server.sockets} user=postgres"
    with psycopg.connect(f"{here} dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name}")
        with psycopg.connect(f"{here} dbname={name}") as product:
            for statement in statements:
                product.execute(statement.encode())
        yield Settings(home=home, database_url=f"postgresql://postgres@/{name}?host={server.sockets}")
        operator.execute(f"drop database {name} with (force)")
        operator.execute(f"drop database if exists {name}_dagster with (force)")
