"""Destinations: results arrive whole or not at all, again without a trace, and passwords are told to nobody."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import fsspec
import psycopg
import pytest
from pydantic import SecretStr

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.delivery import DeliveredFile, Delivery, Manifest
from discovery_pipeline.engine.delivery.bundle import MANIFEST, signed
from discovery_pipeline.errors import ServerError, SettingsError
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.destinations import Folder, Results, destination, of_flow
from discovery_pipeline.store.postgres.server import EmbeddedServer

Make = Callable[..., Results]
HEADER = [field.name for field in targets.load("aws").tables[0].fields]


@pytest.fixture
def results(tmp_path: Path) -> Make:
    """Results with a target file of these hosts, in one file or two."""

    def make(name: str, *files: Sequence[str], header: Sequence[str] = HEADER) -> Results:
        folder = tmp_path / name
        folder.mkdir()
        delivered = []
        for number, hosts in enumerate(files, start=1):
            path = folder / ("aws.csv" if number == 1 else f"aws-{number}.csv")
            with path.open("w", encoding="utf-8", newline="") as text:
                rows = csv.DictWriter(text, header, lineterminator="\n")
                rows.writeheader()
                rows.writerows({"HostName": host} for host in hosts)
            delivered.append(
                DeliveredFile(target_table="server", path=path.name, row_count=len(hosts), byte_size=1, sha256="")
            )
        (folder / "report.html").write_text(name)
        signed(folder)
        return Results(folder, [Delivery(target="aws", files=tuple(delivered))], [targets.load("aws")])

    return make


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"memory://{tmp_path.name}/out" if request.param == "memory" else (tmp_path / "bucket").as_uri()


def there(url: str) -> dict[str, str]:
    """What a reader of the bucket finds, by the names that the folder of results had."""
    with fsspec.open(f"{url}/{MANIFEST}", "rt") as text:
        told = Manifest.model_validate_json(text.read())
    found = {}
    for file in told.files:
        with fsspec.open(f"{url}/{file.path}", "rt") as text:
            found[file.path.partition("/")[2]] = text.read()
    return found


def folders(url: str) -> set[str]:
    files, base = fsspec.core.url_to_fs(url)
    return {path.rpartition("/")[2] for path in files.ls(base, detail=False)}


def test_a_bucket_holds_what_the_folder_does(results: Make, url: str):
    made = results("january", ["web01"])
    place = destination(url)
    place.check()
    place.publish(made)
    assert there(url) == {n: (made.folder / n).read_text() for n in ("aws.csv", "report.html")}


def test_a_later_delivery_takes_the_place_of_the_earlier_one_which_stays_readable(results: Make, url: str):
    for name in ("january", "march", "june"):
        destination(url).publish(results(name, [name]))
        assert there(url)["report.html"] == name
    assert len(folders(url)) == 3  # the manifest, June, and March


def test_the_same_delivery_again_changes_nothing(results: Make, url: str):
    made = results("january", ["web01"])
    destination(url).publish(made)
    before = folders(url)
    destination(url).publish(made)
    assert folders(url) == before


def test_a_delivery_that_is_cut_short_leaves_the_earlier_one(
    results: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"memory://{tmp_path.name}/cut"
    destination(url).publish(results("january", ["web01"]))
    files, _ = fsspec.core.url_to_fs(url)
    put = type(files).put_file

    def full(self: object, local: str, remote: str, **more: object) -> None:
        if remote.endswith("report.html"):
            raise OSError(28, "No space left on device")
        put(self, local, remote, **more)

    june = results("june", ["web02"])
    with monkeypatch.context() as patch:
        patch.setattr(type(files), "put_file", full)
        with pytest.raises(ServerError, match="No space left"):
            destination(url).publish(june)
    assert there(url)["report.html"] == "january"
    destination(url).publish(june)
    assert there(url)["report.html"] == "june"


def test_a_bucket_with_other_files_is_left_as_it_is(results: Make, url: str):
    with fsspec.open(f"{url}/other.txt", "wt") as text:
        text.write("mine")
    with pytest.raises(SettingsError, match="no delivery wrote"):
        destination(url).check()
    with pytest.raises(SettingsError, match="no delivery wrote"):
        destination(url).publish(results("january", ["web01"]))
    assert folders(url) == {"other.txt"}


def test_a_kind_of_url_that_nobody_knows_is_a_sentence():
    with pytest.raises(SettingsError, match="nowhere://bucket"):
        destination("nowhere://bucket").check()


@pytest.fixture
def address(server: EmbeddedServer) -> Iterator[str]:
    """The address of an empty database."""
    name = f"target_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name}")
        yield f"postgresql://postgres@/{name}?host={server.sockets}"
        operator.execute(f"drop database {name} with (force)")


@pytest.fixture
def table(address: str) -> str:
    """The address of a table that isn't there yet."""
    return f"{address}&table=inventory"


