"""Drafts: what a DDL, a JSON Schema or a sample says, the contract asks."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from discovery_pipeline.engine import duck, intake, targets, validation
from discovery_pipeline.engine.targets import Target, TargetField
from discovery_pipeline.errors import TargetError

POSTGRES = """
-- as pg_dump writes it; a CREATE TABLE in a comment is none: CREATE TABLE nothing (x int);
SET statement_timeout = 0;
CREATE TYPE inv.env AS ENUM ('prod', 'it''s test');
CREATE FUNCTION inv.f() RETURNS int AS $$ BEGIN; CREATE TABLE no (a int); END; $$ LANGUAGE plpgsql;
CREATE TABLE inv."Server" (
    id bigserial,
    "Host Name" character varying(63) DEFAULT 'unnamed'::character varying NOT NULL,
    env inv.env NOT NULL,
    state text DEFAULT now(),
    ram_gb numeric(10,2),
    cores integer CHECK (cores > 0 AND 512 >= cores),
    address inet,
    owner integer,
    code text CONSTRAINT code_form CHECK (code ~ '^[A-Z]{3}$'),
    made timestamp with time zone DEFAULT now(),
    CONSTRAINT state_known CHECK ((state = ANY (ARRAY['on'::text, 'off'::text])))
);
CREATE TABLE inv.owner (id integer NOT NULL, name text);
COMMENT ON COLUMN inv."Server".address IS 'where it listens';
ALTER TABLE ONLY inv."Server" ADD CONSTRAINT pk PRIMARY KEY (id);
ALTER TABLE ONLY inv.owner ADD CONSTRAINT owner_pk PRIMARY KEY (id);
ALTER TABLE ONLY inv."Server" ADD CONSTRAINT fk FOREIGN KEY (owner) REFERENCES inv.owner(id) ON DELETE CASCADE;
CREATE INDEX i ON inv."Server" USING btree (env);
INSERT INTO inv.owner VALUES (1, 'a;b');
"""

MYSQL = """
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `srv`;
CREATE TABLE `srv` (
  `id` int(11) unsigned NOT NULL AUTO_INCREMENT COMMENT 'the key',
  `host name` varchar(63) COLLATE utf8mb4_unicode_ci NOT NULL,
  `kind` enum('vm','metal') NOT NULL DEFAULT 'vm',
  `flags` set('a','b') DEFAULT NULL,
  `live` tinyint(1) NOT NULL DEFAULT '1',
  `disk_gb` decimal(8,0) DEFAULT NULL,
  `app` int DEFAULT NULL,
  `made` datetime DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`host name`),
  KEY `k` (`app`),
  CONSTRAINT `f` FOREIGN KEY (`app`) REFERENCES `apps` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='servers';
