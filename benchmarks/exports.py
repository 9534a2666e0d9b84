"""Made-up exports of one made-up estate, as inventory tools and people write them, against the vendors' contracts.

Headers stand in exports.yaml; values are made here, by rules, so that the truth is known by construction. An export
is matched twice: against the built-in contract, and against a bare list of the contract's fields with their types and
descriptions, as somebody has it who holds only the vendor's template.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import yaml

from discovery_pipeline.engine import duck, intake, targets
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.targets import TargetTable

HEADERS = Path(__file__).with_name("exports.yaml")
SEALED = Path(__file__).with_name("exports_sealed.yaml")
MEANINGS = Path(__file__).with_name("estates.yaml")
SERVERS = 60
_GAPS = "?"  # after a label whose values are often missing

_SYSTEMS = (
    ("Microsoft Windows Server 2019 Standard", "10.0.17763", "Windows", "Microsoft"),
    ("Windows Server 2016 Datacenter", "10.0.14393", "Windows", "Microsoft"),
    ("Red Hat Enterprise Linux 8.6", "8.6", "Linux", "Red Hat"),
    ("Ubuntu 20.04.6 LTS", "20.04", "Linux", "Canonical"),
    ("SUSE Linux Enterprise Server 15 SP4", "15.4", "Linux", "SUSE"),
    ("CentOS Linux 7", "7.9", "Linux", "CentOS"),
)
_HARDWARE = (
    ("Dell Inc.", "PowerEdge R740"),
    ("HPE", "ProLiant DL380 Gen10"),
    ("VMware, Inc.", "VMware Virtual Platform"),
)
_PEOPLE = ("Anna Lang", "Ben Ortiz", "Carla Rossi", "David Kim", "Eva Berg", "Farid Nasser")
_WORDS = {
    "": {"env": ("Production", "Test", "Development"), "status": ("Operational", "Retired", "Maintenance")},
    "de": {"env": ("Produktion", "Test", "Entwicklung"), "status": ("in Betrieb", "außer Betrieb", "in Wartung")},
    "fr": {"env": ("Production", "Recette", "Développement"), "status": ("En service", "Hors service", "En panne")},
    "es": {"env": ("Producción", "Pruebas", "Desarrollo"), "status": ("En servicio", "Fuera de servicio")},
}
_VIRTUAL = {
    "true": ("true", "false"),
    "ja": ("ja", "nein"),
    "y": ("Y", "N"),
    "letter": ("V", "P"),
    "word": ("Virtual", "Physical"),
    "wort": ("virtuell", "physisch"),
    "si": ("Sí", "No"),
    "oui": ("O", "N"),
}
_POWER = {
    "": ("poweredOn", "poweredOn", "poweredOff"),
    "azure": ("VM running", "VM running", "VM deallocated"),
    "aws": ("running", "running", "stopped"),
    "hmc": ("Running", "Not Activated"),
    "on": ("on", "off"),
}
_FLAVORS = {"": ("m1.small", "m1.large", "c1.xlarge"), "aws": ("m5.large", "c5.4xlarge", "t3.micro", "r5.xlarge")}
_REGIONS = {"": ("eu-central-1", "eu-west-1", "us-east-1"), "azure": ("westeurope", "eastus2")}
_PER_MB = {"MB": 1.0, "GB": 1 / 1024, "GiB": 1 / 1024, "KB": 1024.0, "B": 1024.0 * 1024}


class Server:
    """The facts about one server."""

    def __init__(self, number: int) -> None:
        draw = self.draw = random.Random(number)
        self.number = number
        self.site = draw.choice(("fra", "lon", "nyc"))
        self.name = f"{self.site}-{draw.choice(('web', 'app', 'db', 'file'))}-{number:03d}"
        self.system, self.version, self.family, self.publisher = draw.choice(_SYSTEMS)
        self.cores = draw.choice((2, 4, 8, 16, 32))
        self.memory = draw.choice((4, 8, 16, 32, 64, 128)) * 1024  # MB
        self.disk = draw.choice((80, 120, 250, 500, 1000, 2000)) * 1024  # MB
        self.virtual = draw.random() < 0.7
        self.maker, self.model = _HARDWARE[2] if self.virtual else draw.choice(_HARDWARE[:2])

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return f"{self.draw.getrandbits(digits * 4):0{digits}x}"

    def day(self) -> str:
        """A day of the last years."""
        return f"20{self.draw.randint(18, 24)}-{self.draw.randint(1, 12):02d}-{self.draw.randint(1, 28):02d}"


def _size(of: Callable[[Server], float]) -> Callable[[Server, str], str]:
    def written(server: Server, how: str) -> str:
        unit = how.split(maxsplit=1)[0] if how else "MB"
        number = f"{of(server) * _PER_MB[unit]:.2f}".rstrip("0").rstrip(".")
        return f"{number} {unit}" if how.endswith("text") else number

    return written


def _percent(low: float, high: float) -> Callable[[Server, str], str]:
    def written(server: Server, how: str) -> str:
        return f"{server.draw.uniform(low, high):.1f}" + ("%" if how.endswith("text") else "")

    return written


def _number(low: int, high: int) -> Callable[[Server, str], str]:
    return lambda server, _: str(server.draw.randint(low, high))


def _one(*choices: str) -> Callable[[Server, str], str]:
    return lambda server, _: server.draw.choice(choices)


def _mac(server: Server, how: str) -> str:
    digits = "005056" + server.hex(6)
    return digits.upper() if how == "bare" else ":".join(digits[i : i + 2] for i in range(0, 12, 2)).upper()


def _ip(server: Server, how: str) -> str:
    address = f"10.{server.number % 7}.{server.draw.randint(0, 250)}.{server.draw.randint(1, 250)}"
    return f"private={address}" if how == "net" else address


def _speed(server: Server, how: str) -> str:
    megahertz = server.draw.choice((2100, 2400, 2600, 3000))
    return f"{megahertz / 1000:.1f}" if how == "GHz" else str(megahertz)


def _id(server: Server, how: str) -> str:
    match how:
        case "guid":
            return _guid(server, "")
        case "instance":
            return f"i-0{server.hex(16)}"
        case "path":
            return f"/subscriptions/3f0c9a52/resourceGroups/rg-{server.site}/virtualMachines/{server.name}"
        case "number":
            return str(server.number + 4000)
    return server.hex(32)


def _family(server: Server, how: str) -> str:
    if how == "distro":
        return "RedHat" if server.publisher == "Red Hat" else server.system.removeprefix("Microsoft ").split()[0]
    return "Linux/UNIX" if how == "aws" and server.family == "Linux" else server.family


def _place(server: Server, how: str) -> str:
    zone = f"{_REGIONS[''][server.number % 2]}{'ab'[server.number % 2]}"
    return zone if how == "zone" else f"{server.site.upper()} DC{server.number % 2 + 1}"


def _guid(server: Server, _: str) -> str:
    return "-".join(server.hex(n) for n in (8, 4, 4, 4, 12))


def _spoken(kind: str) -> Callable[[Server, str], str]:
    return lambda server, how: server.draw.choice(_WORDS[how if how in _WORDS else ""][kind])


_VALUES: dict[str, Callable[[Server, str], str]] = {
    "id": _id, "hypervisor": _one("VMware"),
    "asset": lambda s, _: f"P{s.draw.randint(10**5, 10**6)}", "bios": _guid,
    "host": lambda s, _: s.name, "vmname": lambda s, _: s.name, "fqdn": lambda s, _: f"{s.name}.corp.example.com",
    "domain": lambda s, _: "corp.example.com", "other": lambda s, _: f"{s.site}{s.number}",
    "ip": _ip, "mac": _mac,
    "os": lambda s, _: s.system, "osguess": lambda s, _: f"{s.family} (64-bit)",
    "ostoken": lambda s, _: f"{s.publisher} {s.family} {s.version}",
    "osversion": lambda s, _: s.version, "osfamily": _family, "osvendor": lambda s, _: s.publisher,
    "servicepack": _one("", "", "SP1"), "arch": _one("x86_64", "64-bit"),
    "cpus": lambda s, _: str(max(1, s.cores // 8)), "vcpus": lambda s, _: str(s.cores),
    "cores": lambda s, _: str(s.cores), "threads": lambda s, _: str(s.cores * 2),
    "cpuspeed": _speed, "cpumodel": _one("Intel(R) Xeon(R) Gold 6248", "AMD EPYC 7543"),
    "memory": _size(lambda s: s.memory), "memavg": _size(lambda s: round(s.memory * s.draw.uniform(0.2, 0.6))),
    "memmax": _size(lambda s: round(s.memory * s.draw.uniform(0.6, 0.99))),
    "provisioned": _size(lambda s: s.disk), "inuse": _size(lambda s: round(s.disk * s.draw.uniform(0.1, 0.9))),
    "small": _size(lambda s: s.draw.randint(100, 5000)),
    "cpuavg": _percent(2, 50), "cpumax": _percent(50, 100), "mempct": _percent(10, 90),
    "readops": _number(1, 3000), "writeops": _number(1, 2000), "readrate": _number(20, 90000),
    "writerate": _number(20, 80000), "netin": _number(5, 9000), "netout": _number(5, 7000),
    "nics": _number(1, 3), "disks": _number(1, 6), "few": _number(1, 8), "load": _percent(0, 4),
    "maker": lambda s, _: s.maker, "model": lambda s, _: s.model, "serial": lambda s, _: s.hex(7).upper(),
    "virtual": lambda s, how: _VIRTUAL[how][0 if s.virtual else 1],
    "power": lambda s, how: s.draw.choice(_POWER[how]),
    "boot": _one("bios", "efi"), "kind": lambda s, _: "virtual" if s.virtual else "physical",
    "env": _spoken("env"), "status": _spoken("status"), "installed": _one("Installed", "In Maintenance", "Retired"),
    "app": _one("SAP ERP", "Web Shop", "Intranet", "Data Warehouse", "CRM"), "wave": _one("1", "2", "3", "4"),
    "tier": _one("Gold", "Silver", "Bronze"), "flag": _one("True", "False"),
    "owner": _one(*_PEOPLE), "person": _one(*_PEOPLE), "support": _one("Linux Ops", "Wintel Ops", "DBA"),
    "department": _one("Finance", "Logistics", "Sales"),
    "location": _place, "region": lambda s, how: s.draw.choice(_REGIONS[how]),
    "room": _one("R1", "R2"), "rack": lambda s, _: f"A{s.number % 20:02d}", "costcenter": _number(4000, 4999),
    "class": lambda s, _: f"{s.family} Server", "cluster": _one("CL-01", "CL-02"), "pool": _one("Resources", "Gold"),
    "esx": lambda s, _: f"esx{s.number % 9:02d}.corp.example.com", "folder": lambda s, _: f"/{s.site}/vm/Prod",
    "path": lambda s, _: f"[ds{s.number % 5}] {s.name}/{s.name}.vmx",
    "vlan": lambda s, _: f"VLAN_{s.number % 12 + 100}",
    "moref": lambda s, _: f"vm-{1000 + s.number}", "vcentername": lambda s, _: f"vc{s.number % 2}.corp.example.com",
    "vcenter": lambda s, _: f"7f1d3e5a-1111-4222-8333-94445555666{s.number % 2}",
    "duration": lambda s, _: f"{s.number}.03:22:11",
    "flavor": lambda s, how: s.draw.choice(_FLAVORS[how]),
    "vmsize": _one("Standard_D4s_v5", "Standard_B2ms", "Standard_E8as_v4"),
    "tenancy": _one("default", "default", "dedicated"),
    "eni": lambda s, _: f"eni-0{s.hex(16)}", "sg": lambda s, _: f"sg-0{s.hex(8)}",
    "subnet": lambda s, _: f"subnet-0a{s.number % 4}", "account": _one("123456789012", "210987654321"),
    "publicip": lambda s, _: f"3.120.{s.number}.{s.draw.randint(1, 250)}",
    "frame": lambda s, _: f"Server-9009-42A-SN78A1B{s.number % 3}0",
    "osboth": _one("AIX 7.2 7200-05-03-2136", "AIX 7.3 7300-01-02-2320", "SLES 15.4"),
    "mail": lambda s, _: f"{s.draw.choice(_PEOPLE).replace(' ', '.').lower()}@example.org",
    "diskpct": _percent(5, 95), "cost": _percent(20, 900), "alarm": _one("Clear", "Clear", "Attention", "Trouble"),
    "warranty": lambda s, _: s.day(),
    "created": lambda s, _: f"{s.day()} 08:14:00", "changed": lambda s, _: f"{s.day()} 17:02:31",
    "lastseen": lambda s, _: f"{s.day()} 02:00:00", "purchased": lambda s, _: s.day(),
    "description": _one("Web front end", "Database node", "", "File server"),
    "comments": _one("", "", "do not touch", "to be retired"),
    "-": lambda s, _: s.hex(6), "constant": lambda _, how: how,
}  # fmt: skip


def written(folder: Path, headers: Path = HEADERS) -> Iterator[tuple[str, Path, list[str]]]:
    """Every export as a file: its name, its path, and the label of each column."""
    for name, columns in yaml.safe_load(headers.read_text(encoding="utf-8")).items():
        said = [value.partition(" ") for value in columns.values()]
        path = folder / f"{name}.csv"
        servers = [Server(number) for number in range(1, SERVERS + 1)]
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows([_written(server, label, how) for label, _, how in said] for server in servers)
        yield name, path, [label.removesuffix(_GAPS) for label, _, _ in said]


def _written(server: Server, label: str, how: str) -> str:
    """A server's value under a label; of one with gaps, every third is missing."""
    missing = label.endswith(_GAPS) and server.draw.random() < 1 / 3
    return "" if missing else _VALUES[label.removesuffix(_GAPS)](server, how)


