"""A negotiation as a table of positions and saliences, read from and written to CSV or Excel.

A table has one row a pair of an article and an actor (``long``: columns `article`, `actor`,
`position`, `salience`), or one row an article with two columns an actor (``wide``: ``greece
position``, ``greece salience``). Further columns hold of the article: `title`, `status`, `unit`,
the figures `from` and `to` at the two ends of what is argued about, and the agreed `wording`.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.config.number import Number, Plain, named
from sim.config.scenario import Scenario
from sim.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Cell = str | float
Row = dict[str, Cell]
"""One row by its column, cells that are empty left out."""

OF_ARTICLE = ("article", "number", "title", "status", "unit", "from", "to", "wording")
COLUMNS = (*OF_ARTICLE, "actor", "position", "salience")
"""Columns of a table that is written; `article` is an id, positions and `wording` in the unit."""
ALSO = {
    "issue": "article", "provision": "article", "id": "article", "name": "title",
    "subject": "title", "party": "actor", "country": "actor", "ideal": "position",
    "ideal_point": "position", "pos": "position", "weight": "salience", "importance": "salience",
    "saliency": "salience", "sal": "salience", "state": "status", "low_end": "from",
    "high_end": "to", "min": "from", "max": "to", "agreed": "wording",
}  # fmt: skip
"""Other names of columns."""
STATUS = {
    "open": "open", "": "open", "half": "half", "half agreed": "half", "partly": "half",
    "agreed": "agreed", "closed": "agreed", "settled": "agreed",
}  # fmt: skip
"""Words for the state of an article, and the state."""
MOST_ROWS = 10_000
"""Most rows that are read."""
PERCENT = 100.0
"""End of the scale of positions that lie above 1, where the table names none."""


@dataclass
class Article:
    """What a table says of one article."""

    row: int  # where it first stands
    told: Row
    positions: dict[str, float] = field(default_factory=dict)
    saliences: dict[str, float] = field(default_factory=dict)


# --- reading


def read_rows(file: Path, sheet: str | None = None) -> list[Row]:
    """Return the rows of a table by their columns, names in small letters with underscores.

    file: ends in .csv or .xlsx.
    sheet: name of an Excel sheet; the first by default.

    Raises ConfigError if it cannot be read, or openpyxl is not installed.
    """
    if file.suffix not in (".csv", ".xlsx"):
        raise ConfigError([f"{file}: a table is a file that ends in .csv or .xlsx"])
    if not file.is_file():
        near = did_you_mean(file.name, [each.name for each in sorted(file.parent.glob("*"))])
        raise ConfigError([f"{file}: no such file{near}"])
    lines = _csv_lines(file) if file.suffix == ".csv" else _excel_lines(file, sheet)
    head = next(lines, [])
    names = [re.sub(r"[\s.\-]+", "_", str(cell).strip().lower()) for cell in head]
    names = [ALSO.get(name, name) for name in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise ConfigError([f"{file.name}: the column '{name}' stands twice" for name in twice])
    rows = []
    for line in lines:
        cells = zip(names, line, strict=False)
        rows.append({name: cell for name, cell in cells if name and cell not in ("", None)})
        if len(rows) > MOST_ROWS:
            raise ConfigError([f"{file.name}: more than {MOST_ROWS:,} rows"])
    return rows


def _csv_lines(file: Path) -> Iterator[Sequence[Cell]]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{file.name}: is not in UTF-8; save it as CSV UTF-8"]) from error
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    try:
        for line in csv.reader(text.splitlines(), delimiter=mark):
            yield [cell.strip() for cell in line]
    except csv.Error as error:
        raise ConfigError([f"{file.name}: is no CSV: {error}"]) from error


def _excel_lines(file: Path, sheet: str | None) -> Iterator[Sequence[Cell]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise ConfigError([f"{file.name}: needs openpyxl: {INSTALL}"]) from error
    from zipfile import BadZipFile

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise ConfigError([f"{file.name}: is no Excel workbook"]) from error
    known = book.sheetnames
    if sheet is not None and sheet not in known:
        raise ConfigError([f"--sheet: no sheet '{sheet}'{did_you_mean(sheet, known)}"])
    for line in book[sheet or known[0]].iter_rows(values_only=True):
        yield ["" if c is None else c if isinstance(c, (int, float)) else str(c) for c in line]


INSTALL = "pip install 'peace-talks-sim[table]'"


def figure(cell: Cell) -> float | None:
    """Return the number in a cell, None if there is none; ``1,5`` and ``15 %`` are numbers."""
    if isinstance(cell, (int, float)):
        return float(cell) if math.isfinite(cell) and not isinstance(cell, bool) else None
    text = cell.strip().removesuffix("%").strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    return float(text) if re.fullmatch(r"-?\d+(\.\d*)?([eE]-?\d+)?", text) else None


def slug(text: Cell) -> str:
    """Return a text as an id."""
    if isinstance(text, float) and text.is_integer():
        text = str(int(text))
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(text).strip()).strip("_")[:64]


class Table:
    """The articles and actors of a table, with everything that is wrong with it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.articles: dict[str, Article] = {}
        self.actors: dict[str, str] = {}  # name of each by its id, in the order of the table
        self.problems: list[str] = []
        self.ignored: list[str] = []
        columns = list(dict.fromkeys(name for row in rows for name in row))
        wide = {c: c.rpartition("_") for c in columns if re.search(r"._(position|salience)$", c)}
        if "article" not in columns and "title" not in columns:
            self.problems.append(f"no column 'article'{did_you_mean('article', columns)}")
        elif "actor" not in columns and not wide:
            near = did_you_mean("actor", columns)
            self.problems.append(f"no column 'actor', and no columns such as 'a position'{near}")
        else:
            self.ignored = [c for c in columns if c not in COLUMNS and c not in wide]
            for number, row in enumerate(rows, 2):
                self._read(number, row, wide)

    def _read(self, number: int, row: Row, wide: Mapping[str, tuple[str, str, str]]) -> None:
        if not row:
            return
        label = row.get("article", row.get("title", ""))
        key = slug(label)
        if not key:
            self.problems.append(f"row {number}: has no article")
            return
        article = self.articles.setdefault(key, Article(number, {}))
        title = row.get("title", label if slug(label) != str(label) else named(key))
        for name in OF_ARTICLE[1:]:
            cell = title if name == "title" else row.get(name)
            if cell is not None and article.told.setdefault(name, cell) != cell and name in row:
                self.problems.append(
                    f"row {number}: {name} is {cell}, and {article.told[name]} in row {article.row}"
                )
        pairs = (
            [(str(row["actor"]), "position"), (str(row["actor"]), "salience")]
            if "actor" in row
            else []
        )
        cells = [(actor, what, row.get(what)) for actor, what in pairs]
        cells += [(actor, what, row.get(column)) for column, (actor, _, what) in wide.items()]
        for actor, what, cell in cells:
            self._take(number, article, key, actor, what, cell)

    def _take(
        self, number: int, article: Article, key: str, actor: str, what: str, cell: Cell | None
    ) -> None:
        found = slug(actor.lower())
        self.actors.setdefault(found, named(found) if found == actor else actor.strip())
        if cell is None:
            self.problems.append(f"row {number}: {key} has no {what} of {actor}")
            return
        value = figure(cell)
        into = article.positions if what == "position" else article.saliences
        if value is None:
            self.problems.append(f"row {number}: {what} '{cell}' is no number")
        elif what == "salience" and value < 0:
            self.problems.append(f"row {number}: salience {value:g} lies below 0")
        elif found in into:
            self.problems.append(f"row {number}: a second {what} of {actor} on {key}")
        else:
            into[found] = value


