"""A file that nobody has declared: what it seems to be, and a first declaration for a person to finish.

DuckDB's sniffer finds delimiter and header. Numbers, days and times are tried by the macros that the
models read them with, in DuckDB, over all values of the file; so what is printed is read like that.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from jinja2 import Environment, FileSystemLoader

from ingest.loads import configuration
from ingest.loads.branches import branches
from ingest.loads.source import SourceError
from ingest.sources.files import dialect
from ingest.sources.files.bucket import Bucket, File, Reading
from ingest.sources.files.columns import column_names
from ingest.sources.files.csv_files import SEPARATOR_LINE
from ingest.sources.files.encoding import encoding_of
from ingest.sources.files.excel_files import sheet_rows
from ingest.sources.files.feed import FEEDS, Feed, declared
from ingest.sources.files.text import read_head

FOLDER = Path(__file__).parent
MOST_TABLES = 16
"""So many blocks of a file are looked at, a few megabytes each."""

DATES = [
    *(f"YYYY{sign}MM{sign}DD" for sign in ("-", "/", ".", "")),
    *(f"{order}{year}".replace("-", sign)
      for order, sign, year in product(("DD-MM-", "MM-DD-"), "./-", ("YYYY", "YY"))),
]  # fmt: skip
TIMES = ["HH24:MI:SS", "HH12:MI AM", "HH12:MI:SS AM", "HH24:MI:SSOF", "HH24:MIOF"]
TITLED_TIMES = ["HH24.MI", "HH24hMI", "HH24MI"]
"""Times that other values look like, too: only columns are tried that are called like times."""

NUMBERS = [(point, sign) for sign in ("", ",", ".", " ", "'") for point in ".," if point != sign]
READ = {
    "number": "number_of(written)",
    "date": "day_of(written)",
    "time": "hour_of(written)",
}


MAPPED = (
    *("ticket", "sold_on", "sold_at", "article", "category", "quantity", "unit_price"),
    *("line_amount", "order_total", "discount", "payment_method", "unit_cost", "line_part"),
    *("order_grain", "is_total"),
)
WIDE = ("article", "quantity", "unit_price", "line_part")
"""What lines_of_columns adds."""

SIGNS = r"[€$£¥₩₹₺₽₴₪฿]|kr|zł|chf|eur|usd|gbp|lei|kč|ft"
CALLED_TIMES = """exists (
    select 1 from titles inner join words on words.role = 'sold_at'
    where titles.title = rewritten.title and regexp_full_match(lower(titles.shown), words.words)
)"""


@dataclass
class Checked:
    """What a file seems to be.

    Attributes:
        facts: sentences on how it is written.
        columns: a row each: its title, its name in the warehouse, what it looks like, an example.
        doubts: sentences on what a person must look at.
        blocks: what to put where: configuration, dbt's source, model.
    """

    facts: list[str] = field(default_factory=list)
    columns: list[tuple[str, ...]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


def check(place: str, name: str | None = None, branch: str | None = None) -> Checked:
    """Look at a file, or at the largest of a folder or pattern.

    Args:
        place: a path, a folder, a pattern, or such an address of a store.
        name: what the feed is to be called; None for a name made from the file's.
        branch: the branch that the files are of, if it is one.

    Raises:
        SourceError: there is no such file, it cannot be read, or the name is taken.
    """
    url, pattern = _place(place)
    name = name or _name(pattern if not re.search(r"[*?{]", pattern) else Path(url).name)
    if name in configuration.section(FEEDS):
        raise SourceError(f"There is a feed {name} already: choose another name with --name.")
    given = {"url": url, "files": pattern} | ({"branch": branch} if branch else {})
    bucket = Bucket(declared(name, given))
    files = sorted(bucket.files(), key=lambda file: file.size)
    if not files or not files[-1].size:
        there = ", ".join(bucket.others()[:5]) or "no files"
        raise SourceError(
            f"No file with anything in it matches {pattern!r} in {url}, which has {there}: correct "
            "the path or the pattern."
        )
    if pattern == "*":
        given["files"] = f"*{Path(files[-1].name).suffix}"
    return _Look(bucket, files[-1], given).checked


def _place(place: str) -> tuple[str, str]:
    """Return the folder and the pattern of a path or an address."""
    if "://" not in place:
        path = Path(place).expanduser().absolute()
        place = path.as_posix() + ("/" if path.is_dir() else "")
    fixed = re.split(r"[*?{]", place)[0].rpartition("/")[0]
    return fixed or "/", place[len(fixed) + 1 :] or "*"


def _name(file: str) -> str:
    (plain,) = column_names((re.sub(r"\d+|[.].*", " ", file).strip() or "export",))
    return re.sub("^[^a-z]+", "", plain.lower())[:40].strip("_") or "export"


class _Look:
    """One look at one file."""

    def __init__(self, bucket: Bucket, file: File, given: dict[str, Any]) -> None:
        """Look at a file.

        Args:
            bucket: where the file is.
            file: the file.
            given: what is known of its feed.
        """
        self.checked, self._name = Checked(), bucket.feed.name
        self._options, self._titles = given, list[str]()
        self._db = duckdb.connect()
        self._run("check_setup")
        with bucket.open(file) as raw:
            self._sniff(raw, Path(file.name).suffix.lower())
        self._take(file)
        self._choose()
        self._describe()

    def _run(self, statement: str, **parts: str) -> list[tuple[Any, ...]]:
        text = (FOLDER / "sql" / f"{statement}.sql").read_text("utf-8")
        return self._db.execute(text.format(**parts)).fetchall()

    def _doubt(self, sentence: str) -> None:
        self.checked.doubts.append(sentence)

    # how the file is written

    def _sniff(self, raw: Any, ending: str) -> None:
        """Find format, encoding, delimiter and header."""
        options = self._options
        if ending in (".xlsx", ".xls"):
            options["format"] = "xlsx"
            rows = sheet_rows(raw)
            text = "\n".join("\t".join(re.sub(r"\s", " ", cell) for cell in row) for row in rows)
        else:
            data = read_head(raw)
            encoding, word = encoding_of(data)
            if encoding != "utf-8":
                options["encoding"] = encoding
            if word is not None:
                self._doubt(f"The encoding is a guess: if {word!r} is misspelt, correct encoding.")
            text = data.decode(encoding, "replace").lstrip("\ufeff")
        if text.startswith("PAR1"):
            options["format"] = "parquet"
        elif text.lstrip().startswith("{"):
            options["format"] = "jsonl"
        else:
            self._sniff_lines(text)

    def _sniff_lines(self, text: str) -> None:
        options = self._options
        if re.fullmatch(r'(?:"(?:[^"\n]|"")*"\r?\n?)+', text):
            text = re.sub(r'(?m)^"|"\r?$', "", text)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "text"
            file.write_text(text, "utf-8", newline="")
            try:
                found = self._db.execute("from sniff_csv(?)", [str(file)])
            except duckdb.Error:
                raise SourceError(
                    f"{options['files']} cannot be told apart into columns: it has no delimiter that "
                    "is the same on most of its lines."
                ) from None
            names = [column[0] for column in found.description or ()]
            sniffed = dict(zip(names, found.fetchone() or (), strict=True))
        lines = text.splitlines()
        skipped, delimiter = int(sniffed["SkipRows"]), sniffed["Delimiter"]
        self._titles = [column["name"] for column in sniffed["Columns"]]
        if options.get("format") != "xlsx":
            options["delimiter"] = delimiter
            options["quote"] = "'" if sniffed["Quote"] == "'" else '"'
            options["escape"] = "\\" if sniffed["Escape"] == "\\" else ""
        if not sniffed["HasHeader"]:
            options["columns"] = [f"column_{number}" for number in range(1, 1 + len(self._titles))]
            self._doubt("It seems to have no header: give the columns names in columns.")
            return
        before = [line for line in lines[:skipped] if line.strip()]
        before = [line for line in before if not SEPARATOR_LINE.fullmatch(line.encode())]
        header = lines[skipped].lstrip('" \t')
        if before:
            first = re.split(f'["{re.escape(delimiter)}]', header)[0]
            is_told = not any(line.lstrip('" \t').startswith(first) for line in before)
            options["header"] = first if is_told and first else header
        self.checked.facts.append(f"The header is line {skipped + 1}.")

    def _take(self, file: File) -> None:
        """Read the file as its feed would, and hand its values to DuckDB."""
        reading = Reading(file)
        feed = declared(self._name, self._options)
        tables = [*islice(Bucket(feed).read(reading), MOST_TABLES)]
        if reading.error or not tables:
            raise SourceError(reading.error or f"{file.name} has no records.")
        landed = pa.concat_tables(tables, promote_options="default")
        self._rejects = landed.filter(landed["_reject"].is_valid()).to_pylist()
        landed = landed.filter(landed["_reject"].is_null()).drop_columns(["_reject"])
        names = [name for name in landed.column_names if name != "_line_number"]
        self._columns, self._joins = {name: f"landed.{name}" for name in names}, list[str]()
        if feed.format == "jsonl":
            landed, self._columns, self._joins = flattened(landed)
        self._landed = names
        titles = [*self._titles[: len(names)], *list(self._columns)[len(self._titles) :]]
        self._db.register("landed", landed)
        self._db.execute(
            "create table cells as unpivot landed on columns(* exclude (_line_number))"
            " into name name value value"
        )
        self._db.execute(
            "create table titles as select unnest(?) as shown, unnest(?) as title,"
            " generate_subscripts(?, 1) as position",
            [titles, [*self._columns], titles],
        )
        self._run("check_values", blanks=dialect.blanks())
        self.checked.facts.insert(0, f"{file.name}: {len(landed):,} records were looked at.")

    # what its values are

    def _choose(self) -> None:
        """Try all dialects on all columns, and choose those of the feed."""
        (sign,) = self._db.execute(
            "select coalesce(mode(nullif(regexp_extract(text, '(?i)(?:^|[0-9] ?)(' || ? ||"
            " ')(?: ?[-+0-9]|$)', 1), '')), '') from filled where regexp_matches(text, '[0-9]')",
            [SIGNS],
        ).fetchone() or ("",)
        self._sign = str(sign)
        words = FOLDER / "templates" / "words.csv"
        self._db.execute(
            "create table words as select * replace (strip_accents(words) as words)"
            f" from read_csv('{words}', header = true, delim = ',', quote = '\"')"
        )
        candidates = {"number": NUMBERS, "date": DATES, "time": [*TIMES, *TITLED_TIMES]}
        for kind, choices in candidates.items():
            for position, choice in enumerate(choices):
                self._run(
                    "check_reading",
                    kind=_text(kind),
                    candidate=_text("".join(choice)),
                    position=str(position),
                    written=self._written(kind, choice),
                    read=READ[kind],
                    where=CALLED_TIMES if choice in TITLED_TIMES else "true",
                )
        ranked: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in candidates}
        for kind, *of_choice in self._run("check_dialects"):
            ranked[kind].append(tuple(of_choice))
        self._chosen = {kind: found[0][0] if found else "" for kind, found in ranked.items()}
        for kind, what in (("date", "days"), ("number", "numbers")):
            for candidate, lines, telling, span in ranked[kind][1:]:
                first, *counts, other = ranked[kind][0]
                if counts == [lines, telling] and (kind == "date" or other != span):
                    self._doubt(
                        f"All {what} can be read as {_option(kind, first)} and as "
                        f"{_option(kind, candidate)}: look which is meant."
                    )
                    break
        self._found = self._run(
            "check_columns", **{kind: _text(choice) for kind, choice in self._chosen.items()}
        )
        self._roles = self._find_roles()

    def _written(self, kind: str, choice: str | tuple[str, str]) -> str:
        """Return SQL of `text` as a macro writes it in one dialect."""
        point, sign = (*choice, "")[:2] if kind == "number" else (".", "")
        values = {
            "decimal_separator": point,
            "thousands_separator": sign,
            "currency_sign": self._sign if kind == "number" else "",
            "date_format": str(choice),
            "time_format": str(choice),
        }
        written = dialect.written(kind, "text")
        for option, value in values.items():
            written = written.replace(f"dialect.{option}", _text(value))
        return written

    def _find_roles(self) -> dict[str, str]:
        """Return the column of each role."""
        for position, (title, *_, kind, number) in enumerate(self._found):
            if kind == "number":
                self._db.execute(
                    f"insert into numbers select _line_number, name, {position}, number_of(written)"
                    f" from (select *, {self._written('number', number)} as written from"
                    " (select *, trim(value) as text from cells where name = ?)) limit 20000",
                    [title],
                )
        names = ("title", "shown", "lines", "different", "example", "kind", "number")
        shown = [dict(zip(names, row, strict=True)) for row in self._found]
        self._db.register("columns", pa.Table.from_pylist(shown))
        self._proof = next(iter(self._run("check_proof")), None)
        proof = self._proof or ("", "", "")
        factors = dict(zip(("factor", "other_factor", "product"), map(_text, proof[:3]), strict=True))
        known = [word.lower() for branch in branches() for word in (branch, branch.replace("_", " "))]
        scores = self._run("check_roles", branches=str(known), **factors)
        roles: dict[str, str] = {}
        for role, title, _ in scores:
            # one column may hold the day and the time of day
            is_taken = any(
                found == title and {other, role} != {"sold_on", "sold_at"}
                for other, found in roles.items()
            )
            if role not in roles and not is_taken:
                roles[role] = title
        return roles

    # what to write where

    def _describe(self) -> None:
        """Write block, source and model, and say what each column looks like."""
        roles, options, kinds = self._roles, self._options, {row[0]: row[5] for row in self._found}
        numbers = [title for title, kind in kinds.items() if kind == "number"]
        products = [title for title in numbers if title not in roles.values()]
        is_wide = len(products) > 2 and not roles.keys() & {"quantity", "unit_price"}
        if is_wide:
            roles.pop("article", None)
            if "line_amount" in roles:
                roles.setdefault("order_total", roles.pop("line_amount"))
        if "quantity" not in roles and "unit_price" in roles and not is_wide:
            roles.setdefault("line_amount", roles.pop("unit_price"))
        self._add_dialect()
        self._add_branch()
        mapped = {role: self._columns[title] for role, title in roles.items() if role in MAPPED}
        remarks = [
            f"{self._columns[title]} looks like a tax: tax_rate is a number, as 0.19"
            for role, title in roles.items()
            if role == "tax_rate"
        ]
        if "payment_method" in mapped:
            mapped["payment_method"] = self._ways_of_paying(mapped["payment_method"])
        if "ticket" not in roles:
            has_time = "sold_at" in roles
            mapped["order_grain"] = "'line'" if has_time else "'day'"
            what = "each line is an order" if has_time else "lines are sums of a day, without orders"
            self._doubt(f"No column looks like the number of a ticket, so {what}.")
        elif "sold_at" not in roles:
            mapped["sold_at"], options["time_format"] = "'12:00'", "HH24:MI"
            self._doubt("No column looks like a time of day, so all is sold at noon.")
        if totals := self._totals():
            mapped["is_total"] = totals
        source = f"{{{{ source('exports', '{self._name}') }}}}"
        if is_wide:
            source = self._lines_of_columns(source, products)
            mapped |= {name: f"landed.{name}" for name in WIDE}
        if self._joins:
            mapped["line_part"] = "cast(line.position as integer)"
        for role in ("sold_on", "article", "line_amount"):
            if role not in mapped and not (is_wide or {role, "unit_price"} <= {"line_amount", *roles}):
                self._doubt(f"No column looks like {role}: write it into the model.")
        self._say_what_is_proven()
        self._show_columns()
        self._write_blocks(mapped, remarks, source)

    def _add_dialect(self) -> None:
        """Add how numbers, days and times are written to the options."""
        chosen, options = self._chosen, self._options
        number = chosen["number"] or "."
        options["decimal_separator"], options["thousands_separator"] = number[0], number[1:]
        options["currency_sign"] = self._sign
        quantity = [row[6] for row in self._found if row[0] == self._roles.get("quantity")]
        if quantity and quantity[0][0] != number[0]:
            options["quantity_decimal_separator"] = quantity[0][0]
        for kind in ("date", "time"):
            if chosen[kind]:
                options[f"{kind}_format"] = chosen[kind]
        if "quantity" in self._roles and self._db.execute(
            "select 1 from numbers where title = ? and value < 0", [self._roles["quantity"]]
        ).fetchone():
            options["negative_quantity"] = "refund"

    def _add_branch(self) -> None:
        """Add which column says the branch, and which branch each of its words is."""
        options, column = self._options, self._roles.get("branch")
        if column and "branch" not in options:
            options["branch_column"] = column
            words = self._db.execute(
                "select text from filled where title = ? order by line", [column]
            ).fetchall()
            known = {branch.replace("_", " "): branch for branch in branches()}
            named = {word: known.get(word.lower().replace("_", " ")) for (word,) in words}
            options["branches"] = {
                branch: word for word, branch in named.items() if branch and branch != word
            }
            if unknown := [word for word, branch in named.items() if not branch]:
                self._doubt(
                    f"{column} says the branch, and seeds/branches.csv has none that is called "
                    f"{', '.join(unknown[:5])}: add them there, or name them in branches."
                )
        elif "branch" not in options:
            self._doubt("No column says the branch: give --branch, or write branch into the block.")

    def _ways_of_paying(self, expression: str) -> str:
        """Return SQL of our words for the words of the file."""
        words = self._db.execute(
            "select lower(text), max(role) from filled left join words on kinds = 'payment' and"
            " regexp_full_match(lower(strip_accents(text)), words) where title = ?"
            " group by all order by 2, 1 limit 20",
            [self._roles["payment_method"]],
        ).fetchall()
        if unknown := [word for word, ours in words if not ours]:
            self._doubt(f"Ways of paying that are not known: {', '.join(unknown[:5])}.")
        cases = "".join(
            f"\n        when {_text(word)} then {_text(ours)}"
            for word, ours in words
            if ours and ours != word
        )
        if not cases:
            return f"lower({expression})"
        return f"case lower({expression}){cases}\n        else lower({expression})\n    end"

    def _totals(self) -> str | None:
        """Return the condition of a line of totals; lines with nothing to compare are no records."""
        options, (first, *_) = self._options, self._columns
        ((pattern,),) = self._db.execute("select words from words where role = 'total'").fetchall()
        rejected = [
            word[0] for row in self._rejects if (word := re.match(r"[^\W\d]+", row["_reject"]))
        ]
        if rejected and all(re.fullmatch(pattern, word.lower()) for word in rejected):
            options["not_records"] = sorted(set(rejected))
        elif self._rejects:
            line = self._rejects[0]
            self._doubt(
                f"{len(self._rejects)} line(s) do not fit the header, first line "
                f"{line['_line_number']}: {line['_reject'][:60]!r}."
            )
        found = self._db.execute(
            "select text from filled where title = ?"
            " and regexp_full_match(lower(strip_accents(text)), ?)",
            [first, pattern],
        ).fetchall()
        if not found or self._joins:
            return None
        return f"{self._columns[first]} in ({', '.join(_text(word) for (word,) in found)})"

    def _lines_of_columns(self, source: str, products: list[str]) -> str:
        """Return what a wide file's lines are selected from."""
        prices: dict[str, float] = {}
        if total := self._roles.get("order_total"):
            prices = dict(self._run("check_prices", total=_text(total), products=str(products)))
        shown = {row[0]: row[1] for row in self._found}
        lines = []
        for title in products:
            name, price = shown[title].replace("'", "''"), ""
            if title in prices:
                price = f"{prices[title]:.10g}".replace(".", self._options["decimal_separator"])
            lines.append(f"'{title}': ({name!r}, {price!r})," if price else f"'{title}': {name!r},")
        if missing := [title for title in products if title not in prices]:
            self._doubt(
                f"It has a column for each product, and no order shows the price of "
                f"{', '.join(shown[title] for title in missing[:5])}: write ('name', 'price')."
            )
        written = "\n    ".join(lines)
        return source.replace("source(", "lines_of_columns(source(").replace(
            " }}", f", {{\n    {written}\n}}) }}}}"
        )

    def _say_what_is_proven(self) -> None:
        roles = self._roles
        if self._proof:
            factor, other, amount, proven, lines, line = self._proof
            rest = f"; line {line} is the first that differs: a discount?" if line else "."
            self.checked.facts.append(
                f"{factor} × {other} = {amount} on {proven:,} of {lines:,} lines{rest}"
            )
        elif "quantity" in roles:
            money = roles.get("unit_price") or roles.get("line_amount")
            self._doubt(
                f"Nothing proves whether {money} is the price of one or of the line: its name says it."
            )

    def _show_columns(self) -> None:
        """Say of each column what it looks like, and which of its values cannot be read."""
        for title, shown, _, different, example, kind, number in self._found:
            said = [role for role, column in self._roles.items() if column == title]
            self.checked.columns.append(
                (shown, title, ", ".join(said) or f"({kind})", example[:40], f"{different:,}")
            )
            for part in {"date", "time"} if kind == "moment" else {kind} & READ.keys():
                choice = number if part == "number" else self._chosen[part]
                ((lines, line, text),) = self._db.execute(
                    "select count(*), min(line), min_by(text, line)"
                    f" from (select *, {self._written(part, choice)} as written from filled"
                    f" where title = ? and not is_nothing) where {READ[part]} is null",
                    [title],
                ).fetchall()
                if lines:
                    self._doubt(
                        f"{lines} value(s) of {shown} are no {part} as the others are, first "
                        f"{text!r} in line {line}: such lines wait in quarantine."
                    )

    def _write_blocks(self, mapped: dict[str, str], remarks: list[str], source: str) -> None:
        options = self._options
        lines = [f"# {configuration.CONFIG_FILE}", f"[{FEEDS}.{self._name}]"]
        for option, default in ((name, each.default) for name, each in Feed.model_fields.items()):
            value = options.get(option)
            if value not in (None, "", [], {}, default):
                lines.append(f"{option} = {_toml(value)}")
        if not options.keys() & {"branch", "branch_column"}:
            lines.append(f'# branch = "{next(iter(branches()))}"      # one of seeds/branches.csv')
        names = ", ".join(f"{{name: {name}}}" for name in self._landed)
        entry = (
            "# models/staging/exports/_exports__sources.yml, and its name into "
            f"vars.systems.exports.feeds of dbt_project.yml\n      - name: {self._name}\n"
            f"        description: '{options['files']}'\n        columns: [{names}]"
        )
        environment = Environment(  # noqa: S701 - it is SQL, not HTML
            loader=FileSystemLoader(FOLDER / "templates"), trim_blocks=True,
            block_start_string="<%", block_end_string="%>",
            variable_start_string="<<", variable_end_string=">>",
        )  # fmt: skip
        ordered = {role: mapped[role] for role in MAPPED if role in mapped}
        model = environment.get_template("model.jinja").render(
            name=self._name, mapped=ordered, remarks=remarks, source=source,
            landed=self._landed, joins=self._joins,
        )  # fmt: skip
        self.checked.blocks = ["\n".join(lines), entry, model]