"""

SQL_SERVER = """
SET ANSI_NULLS ON
GO
CREATE TABLE [dbo].[Server](
    [Id] [int] IDENTITY(1,1) NOT NULL,
    [Host Name] [nvarchar](50) NOT NULL,
    [Note] [nvarchar](max) NULL,
    [Live] [bit] NOT NULL CONSTRAINT [d] DEFAULT ((1)),
    [Price] [money] NULL,
    [Guid] [uniqueidentifier] NULL,
    [Seen] [datetime2](7) NULL,
 CONSTRAINT [PK_S] PRIMARY KEY CLUSTERED ([Id] ASC) WITH (PAD_INDEX = OFF, IGNORE_DUP_KEY = OFF) ON [PRIMARY]
) ON [PRIMARY]
GO
ALTER TABLE [dbo].[Server] WITH CHECK ADD CONSTRAINT [c] CHECK (([Price]>=(0)))
GO
"""

ORACLE = """
CREATE TABLE "INV"."SRV" (
  "ID" NUMBER(10,0) NOT NULL ENABLE,
  "SITE" VARCHAR2(3 CHAR) DEFAULT 'BER' NOT NULL ENABLE,
  "RAM_MB" NUMBER(8,2),
  "MADE" DATE,
  "LIVE" CHAR(1 BYTE) DEFAULT 'Y' CHECK ("LIVE" IN ('Y','N')) ENABLE,
  CONSTRAINT "PK" PRIMARY KEY ("ID", "SITE") USING INDEX PCTFREE 10 INITRANS 2 TABLESPACE "X" ENABLE
) SEGMENT CREATION IMMEDIATE PCTFREE 10 TABLESPACE "USERS" ;
/
COMMENT ON COLUMN "INV"."SRV"."RAM_MB" IS 'memory';
"""


def _fields(folder: Path, text: str, table: str, name: str = "schema.sql") -> dict[str, TargetField]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return {f.name: f for f in targets.draft(path).table(table).fields}


def test_a_dump_of_postgresql_becomes_a_contract(tmp_path: Path):
    f = _fields(tmp_path, POSTGRES, "server")
    assert (f["id"].identity, f["id"].unique, f["id"].required) == (True, True, False), "the database makes it"
    host = f["Host Name"]
    assert (host.required, host.max_length, host.default) == (True, 63, "unnamed")
    assert (f["env"].allowed, f["state"].allowed, f["state"].default) == (("prod", "it's test"), ("on", "off"), None)
    assert (f["ram_gb"].type, f["ram_gb"].unit, f["cores"].minimum, f["cores"].maximum) == ("number", "GB", 1, 512)
    assert (f["address"].type, f["address"].description) == ("ip", "where it listens")
    assert (f["owner"].references, f["code"].pattern, f["made"].type) == ("owner.id", "^[A-Z]{3}$", "datetime")


def test_what_a_comment_or_a_function_creates_is_no_table(tmp_path: Path):
    path = tmp_path / "dump.sql"
    path.write_text(POSTGRES)
    assert [table.name for table in targets.draft(path).tables] == ["server", "owner"]


def test_a_dump_of_mysql_becomes_a_contract(tmp_path: Path):
    f = _fields(tmp_path, MYSQL, "srv")
    assert (f["id"].identity, f["id"].required, f["id"].description) == (True, False, "the key")
    assert (f["host name"].unique, f["host name"].max_length) == (True, 63)
    assert (f["kind"].allowed, f["kind"].default, f["flags"].type) == (("vm", "metal"), "vm", "list<string>")
    assert (f["live"].type, f["live"].default, f["disk_gb"].type) == ("boolean", "true", "integer")
    assert (f["app"].references, f["app"].description, f["made"].default) == (None, "refers to apps.id", None)


def test_a_script_of_sql_server_becomes_a_contract(tmp_path: Path):
    f = _fields(tmp_path, SQL_SERVER, "server")
    assert (f["Id"].identity, f["Id"].required, f["Host Name"].max_length) == (True, False, 50)
    assert (f["Note"].max_length, f["Note"].required, f["Live"].type, f["Live"].default) == (
        None,
        False,
        "boolean",
        "true",
    )
    assert (f["Price"].type, f["Price"].minimum, f["Guid"].type, f["Seen"].type) == ("number", 0, "uuid", "datetime")


def test_a_script_of_oracle_becomes_a_contract(tmp_path: Path):
    f = _fields(tmp_path, ORACLE, "srv")
    assert [(n, f[n].identity, f[n].required, f[n].unique) for n in ("ID", "SITE")] == [
        ("ID", True, True, False),
        ("SITE", True, True, False),
    ]
    assert (f["ID"].type, f["SITE"].max_length, f["SITE"].default) == ("integer", 3, "BER")
    assert (f["RAM_MB"].unit, f["RAM_MB"].description, f["LIVE"].allowed) == ("MB", "memory", ("Y", "N"))


ODD = """
CREATE DOMAIN one.mail AS text CONSTRAINT form CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TABLE one.server (id int PRIMARY KEY, mail one.mail, ips inet[], tags text[],
  at timestamp NOT NULL DEFAULT now(), since date,
  CHECK (since IS NULL OR since >= '2000-01-01'), ram_mb int CHECK (ram_mb IS NULL OR ram_mb > 0));
