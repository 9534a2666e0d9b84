"""The user's own dictionaries: what they add is found with them only, and a fault in one is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery_pipeline.engine import mapping
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.knowledge import own, using
from discovery_pipeline.engine.mapping.knowledge.model import Own
from discovery_pipeline.engine.mapping.matcher.words import Reader
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.errors import KnowledgeError

ASSETS = Target(
    name="register",
    title="Register",
    tables=(
        TargetTable(
            name="asset",
            file="asset.csv",
            fields=(
                TargetField(name="Tag", required=True, identity=True),
                TargetField(name="Cost center"),
                TargetField(name="Flux budget", description="what may be spent on it"),
                TargetField(name="Custodian"),
            ),
        ),
    ),
)


def _folder(place: Path, **files: str) -> Path:
    for name, text in files.items():
        path = place / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return place


def _offered(con, table) -> dict[str, str]:
    found = mapping.suggest(con, (table,), ASSETS)
    return {field.source_field: field.target_field for field in found.assignment}


def test_a_made_up_abbreviation_is_found_only_with_the_dictionary(con, table_of, tmp_path: Path):
    table = table_of("inventory", ["tag", "zqk"], *[(f"T-{n:03}", f"{4000 + n % 3}") for n in range(40)])
    taught = own.read(_folder(tmp_path / "own", abbreviations="zqk: cost center\n"))

    assert "zqk" not in _offered(con, table)
    with using(taught):
        assert _offered(con, table)["zqk"] == "Cost center"
    assert "zqk" not in _offered(con, table), "nothing of it stays"


def test_a_made_up_systems_field_is_found_only_with_the_dictionary(con, table_of, tmp_path: Path):
    table = table_of("inventory", ["tag", "x_glorb_7"], *[(f"T-{n:03}", f"anna{n % 5}") for n in range(40)])
    taught = own.read(
        _folder(
            tmp_path / "own",
            fields="custodian: {about: any, names: [custodian, keeper]}\n",
            systems__glorbware="custodian: [x_glorb_7]\n",
        )
    )

    assert "x_glorb_7" not in _offered(con, table)
    with using(taught):
        assert _offered(con, table)["x_glorb_7"] == "Custodian"


def test_a_synonym_stands_for_what_its_word_stands_for_already(tmp_path: Path):
    taught = own.read(_folder(tmp_path, synonyms="e mail: [brieftaube]\n"))
    with using(taught):
        assert Reader().words("Brieftaube") == Reader().words("mail") == ("email",)


def test_words_for_values_are_known_in_every_list_that_holds_one_of_them(tmp_path: Path):
    field = TargetField(name="stage", allowed=("Production", "Test"))
    taught = own.read(_folder(tmp_path, vocabularies="production: [ring-0]\n"))

    assert vocabularies.matched(field, [("RING-0", 3)])[0].target is None
    with using(taught):
        (match,) = vocabularies.matched(field, [("RING-0", 3)])
    assert (match.target, match.reason) == ("Production", "another word for it")


def test_a_word_that_may_mean_two_of_the_listed_values_is_left_to_a_person(tmp_path: Path):
    field = TargetField(name="kind", allowed=("Production", "Pilot"))
    with using(own.read(_folder(tmp_path, vocabularies="production: [p1]\npilot: [p1]\n"))):
        assert vocabularies.matched(field, [("P1", 1)])[0].target is None


def test_words_that_yaml_would_read_as_answers_are_words(tmp_path: Path):
    taught = own.read(_folder(tmp_path, abbreviations="no: number\non: order number\n"))
    assert taught.abbreviations == (("no", "number"), ("on", "order number"))


def test_no_folder_and_empty_files_add_nothing(tmp_path: Path):
    assert own.read(tmp_path / "nowhere") == Own()
    assert len(own.read(_folder(tmp_path, abbreviations="# to be filled\n", synonyms=""))) == 0


def test_the_shipped_dictionaries_are_as_well_formed_as_the_users_must_be(tmp_path: Path):
    shipped = Path(knowledge.__file__).parent
    for name in ("abbreviations", "synonyms", "vocabularies"):
        (tmp_path / f"{name}.yaml").write_text((shipped / f"{name}.yaml").read_text())
    own.read(tmp_path)


FAULTS = [
    ({"abbreviations": "cc: cost center\nzz:\n"}, ["abbreviations.yaml, line 2", "'zz' stands for nothing"]),
    ({"abbreviations": "cc: cost center\nCC: carbon copy\n"}, ["line 2", "stands on line 1, too"]),
    ({"abbreviations": "two words: x\n"}, ["line 1", "not one word"]),
    ({"abbreviations": "- cc\n- dd\n"}, ["line 1", "`word: meaning` is wanted"]),
    ({"abbreviations": "a: [x\nb: y\n"}, ["abbreviations.yaml, line 2", "not valid YAML"]),
    ({"synonyms": "owner: [keeper]\nuser: [keeper]\n"}, ["synonyms.yaml, line 2", "'keeper' means 'owner' on line 1"]),
    ({"synonyms": "owner: {a: b}\n"}, ["line 1", "needs words, as in `owner: [one, another]`"]),
    ({"fields": "custodian: {about: gods, names: [x]}\n"}, ["fields.yaml, line 1", "'gods'", "server"]),
    ({"fields": "custodian: {names: [x], weight: 3}\n"}, ["'weight'", "only about and names"]),
    ({"systems__acme": "memory sise: [mem_x]\n"}, ["systems/acme.yaml, line 1", "Did you mean 'memory size'?"]),
    ({"abreviations": "cc: cost center\n"}, ["abreviations.yaml: no dictionary has this name", "systems/NAME.yaml"]),
]


@pytest.mark.parametrize(("files", "said"), FAULTS, ids=lambda p: next(iter(p)) if isinstance(p, dict) else "")
def test_a_fault_is_said_with_its_file_its_line_and_what_to_do(tmp_path: Path, files: dict[str, str], said: list[str]):
    with pytest.raises(KnowledgeError) as raised:
        own.read(_folder(tmp_path, **files))
    for part in said:
        assert part in str(raised.value)


def test_every_fault_of_every_file_is_said_at_once(tmp_path: Path):
    with pytest.raises(KnowledgeError, match=r"abbreviations.yaml, line 1.*synonyms.yaml, line 1.*systems/a.yaml"):
        own.read(_folder(tmp_path, abbreviations="zz:\n", synonyms="a: []\n", systems__a="nonsense: [b]\n"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "synonyms.yaml").write_bytes(b"\xff\xfe\x00k")
    with pytest.raises(KnowledgeError, match=r"synonyms.yaml, line 1: can't be read .* UTF-8"):
        own.read(tmp_path)


def test_without_own_words_all_that_was_worked_out_before_holds(tmp_path: Path):
    read = []

    @knowledge.remembered(1)
    def worked_out() -> int:
        read.append(len(knowledge.synonyms()))
        return read[-1]

    worked_out()
    with using(own.read(tmp_path / "nothing")):
        worked_out()
    assert len(read) == 1
    with using(Own(synonyms=(("custodian", ("keeper",)),))):
        assert worked_out() > read[0]
