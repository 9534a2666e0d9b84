"""Subjects: what the rows of a table are about, by its name and the concepts its columns name.

A column "name" of a table of applications is no name of a server, however well the words agree.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.fields import Side
from discovery_pipeline.engine.mapping.words import split

_BY_WORD = {
    "server": "server", "servers": "server", "vm": "server", "vms": "server", "host": "server", "hosts": "server",
    "machine": "server", "machines": "server", "computer": "server", "vinfo": "server", "inventory": "server",
    "application": "application", "applications": "application", "app": "application", "apps": "application",
    "user": "person", "users": "person", "employee": "person", "employees": "person", "people": "person",
    "contact": "person", "contacts": "person", "person": "person", "persons": "person", "staff": "person",
    "relation": "relation", "relations": "relation", "relationship": "relation", "relationships": "relation",
    "dependency": "relation", "dependencies": "relation", "rel": "relation",
    "connection": "connection", "connections": "connection", "flows": "connection", "traffic": "connection",
    "database": "database", "databases": "database", "software": "software", "packages": "software",
    "location": "location", "locations": "location", "site": "location", "sites": "location",
    "company": "company", "companies": "company", "vendor": "company", "vendors": "company",
    "department": "department", "departments": "department", "group": "group", "groups": "group",
    "model": "model", "models": "model", "contract": "contract", "contracts": "contract",
    "incident": "ticket", "incidents": "ticket", "ticket": "ticket", "tickets": "ticket",
    "disk": "disk", "disks": "disk", "volumes": "disk", "partitions": "disk", "tag": "tag", "tags": "tag",
    "change": "ticket", "changes": "ticket", "network": "network", "networks": "network", "subnets": "network",
}  # fmt: skip
_WORTH_OF_NAME = 2.5  # columns that the table's own name weighs as much as
_TOLD_NOTHING = frozenset({"name", "identifier", "type", "status", "description", "parent", "person", "manager"})
_ENOUGH = 2.0


def of(side: Side, concepts: np.ndarray) -> str | None:
    """The subject of a table: server, application, person, relation, …; None where nothing tells.

    `concepts` says how well each field names each concept of the knowledge.
    """
    told: dict[str, float] = defaultdict(float)
    known = knowledge.concepts()
    for field, naming in zip(side.fields, concepts, strict=True):
        best = int(naming.argmax())
        if naming[best] > 0 and not set(split(field.own)) <= _TOLD_NOTHING:
            told[known[best].about] += naming[best]
    for word in split(side.table):
        if word in _BY_WORD:
            told[_BY_WORD[word]] += _WORTH_OF_NAME
    told.pop("any", None)
    subject = max(told, key=lambda s: told[s], default=None)
    return subject if subject and told[subject] >= _ENOUGH else None