CREATE TABLE two.server ("name" , kind text);
CREATE TABLE disk (server int REFERENCES one.server ON DELETE CASCADE, site int REFERENCES gone(id));
"""


def test_two_tables_of_a_name_are_called_after_their_schemas(tmp_path: Path):
    path = tmp_path / "odd.sql"
    path.write_text(ODD)
    target = targets.draft(path)
    assert [(t.name, t.file) for t in target.tables] == [
        ("one-server", "one-server.csv"), ("two-server", "two-server.csv"), ("disk", "disk.csv"),
    ]  # fmt: skip
    server, site = target.table("disk").fields
    assert (server.references, site.references, site.description) == ("one-server.id", None, "refers to gone.id")


def test_domains_arrays_computed_defaults_and_columns_without_a_type_are_read(tmp_path: Path):
    f = _fields(tmp_path, ODD, "one-server")
    assert (f["mail"].pattern, f["ips"].type, f["tags"].type) == ("^[^@]+@[^@]+$", "list<ip>", "list<string>")
    assert (f["at"].required, f["ram_mb"].minimum, f["ram_mb"].unit) == (False, 1, "MB")
    assert [name for name in _fields(tmp_path, ODD, "two-server")] == ["name", "kind"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "CREATE TABLE `p.d.t` (id INT64 NOT NULL OPTIONS(description='key'), net STRUCT<ip STRING,"
            " tags ARRAY<STRING>>)",
            [("id", "integer", True, "key"), ("net.ip", "string", False, ""), ("net.tags", "list<string>", False, "")],
        ),
        (
            "CREATE EXTERNAL TABLE x.t (id bigint COMMENT 'key', tags map<string,string>) STORED AS PARQUET",
            [("id", "integer", False, "key"), ("tags", "map<string,string>", False, "")],
        ),
        (
            "create or replace TABLE D.P.T (ID NUMBER(38,0) NOT NULL autoincrement start 1, V VARIANT) COMMENT='t';",
            [("ID", "integer", False, ""), ("V", "string", False, "")],
        ),
        (
            "CREATE TABLE T (ID NUMBER(9) GENERATED BY DEFAULT ON NULL AS IDENTITY MINVALUE 1 CACHE 20 NOORDER NOT NULL"
            " ENABLE);\nALTER TABLE T ADD (S VARCHAR2(9) NOT NULL, N NUMBER(3));",
            [("ID", "integer", False, ""), ("S", "string", True, ""), ("N", "integer", False, "")],
        ),
        (
            "CREATE TABLE [dbo].[T]([Env] [nvarchar](9) NOT NULL)\nGO\nALTER TABLE [dbo].[T] WITH CHECK ADD CHECK"
            " (([Env]='a' OR [Env]='b'))\nGO\nEXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'which',"
            " @level0type=N'SCHEMA',@level0name=N'dbo', @level1type=N'TABLE',@level1name=N'T', @level2type=N'COLUMN',"
            "@level2name=N'Env'\nGO",
            [("Env", "string", True, "which")],
        ),
        (
            "CREATE TABLE t (a LowCardinality(String), b Nullable(UInt32), e Enum8('x'=1)) ENGINE=MergeTree ORDER BY a",
            [("a", "string", False, ""), ("b", "integer", False, ""), ("e", "string", False, "")],
        ),
    ],
    ids=["bigquery", "hive", "snowflake", "oracle", "sql server", "clickhouse"],
)
def test_what_other_databases_write_is_read(tmp_path: Path, script: str, told: list[tuple[str, str, bool, str]]):
    path = tmp_path / "t.sql"
    path.write_text(script)
    (table,) = targets.draft(path).tables
    assert [(f.name, f.type, f.required, f.description) for f in table.fields] == told


def test_a_table_that_cant_be_read_says_in_which_line(tmp_path: Path):
    with pytest.raises(TargetError, match=r"bad.sql, line 4: this CREATE TABLE can't be read"):
        _fields(tmp_path, "CREATE TABLE a (x int);\n\n-- and\nCREATE TABLE b (x int y z, );", "a", "bad.sql")


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Machine",
    "type": "object",
    "required": ["id", "site", "kind", "os"],
    "properties": {
        "id": {"$ref": "#/$defs/key"},
        "site": {"const": "BER", "description": "where it stands"},
        "kind": {"enum": ["vm", "metal", None]},
        "address": {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "null"}]},
        "os": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 40},
                "patched": {"type": "boolean", "default": False},
            },
        },
        "ram_gb": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 4096},
        "cores": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 513},
        "size": {"oneOf": [{"const": "S", "title": "small"}, {"const": "L", "title": "large"}]},
        "score": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "ips": {"type": "array", "items": {"type": "string", "format": "ipv4"}},
        "odd": {"type": "string", "pattern": "^(?!x).+$"},
        "disks": {"type": "array", "items": {"$ref": "#/$defs/disk"}},
    },
    "$defs": {
        "key": {"type": "string", "pattern": "^M-[0-9]+$", "description": "its number"},
        "disk": {
            "allOf": [
                {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}},
                {"properties": {"size_gb": {"type": "integer", "minimum": 1}}},
            ]
        },
    },
}


def _machine(folder: Path, schema: Any = SCHEMA) -> Target:
    path = folder / "machine.json"
    path.write_text(json.dumps(schema))
    return targets.draft(path)


def test_a_json_schema_becomes_flat_tables(tmp_path: Path):
    target = _machine(tmp_path)
    f = {field.name: field for field in target.table("machine").fields}
    assert (f["id"].pattern, f["id"].required, f["id"].identity, f["id"].description) == (
        "^M-[0-9]+$", True, True, "its number",
    )  # fmt: skip
    assert (f["site"].allowed, f["kind"].allowed, f["size"].allowed) == (("BER",), ("vm", "metal"), ("S", "L"))
    assert (f["address"].type, f["address"].required, f["score"].type) == ("ipv4", False, "number")
    assert (f["os.name"].required, f["os.name"].max_length, f["os.patched"].required) == (True, 40, False)
    assert (f["os.patched"].type, f["os.patched"].default) == ("boolean", "false")
    assert (f["ram_gb"].unit, f["ram_gb"].minimum, f["ram_gb"].maximum) == ("GB", 0, 4096)
    assert (f["cores"].minimum, f["cores"].maximum) == (1, 512)
    assert (f["labels"].type, f["ips"].type) == ("map<string,string>", "list<ip>")
    assert f["odd"].pattern is None
    assert "can't be checked" in f["odd"].description


def test_a_list_of_objects_is_a_table_that_says_whose_it_is(tmp_path: Path):
    target = _machine(tmp_path)
    whose, path, size = target.table("disks").fields
    assert (whose.name, whose.references, whose.required) == ("machine.id", "machine.id", True)
    assert (path.required, size.minimum, size.unit) == (True, 1, "GB")
    assert "a.b is b of a" in target.note
    assert "The list disks is a table of its own" in target.note


def test_of_alternatives_a_field_takes_what_any_takes(tmp_path: Path):
    linux = {"required": ["kind"], "properties": {"kind": {"const": "linux"}, "kernel": {"type": "string"}}}
    windows = {"required": ["kind"], "properties": {"kind": {"const": "windows"}}}
    address = {"oneOf": [{"type": "string", "format": f} for f in ("ipv4", "ipv6")]}
    target = _machine(tmp_path, {"required": ["os"], "properties": {"os": {"oneOf": [linux, windows]}, "ip": address}})
    f = {field.name: field for field in target.tables[0].fields}
    assert (f["os.kind"].allowed, f["os.kind"].required, f["ip"].type) == (("linux", "windows"), True, "ip")
    assert not f["os.kernel"].required


def test_openapis_schemas_are_tables_where_no_other_holds_them(tmp_path: Path):
    schemas = {
        "Server": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "site": {"$ref": "#/components/schemas/Site"}},
        },
        "Site": {"type": "object", "properties": {"city": {"type": "string"}}},
        "App": {"type": "object", "properties": {"title": {"type": "string", "nullable": True}}},
        "Kind": {"type": "string", "enum": ["a", "b"]},
    }
    target = _machine(tmp_path, {"openapi": "3.0.0", "components": {"schemas": schemas}})
    assert {t.name: [f.name for f in t.fields] for t in target.tables} == {
        "server": ["name", "site.city"],
        "app": ["title"],
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("DECIMAL(8,2)", ("number", -999999.99, 999999.99)),
        ("DECIMAL(8,2) UNSIGNED", ("number", 0, 999999.99)),
        ("NUMERIC(5)", ("integer", -99999, 99999)),
        ("DECIMAL(3,5)", ("number", -0.00999, 0.00999)),
        ("DECIMAL(30,2)", ("number", None, None)),
        ("BIGINT UNSIGNED", ("integer", 0, None)),
        ("DOUBLE UNSIGNED", ("number", 0, None)),
        ("INT", ("integer", None, None)),
        ("TINYINT(1) UNSIGNED", ("boolean", None, None)),
        ("DECIMAL(8,2) CHECK (n BETWEEN 0 AND 100)", ("number", 0, 100)),
    ],
)
def test_numbers_of_so_many_digits_or_without_a_sign_have_limits(tmp_path: Path, kind: str, said: tuple):
    field = _fields(tmp_path, f"CREATE TABLE `t` (n {kind});", "t")["n"]
    assert (field.type, field.minimum, field.maximum) == said


def test_a_number_whose_digits_are_left_open_takes_its_decimals(tmp_path: Path):
    fields = _fields(tmp_path, "CREATE TABLE t (a NUMBER(*,2), b NUMBER(*,0), c VARCHAR2(9));", "t")
    assert [(f.type, f.maximum) for f in fields.values()] == [("number", None), ("integer", None), ("string", None)]


def test_a_limit_is_told_with_all_its_digits(tmp_path: Path):
    field = _fields(tmp_path, "CREATE TABLE t (n DECIMAL(8,2));", "t")["n"]
    assert targets.constraints(field) == "-999999.99 to 999999.99"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a": {"$ref": "other.json#/x"}}}, r"other.json#/x is outside this file.*Bundle"),
        ({"properties": {"a": {"$ref": "https://x.org/s"}}}, r"nothing is fetched"),
        ({"properties": {"a": {"$ref": "#/$defs/gone"}}}, r"there is no #/\$defs/gone in it"),
        (
            {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"up": {"$ref": "#/$defs/n"}}}}},
            r"#/\$defs/n holds itself.*cut the loop",
        ),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/a"}},
                "$defs": {
                    "a": {"type": "array", "items": {"$ref": "#/$defs/b"}},
                    "b": {"allOf": [{"$ref": "#/$defs/a"}]},
                },
            },
            r"#/\$defs/a → #/\$defs/b → #/\$defs/a",
        ),
        ({"type": "string"}, r"nothing in it has properties"),
    ],
)
def test_a_schema_that_no_table_can_hold_says_why(tmp_path: Path, schema: Any, said: str):
    with pytest.raises(TargetError, match=said):
        _machine(tmp_path, schema)


def _of_rows(folder: Path, sample: Path) -> Target:
    with duck.connect() as con:
        return targets.draft_of_rows(con, intake.read(con, [sample], folder / "read").tables, sample)


def test_a_sample_shows_types_units_forms_and_lists(tmp_path: Path):
    picked = random.Random(5)
    rows = [
        f"AB-{1000 + i},{picked.choice(['on', 'off'])},{picked.randint(1, 9) * 8},10.0.0.{i},free text {i},"
        for i in range(60)
    ]
    path = tmp_path / "sample.csv"
    path.write_text("code,state,ram_gb,address,note,empty\n" + "\n".join(rows) + "\n")
    f = {field.name: field for field in _of_rows(tmp_path, path).tables[0].fields}
    assert (f["code"].pattern, f["code"].unique) == (r"^[A-Z]+\-[0-9]+$", True)
    assert (f["state"].allowed, f["ram_gb"].type, f["ram_gb"].unit) == (("off", "on"), "integer", "GB")
    assert (f["address"].type, f["note"].pattern, f["empty"].required) == ("ipv4", None, False)


def test_every_sheet_of_a_workbook_is_a_table(tmp_path: Path):
    import pandas as pd

    path = tmp_path / "Estate 2024.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"name": ["a", "b"], "ram_gb": [8, 16]}).to_excel(book, sheet_name="Servers", index=False)
        pd.DataFrame({"app": ["CRM", "ERP"]}).to_excel(book, sheet_name="Apps", index=False)
    target = _of_rows(tmp_path, path)
    assert {table.name: [f.name for f in table.fields] for table in target.tables} == {
        "servers": ["name", "ram_gb"],
        "apps": ["app"],
    }
    assert target.table("servers").field("ram_gb").unit == "GB"


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("rows.json", '[{"id": "a", "type": "vm"}]', False),
        ("rows.json", '{"servers": [{"id": "a"}]}', False),
        ("broken.json", "{", False),
        ("schema.json", '{"properties": {"id": {"type": "string"}}}', True),
        ("list.json", '{"type": "array", "items": {"type": "object"}}', True),
        ("api.json", '{"openapi": "3.0.0", "components": {}}', True),
        ("api.yaml", "openapi: 3.0.0", True),
        ("dump.SQL", "create table t (a int)", True),
        ("rows.csv", "a,b", False),
    ],
)
def test_a_description_of_tables_is_told_from_rows(tmp_path: Path, name: str, content: str, is_one: bool):
    (tmp_path / name).write_text(content)
    assert targets.describes(tmp_path / name) is is_one


def test_a_schema_may_be_written_in_yaml(tmp_path: Path):
    path = tmp_path / "machine.yaml"
    path.write_text("required: [id]\nproperties:\n  id: {type: string}\n  since: {type: string, format: date}\n")
    assert [(f.name, f.type, f.required) for f in targets.draft(path).tables[0].fields] == [
        ("id", "string", True),
        ("since", "date", False),
    ]


def test_a_drafted_target_loads_and_takes_its_own_sample_without_findings(tmp_path: Path):
    sample = tmp_path / "machines.csv"
    rows = [f"M-{i},{'vm' if i % 3 else 'metal'},{i % 2 == 0},{i * 1.5},2024-01-{i % 28 + 1:02}" for i in range(50)]
    sample.write_text("id,kind,live,load,since\n" + "\n".join(rows) + "\n")
    contract = tmp_path / "mine.yaml"
    contract.write_text(targets.written(_of_rows(tmp_path, sample)))
    target = targets.load(contract)
    with duck.connect() as con:
        found = intake.read(con, [sample], tmp_path / "in", intake.Options())
        own = validation.own_columns(found.tables, target)
        assert own is not None
        verdict = validation.validate(con, found.tables, own, target, tmp_path / "out", today=date(2026, 1, 1))
    assert (verdict.rows_rejected, [f.rule for f in verdict.findings if f.severity == "error"]) == (0, [])


@pytest.mark.parametrize(
    ("text", "name"),
    [(POSTGRES, "a.sql"), (MYSQL, "b.sql"), (SQL_SERVER, "c.sql"), (ORACLE, "d.sql"), (json.dumps(SCHEMA), "e.json")],
)
def test_every_draft_is_a_contract_that_reads_back_the_same(tmp_path: Path, text: str, name: str):
    path = tmp_path / name
    path.write_text(text)
    drafted = targets.draft(path)
    contract = tmp_path / "own.yaml"
    contract.write_text(targets.written(drafted))
    assert targets.load(contract) == drafted


REFERRING = """
CREATE TABLE site (country char(2), code text, PRIMARY KEY (country, code));
CREATE TABLE server (
  id int PRIMARY KEY, name varchar(255) NOT NULL CHECK (length(name) <= 63), country char(2), site text,
  FOREIGN KEY (country, site) REFERENCES site (country, code)
);
CREATE UNIQUE INDEX a ON server (site);
CREATE UNIQUE INDEX b ON server (lower(country));
"""


def test_a_reference_of_several_columns_is_told_of_each(tmp_path):
    server = _fields(tmp_path, REFERRING, "server")
    assert server["country"].description == "refers to site (country, code) with site"
    assert server["site"].description == "refers to site (country, code) with country"
    assert server["country"].references is None


def test_the_stricter_of_two_lengths_and_an_index_of_one_column_hold(tmp_path):
    server = _fields(tmp_path, REFERRING, "server")
    assert server["name"].max_length == 63
    assert [name for name, field in server.items() if field.unique] == ["id", "site"]


@pytest.mark.parametrize(
    "copy",
    [
        "CREATE TABLE old (LIKE server INCLUDING ALL)",
        "CREATE TABLE old LIKE server",
        "CREATE TABLE old () INHERITS (server)",
        "CREATE TABLE old CLONE server",
    ],
    ids=["like", "mysql", "inherits", "clone"],
)
def test_a_table_like_another_has_its_columns(tmp_path, copy):
    old = _fields(tmp_path, f"{REFERRING};{copy};", "old")
    assert list(old) == ["id", "name", "country", "site"]
    assert (old["id"].identity, old["name"].required, old["name"].max_length) == (True, True, 63)


def test_what_comes_before_ones_own_columns_is_inherited(tmp_path):
    script = f"{REFERRING}; CREATE TABLE old (retired date NOT NULL) INHERITS (server);"
    assert list(_fields(tmp_path, script, "old")) == ["id", "name", "country", "site", "retired"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE old (LIKE elsewhere, x int)", "old is like elsewhere, which the script doesn't hold."),
        ("CREATE TABLE p PARTITION OF server FOR VALUES IN (1)", "p is a part of server, and no table of its own."),
        ("CREATE TABLE q AS SELECT 1", "q is made by a query, which doesn't say what its columns are."),
    ],
    ids=["like what isn't there", "partition", "query"],
)
def test_what_a_draft_lacks_of_its_script_is_told(tmp_path, statement, said):
    path = tmp_path / "part.sql"
    path.write_text(f"{REFERRING};{statement};")
    assert targets.draft(path).note.endswith(said)


def test_what_a_schema_asks_and_a_contract_cannot_is_told(tmp_path):
    path = tmp_path / "asset.json"
    ram = {"type": "number", "multipleOf": 0.5, "default": {"minItems": 1}}
    rules = {"if": {"required": ["ram"]}, "then": {"required": ["not"]}}
    path.write_text(json.dumps({"type": "object", "properties": {"ram": ram, "not": {"type": "string"}}} | rules))
    assert targets.draft(path).note.endswith("since a contract has no rule for it: if, multipleOf.")


def test_lists_and_objects_in_a_sample_are_no_list_of_values(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"id": i, "tags": ["a", "b"], "kind": "vm"} for i in range(20)]))
    with duck.connect() as con:
        rows = intake.read(con, [path], tmp_path / "in").tables
        fields = {f.name: f for f in targets.draft_of_rows(con, rows, path).tables[0].fields}
    assert (fields["kind"].allowed, fields["tags"].allowed) == (("vm",), ())


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1.50", "number"),
        ("-0.0", "number"),
        ("007", "string"),
        ("2024-03-01 08:00:00+00", "datetime"),
        ("2024-03-01T08:00:00.123Z", "datetime"),
        ("2024-03-01T08:00+01:30", "datetime"),
        ("2024-03-01 08:00:00", "datetime"),
        ("08:00:00", "string"),
    ],
)
def test_a_sample_writes_numbers_and_moments_as_exports_do(tmp_path, value: str, kind: str):
    path = tmp_path / "rows.csv"
    path.write_text("id,value\n" + "".join(f"h{i},{value}\n" for i in range(30)))
    assert _of_rows(tmp_path, path).tables[0].fields[1].type == kind
