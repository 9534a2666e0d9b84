"""Names: taken apart, written out, and compared; units read from them."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import concepts, dimensions, fields, names, samples, subjects
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side, Stated
from discovery_pipeline.engine.mapping.matcher.words import Reader


def _side(name: str, *columns: str) -> Side:
    return fields.of_schema(name, [Stated(c) for c in columns])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("IPAddress", ("ip address",)),
        ("u_avg_cpu_util", ("average", "processor", "used")),
        ("VMware.VCenterId", ("vmware", "vcenter", "identifier")),
        ("custAddr", ("customer", "address")),
        ("jrnlNm", ("journal", "name")),
        ("hostname", ("hostname",)),
        ("Prénom", ("first name",)),
        ("Memory (In MB)", ("memory",)),
        ("Espace disque (Go)", ("disk",)),
        ("價格", ("price",)),
        ("商品名稱", ("product", "name")),
        ("商品特價", ("商品特價",)),
        ("bytes in", ("byte", "inbound")),
        ("Network In throughput", ("network", "inbound", "throughput")),
        ("bytes received", ("byte", "inbound")),
        ("Net out KB/s", ("network", "outbound")),
        ("RCVD_QTY", ("inbound", "quantity")),
        ("Network (in KB)", ("network",)),
        ("Betr.-Syst.", ("operating system",)),
        ("Rechnungsbetrag", ("invoice", "amount")),
        ("N° de série", ("serial number",)),
        ("quantityordered", ("quantity", "ordered")),
        ("present", ("present",)),
        ("Required Version", ("required", "version")),
        ("OsVersion(optional)", ("operating system", "version")),
        ("OSname", ("operating system", "name")),
        ("OScode", ("operating system", "code")),
        ("VMname", ("virtual machine", "name")),
        ("iPhone", ("i", "phone")),
        ("RAM Gio", ("memory",)),
        ("Memory (megabytes)", ("memory",)),
        ("Asset Tag", ("asset tag",)),
        ("Asset Tags", ("tag",)),
        ("Floor", ("floor",)),
        ("strg_usg", ("disk", "used")),
        ("42", ("42",)),
        ("---", ("---",)),
        ("", ()),
    ],
)
def test_a_name_is_put_into_usual_words(name: str, words: tuple[str, ...]):
    assert Reader().words(name) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Nazwa serwera", ("hostname",)),
        ("Wersja systemu", ("operating system version",)),
        ("Liczba rdzeni", ("core count",)),
        ("Wlasciciel", ("owner",)),
        ("Antal kärnor", ("core count",)),
        ("Miljø", ("environment",)),
        ("Miljoe", ("environment",)),
        ("Antall kjerner", ("core count",)),
        ("Paměť (GB)", ("memory",)),
        ("Palvelimen nimi", ("hostname",)),
        ("İşletim Sistemi", ("operating system",)),
        ("SUNUCU ADI", ("hostname",)),
        ("Aantal CPU's", ("processor count",)),
        ("CPU数", ("processor count",)),
        ("コア数", ("core count",)),
        ("メモリ(GB)", ("memory",)),
        ("ディスク容量(GB)", ("disk",)),
        ("OSバージョン", ("operating system version",)),
        ("サーバー説明", ("server", "description")),
        ("クラスター名", ("cluster", "name")),
        ("服务器名称", ("hostname",)),
        ("IP地址", ("ip address",)),
        ("서버명", ("hostname",)),
        ("운영체제 버전", ("operating system version",)),
    ],
)
def test_a_name_in_another_language_is_put_into_usual_words(name: str, words: tuple[str, ...]):
    assert Reader().words(name) == words


def test_a_name_without_spaces_of_which_not_all_is_known_stays_whole():
    assert Reader().words("サーバー霧") == ("サーバー霧",)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("updated_by", ("updated", "by")),
        ("used by", ("used", "by")),
        ("used_for", ("environment",)),
        ("created on", ("created",)),
        ("number of disks by type", ("count", "disk", "type")),
        ("last updated by", ("updated", "by")),
        ("by", ("by",)),
    ],
)
def test_a_particle_at_the_end_stays_with_the_one_word_before_it(name: str, words: tuple[str, ...]):
    assert Reader().words(name) == words


def test_what_is_used_is_no_concept_of_what_something_is_used_for_or_by():
    sizes, whom, what = names.naming([Field("used_mb"), Field("used by"), Field("used for")])
    assert not (sizes * whom).any()
    assert not (sizes * what).any()


def test_dots_part_tables_only_where_every_name_has_them():
    assert [f.group for f in _side("t", "orders.id", "orders.date").fields] == ["orders", "orders"]
    assert [f.group for f in _side("t", "OS.Name", "HostName").fields] == ["", ""]


def test_what_a_trade_calls_by_another_word_is_evidence_of_its_own():
    source = _side("s", "barcode", "vendor_nm", "pax_cnt")
    called = names.compare(source.fields, _side("t", "passengers", "ean", "supplier_name", "colour").fields)
    assert called.trade.argmax(axis=1).tolist() == [1, 2, 0]
    assert called.words[0, 1] < 0.5 < called.trade[0, 1]


def test_the_name_of_its_own_table_may_be_left_out_of_a_columns_name():
    source = _side("s", "PRODUCTS.PRODUCT_IMAGE", "PRODUCTS.PRODUCT_ID")
    called = names.compare(source.fields, _side("t", "LINES.IMAGE", "LINES.ID").fields)
    assert called.same[0, 0] > 0.9
    assert called.same[1, 1] == 0, "an identifier of what?"


def test_a_trades_words_say_nothing_where_the_other_side_has_none_of_them():
    source, target = _side("s", "barcode", "colour"), _side("t", "temperature", "colour")
    called = names.compare(source.fields, target.fields)
    assert (called.trade == called.words).all()


def test_lines_of_trades_hold_words_as_they_are_read():
    said = knowledge.trades()
    assert all(word == word.lower() and others and word not in others for word, others in said.items())
    assert all(word in said[other] for word, others in said.items() for other in others)


def test_synonyms_abbreviations_and_concepts_bring_names_together():
    source = _side("s", "surname", "qty", "cpu_count")
    called = names.compare(source.fields, _side("t", "last_name", "quantity", "Number of processors").fields)
    assert called.words.argmax(axis=1).tolist() == [0, 1, 2]
    assert called.same.diagonal().tolist() == [1.0, 1.0, 1.0]
    assert called.concept[2, 2] == 1.0


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (("hr", "bp"), ("heart_rate", "body_temperature")),
        (("principal", "status"), ("principal_sum", "primary_branch")),
        (("tumor_grade", "tumor_size"), ("grade", "score")),
    ],
    ids=["initials of the other side's words", "as written", "a word that may mean something else"],
)
def test_the_best_of_a_names_readings_counts(source: tuple[str, ...], target: tuple[str, ...]):
    called = names.compare(_side("s", *source).fields, _side("t", *target).fields)
    assert called.words[0].argmax() == 0


def test_what_all_names_of_a_table_begin_with_says_nothing():
    source = _side("s", "DWHSRVNAME", "DWHSRVIPADDR", "DWHSRVOSVER", "DWHSRVRAM", "DWHSRVSERNO")
    called = names.compare(source.fields, _side("t", "ip_address", "os_version", "memory", "serial_number").fields)
    assert called.words[1:].argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("mark", ["0", "__c", "_s", "-01"])
def test_a_mark_that_nearly_all_names_of_a_table_end_in_says_nothing(mark: str):
    plain = ("Name", "Model", "NumberOfProcessors", "SerialNumber", "TotalPhysicalMemory")
    side = _side("s", *(f"{name}{mark}" for name in plain), "LastHWScan")
    assert tuple(field.own for field in side.fields) == (*plain, "LastHWScan")
    assert (names.naming(side.fields)[:-1].max(axis=1) == 1).all()


@pytest.mark.parametrize(
    "columns",
    [
        ("Disk1", "Disk2", "Disk3", "Disk4", "Disk5"),
        ("Name0", "Model0", "Serial0", "RAM0"),
        ("Zone", "Name", "Site", "State", "Purpose"),
        ("q1", "a1", "b", "c1", "d"),
    ],
    ids=["a number of its own", "too few", "a letter of words", "not nearly all"],
)
def test_what_tells_names_apart_or_is_part_of_words_is_no_mark(columns: tuple[str, ...]):
    assert tuple(field.own for field in _side("s", *columns).fields) == columns


def test_a_mark_stays_where_the_name_stands_without_it_too():
    columns = ("Name", "Name0", "Model0", "Serial0", "Memory0", "Cores0", "Owner0")
    assert tuple(f.own for f in _side("s", *columns).fields)[:3] == ("Name", "Name0", "Model")


@pytest.mark.parametrize(
    ("header", "unit"),
    [("RAM (GB)", "GB"), ("mem_mb", "MB"), ("RAM.TotalSizeInMB", "MB"), ("cpu_pct", "percent"), ("name", None)],
)
def test_a_header_states_its_unit(header: str, unit: str | None):
    found = units.in_header(header)
    assert (found.name if found else None) == unit


def test_sizes_count_in_1024s():
    assert units.factor("GB", "MB") == 1024
    assert units.factor("GiB", "GB") == 1
    assert units.factor("GB", "MHz") is None


@pytest.mark.parametrize(
    ("table", "columns", "about"),
    [
        ("export", ("ip_address", "os_version", "ram_gb"), "server"),
        ("cmdb_rel_ci", ("parent", "child", "type"), "relation"),
        ("employees", ("id", "first_name", "last_name"), "person"),
        ("cmdb_ci_ip_switch", ("ip_address", "host_name", "mac_address", "serial_number"), "network device"),
        ("hypervisors", ("name", "ip_address", "os_version", "ram_gb"), "hypervisor"),
        ("sheet1", ("a", "b"), None),
    ],
)
def test_a_table_tells_what_it_is_about(table: str, columns: tuple[str, ...], about: str | None):
    side = _side(table, *columns)
    assert subjects.of(side, names.naming(side.fields)) == about


@pytest.mark.parametrize(
    ("roles", "about"),
    [
        (("Hypervisor", "Access Switch"), "hypervisor"),
        (("Hypervisor", "Server"), None),
        (("Web", "Hypervisor"), "server"),
    ],
    ids=["all beside servers", "servers among them", "not said of each"],
)
def test_rows_say_by_their_role_in_a_rack_what_they_are(con, table_of, roles: tuple[str, ...], about: str | None):
    rows = ((f"n{i}", role, "R1", f"10.0.0.{i}", "ACME") for i, role in enumerate(roles * 4))
    devices = table_of("devices", ["name", "role", "rack", "ip_address", "os_version"], *rows)
    side = fields.of_table(devices, samples.take(con, devices))
    assert subjects.of(side, names.naming(side.fields)) == about


def test_what_a_guest_may_use_is_what_it_has_and_bytes_since_its_start_are_no_rate():
    known = {"maxmem": "memory size", "maxcpu": "core count", "maxdisk": "disk size", "netin": "network traffic"}
    for name, concept in known.items():
        assert concepts.named(Field(name), concept) == 1.0
    assert concepts.named(Field("netin"), "network received") < 0.9


@pytest.mark.parametrize(
    ("path", "thing"),
    [
        ("tags.application", "application"),
        ("Summary|Runtime|Power State", "power state"),
        ("dmi.product.name", "product name"),
        ("Sede / sala", "location"),
    ],
)
def test_a_name_that_is_a_path_is_called_by_what_it_ends_in_and_one_of_two_by_either(path: str, thing: str):
    known = names.naming(_side("s", path, "os.name", "Hostname").fields)[0]
    assert known.argmax() == names.naming(_side("t", thing).fields)[0].argmax()
    assert known.max() >= 0.9


def test_an_attribute_at_the_end_of_a_path_is_no_name_by_itself():
    system, host = names.naming(_side("s", "os.name", "Host").fields)
    assert not (system * host).any()


def test_what_a_host_needs_to_run_a_machine_is_not_the_memory_that_is_used():
    overhead, used = names.naming(_side("s", "Consumed Overhead", "memory usage").fields)
    assert not (overhead * used).any()


def test_a_common_word_is_no_short_form_of_another():
    sides = [_side("s", "purchase", "directive", "quantity"), _side("t", "phase", "drive", "qnty")]
    called = names.compare(*(side.fields for side in sides))
    assert (called.words.diagonal() >= 0.8).tolist() == [False, False, True]


def test_what_names_one_thing_in_full_is_no_half_of_another():
    reference = names.naming(_side("t", "vm moid").fields)[0].argmax()
    assert names.naming(_side("s", "object id").fields)[0, reference] == 0


@pytest.mark.parametrize(
    "name",
    [
        "# CPU",
        "CPU-Kerne",
        "Anzahl Sockel",
        "Nb processeurs",
        "Cant. núcleos",
        "Nº de núcleos",
        "Aantal CPU's",
        "Liczba rdzeni",
        "Antal kärnor",
        "Počet jader",
        "Suorittimien määrä",
        "CPU sayısı",
        "CPU数",
        "コア数",
        "核心数",
        "코어 수",
    ],
)
def test_counts_are_told_by_words_of_many_languages(name: str):
    assert dimensions.counts(Field(name))


@pytest.mark.parametrize("name", ["CPU", "Nombre de dominio", "Number", "Nr.", "Core Speed", "Kern-Version"])
def test_a_word_for_a_number_is_not_yet_a_count(name: str):
    assert not dimensions.counts(Field(name))


@pytest.mark.parametrize(
    ("called", "own"),
    [
        (["ram.display_value", "ram.value", "os.value"], ["ram", "ram", "os"]),
        (["owner.link", "owner.displayValue", "name"], ["owner.link", "owner", "name"]),
        (["tag.key", "tag.value", "id"], ["tag.key", "tag.value", "id"]),
        (["value", "display_value"], ["value", "display_value"]),
    ],
)
def test_how_a_value_is_written_is_no_part_of_a_name(called: list[str], own: list[str]):
    assert [field.own for field in _side("t", *called).fields] == own


@pytest.mark.parametrize(
    ("column", "beside", "concept"),
    [
        ("mem", ("maxmem", "maxcpu"), "memory used average"),
        ("disk", ("maxdisk",), "disk used"),
        ("mem", ("Max Memory",), "memory size"),
    ],
)
def test_beside_what_a_guest_may_use_stands_what_it_uses(column: str, beside: tuple[str, ...], concept: str):
    named = names.naming(_side("s", column, *beside).fields)[0]
    assert [known.name for known, how in zip(knowledge.concepts(), named, strict=True) if how >= 0.9] == [concept]


@pytest.mark.parametrize(
    ("around", "words"), [(["Net in KB/s", "Net out KB/s"], ("network", "inbound")), (["Net in KB/s"], ("network",))]
)
def test_in_is_a_direction_beside_out(around: list[str], words: tuple[str, ...]):
    assert Reader.of(around).words("Net in KB/s") == words


def test_no_is_a_number_and_not_the_initials_of_something():
    found = names.compare(_side("s", "Instance No.").fields, _side("t", "Network Out throughput").fields)
    assert found.concept.max() == 0