def wanted() -> Iterator[tuple[str, TargetTable, dict[str, list[str]]]]:
    """The tables of built-in contracts, and by label the fields that hold it."""
    told = yaml.safe_load(MEANINGS.read_text(encoding="utf-8"))["targets"]
    for target, tables in told.items():
        for name, meanings in tables.items():
            table = targets.load(target).table(name)
            kept = tuple(f for f in table.fields if not f.template)
            yield target, table.model_copy(update={"fields": kept}), meanings


def problems(headers: Path = HEADERS) -> Iterator[tuple[str, str, bool, fields.Side, fields.Side, np.ndarray]]:
    """Each export against each contract: names of both, whether the contract is bare, both sides, and the truth."""
    con = duck.connect()
    with tempfile.TemporaryDirectory() as home:
        for name, path, labels in written(Path(home), headers):
            (table,) = intake.read(con, [path], Path(home) / name, intake.Options(header_rows=1)).tables
            source = fields.of_table(table, samples.take(con, table))
            for target, contract, meanings in wanted():
                truth = np.array([[f.name in meanings.get(label, ()) for f in contract.fields] for label in labels])
                yield name, target, False, source, fields.of_target(contract), truth
                stated = [fields.Stated(f.name, f.type, f.description) for f in contract.fields]
                yield name, target, True, source, fields.of_schema(contract.name, stated), truth
