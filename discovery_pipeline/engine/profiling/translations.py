"""Translations: words of headers in the languages exports come in, as English ones.

Only words that say the same in each of these languages and nothing else in English: "client" is no customer, "nombre"
is a number in one language and a name in another.
"""

from __future__ import annotations

_WORDS = """
owner: eigentümer eigentuemer besitzer inhaber propriétaire proprietaire propietario dueño proprietario
  proprietário eigenaar titular właściciel wlasciciel ägare ejer eier vlastník vlastnik omistaja sahibi 所有者
  소유자
responsible: verantwortlicher verantwortliche verantwortlich zuständig zustaendig responsable responsabile
  responsável verantwoordelijke betreuer sachbearbeiter odpowiedzialny odpowiedzialna ansvarig ansvarlig
  odpovědný odpovědná vastuuhenkilö sorumlu 担当者 責任者 负责人 责任人 담당자 책임자
contact: kontakt kontaktperson ansprechperson contacto contatto contato contactpersoon
employee: mitarbeiter mitarbeiterin beschäftigter employé salarié empleado empleada dipendente funcionário medewerker
user: benutzer anwender nutzer utilisateur usuario utente utilizador usuário gebruiker użytkownik uzytkownik
  användare bruger bruker uživatel uzivatel käyttäjä kullanıcı ユーザー ユーザ 利用者 使用者 用户 使用人 사용자
customer: kunde kundin kundenname cliente clientes klant
manager: vorgesetzter leiter gestionnaire gerente gestor kierownik 管理者
firstname: vorname prénom prenom voornaam
lastname: nachname familienname apellido apellidos cognome sobrenome achternaam
phone: telefon telefonnummer telefonnr rufnummer mobilnummer handynummer téléphone telephone teléfono telefono
  telefone telefoon telefoonnummer puhelin puhelinnumero 電話番号 电话 전화번호
email: mailadresse emailadresse courriel correo メール 邮箱 이메일
address: adresse anschrift strasse straße rue dirección direccion indirizzo endereço endereco adres straat
  adresa osoite adresi アドレス 地址 주소
nationality: staatsangehörigkeit staatsangehoerigkeit nationalité nacionalidad nazionalità nacionalidade nationaliteit
marital: familienstand
religion: konfession religión religione religião
serial: seriennummer seriennr serienummer série serie matricola matrícula seryjny sériové seriove sarjanumero
  seri シリアル番号 シリアル 製造番号 序列号 일련번호 일련 시리얼
number: nummer numéro numero número numer číslo cislo numarası numarasi 番号 编号 번호
id: kennung kennziffer identifiant identificador identificativo personalnummer kundennummer identyfikator
  identifikátor tunniste 标识符 识别码 식별자
code: kürzel kuerzel código codice kode
part: artikelnummer teilenummer
order: auftragsnummer bestellnummer
invoice: rechnungsnummer
zip: postleitzahl plz
postalcode: codepostal códigopostal codigopostal codicepostale
country: land staat pays país paese
birth: geburtsdatum geburtstag naissance nacimiento nascita nascimento geboortedatum
gender: geschlecht sexe sexo sesso geslacht
date: datum fecha päivämäärä asennuspäivä ostopäivä hankintapäivä tarih tarihi installationsdato
  installasjonsdato købsdato kjøpsdato innkjøpsdato inköpsdatum installationsdatum 日付 日期 導入日 設置日
  購入日 날짜 일자 설치일
  구매일 구입일
date: erstelldatum änderungsdatum aenderungsdatum kaufdatum lieferdatum bestelldatum rechnungsdatum inbetriebnahme
expiry: ablauf ablaufdatum verfall fälligkeit caducidad scadenza vencimiento vencimento
warranty: garantie garantía garantia garanzia gewährleistung gewaehrleistung garantieende gwarancja gwarancji
  garanti záruka záruky takuu 保証 保証期限 保修 보증
created: erstellt angelegt créé creado creato criado utworzono utworzenia skapad oprettet opprettet vytvořeno
  vytvoření luotu oluşturulma 作成日 创建时间 创建日期 생성일
updated: geändert geaendert aktualisiert modifié modificado modificato zmodyfikowano modyfikacji uppdaterad
  opdateret oppdatert ændret endret päivitetty muokattu güncelleme 更新日 更新时间 更新日期 수정일
count: anzahl quantité cantidad quantità quantidade aantal stückzahl stueckzahl nb nbr liczba ilość ilosc antal
  antall počet pocet määrä lukumäärä sayısı sayisi adedi 数 数量 个数 수 수량 개수
cpu: prozessor prozessoren processeur processeurs procesador procesadores processore processori processador
  processadores procesor procesory procesorów processorer prosessor prosessorer suoritin suorittimien işlemci
  プロセッサ プロセッサー 处理器 프로세서
cores: kerne cœurs coeurs núcleos nucleos rdzeni rdzenie kärnor kerner kjerner jader jádra ytimet ytimien
  çekirdek コア 核心 核数 内核 코어
memory: arbeitsspeicher hauptspeicher mémoire memoire memoria memória geheugen pamięć pamiec minne arbetsminne
  hukommelse paměť pamet muisti keskusmuisti bellek メモリ メモリー 内存 메모리
disk: festplatte festplatten disque disques disco discos dischi schijf dysk dyski diskutrymme diskplads
  diskplass levytila ディスク 磁盘 硬盘 디스크
storage: speicherplatz plattenplatz stockage almacenamiento armazenamento opslag úložiště tallennustila
  lagringsutrymme depolama ストレージ 存储 스토리지
size: größe groesse grösse taille tamaño tamanho dimensione grootte rozmiar storlek størrelse velikost boyut
  boyutu サイズ 크기
price: preis einzelpreis prix precio prezzo preço prijs cena hinta fiyat 価格 价格 가격
cost: kosten coût cout costo coste custo koszt kostnad omkostning náklady kustannus maliyet コスト 成本 비용
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
version: versión versione versão versie wersja wersji versjon verze versio sürüm sürümü バージョン 版本 버전
operatingsystem: betriebssystem exploitation operativo besturingssysteem operacional operacyjny operativsystem
  operační operacni käyttöjärjestelmä käyttöjärjestelmän işletim オペレーティングシステム 操作系统 운영체제
hostname: rechner rechnername servername gerätename geraetename hostnaam servernamn servernavn maskinnavn
  datornamn værtsnavn isäntänimi サーバー名 サーバ名 ホスト名 コンピュータ名 主机名 服务器名称 서버명 호스트명
server: serveur servidor serwer serwera palvelin palvelimen sunucu サーバー サーバ 服务器 서버
machine: maschine máquina macchina ordinateur maszyna maszyny maskin 机器
active: aktiv actif activo attivo actief ativo aktywny aktywna aktivní aktiivinen 有効 활성
enabled: aktiviert eingeschaltet
virtual: virtuell virtuel virtuale virtueel wirtualny wirtualna wirtualne virtuální virtualni virtuaalinen sanal
  仮想 虚拟 가상
deleted: gelöscht geloescht supprimé eliminado
asset: inwentarzowy inventární demirbaş 資産番号 資産 资产编号 资产 자산번호 자산
purchased: zakupu nákupu inköpsdatum købsdato kjøpsdato innkjøpsdato ostopäivä hankintapäivä 購入日 购买日期
  采购日期 구매일
  구입일
capacity: pojemność kapacita kapasitesi 容量 용량
name: nazwa namn navn název nimi adı 名 名前 名称 명 이름
model: malli モデル 型番 型号 모델
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
