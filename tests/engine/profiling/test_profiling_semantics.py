"""Meanings: told by strict validators, and by the header where a shape proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from discovery_pipeline.engine.profiling import ColumnProfile, headers

Of = Callable[[str, Sequence[str | None]], ColumnProfile]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("a", ["10.0.0.1", "192.168.1.254", "8.8.8.8"], "ipv4"),
        ("a", ["fe80::1", "2001:db8::8a2e:370:7334"], "ipv6"),
        ("a", ["10.0.0.0/8", "192.168.1.0/24"], "cidr"),
        ("a", ["00:1A:2B:3C:4D:5E", "00-1A-2B-3C-4D-5F", "001A.2B3C.4D5E"], "mac"),
        ("a", ["srv1.corp.example.com", "db2.corp.example.com"], "fqdn"),
        ("host", ["alpha", "beta", "gamma"], "hostname"),
        ("name", ["srv-fra-001", "srv-fra-002"], "hostname"),
        ("Gerätename", ["PC-0001", "PC-0002"], "hostname"),
        ("Speicher (MB)", ["8192", "16384"], "ram"),
        ("Mémoire (Go)", ["16,5", "64,0"], "ram"),
        ("Espace disque (Go)", ["1 086", "250"], "disk"),
        ("Nb cœurs", ["4", "8"], "cpu"),
        ("Seriennummer", ["004217", "990013"], "serial"),
        ("Propriétaire", ["Dupont, Élise", "Garçon, Zoé"], "person_name"),
        ("Verantwoordelijke", ["Jan de Vries", "Eva Smit"], "person_name"),
        ("Código postal", ["28013", "08001"], "postal_code"),
        ("a", ["https://example.com/x?y=1", "http://a.b"], "url"),
        ("a", ["ann@example.com", "bo.li@example.co.uk"], "email"),
        ("a", ["+49 30 1234567", "+1 (555) 123-4567"], "phone"),
        ("phone", ["030 1234567", "5551234567"], "phone"),
        ("a", ["123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174001"], "uuid"),
        ("a", ["d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661"], "sys_id"),
        ("server", ["d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661"], "sys_id"),
        ("serial", ["VMW-1A2B3C", "DELL-99X"], "serial"),
        ("version", ["10.8", "7.9"], "version"),
        ("a", ["1.2.3", "10.0.19045"], "version"),
        ("a", ["Windows Server 2019", "RHEL 8.4", "Ubuntu 20.04"], "os_name"),
        ("monthly_cost", ["12.50", "8.25"], "currency"),
        ("a", ["$1,200.50", "$8.25"], "currency"),
        ("cpu_util_pct", ["12", "99"], "percent"),
        ("a", ["12%", "99%"], "percent"),
        ("a", ["Germany", "France", "United States"], "country"),
        ("country", ["DE", "FR", "US"], "country"),
        ("contact", ["Ann Lee", "Jürgen Müller", "O'Neil, Bo"], "person_name"),
        ("customer", ["Acme GmbH", "Globex Corp.", "Umbrella S.A.", "Initech Ltd"], "enumeration"),
        ("zip", ["10115", "80331"], "postal_code"),
        ("a", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"], "iban"),
        ("enabled", ["yes", "no"], "boolean_words"),
        ("environment", ["Prod", "Dev", "Prod", "Dev"], "enumeration"),
        ("birth_date", ["1980-01-31", "1990-02-28"], "birth_date"),
    ],
)
def test_a_column_means_what_its_values_prove(column: Of, header: str, cells: list[str], expected: str) -> None:
    assert column(header, cells * 4).semantic_type == expected


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("a", ["999.1.1.1", "10.0.0.256"]),
        ("a", ["GB00WEST12345698765432", "DE00370400440532013000"]),
        ("a", ["4111111111111112", "4111111111111113"]),
    ],
)
def test_a_value_that_fails_its_check_proves_nothing(column: Of, header: str, cells: list[str]) -> None:
    assert column(header, cells).semantic_type not in ("ipv4", "iban", "credit_card")


def test_the_share_of_valid_values_is_told(column: Of) -> None:
    found = column("ip_address", ["10.0.0.1", "10.0.0.2", "10.0.0.3", "999.0.0.1"])
    assert (found.semantic_type, found.semantic_fit) == ("ipv4", 0.75)
    assert any("no valid ipv4" in a for a in found.anomalies)


@pytest.mark.parametrize(
    ("header", "cells", "kind", "risk"),
    [
        ("a", ["ann@example.com"], "contact", "medium"),
        ("a", ["4111 1111 1111 1111", "5500 0000 0000 0004"], "financial", "high"),
        ("dob", ["1980-01-31"], "identity", "high"),
        ("address", ["12 Main St", "7 High Road"], "location", "medium"),
        ("religion", ["x", "y"], "special_category", "high"),
        ("Gehalt", ["3.100,50", "2.800,00"], "financial", "high"),
        ("fecha_nacimiento", ["1980-01-31", "1975-12-01"], "identity", "high"),
        ("Anschrift", ["Hauptstr. 12", "Am Markt 7"], "location", "medium"),
        ("Adresse IP", ["10.0.0.1", "10.0.0.2"], "online_identifier", "low"),
        ("NHS Number", ["943 476 5919", "943 476 5870"], "national_id", "high"),
        ("sAMAccountName", ["alee", "bcho"], "online_identifier", "low"),
        (
            "notes",
            ["please call ann@example.com before noon", "nothing to see here at all"],
            "contact_in_text",
            "medium",
        ),
    ],
)
def test_personal_data_is_told_by_class_and_risk(
    column: Of, header: str, cells: list[str], kind: str, risk: str
) -> None:
    found = column(header, cells).pii
    assert found is not None
    assert (found.kind, found.risk) == (kind, risk)


def test_an_inventory_number_is_no_personal_data(column: Of) -> None:
    assert column("asset", ["A-1", "A-2"]).pii is None


def test_a_rare_name_among_known_ones_is_a_name(column: Of) -> None:
    found = column("Benutzer", ["Anna Abel", "Bernd Haas", "Söhnke Groß", "Ifeoma Nwosu"] * 4)
    assert (found.semantic_type, found.semantic_fit) == ("person_name", 1.0)
    assert not any("no valid" in a for a in found.anomalies)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ("CPU数", "count"),
        ("コア数", "cores"),
        ("서버명", "hostname"),
        ("序列号", "serial"),
        ("Numer seryjny", "serial"),
    ],
)
def test_a_header_hints_in_its_own_language_and_script(header, word):
    assert word in headers.words(header)
