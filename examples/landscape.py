"""The estate as it really is: servers, virtual machines, applications, places, load and what runs on what.

Records only, each drawn from the generator it is given. What goes wrong with them on the way out is in estate.py.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

Record = dict[str, object]

AS_OF = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
"""When the exports were drawn; every date lies before it."""

CITIES = (
    ("München", "DE", "80331"), ("Düsseldorf", "DE", "40210"), ("Zürich", "CH", "8001"), ("Malmö", "SE", "21119"),
    ("Lyon", "FR", "69002"), ("Leeds", "GB", "LS1 4AP"), ("Austin", "US", "78701"), ("Montréal", "CA", "H2Y 1C6"),
)  # fmt: skip
DEPARTMENTS = ("Finance", "Logistics", "Sales", "Human Resources", "Manufacturing", "Research", "IT Operations")
GIVEN = ("Ada", "Birgit", "Chiara", "Dmitri", "Elif", "Farah", "Göran", "Hana", "Imre", "Jonas", "Kofi", "Lucía")
FAMILY = ("Albrecht", "Bergström", "Castel", "Dvorak", "Eze", "Fontaine", "Grünwald", "Haddad", "Ito", "Jansen")
SYSTEMS = ("billing", "crm", "warehouse", "payroll", "intranet", "mes", "portal", "archive", "sensor", "tax", "label")
ROLES = ("web", "app", "db", "mq", "batch", "file")
OS_RELEASES = {
    "Windows Server": ("2012 R2", "2016", "2019", "2022"),
    "Red Hat Enterprise Linux": ("6.10", "7.9", "8.8", "9.3"),
    "Ubuntu Linux": ("18.04", "20.04", "22.04"),
    "SUSE Linux Enterprise Server": ("12 SP5", "15 SP4"),
    "AIX": ("7.1", "7.2"),
}
HARDWARE = {
    "Dell Inc.": ("PowerEdge R640", "PowerEdge R750"),
    "HPE": ("ProLiant DL360 Gen10", "ProLiant DL380 Gen10"),
    "Lenovo": ("ThinkSystem SR650",),
    "IBM": ("Power S924",),
}
USES = {
    "Production": ("Prod", "PRD", "production", "PROD"),
    "Test": ("TST", "test", "QA"),
    "Development": ("Dev", "DEV", "development"),
    "Disaster recovery": ("DR",),
}
STATUSES = {"Operational": ("operational", "OPERATIONAL", "In Use"), "Retired": ("retired",), "Repair in progress": ()}
NOTES = (
    "Patched in the spring window", "Do not restart during month end", 'Vendor support until 2027, "gold" contract',
    "Backup owner: see wiki", "Moved from the old hall,\nrack 12", "Runs the nightly export", "To be retired",
)  # fmt: skip


def server(rng: random.Random, n: int, people: Sequence[tuple[str, str]]) -> Record:
    """A row of cmdb_ci_server."""
    city, country, _ = rng.choice(CITIES)
    system, role = rng.choice(SYSTEMS), rng.choice(ROLES)
    family = rng.choices(list(OS_RELEASES), weights=(38, 30, 16, 10, 6))[0]
    virtual = family != "AIX" and rng.random() < 0.72
    maker = "VMware, Inc." if virtual else "IBM" if family == "AIX" else rng.choice(("Dell Inc.", "HPE", "Lenovo"))
    use = rng.choices(list(USES), weights=(56, 20, 18, 6))[0]
    cores = rng.choices((2, 4, 8, 16, 32), weights=(20, 34, 26, 14, 6))[0]
    memory_gb = cores * rng.choice((2, 4, 4, 8))
    disk_gb = rng.choice((60, 80, 100, 120, 200, 250, 400, 512, 768, 1024, 1536, 2048)) * (2 if role == "db" else 1)
    since = AS_OF - timedelta(days=int(rng.triangular(60, 4200, 1100)))
    retired = rng.random() < 0.05
    seen = AS_OF - timedelta(minutes=rng.randrange(60 * 24 * (700 if retired else 9)))
    name = f"{system}-{role}-{use[0].lower()}{n:05d}"
    _, mailbox = rng.choice(people)
    return {
        "sys_id": f"{rng.getrandbits(128):032x}",
        "name": name,
        "fqdn": f"{name}.{country.lower()}.example.com",
        "ip_address": f"10.{16 + n // 62500}.{n // 250 % 250}.{n % 250 + 2}",
        "mac_address": ":".join(f"{byte:02x}" for byte in (2, 0x50, *rng.getrandbits(32).to_bytes(4, "big"))),
        "os": family,
        "os_version": rng.choice(OS_RELEASES[family]),
        "cpu_count": str(max(cores // 8, 1)),
        "cpu_core_count": str(cores),
        "ram": str(memory_gb * 1024),
        "disk_space": str(disk_gb),
        "used_for": use,
        "operational_status": "Retired" if retired else "Repair in progress" if rng.random() < 0.03 else "Operational",
        "install_date": since.strftime("%Y-%m-%d"),
        "last_discovered": max(seen, since).strftime("%Y-%m-%d %H:%M:%S"),
        "serial_number": f"VM-{rng.getrandbits(40):010X}" if virtual else f"{rng.getrandbits(36):09X}",
        "asset_tag": f"P{1000000 + n:07d}" if rng.random() < 0.9 else "",
        "manufacturer": maker,
        "model_id": "VMware Virtual Platform" if virtual else rng.choice(HARDWARE[maker]),
        "location": city,
        "department": rng.choice(DEPARTMENTS),
        "owned_by": mailbox if rng.random() < 0.94 else "",
        "managed_by": rng.choice(people)[1],
        "support_group": f"{family.split()[0]} {country}",
        "cost": f"{(cores * 21.5 + memory_gb * 3.2 + disk_gb * 0.08) * rng.uniform(0.9, 1.2):.2f}",
        "cost_cc": "EUR" if country in {"DE", "FR"} else {"CH": "CHF", "GB": "GBP", "SE": "SEK"}.get(country, "USD"),
        "virtual": "true" if virtual else "false",
        "comments": rng.choice(NOTES) if rng.random() < 0.35 else "",
    }


def vm(rng: random.Random, server: Record) -> Record:
    """The same server as its hypervisor's inventory has it."""
    country = str(server["fqdn"]).split(".")[1].upper()
    return {
        "VM": server["name"],
        "Powerstate": "poweredOff" if server["operational_status"] == "Retired" else "poweredOn",
        "DNS Name": server["fqdn"],
        "CPUs": int(str(server["cpu_core_count"])),
        "Memory": int(str(server["ram"])),
        "NICs": rng.choice((1, 1, 1, 2)),
        "Total disk capacity MiB": int(str(server["disk_space"])) * 1024,
        "In Use MiB": int(int(str(server["disk_space"])) * 1024 * rng.uniform(0.2, 0.95)),
        "Primary IP Address": server["ip_address"],
        "Cluster": f"{country}-cluster-{rng.randrange(1, 4)}",
        "Host": f"esx{rng.randrange(1, 25):02d}.{country.lower()}.example.com",
        "OS according to the configuration file": f"{server['os']} {server['os_version']} (64-bit)",
        "Creation date": installed(server),
        "VM UUID": f"{rng.getrandbits(128):032x}",
        "Annotation": server["comments"],
    }


