"""How a text is encoded, where nothing says it."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

CODE_PAGES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp949", "cp932", "gb18030", "big5"),
    *("cp850", "mac_roman"),
)
"""What tills write that do not write UTF-8: of all that there are, few bytes tell too little."""

USUAL = "äöüßéèêëàâáãåçñîïíìóòôõøúùûœæąęłńśźżćčďěňřšťžůýőűğışİ€£"
ODD = re.compile(
    f"[^{USUAL}{USUAL.upper()}\x00-\x7f\u0370-\u04ff\u3040-\uffef]"
    r"|[A-Za-z][\u0370-\u04ff\u3040-\uffef]|[\u0370-\u04ff\u3040-\uffef][A-Za-z]{2}"
)
"""What speaks against an encoding: letters that few words have, and words in two scripts."""


def encoding_of(data: bytes) -> tuple[str, dict[str, str] | None]:
    """Return the encoding of a text; and a word of it in each likely encoding, if that is a guess.

    Args:
        data: the text's beginning.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", None
    if b"\0" in data[:2]:
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be", None
    try:
        data.decode()
    except UnicodeDecodeError:
        lines = b"\n".join([line for line in data.splitlines() if not line.isascii()][:500])
    else:
        return "utf-8", None
    read = {name: lines.decode(name, "replace") for name in CODE_PAGES}
    found = [match.encoding for match in from_bytes(lines, cp_isolation=[*CODE_PAGES])]
    best = min(
        found or ["cp1252"], key=lambda name: (len(ODD.findall(read[name])), name != "cp1252")
    )
    encoding = next(name for name in CODE_PAGES if read[name] == read[best])
    text, odd = read[encoding], len(ODD.findall(read[encoding]))
    likely = [one for one in CODE_PAGES if len(read[one]) == len(text)]
    likely = [one for one in likely if len(ODD.findall(read[one])) <= odd]
    words = [
        {name: read[name][slice(*word.span())] for name in likely}
        for word in re.finditer(r"\w*[^\x00-\x7f]\w*", text)
    ]
    return encoding, max(words, key=lambda word: len({*word.values()}), default={encoding: ""})
