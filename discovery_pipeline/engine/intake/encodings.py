"""Encodings: which bytes a text is written in, and how it becomes UTF-8.

A file that is UTF-8 already is read where it lies; any other is written out anew, once, in pieces.
"""

from __future__ import annotations

import codecs
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.errors import InputRefused

CHUNK = 4 << 20
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
LATER_BOM = b"\n" + codecs.BOM_UTF8
"""The start of a file that was joined to another one."""
_SCRIPTS = ("cp1251", "koi8_r", "koi8_u", "iso8859_5", "mac_cyrillic", "cp866", "cp1253", "iso8859_7")
_SCRIPTS += ("cp1255", "iso8859_8", "cp1256", "iso8859_6", "cp874", "tis_620")
_LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257", "cp850", "mac_roman")
_ALPHABETS = tuple(
    map(
        frozenset,
        (
            "äöüß", "àâçèéêëîïôùûœæ", "áéíñóúüçàèòï", "ãâáàçéêíóôõú", "àèéìòùî", "ëïéèöü", "åäöæøé", "áéíóúýþðæö",
            "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćđšž", "ăâîşţșț",
            "âçğıİîöşûü", "äõöšüž", "āčēģīķļņšūž", "ąčęėįšųūž",
        ),
    )
)  # fmt: skip
"""Letters beside a to z, a language or two of alike ones each."""
_CASED = ("cp1251", "koi8_r", "cp866", "iso8859_5", "cp1253")
_KANA, _HAN, _HANGUL = ("\u3000", "\u30ff"), ("\u4e00", "\u9fff"), ("\uac00", "\ud7a3")
_JAPANESE = ("cp932", "euc_jp")
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
"""What of GB 18030 no older Chinese codec has."""
_RARE, _TELLING = 0.1, 20
"""Share of the letters of a text in GB 18030 that GB 2312 lacks, as in names; how many letters it takes to say so."""
_LATE = b"\xd0"
"""The lead byte from which GB 2312 has a quarter of what is written in it, and EUC-JP only rare kanji."""
# Hanzi are in all of these, so a codec whose own letters explain the text goes before one that only could.
_COMMON = {
    "cp932": ([_KANA, _HAN], 1.0),
    "euc_jp": ([_KANA, _HAN], 1.0),
    "euc_kr": ([_HANGUL, ("\u3000", "\u3020")], 1.02),
    "gb2312": ([_HAN, ("\u3000", "\u3020"), ("\uff01", "\uff5e")], 0.99),
    "big5": ([_HAN, ("\u3000", "\u3020"), ("\uff01", "\uff5e")], 0.98),
}


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over all bytes of a file found."""

    sha256: str
    size: int  # bytes
    line_feeds: int
    returns: int  # carriage returns, those before a line feed included
    returns_before_feeds: int
    nulls: int
    marks: int  # byte order marks of UTF-8 at the start of a line other than the first
    utf8: bool  # all of it decodes as UTF-8
    endless: bool  # some stretch of CHUNK bytes holds no end of a line

    @property
    def lone_returns(self) -> int:
        return self.returns - self.returns_before_feeds


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, and why it was taken."""

    codec: str
    reason: str

    @property
    def name(self) -> str:
        """The name people write, e.g. 'utf-8' for UTF-8 with or without a BOM."""
        return "utf-8" if self.marked else self.codec.replace("_", "-")

    @property
    def marked(self) -> bool:
        """Whether it is UTF-8 that starts with a byte order mark, by which spreadsheets know it."""
        return self.codec == "utf-8-sig"


def survey(path: Path) -> Survey:
    """Hash, size, line ends, NULs and UTF-8 validity of a file, in one pass and constant memory."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = feeds = returns = pairs = nulls = marks = 0
    utf8, endless, last = True, False, b""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            here, back = chunk.count(b"\n"), chunk.count(b"\r")
            feeds, returns, nulls = feeds + here, returns + back, nulls + chunk.count(b"\0")
            marks += (last[-3:] + chunk).count(LATER_BOM)
            if back or last.endswith(b"\r"):
                pairs += chunk.count(b"\r\n") + (last.endswith(b"\r") and chunk.startswith(b"\n"))
            endless = endless or (not here and not back and len(chunk) == CHUNK)
            last = chunk[-3:]
            if utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
                utf8 = _decodes(decoder, chunk)
        utf8 = utf8 and _decodes(decoder, b"", final=True)
    return Survey(digest.hexdigest(), size, feeds, returns, pairs, nulls, marks, utf8, endless)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def detect(head: bytes, *, utf8: bool) -> Encoding:
    """The encoding of a text that starts with `head`; `utf8` says whether all of it is valid UTF-8."""
    for bom, codec in _BOMS:
        if head.startswith(bom):
            return Encoding(codec, f"It starts with the byte order mark of {codec.removesuffix('-sig').upper()}.")
    if codec := unmarked_utf16(head):
        order = "little" if codec.endswith("le") else "big"
        return Encoding(codec, f"Its zero bytes stand where UTF-16 ({order} endian) has them.")
    if head.isascii() and (b"\x1b$B" in head or b"\x1b$@" in head):
        return Encoding("iso2022_jp", "It holds the escape sequences of ISO-2022-JP.")
    if utf8:
        return Encoding("utf-8", "Every byte is valid UTF-8.")
    return _legacy(head)


def unmarked_utf16(head: bytes) -> str:
    """The codec of UTF-16 without a byte order mark, told by where zero bytes stand; empty where it is none."""
    pairs = len(head) // 2
    for codec, here in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = head[here::2].count(0), head[1 - here :: 2].count(0)
        if zeros > pairs * 0.7 > others + pairs * 0.5:
            return codec
        if zeros > 10 * others + 1 and _is_text(head, codec):
            return codec
    return ""


def _is_text(head: bytes, codec: str) -> bool:
    """Whether bytes read as lines of letters, without controls and characters that are none."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return False
    odd = (c for c in text if unicodedata.category(c) in {"Cc", "Cn", "Co"} and c not in "\t\r\n")
    return ("\n" in text or "\r" in text) and not any(odd)