def application(rng: random.Random, n: int, people: Sequence[tuple[str, str]]) -> Record:
    """A row of cmdb_ci_appl; owner and tags are nested."""
    owner, mailbox = rng.choice(people)
    return {
        "sys_id": f"{rng.getrandbits(128):032x}",
        "name": f"{SYSTEMS[n % len(SYSTEMS)].capitalize()} {DEPARTMENTS[n // len(SYSTEMS) % len(DEPARTMENTS)]} {n + 1}",
        "version": f"{rng.randrange(1, 9)}.{rng.randrange(20)}.{rng.randrange(10)}",
        "business_criticality": rng.choices(("1 - most critical", "2", "3", "4 - not critical"), (1, 3, 4, 2))[0],
        "install_type": rng.choice(("On premise", "Hosted", "SaaS")),
        "owner": {"name": owner, "email": mailbox},
        "tags": rng.sample(("gdpr", "sox", "public", "24x7", "eol"), rng.randrange(3)),
        "users": rng.randrange(3, 4000),
    }


def locations() -> list[Record]:
    """The places where servers stand."""
    streets = ("Straße der Technik", "Industrigatan", "Rue des Métiers", "Mill Lane")
    return [
        {
            "name": city,
            "street": f"{streets[n % len(streets)]} {n * 7 + 3}",
            "postal_code": postal_code,
            "country": country,
            "floor_area": f"{380 + n * 57},5",
            "contact": f"Leitstand {city}",
        }
        for n, (city, country, postal_code) in enumerate(CITIES)
    ]


def utilisation(rng: random.Random, server: Record) -> Record:
    """A month of load in one row."""
    load = rng.betavariate(2, 5) * 100
    return {
        "ci": server["sys_id"],
        "cpu_avg_percent": round(load, 1),
        "cpu_peak_percent": round(min(load * rng.uniform(1.3, 3.0), 100.0), 1),
        "memory_avg_percent": round(rng.betavariate(5, 3) * 100, 1),
        "disk_iops": int(rng.expovariate(1 / 180)),
        "network_kbps": round(rng.expovariate(1 / 900), 2),
    }


def relations(rng: random.Random, applications: Sequence[Record], servers: Sequence[Record]) -> list[Record]:
    """What runs on what: rows of cmdb_rel_ci."""
    return [
        {
            "sys_id": f"{rng.getrandbits(128):032x}",
            "parent": application["sys_id"],
            "child": server["sys_id"],
            "type": rng.choice(("Runs on::Runs", "Depends on::Used by", "Hosted on::Hosts")),
        }
        for application in applications
        for server in rng.sample(servers, min(rng.randrange(1, 24), len(servers)))
    ]


def installed(server: Record) -> datetime:
    """The day a server was set up."""
    return datetime.fromisoformat(str(server["install_date"]))


def people() -> list[tuple[str, str]]:
    """Names and mailboxes of everybody who owns or runs something."""
    return [(f"{given} {family}", _mailbox(given, family)) for given in GIVEN for family in FAMILY]


def _mailbox(given: str, family: str) -> str:
    plain = f"{given}.{family}".casefold().translate(str.maketrans({"ö": "oe", "ü": "ue", "í": "i"}))
    return f"{plain}@example.com"