# --- from a table to the short form


def imported(
    table: Table, parties: tuple[str, str], scale: tuple[float, float] | None = None
) -> Plain:
    """Return the articles of a table in the short form.

    parties: the actor whose side is 0, and the one whose side is 1.
    scale: ends of the positions of articles without `from` and `to`; 0 to 1, or to 100 where some
        lie above 1, by default.

    Raises ConfigError with one line a problem.
    """
    problems = list(table.problems)
    values = [v for a in table.articles.values() for v in a.positions.values()]
    high = PERCENT if any(value > 1.0 for value in values) else 1.0
    articles: Plain = {}
    for key, article in table.articles.items():
        ends = _ends(article, scale or (0.0, high), problems)
        if any(article.positions.get(p) is None for p in parties) and not table.problems:
            problems.append(f"row {article.row}: {key} has no position of both parties")
        elif ends is not None:
            articles[key] = _article(article, parties, ends, problems)
    if not table.articles and not problems:
        problems.append("the table holds no article")
    if problems:
        raise ConfigError(problems)
    return articles


def _ends(
    article: Article, default: tuple[float, float], problems: list[str]
) -> tuple[float, float] | None:
    told = [figure(article.told[name]) for name in ("from", "to") if name in article.told]
    ends = default
    if len(told) == 1 or None in told:
        problems.append(f"row {article.row}: 'from' and 'to' need a number each")
        return None
    if len(told) == 2:
        ends = (float(str(told[0])), float(str(told[1])))
    low, high = min(ends), max(ends)
    outside = [v for v in article.positions.values() if not low <= v <= high]
    if low == high:
        problems.append(f"row {article.row}: 'from' and 'to' are both {low:g}")
    elif outside:
        span = f"{low:g} to {high:g}; give columns 'from' and 'to', or --scale LOW,HIGH"
        problems.append(f"row {article.row}: position {outside[0]:g} lies outside {span}")
    else:
        return ends
    return None


