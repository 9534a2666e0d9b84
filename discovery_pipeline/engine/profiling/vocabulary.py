"""Vocabularies: closed lists by which values are recognised (ISO 3166, ISO 4217, operating systems, given names)."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


COUNTRY_CODES = _words(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW UK"
)
"""ISO 3166-1 alpha-2, and UK, which is reserved and widely written."""

COUNTRY_CODES_3 = _words(
    "ARE ARG AUS AUT BEL BGR BRA CAN CHE CHL CHN COL CZE DEU DNK EGY ESP EST FIN FRA GBR GRC HKG HRV HUN IDN IND IRL "
    "ISL ISR ITA JPN KEN KOR LTU LUX LVA MAR MEX MYS NGA NLD NOR NZL PAK PER PHL POL PRT ROU RUS SAU SGP SRB SVK SVN "
    "SWE THA TUN TUR TWN UKR URY USA VNM ZAF QAT KWT OMN JOR LBN IRN IRQ BGD LKA NPL KAZ"
)

COUNTRIES = _phrases(
    "afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas|bahrain|"
    "bangladesh|barbados|belarus|belgium|belize|benin|bhutan|bolivia|bosnia and herzegovina|botswana|brazil|brunei|"
    "bulgaria|burkina faso|burundi|cambodia|cameroon|canada|cape verde|chad|chile|china|colombia|costa rica|croatia|"
    "cuba|cyprus|czech republic|czechia|denmark|djibouti|dominican republic|ecuador|egypt|el salvador|estonia|"
    "ethiopia|fiji|finland|france|gabon|gambia|georgia|germany|ghana|greece|greenland|grenada|guatemala|guinea|"
    "guyana|haiti|honduras|hong kong|hungary|iceland|india|indonesia|iran|iraq|ireland|israel|italy|ivory coast|"
    "jamaica|japan|jordan|kazakhstan|kenya|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho|liberia|libya|"
    "liechtenstein|lithuania|luxembourg|macau|madagascar|malawi|malaysia|maldives|mali|malta|mauritania|mauritius|"
    "mexico|moldova|monaco|mongolia|montenegro|morocco|mozambique|myanmar|namibia|nepal|netherlands|the netherlands|"
    "new zealand|nicaragua|niger|nigeria|north korea|north macedonia|norway|oman|pakistan|palestine|panama|"
    "papua new guinea|paraguay|peru|philippines|poland|portugal|puerto rico|qatar|romania|russia|russian federation|"
    "rwanda|saudi arabia|senegal|serbia|seychelles|sierra leone|singapore|slovakia|slovenia|somalia|south africa|"
    "south korea|korea|south sudan|spain|sri lanka|sudan|suriname|sweden|switzerland|syria|taiwan|tajikistan|"
    "tanzania|thailand|togo|trinidad and tobago|tunisia|turkey|türkiye|turkmenistan|uganda|ukraine|"
    "united arab emirates|uae|united kingdom|great britain|england|scotland|wales|northern ireland|united states|"
    "united states of america|usa|u.s.a.|uruguay|uzbekistan|venezuela|vietnam|viet nam|yemen|zambia|zimbabwe|"
    "deutschland|österreich|schweiz|suisse|españa|italia|frankreich|italien|spanien|niederlande|belgien|polen|brasil|"
    "méxico|polska|sverige|norge|danmark|suomi"
)

CURRENCY_CODES = _words(
    "AED AFN ALL AMD AOA ARS AUD AZN BAM BBD BDT BGN BHD BND BOB BRL BSD BWP BYN CAD CDF CHF CLP CNY COP CRC CUP CZK "
    "DKK DOP DZD EGP ETB EUR FJD GBP GEL GHS GTQ HKD HNL HRK HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KHR KRW KWD "
    "KZT LAK LBP LKR LYD MAD MDL MGA MKD MMK MNT MOP MUR MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SEK SGD SYP THB TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND XAF XOF YER ZAR "
    "ZMW"
)
"""ISO 4217, currencies in use."""

OS_WORDS = (
    r"\b(?:windows|win(?:dows)?\s?(?:nt|xp|7|8|10|11|20\d\d)|win(?:2k\d*|\d{2,4})|ubuntu|debian|centos|rhel|red\s?hat|"
    r"fedora|suse|sles|opensuse|oracle\s?linux|oel|rocky|alma\s?linux|amazon\s?linux|linux|aix|solaris|sunos|hp-?ux|"
    r"freebsd|openbsd|macos|mac\s?os|os\s?x|esxi?|vmware\s+esx|vsphere|photon|z/?os|os/400|ibm\s?i|tru64|openvms|"
    r"ios-xe|ios\s?xr|nx-?os|junos|pan-?os|android|chrome\s?os)\b"
)

GIVEN_NAMES = _words(
    "aaron adam adrian ahmed aisha akira alan albert alejandro alex alexander alexandra ali alice alina amanda amy "
    "ana andrea andreas andrew angela anita ann anna anne anthony antonio arjun arthur ashley barbara beatriz ben "
    "benjamin bernd betty bill birgit bob brandon brenda brian bruno camille carl carla carlos carmen carol caroline "
    "catherine charles charlotte chen chloe chris christian christina christine christopher clara claudia cristina "
    "cynthia dan daniel daniela david deborah dennis diana diego dirk dmitri donald donna dorothy edward elena elif "
    "elisabeth elizabeth emily emma eric erik ethan eva fatima felix fernando fiona francesca francesco frank gabriel "
    "gary george giulia giovanni grace greg gregory gustavo hannah hans harald harry hassan heather heidi heike helen "
    "helena henry hiroshi hugo ian ibrahim igor ines ingrid irina isabel isabella ivan jack jacob jacqueline james "
    "jan jane janet jason javier jean jeff jeffrey jennifer jens jessica jim joan joe johan johann john jonas "
    "jonathan jorge jose joseph joshua juan judith julia julian julie jürgen karen karim karin karl kate katherine "
    "kathleen katrin keith kelly ken kenji kenneth kevin kim klaus krishna kumar kyle larry lars laura lauren lee "
    "lena leo leon lily linda lisa liu louis lucas lucia luis luisa lukas maggie manuel marc marcel marco marcus "
    "margaret maria marie mario mark markus marta martha martin mary mateo matteo matthew maurice max megan mehmet "
    "mei melissa michael michelle miguel mike mohammed mohamed monica monika nadia nancy natalia nathan nicholas nick "
    "nicolas nicole nikita nina noah nora olaf olga oliver olivia omar oscar pablo pamela patricia patrick paul paula "
    "paulo pedro peter petra phil philip philipp pierre priya rachel rafael rahul rainer ralf ramon raymond rebecca "
    "ricardo richard rita robert roberto robin roger ronald rosa rosie ryan sabine sam samantha samuel sandra sanjay "
    "sara sarah scott sean sebastian sergei sergio sharon simon sofia sophia sophie stefan stefanie stephanie stephen "
    "steve steven sue sunil susan susanne sven sylvia takeshi tanja tatiana teresa terry thomas tim timothy tina "
    "tobias tom tomas tony ursula uwe valentina vanessa vera victor victoria vijay vincent virginia vladimir walter "
    "wang wei wendy werner william wolfgang xin yan yasmin yuki yusuf zhang zoe"
)