def flattened(landed: pa.Table) -> tuple[pa.Table, dict[str, str], list[str]]:
    """Return the lines of nested JSON, SQL of each of their values, and what it joins.

    Args:
        landed: the records as they land.
    """
    nested = [
        {name: _parsed(value) for name, value in record.items()} for record in landed.to_pylist()
    ]
    lists: Counter[str] = Counter()
    for record in nested:
        lists.update({name: len(each) for name, each in record.items() if isinstance(each, list)})
    names = [name for name, _ in lists.most_common()]
    rows: list[dict[str, Any]] = []
    columns: dict[str, str] = {}
    for record in nested:
        base: dict[str, Any] = {"_line_number": record.pop("_line_number")}
        for name, value in record.items():
            if isinstance(value, dict):
                for key, inner in value.items():
                    base[f"{name}.{key}"] = inner
                    columns[f"{name}.{key}"] = f"{{{{ landed_json('landed.{name}', '{key}') }}}}"
            elif name not in names:
                base[name] = value
                columns[name] = f"landed.{name}"
        for name in names:
            for element in record.get(name) or []:
                for key in element if isinstance(element, dict) else ():
                    word = "line" if name == names[0] else name
                    columns[f"{name}.{key}"] = f"{{{{ json_text('{word}.element', '{key}') }}}}"
            if name != names[0] and record.get(name):
                base |= {f"{name}.{key}": value for key, value in record[name][0].items()}
        for element in (record.get(names[0]) if names else None) or [{}]:
            rows.append(base | {f"{names[0]}.{key}": value for key, value in element.items()})
    joins = [
        f"left join lateral {{{{ json_list('landed.{name}', '{'line' if not place else name}') }}}}"
        f" on {f'{name}.position = 1' if place else 'true'}"
        for place, name in enumerate(names)
    ]
    values = {
        name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns
    }
    numbers = pa.array([row["_line_number"] for row in rows], pa.int64())
    return pa.table({"_line_number": numbers, **values}), columns, joins


def _parsed(value: Any) -> Any:
    is_nested = isinstance(value, str) and value[:1] in ("{", "[")
    return json.loads(value) if is_nested else value


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _option(kind: str, candidate: str) -> str:
    if kind == "date":
        return f'date_format = "{candidate}"'
    return f'decimal_separator = "{candidate[0]}", thousands_separator = "{candidate[1:]}"'