def _article(
    article: Article, parties: tuple[str, str], ends: tuple[float, float], problems: list[str]
) -> Plain:
    """Return one article; its ends are turned so that the first party's side comes first."""
    first, second = (article.positions[party] for party in parties)
    if (first > second) == (ends[0] < ends[1]) and first != second:
        ends = (ends[1], ends[0])
    found: Plain = {"number": str(article.told["number"])} if "number" in article.told else {}
    found["title"] = str(article.told.get("title", ""))
    word = str(article.told.get("status", "")).strip().lower()
    if word not in STATUS:
        near = did_you_mean(word, [known for known in STATUS if known])
        problems.append(f"row {article.row}: unknown status '{word}'{near}")
    found["status"] = STATUS.get(word, "open")
    if "unit" in article.told:
        found["unit"] = str(article.told["unit"])
    if ends != (0.0, 1.0):
        found["ends"] = [_tidy(end) for end in ends]
    if "wording" in article.told or found["status"] == "agreed":
        wording = figure(article.told.get("wording", ""))
        between = [(first + second) / 2, min(first, second), max(first, second)]
        found["position"] = [_tidy(v) for v in between] if wording is None else _tidy(wording)
    found["stakes"] = {
        actor: f"{article.saliences.get(actor, 0.0):g} {position:g}"
        for actor, position in article.positions.items()
    }
    return found


def _tidy(value: float) -> float:
    return int(value) if value.is_integer() else value


# --- from a scenario to a table


def exported(scenario: Scenario) -> list[dict[str, Cell | None]]:
    """Return one row a pair of an article and an actor; positions in the article's own unit."""
    rows: list[dict[str, Cell | None]] = []
    for key, item in scenario.articles.items():
        ends = item.ends or (0.0, 1.0)
        told: dict[str, Cell | None] = {
            "article": key,
            "number": item.number or None,
            "title": item.title,
            "status": item.status,
            "unit": item.unit or None,
            "from": _tidy(ends[0]) if item.ends else None,
            "to": _tidy(ends[1]) if item.ends else None,
            "wording": None if item.position is None else in_unit(item.position, ends),
        }
        for actor in scenario.actor_ids:
            ideal, weight = in_unit(item.ideals[actor], ends), _tidy(item.weights[actor].value)
            rows.append(told | {"actor": actor, "position": ideal, "salience": weight})
    return rows


def in_unit(number: Number, ends: tuple[float, float]) -> float:
    """Return a position in the unit of its article."""
    return _tidy(round(ends[0] + number.value * (ends[1] - ends[0]), 9))


def write_rows(rows: Sequence[Mapping[str, Cell | None]], file: Path) -> None:
    """Write a table as CSV or Excel, by the ending of the file; ConfigError if it exists."""
    if file.suffix not in (".csv", ".xlsx"):
        raise ConfigError([f"{file}: a table is a file that ends in .csv or .xlsx"])
    if file.exists():
        raise ConfigError([f"{file}: exists; nothing is overwritten"])
    if not file.parent.is_dir():
        raise ConfigError([f"{file}: no such folder: {file.parent}"])
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise ConfigError([f"{file.name}: needs openpyxl: {INSTALL}"]) from error
    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    for at, line in enumerate([dict(zip(COLUMNS, COLUMNS, strict=True)), *rows], 1):
        for place, name in enumerate(COLUMNS, 1):
            cell = sheet.cell(at, place, line[name])
            if isinstance(line[name], str):
                cell.data_type = "s"  # a text that begins with = is no formula
    book.save(file)
