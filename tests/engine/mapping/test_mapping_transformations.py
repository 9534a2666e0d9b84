"""The mini-language: what it reads, what it makes of values, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.transformations.operations import OPERATIONS
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.errors import TransformationError

Applied = Callable[..., list[str | None]]


@pytest.fixture(scope="module")
def applied() -> Applied:
    con = duck.connect()

    def run(text: str, values: Sequence[str | None], **others: Sequence[str | None]) -> list[str | None]:
        fields = {"value": values, **others}
        table = Table(
            name="t",
            path=Path("unread.parquet"),
            columns=columns_named(list(fields)),
            row_count=len(values),
            source=Source(file="t.csv"),
        )
        sql = transformations.compile(transformations.parse(text), table, "value")
        rows = ", ".join("(" + ", ".join("?" for _ in fields) + ")" for _ in values)
        names = ", ".join(duck.name(f) for f in fields)
        cells = [cell for row in zip(*fields.values(), strict=True) for cell in row]
        query = f"SELECT {sql} FROM (SELECT {', '.join(f'{duck.name(f)}::VARCHAR AS {duck.name(f)}' for f in fields)}"
        return [row[0] for row in con.execute(f"{query} FROM (VALUES {rows}) t({names}))", cells).fetchall()]

    return run


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("trim | upper", [" linux ", None, "  "], ["LINUX", None, None]),
        ("trim", ["\ta\n", "\u00a0b\u3000", "\ufeff"], ["a", "b", None]),
        ("title", ["web SERVER", "école d'été"], ["Web Server", "École D'été"]),
        ("to_number", ["-5", ".5", "--5", "-$5", "$-5", "(1,200.50)", "5\u00a0€"],
         ["-5", ".5", None, "-5", "-5", "-1200.50", "5"]),
        ('to_number(",")', ["1.234,56", "1'234,5", "1,234.56"], ["1234.56", "1234.5", None]),
        ('parse_date("%d/%m/%Y")', ["31/12/24", "29/02/2023"], [None, None]),
        ('parse_date("%d/%m/%Y", "%d/%m/%y")', ["31/12/24", "31/12/2024"], ["2024-12-31", "2024-12-31"]),
        ('parse_date("%Y-%m-%dT%H:%M:%S%z")', ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00+02:00"],
         ["2024-01-01 10:00:00", "2024-01-01 08:00:00"]),
        ('parse_date("excel", "epoch")', ["45292", "1700000000"], ["2024-01-01 00:00:00", "2023-11-14 22:13:20"]),
        ('split("|", 1) | replace("%", " percent")', ["a|50%", "b"], ["50 percent", None]),
        ("constant('it\\'s \"|\"')", ["x"], ["it's \"|\""]),
        ('map_values({"a|b": "x, \\"y\\"", "*": "%s"})', ["A|B", "c"], ['x, "y"', "%s"]),
        ('coalesce("none")', [" \t", None, "x"], ["none", "none", "x"]),
        ("snake_case", ["HTTPServerName", "größeÜber"], ["http_server_name", "größe_über"]),
        ("camelCase", ["HTTPServer"], ["httpServer"]),
        ("to_integer", ["00123", "16.0", "16.5", "1,024", "many"], ["123", "16", None, "1024", None]),
        ("to_number", ["1,024.50", "1.5e3", "3,14"], ["1024.50", "1.5e3", None]),
        ("to_boolean", ["Yes", "0", "maybe"], ["true", "false", None]),
        ("round(1)", ["2.345", "x"], ["2.3", None]),
        ('parse_date("%d/%m/%Y")', ["31/12/2024", "12/31/2024"], ["2024-12-31", None]),
        ('parse_date("%Y-%m-%d %H:%M", "%d.%m.%Y")', ["2024-05-01 10:30"], ["2024-05-01 10:30:00"]),
        ('parse_date("%d/%m/%Y")', ["2024-12-31", "2024-12-31 10:30:00", "2024"], ["2024-12-31", None, None]),
        ('parse_date("%d/%m/%Y %H:%M")', ["2024-12-31", "2024-12-31 10:30"],
         ["2024-12-31 00:00:00", "2024-12-31 10:30:00"]),
        ('parse_date("%Y-%d-%m")', ["2024-01-02", "2024-01-31"], ["2024-02-01", None]),
        ('parse_date("%d %B %Y [fr]", "%d-%B-%y [fr]", "%d/%m/%Y")',
         ["1 FÉVR. 2022", "3 aout 2020", "06-avr.-15", "31/12/2024", "2022-02-01", "5 Mrz 2020", "31 juin 2020"],
         ["2022-02-01", "2020-08-03", "2015-04-06", "2024-12-31", "2022-02-01", None, None]),
        ('parse_date("%d. %B %Y %H:%M [de]")', [" 12. März 2020 09:15 "], ["2020-03-12 09:15:00"]),
        ('replace("janvier", "January") | parse_date("%d %B %Y")', ["3 janvier 2020"], ["2020-01-03"]),
        ('map_values({"prd": "Production", "dev": "Dev"})', ["PRD ", "test"], ["Production", None]),
        ('map_values({"prd": "Production", "*": "Other"})', ["PRD", "test", None], ["Production", "Other", None]),
        ('lookup({"a": "b"})', ["a", "A"], ["b", "A"]),
        ('split(",", 0)', ["10.0.0.1, 10.0.0.2"], ["10.0.0.1"]),
        ('split(",", -1)', ["10.0.0.1, 10.0.0.2"], ["10.0.0.2"]),
        ('split(",", 5)', ["one"], [None]),
        (r'regex_extract("(\d+) cores")', ["8 cores", "none"], ["8", None]),
        ("camelCase", ["Total disk-size"], ["totalDiskSize"]),
        ("snake_case", ["TotalDisk size"], ["total_disk_size"]),
        ("mask(4)", ["1234567890", "short"], ["******7890", "*****"]),
        ('constant("x")', [None, "y"], ["x", "x"]),
        ('replace(";", ",")', ["a;b"], ["a,b"]),
    ],
)  # fmt: skip
def test_an_operation_converts_or_gives_null(
    applied: Applied, text: str, before: list[str | None], after: list[str | None]
):
    assert applied(text, before) == after


def test_a_unit_written_beside_a_value_wins_over_the_stated_one(applied: Applied):
    values = ["16", "16 GB", "512MB", "512M", "1.5 TiB", "1,5 GB", "1.024,5 MB", "16\u00a0Go", "8 GHz", "lots"]
    megabytes = ["16384", "16384", "512", "512", "1572864", "1536", "1024.5", "16384", None, None]
    assert applied('convert("GB","MB")', values) == megabytes


def test_an_empty_field_takes_its_separator_away(applied: Applied):
    joined = applied('concat(value, " - ", second)', ["a", "a", None, None], second=["b", None, "b", None])
    assert joined == ["a - b", "a", "b", None]


def test_coalesce_takes_the_first_that_is_there(applied: Applied):
    assert applied('trim | coalesce(second, "none")', [" a", "  ", None], second=["x", "y", None]) == ["a", "y", "none"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing is written"),
        ("trim |", "at character 7"),
        ("trimm", "did you mean 'trim'"),
        ("trim upper", "operations are joined by |"),
        ('constant("x', "a quote is never closed"),
        ('convert("GB","MHz")', "can't become"),
        ('split(",")', "which part to keep"),
        ('regex_extract("(")', "no pattern"),
        ('parse_date("dd")', "is no format"),
        ('parse_date("%d %B %Y [xx]")', "knows no names of months in 'xx': there are en, de, fr, es, it, nl, pt"),
        ('parse_date("%d %m %Y [fr]")', 'has no "%B" for the name of the month'),
        ("trim | upper(1)", "at character 8: upper takes no arguments"),
        ("constant(x)", "a text in quotes, or a number"),
        ("to_int", "did you mean 'to_integer'?"),
        ("TRIM", "did you mean 'trim'?"),
        ('split(",", 99999999999999999999)', "which part to keep, a whole number of at most"),
        ('split(",", -99999999999999999999)', "which part to keep, a whole number of at most"),
        ("mask(99999999999999999999)", "a whole number of at most"),
        ('regex_extract("(a)", 2)', "has no group 2"),
        ('map_values({"a"})', "a pair is old: new"),
    ],
)
def test_what_cant_be_parsed_is_told_with_its_place_and_a_way_out(text: str, told: str):
    with pytest.raises(TransformationError) as refused:
        transformations.parse(text)
    assert told in str(refused.value)


def test_an_unknown_column_is_refused_with_the_nearest(applied: Applied):
    with pytest.raises(TransformationError, match="did you mean 'value'"):
        applied("concat(value, valeu)", ["a"])


def test_losses_are_told_by_operation():
    told = transformations.parse('trim | split(",", 0) | to_integer').losses
    assert [loss.split(":")[0] for loss in told] == ["split", "to_integer"]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_says_how_it_is_written(operation):
    parsed = transformations.parse(operation.signature)
    assert parsed.steps[0].operation == operation.name


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
_written = st.one_of(
    st.sampled_from(["trim", "upper", "to_integer", "to_number", "to_boolean", "round", "camelCase", "snake_case"]),
    st.sampled_from(["mask", "hash", 'convert("MB","GB")', 'split(",",0)', r'regex_extract("(\w+)$")']),
    st.sampled_from(['parse_date("%d/%m/%Y")', 'parse_date("%Y")', 'coalesce("x")', 'concat("<", value, ">")']),
    st.dictionaries(_texts, _texts, min_size=1).map(
        lambda pairs: str(transformations.Step("map_values", (tuple(pairs.items()),)))
    ),
)
_pipelines = st.lists(_written, min_size=1, max_size=3).map(" | ".join)
_values = st.one_of(st.none(), _texts, st.floats().map(str), st.integers().map("{} GB".format), st.dates().map(str))


@settings(max_examples=60, deadline=None)
@given(_pipelines, st.lists(_values, min_size=1, max_size=5))
def test_no_value_makes_a_transformation_fail(applied: Applied, text: str, values: list[str | None]):
    assert len(applied(text, values)) == len(values)


@settings(deadline=None)
@given(_pipelines)
def test_what_is_written_is_read_back(text: str):
    parsed = transformations.parse(text)
    assert transformations.parse(str(parsed)) == parsed


def test_the_page_on_transformations_tells_of_every_operation():
    page = (Path(__file__).parents[3] / "docs" / "transformations.md").read_text(encoding="utf-8")
    untold = [o.name for o in OPERATIONS.values() if f"| `{o.signature}` | {o.does} | {o.loses or '–'} |" not in page]
    assert untold == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("to_integer", "a whole number"),
        ('convert("GB","MB")', "a number in GB"),
        ('parse_date("%d/%m/%Y", "%Y")', "a date as %d/%m/%Y, %Y"),
        ('map_values({"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "{f}": "6"})', "one of a, b, c, d, e, …"),
        ("upper", ""),
    ],
)
def test_a_step_says_what_a_value_has_to_be(text: str, wanted: str):
    (step,) = transformations.parse(text).steps
    assert step.reads == wanted
