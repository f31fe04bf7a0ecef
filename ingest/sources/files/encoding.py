"""How a text is encoded, where nothing says it."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

CODE_PAGES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp949", "cp932", "gb18030", "big5"),
    *("cp850", "mac_roman"),
)
"""What tills write that do not write UTF-8. Of few bytes the library cannot tell all others apart."""

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
USUAL = "äöüßéèêëàâáãåçñîïíìóòôõøúùûœæąęłńśźżćčďěňřšťžůýőűğışİ€£"
ODD = re.compile(rf"[^\W{USUAL}{USUAL.upper()}\x00-\x7f\u0370-\u04ff\u3040-\uffef]|[^\w\s\x00-\x7f€£]|"
                 r"(?<=[a-z])[^\W\x00-\x7fa-z](?<=[A-ZÀ-ÖØ-Þ])")  # fmt: skip
"""Letters that few words have, signs, and capitals within a word: they speak against an encoding."""


def encoding_of(data: bytes) -> tuple[str, str | None]:
    """Return the encoding of a text, and a word of it as it is read then if that is a guess.

    Args:
        data: the text's beginning, which ends with a line.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding, None
    try:
        data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8", None
    lines = b"\n".join([line for line in data.splitlines() if not line.isascii()][:500])
    found = [match.encoding for match in from_bytes(lines, cp_isolation=[*CODE_PAGES])]
    # of those that read it the same, or as well, the most usual
    ordered = sorted(
        found or ["cp1252"], key=lambda one: (len(ODD.findall(_text(lines, one))), one != "cp1252")
    )
    same = [one for one in CODE_PAGES if _text(lines, one) == _text(lines, ordered[0])]
    encoding = (same or ordered)[0]
    word = re.search(r"\w*[^\W\x00-\x7f]\w*|[^\x00-\x7f]", _text(lines, encoding))
    return encoding, word[0] if word else ""


def _text(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")