def hosts(address: str, name: str = "inventory") -> list[str]:
    with psycopg.connect(address) as session:
        return [host for (host,) in session.execute(f'select "HostName" from {name} order by 1').fetchall()]


def test_rows_go_into_a_table_in_place_of_earlier_ones(results: Make, table: str, address: str):
    destination(table).check()
    destination(table).publish(results("january", ["web01", "web02"], ["web03"]))
    assert hosts(address) == ["web01", "web02", "web03"]
    june = results("june", ["web02"])
    for _ in range(2):
        destination(table).publish(june)
        assert hosts(address) == ["web02"]


def test_a_failed_delivery_leaves_the_earlier_rows(results: Make, table: str, address: str):
    destination(table).publish(results("january", ["web01"]))
    torn = results("june", ["web02"])
    (torn.folder / "aws.csv").write_text(",".join(f'"{h}"' for h in HEADER) + "\nweb03\n")
    with pytest.raises(ServerError, match="Nothing there has changed") as told:
        destination(table).publish(torn)
    assert "web03" not in str(told.value)
    assert hosts(address) == ["web01"]


def test_other_columns_make_the_table_anew(results: Make, table: str, address: str):
    destination(table).publish(results("january", ["web01"]))
    destination(table).publish(results("june", ["web02"], header=["HostName", "Owner"]))
    with psycopg.connect(address) as session:
        assert session.execute("select * from inventory").fetchall() == [("web02", None)]


def test_a_target_without_rows_this_time_has_none_in_its_table(results: Make, table: str, address: str):
    destination(table).publish(results("january", ["web01"]))
    nothing = results("june")
    destination(table).publish(nothing)
    assert hosts(address) == []


def test_several_targets_have_a_table_each(results: Make, table: str, address: str):
    made = results("january", ["web01"])
    both = Results(made.folder, made.deliveries, [targets.load("aws"), targets.load("azure")])
    destination(table).publish(both)
    assert hosts(address, "inventory_aws") == ["web01"]


def test_a_table_that_no_delivery_made_is_left_as_it_is(results: Make, table: str, address: str):
    with psycopg.connect(address) as session:
        session.execute("create table inventory (id int)")
    with pytest.raises(SettingsError, match="left as it is"):
        destination(table).check()
    with pytest.raises(SettingsError, match="left as it is"):
        destination(table).publish(results("january", ["web01"]))


@pytest.mark.parametrize(
    "out",
    ["postgresql://me:hunter2@127.0.0.1:1/estate?table=t", "postgresql://me:hunter2@127.0.0.1:1/estate"],
)
def test_no_message_holds_a_password(out: str):
    place = destination(out)
    with pytest.raises((ServerError, SettingsError)) as told:
        place.check()
    for said in (str(told.value), str(place), repr(place)):
        assert "hunter2" not in said
    assert "hunter2" not in str(destination("ftp://me:hunter2@host/place"))


def test_a_folder_is_a_destination_as_ever(results: Make, tmp_path: Path):
    place = destination(str(tmp_path / "out"))
    assert isinstance(place, Folder)
    place.check()
    place.publish(results("january", ["web01"]))
    assert (tmp_path / "out" / "aws.csv").exists()


def test_every_flow_has_a_place_of_its_own_where_the_settings_name_one(store: Store, tmp_path: Path):
    flow = store.create_flow(store.default_tenant(), "June", "servicenow", "aws")
    assert of_flow(store.settings, flow) is None
    named = store.settings.model_copy(update={"deliveries_url": SecretStr("ftp://me:hunter2@host/landing/")})
    assert str(of_flow(named, flow)) == f"ftp://host/landing/{flow.client_account_id}/{flow.engagement_id}/{flow.slug}"