def _legacy(head: bytes) -> Encoding:
    """An encoding of one or two bytes a character, told by how its letters would stand in words."""
    lines = [line for line in head.splitlines() if not line.isascii()]
    if sum(_is_utf8(line) for line in lines) > len(lines) / 2:
        return Encoding("utf-8", "Most lines are valid UTF-8; the others are read as Windows-1252.")
    sample = b"\n".join(lines)[: CHUNK // 16]
    high = re.findall(rb"[\x80-\xff]+", sample)
    if _is_kanji(sample, high):
        return Encoding("cp932", "Its bytes above 127 are lead bytes and pairs of common kanji in cp932.")
    if sum(len(run) for run in high if len(run) > 1) < 0.6 * sum(map(len, high)):
        return _latin(sample)
    if codec := _double_byte(sample):
        return Encoding(codec, f"Its bytes above 127 come in pairs that are common letters of {codec}.")
    return _script(sample) or _latin(sample)


def _script(sample: bytes) -> Encoding | None:
    """The encoding of another alphabet; one in which all words have their capitals in front goes before a guess."""
    import charset_normalizer

    best = charset_normalizer.from_bytes(sample).best()
    guessed = best.encoding if best and best.encoding in _SCRIPTS else ""
    cased = max(_CASED, key=lambda codec: _written(sample, codec))
    if _written(sample, cased) == 1 and not (guessed and _written(sample, guessed) == 1):
        return Encoding(cased, f"In {cased}, all its words are written as words are: capitals come first.")
    if best and guessed:
        return Encoding(guessed, f"Its bytes read as {', '.join(best.languages) or 'text'} in {guessed}.")
    return None


def _latin(sample: bytes) -> Encoding:
    """The Latin encoding whose letters make plausible words: no sign inside a word, no capital after a small letter."""
    near = re.findall(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?", sample)
    scores = {
        codec: _alphabetic(sample, codec) * sum(_plausible(part.decode(codec, "replace")) for part in near)
        for codec in _LATIN
    }
    best = max(_LATIN, key=lambda codec: scores[codec])
    if scores[best] - scores["cp1252"] > 0.15 * len(near):
        return Encoding(best, f"It is not UTF-8, and its bytes above 127 make words in {best}.")
    return Encoding("cp1252", "It is not UTF-8, and its bytes above 127 fit Windows-1252 (Western European).")


def _plausible(part: str) -> float:
    """How plausible the letters around an accent are, -1..1."""
    if not (part[0].isascii() and part[0].isalpha()) and not (part[-1].isascii() and part[-1].isalpha()):
        return 0.0
    if any(not c.isalpha() for c in part[1:-1]):
        return -1.0
    return -0.5 if any(a.islower() and b.isupper() for a, b in itertools.pairwise(part)) else 1.0


def _alphabetic(sample: bytes, codec: str) -> float:
    """Share of the letters above ASCII that belong to the one language that has most of them, 0..1."""
    odd = (c for c in sample.decode(codec, "replace") if ord(c) > 127 and (c.isalpha() or c == "\ufffd"))
    letters = [c if c == "İ" else c.lower() for c in odd]  # two characters, if small
    return max(sum(c in alphabet for c in letters) for alphabet in _ALPHABETS) / max(1, len(letters))


def _written(sample: bytes, codec: str) -> float:
    """Share of the words with letters above ASCII that have no others, and are Capital, small or CAPITALS.

    0 where there are fewer than three.
    """
    words = re.findall(r"[^\W\d_]+", sample.decode(codec, "replace").replace("\ufffd", "x"))
    words = [word for word in words if len(word) > 1 and not word.isascii()]
    fine = sum((word[1:].islower() or word.isupper()) and min(word) > "\x7f" for word in words)
    return fine / len(words) if len(words) >= 3 and any(map(str.istitle, words)) else 0.0


def _double_byte(sample: bytes) -> str:
    """The East Asian codec under which nearly all letters above ASCII are common ones; empty where there is none."""
    shares = {codec: _common(sample, codec) for codec in _COMMON}
    best = max(shares, key=lambda codec: shares[codec])
    if shares[best] < 0.7:
        return ""
    if best != "gb2312":
        return best
    return "euc_jp" if _is_kanji_in_pairs(sample) else "gb18030"


def _is_kanji_in_pairs(sample: bytes) -> bool:
    """Whether a text without kana is Japanese in EUC-JP rather than Chinese, told by the lead bytes of its letters."""
    pairs = re.findall(rb"[\xb0-\xfe][\xa1-\xfe]", sample)
    try:
        sample.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    return len(pairs) >= 8 * (1 + sum(pair >= _LATE for pair in pairs))


def _is_kanji(sample: bytes, high: list[bytes]) -> bool:
    """Whether a text without kana is Japanese in cp932, where the second byte of a letter may be ASCII.

    Punctuation of Windows-1252 has the same first bytes, but stands alone before a letter.
    """
    if sum(len(run) for run in high if len(run) > 1) < 0.5 * sum(map(len, high)):
        return False
    try:
        odd = [c for c in sample.decode("cp932") if ord(c) > 127]
    except UnicodeDecodeError:
        return False
    kanji = [c for c in odd if _HAN[0] <= c <= _HAN[1] and c.encode("cp932") < b"\x98\x73"]  # the first level
    return len(kanji) >= 8 and len(kanji) > 0.9 * len(odd)


def _common(sample: bytes, codec: str) -> float:
    """Share of the letters above ASCII that are common in the codec's language; 0 where it can't be that codec."""
    if codec == "gb2312":
        sample = _FOUR_BYTES.sub(b"", sample)
    text = sample.decode(codec, "replace")
    odd = [c for c in text if ord(c) > 127]
    rare = codec == "gb2312" and len(odd) >= _TELLING and "\ufffd" not in sample.decode("gb18030", "replace")
    if not odd or text.count("\ufffd") > (_RARE if rare else 0.01) * len(odd) + 1:
        return 0.0
    if codec in _JAPANESE and sum(_KANA[0] <= c <= _KANA[1] for c in odd) < 0.15 * len(odd):
        return 0.0
    common, weight = _COMMON[codec]
    return weight * sum(any(low <= c <= high for low, high in common) for c in odd) / len(odd)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check(codec: str, file: str) -> str:
    """The codec's name as Python knows it. Raises InputRefused where there is no such codec for text."""
    try:
        "".encode(codec)
        return codecs.lookup(codec).name
    except (LookupError, TypeError):
        raise InputRefused(file, f"There is no encoding named {codec!r}.", "Try utf-8, utf-16 or cp1252.") from None


def decoded(path: Path, encoding: Encoding) -> Iterator[tuple[str, int]]:
    """The text of a file in pieces, without BOMs or NULs, each with how many lines fell back to Windows-1252."""
    if encoding.codec.startswith("utf-8"):
        yield from _mixed(path)
        return
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    with path.open("rb") as stream:
        first = True
        while chunk := stream.read(CHUNK):
            text = decoder.decode(chunk)
            yield (text.removeprefix("\ufeff") if first else text).replace("\x00", ""), 0
            first = False
        yield decoder.decode(b"", True), 0


def _mixed(path: Path) -> Iterator[tuple[str, int]]:
    """UTF-8 piece by piece; lines that are not are read as Windows-1252."""
    with path.open("rb") as stream:
        rest, first = b"", True
        while chunk := stream.read(CHUNK):
            piece = rest + chunk
            cut = piece.rfind(b"\n") + 1 or (len(piece) if len(piece) > 4 * CHUNK else 0)
            piece, rest = piece[:cut], piece[cut:]
            text, strays = _lines_decoded(piece.removeprefix(codecs.BOM_UTF8) if first else piece)
            first = first and not cut
            yield text, strays
        yield _lines_decoded(rest.removeprefix(codecs.BOM_UTF8) if first else rest)


def _lines_decoded(piece: bytes) -> tuple[str, int]:
    piece = piece.replace(b"\x00", b"").replace(LATER_BOM, b"\n")
    try:
        return piece.decode("utf-8"), 0
    except UnicodeDecodeError:
        lines = [(line, _is_utf8(line)) for line in piece.splitlines(keepends=True)]
    text = "".join(line.decode("utf-8") if fine else line.decode("cp1252", "replace") for line, fine in lines)
    return text, sum(not fine for _, fine in lines)


def rewritten(path: Path, encoding: Encoding, into: Path) -> tuple[int, int]:
    """Write the file's text to `into` as UTF-8 without BOM and NULs.

    Returns
    -------
    tuple[int, int]
        Lines of UTF-8 text that fell back to Windows-1252; characters that could not be decoded.
    """
    strays = lost = 0
    with into.open("w", encoding="utf-8", newline="") as out:
        for text, odd in decoded(path, encoding):
            out.write(text)
            strays, lost = strays + odd, lost + text.count("\ufffd")
    return strays, lost
