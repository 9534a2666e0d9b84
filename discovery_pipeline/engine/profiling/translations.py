"""Translations: words of headers in German, French, Spanish, Italian, Dutch and Portuguese, as English ones.

Only words that say the same in each of these languages and nothing else in English: "client" is no customer, "nombre"
is a number in one language and a name in another.
"""

from __future__ import annotations

_WORDS = """
owner: eigentümer eigentuemer besitzer inhaber propriétaire proprietaire propietario dueño proprietario proprietário
  eigenaar titular
responsible: verantwortlicher verantwortliche verantwortlich zuständig zustaendig responsable responsabile responsável
  verantwoordelijke betreuer sachbearbeiter
contact: kontakt kontaktperson ansprechperson contacto contatto contato contactpersoon
employee: mitarbeiter mitarbeiterin beschäftigter employé salarié empleado empleada dipendente funcionário medewerker
user: benutzer anwender nutzer utilisateur usuario utente utilizador usuário gebruiker
customer: kunde kundin kundenname cliente clientes klant
manager: vorgesetzter leiter gestionnaire gerente gestor
firstname: vorname prénom prenom voornaam
lastname: nachname familienname apellido apellidos cognome sobrenome achternaam
phone: telefon telefonnummer telefonnr rufnummer mobilnummer handynummer téléphone telephone teléfono telefono telefone
  telefoon telefoonnummer
email: mailadresse emailadresse courriel correo
address: adresse anschrift strasse straße rue dirección direccion indirizzo endereço endereco adres straat
nationality: staatsangehörigkeit staatsangehoerigkeit nationalité nacionalidad nazionalità nacionalidade nationaliteit
marital: familienstand
religion: konfession religión religione religião
serial: seriennummer seriennr serienummer série serie matricola matrícula
number: nummer numéro numero número
id: kennung kennziffer identifiant identificador identificativo personalnummer kundennummer
code: kürzel kuerzel código codice kode
part: artikelnummer teilenummer
order: auftragsnummer bestellnummer
invoice: rechnungsnummer
zip: postleitzahl plz
postalcode: codepostal códigopostal codigopostal codicepostale
country: land staat pays país paese
birth: geburtsdatum geburtstag naissance nacimiento nascita nascimento geboortedatum
gender: geschlecht sexe sexo sesso geslacht
date: datum fecha
date: erstelldatum änderungsdatum aenderungsdatum kaufdatum lieferdatum bestelldatum rechnungsdatum inbetriebnahme
expiry: ablauf ablaufdatum verfall fälligkeit caducidad scadenza vencimiento vencimento
warranty: garantie garantía garantia garanzia gewährleistung gewaehrleistung garantieende
created: erstellt angelegt créé creado creato criado
updated: geändert geaendert aktualisiert modifié modificado modificato
count: anzahl quantité cantidad quantità quantidade aantal stückzahl stueckzahl nb nbr
cpu: prozessor prozessoren processeur processeurs procesador procesadores processore processori processador
  processadores
cores: kerne cœurs coeurs núcleos nucleos
memory: arbeitsspeicher hauptspeicher mémoire memoire memoria memória geheugen
disk: festplatte festplatten disque disques disco discos dischi schijf
storage: speicherplatz plattenplatz stockage almacenamiento armazenamento opslag
size: größe groesse grösse taille tamaño tamanho dimensione grootte
price: preis einzelpreis prix precio prezzo preço prijs
cost: kosten coût cout costo coste custo
amount: betrag nettobetrag bruttobetrag montant importe importo bedrag
total: gesamt gesamtbetrag
salary: gehalt lohn salaire salario salário stipendio
revenue: umsatz
percent: prozent
age: âge edad età idade leeftijd
weight: gewicht poids peso
height: höhe hoehe hauteur altura altezza hoogte
length: länge laenge longueur largo lunghezza comprimento lengte
width: breite largeur ancho larghezza largura breedte
version: versión versione versão versie
operatingsystem: betriebssystem exploitation operativo besturingssysteem operacional
hostname: rechner rechnername servername gerätename geraetename hostnaam
server: serveur servidor
machine: maschine máquina macchina ordinateur
active: aktiv actif activo attivo actief ativo
enabled: aktiviert eingeschaltet
virtual: virtuell virtuel virtuale virtueel
deleted: gelöscht geloescht supprimé eliminado
"""


def _english() -> dict[str, tuple[str, ...]]:
    said: dict[str, list[str]] = {}
    word = ""
    for line in _WORDS.strip().splitlines():
        head, colon, rest = line.partition(":")
        word = head.strip() if colon else word
        for other in (rest if colon else head).split():
            said.setdefault(other, []).append(word)
    return {other: tuple(words) for other, words in said.items()}


ENGLISH = _english()
"""English words by those of other languages, in lower case."""
