"""Vocabulary: the words that names of tables and columns are made of, in a handful of languages.

Words only. How names are taken apart and compared is `names`.
"""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


KEY_WORDS = _set(
    """
    id ids key keys sys row rec fk pk sk sid oid uid uuid guid ref refs identifier ident code codes cd kod
    codigo codice nr no num number nummer numero nbr schluessel kennung clave cle rowid recid sysid
    """
)
"""Words that say "this is a key" in a column's name."""

STRONG_KEY_WORDS = _set(
    """
    id key fk pk sk sid oid uid uuid guid ref identifier
    """
)

TABLE_WORDS = _set(
    """
    tbl tb t dim dimension fact fct stg src raw vw view mst master lkp lookup xref table tab data list
    """
)
"""Words that say what kind of table it is, not what is in it."""

PARENTS = _set(
    """
    parent manager reports superior supervisor boss mentor root previous prev next predecessor successor
    replaces replaced reply ancestor original duplicate base upline supersedes
    vorgesetzter vorgesetzte oberkategorie eltern uebergeordnet uebergeordnete uebergeordneter uebergeordnetes
    vorgaenger nachfolger padre jefe jefa parente superieur superieure chef leidinggevende genitore capo
    """
)
"""Words for another row of the same table."""

TITLES = _set(
    "name title label caption display designation bezeichnung titel nom nombre nome naam code number tag host"
)
"""Words for what people call a thing."""

TITLE_KINDS = _set("display full long short common user login host screen official")
"""Words before a title that don't say whose it is."""

PREPOSITIONS = _set("by to of on in at for from via with von zu an auf bei fuer durch de por para par chez")
"""Words that may end a column's name and name nothing."""

PLACEHOLDERS = _set("col column field attr attribute var variable val value feld spalte campo champ unnamed")
"""Words for a column that nobody named."""

COPIES = _set(
    "audit log history hist archive archived backup bak old copy temp tmp snapshot journal historie protokoll"
)
"""Words of tables that repeat the rows of others."""

ROLES: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (
        _set(
            """
    manager owner author creator assignee assigned approver approved reviewer reviewed supervisor rep
    representative agent managed created updated modified opened closed resolved requested requester caller
    supported reports lead leader head boss contact operator seller salesperson buyer instructor teacher student
    doctor sender recipient receiver editor responsible custodian steward administrator advisor chair chairman dean
    coach admin by who driver handler holder claimant broker attending
    bearbeiter sachbearbeiter betreuer verkaeufer verantwortlich verantwortlicher vorgesetzter mitarbeiter leiter
    ansprechpartner besitzer ersteller vendedor responsable encargado gerente jefe director creador autor
    vendeur gestionnaire proprietaire auteur createur chef
    """
        ),
        _set(
            """
    user employee staff person people member contact worker account personnel mitarbeiter benutzer nutzer
    angestellter angestellte usuario empleado utilisateur employe salarie persona personal personne individual
    profile human party trabajador
    """
        ),
    ),
    (
        _set(
            """
    manufacturer vendor supplier customer client brand company employer publisher carrier owner maker hersteller
    lieferant kunde firma airline operator partner insurer bank broker holder claimant proveedor cliente
    fabricante fournisseur fabricant
    """
        ),
        _set(
            """
    company organisation organization org firm party partner business enterprise firma unternehmen account
    vendor supplier empresa societe corporation brand
    """
        ),
    ),
    (
        _set(
            """
    site location building office place room address home origin destination source target from to at capital
    birthplace city town standort ort departure arrival warehouse facility region headquarters
    """
        ),
        _set(
            """
    location site place address city office building airport station standort ort adresse lugar lieu stop
    warehouse facility port
    """
        ),
    ),
    (
        _set(
            """
    server host machine device installed runs node computer system asset ci
    """
        ),
        _set(
            """
    server host machine device node computer ci asset system hardware vm instance
    """
        ),
    ),
)
"""What a column may be called (first set) when it refers to a table called so (second set)."""

MEASURES = _set(
    """
    quantity qty amount price count total sum year month day week hour minute second size length width height
    depth weight level rating score age percent percentage rate duration minutes hours seconds days months years
    min max avg mean port version position sequence seq sort rank flag active enabled deleted is has latitude
    longitude lat lon lng discount cost bytes cpu cpus core cores ram memory disk gb mb kb capacity stock units
    limit points value balance salary tax population area distance speed temperature votes views likes priority
    severity line lines menge anzahl preis betrag jahr monat tag groesse gewicht alter rang summe cantidad
    precio prix quantite annee reputation offset ratio budget revenue income floor index ordinal step attempt
    attempts retries
    """
)
"""Words that say "this is a measure or an attribute"."""

NOT_GLUED = _set(
    """
    valid invalid paid prepaid unpaid grid hybrid fluid solid rapid avoid void android casino volcano piano
    techno monkey turkey hockey whiskey jockey inferno kimono domino decode encode barcode postcode zipcode
    """
)
"""Words that end like a key, and aren't one."""
