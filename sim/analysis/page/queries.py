"""Queries that find a statement's numbers again: one line of DuckDB's SQL on the results' files.

Means, shares and differences with their intervals repeat `sim.analysis.intervals` from a query of
rows that has a column `y` and those that runs are clustered by. Quantiles of Student's
distribution, which SQL lacks, are passed as numbers. Throughout, `names` are those of the columns
of estimate, lower and upper end, and `freedom` the degrees of freedom of the estimate's variance,
None where runs are independent, which those of one cell are.
"""

import glob
from collections.abc import Mapping, Sequence

from sim.analysis.results import Results
from sim.runs.shares import Z, student
from sim.sweeps.columns import as_stored, swept_type
from sim.sweeps.overrides import Value

SIGNED, FULL, INTERIM = "signed <> 'none'", "signed = 'full'", "signed = 'interim'"
Names = tuple[str, str, str]
Pairs = Sequence[tuple[int, int]]
"""Combinations of a first and of a second sweep that belong together."""


def column(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value) -> str:
    """Return a value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def has(results: Results, key: str, value: Value) -> str:
    """Return the condition that a swept key has a value."""
    stored = as_stored(value, swept_type(results.plan, key))
    return f"{column(key)} IS NOT DISTINCT FROM {literal(stored)}"


def among(results: Results, values: Mapping[str, Value], condition: str = "") -> str:
    """Return the condition that a run worked, has some values, and meets a further condition."""
    parts = ["run_status = 'ok'", *(has(results, key, value) for key, value in values.items())]
    return " AND ".join([*parts, condition] if condition else parts)


def clusters(results: Results) -> str:
    """Return what runs are clustered by: replicates, and in a sampled design drawn points."""
    if not results.sampled:
        return "replicate"
    shared = results.block
    return f"replicate, {f'point // {shared}' if shared > 1 else 'point'} AS cluster"


def rows_of(results: Results, value: str, where: str) -> str:
    """Return the query of an expression's values, as `y`, in the runs that meet a condition."""
    return f"SELECT {clusters(results)}, {value} AS y FROM {results.source} WHERE {where}"


def share(results: Results, condition: str, where: str, names: Names, freedom: float | None) -> str:
    """Return the query of a share of the runs that meet `where`, with its Wilson interval."""
    return share_of(results, rows_of(results, f"({condition})::INT", where), names, freedom)


def share_of(results: Results, rows: str, names: Names, freedom: float | None) -> str:
    """Return the query of the mean of a column `y` of zeros and ones, with Wilson's interval."""
    p, low, high = (column(name) for name in names)
    z, zz = repr(Z), repr(Z * Z)
    wilson = (
        f"SELECT p AS {p}, greatest(0, (p + {zz}/(2*e) - {z}*sqrt(p*(1-p)/e + {zz}/(4*e*e)))"
        f"/(1 + {zz}/e)) AS {low}, least(1, (p + {zz}/(2*e) + {z}*sqrt(p*(1-p)/e + {zz}/(4*e*e)))"
        f"/(1 + {zz}/e)) AS {high} FROM e"
    )
    if freedom is None:
        return f"WITH e AS (SELECT avg(y) AS p, count(y) AS e FROM ({rows})) {wilson}"
    few = repr((Z / student(freedom)) ** 2)
    size = (
        f"SELECT p, least(greatest(CASE WHEN v > 1e-18 THEN p*(1-p)*{few}/v ELSE m END, 1), n) AS "
        "e FROM v"
    )
    return f"WITH x AS ({rows}), {_variance(results)}, e AS ({size}) {wilson}"


def mean(results: Results, value: str, where: str, names: Names, freedom: float) -> str:
    """Return the query of the mean of an expression, with Student's interval."""
    p, low, high = (column(name) for name in names)
    half = f"{student(freedom)!r}*sqrt(v)"
    return (
        f"WITH x AS ({rows_of(results, value, where)}), {_variance(results)} "
        f"SELECT p AS {p}, p - {half} AS {low}, p + {half} AS {high} FROM v"
    )


def paired_of(results: Results, rows: str, names: Names) -> str:
    """Return the query of the mean of differences `y`, see `intervals.paired_estimate`."""
    p, low, high = (column(name) for name in names)
    half = f"{Z!r}*sqrt(m*(m - 1)*v + 2 + 2*m*p*p/(m + 2))/(m + 2)"
    return (
        f"WITH x AS ({rows}), {_variance(results)} SELECT p AS {p}, greatest(-1, p*m/(m + 2) - "
        f"{half}) AS {low}, least(1, p*m/(m + 2) + {half}) AS {high} FROM (SELECT p, m, "
        "coalesce(v, 0) AS v FROM v)"
    )


def _variance(results: Results) -> str:
    total = "t AS (SELECT avg(y) AS p, count(*) AS n FROM x)"
    if not results.sampled:
        return (
            f"{total}, r AS (SELECT sum(y) AS k, count(*) AS s FROM x GROUP BY replicate), "
            "v AS (SELECT p, n, m, v/m AS v FROM t, (SELECT count(*) AS m, "
            "var_samp((k - p*s)/a) AS v FROM r, t, (SELECT avg(s) AS a FROM r)))"
        )
    sides = ", ".join(
        f"{name} AS (SELECT count(*) AS m, var_samp((k - p*s)/a)/count(*) AS v FROM (SELECT sum(y) "
        f"AS k, count(*) AS s FROM x GROUP BY {key}), t, (SELECT n/count(DISTINCT {key}) AS a FROM "
        "x, t GROUP BY n))"
        for name, key in (("a", "replicate"), ("b", "cluster"))
    )
    both = (
        "v AS (SELECT p, n, least(a.m, b.m) AS m, CASE WHEN a.v IS NULL OR b.v IS NULL THEN "
        "NULL ELSE greatest(a.v + b.v - o.v, a.v, b.v) END AS v FROM t, a, b, "
        "(SELECT sum((y - p)*(y - p))/any_value(n*n) AS v FROM x, t) o)"
    )
    return f"{total}, {sides}, {both}"


def paired(
    results: Results, key: str, values: tuple[Value, Value], cells: int, names: Names
) -> str:
    """Return the query of a mean difference between two values of a key, run by run.

    The first value less the second; replicates that lack one of the `cells` pairs are left out.
    """
    one, other = (has(results, key, value) for value in values)
    unit = "replicate, point" if results.sampled else "replicate"
    others = "".join(f", {column(k)}" for k in results.chosen_keys if k != key)
    change = (
        f"SELECT {unit}{others}, max(({SIGNED})::INT) FILTER ({one}) - max(({SIGNED})::INT) FILTER "
        f"({other}) AS d FROM {results.source} WHERE run_status = 'ok' AND ({one} OR {other}) "
        "GROUP BY ALL"
    )
    per_unit = f"SELECT {unit}, avg(d) AS y FROM ({change}) GROUP BY ALL HAVING count(d) = {cells}"
    return paired_of(results, f"SELECT {clusters(results)}, y FROM ({per_unit})", names)


def variance_share(
    results: Results, known: Sequence[str] | None, names: Names, quantile: float
) -> str:
    """Return the query of a share of the variance of signing from run to run.

    With a jackknife interval that leaves out one replicate at a time, see
    `sim.analysis.assumptions`; `quantile` is Student's for the number of replicates. `known` are
    swept keys: the share is what would be gone if all others were known too. With None it is the
    share that lies within cells, which is chance.
    """
    levels = ["cell"]
    if known:
        levels.append(f"({', '.join(column(key) for key in known)})")
    rows = (
        f"SELECT {levels[0]} AS k1{f', {levels[1]} AS k2' if known else ''}, replicate, "
        f"({SIGNED})::INT::DOUBLE AS y FROM {results.source}"
    )
    numbers = range(1, len(levels) + 1)
    between = ", ".join(_between_levels(n) for n in numbers)
    total = (
        "r AS (SELECT replicate, avg(y) AS m, avg(y*y) AS z FROM x GROUP BY replicate), t AS "
        "(SELECT sum(m) AS m, sum(z) AS z, count(*) AS n FROM r), w AS (SELECT replicate, n, "
        "(t.z - r.z)/(n - 1) - ((t.m - r.m)/(n - 1))**2 AS w FROM r, t)"
    )
    value = " - ".join(f"v{n}" for n in numbers)
    joined = " ".join(f"JOIN j{n} USING (replicate)" for n in numbers)
    points = ", ".join(f"p{n}" for n in numbers)
    start, sign = ("1", "-") if known is None else ("0", "+")
    share, low, high = (column(name) for name in names)
    ends = ", ".join(
        f"least(1, greatest(0, {end})) AS {name}"
        for name, end in (
            (share, "p"), (low, f"p - {quantile!r}*e"), (high, f"p + {quantile!r}*e")
        )
    )  # fmt: skip
    return (
        f"WITH x AS ({rows}), {between}, {total}, f AS (SELECT CASE WHEN w > 0 THEN ({value})/w "
        f"ELSE 0 END AS f, n FROM w {joined})"
        f", p AS (SELECT {start} {sign} ({value})/(SELECT var_pop(y) FROM x) AS p FROM {points}), "
        "e AS (SELECT sqrt(any_value((n - 1)/n)*sum((f - a)*(f - a))) AS e FROM f, (SELECT avg(f) "
        f"AS a FROM f)) SELECT {ends} FROM p, e"
    )


def _between_levels(n: int) -> str:
    """Return the parts of a query that give the variance between levels, free of chance.

    ``pN`` holds it, and ``jN`` the same without each replicate.
    """
    return (
        f"y{n} AS (SELECT k{n} AS k, replicate, avg(y) AS y FROM x GROUP BY ALL), d{n} AS (SELECT "
        f"k, replicate, y - avg(y) OVER (PARTITION BY replicate) AS d FROM y{n}), s{n} AS (SELECT "
        f"k, sum(d) AS s, sum(d*d) AS q, count(*) AS n FROM d{n} GROUP BY k), j{n} AS (SELECT "
        "replicate, avg((s - d)*(s - d) - (q - d*d))/any_value((n - 1)*(n - 2)) AS "
        f"v{n} FROM d{n} JOIN s{n} USING (k) GROUP BY replicate), p{n} AS (SELECT "
        f"avg((s*s - q)/(n*(n - 1))) AS v{n} FROM s{n})"
    )


def assumptions_in_plan(base: int, numbers: str, assumed: str) -> str:
    """Return the query of a plan's scenario: its numbers, and its assumptions with a range."""
    return (
        f"SELECT count(*) AS {numbers}, count(*) FILTER (json_extract_string(value, '$.basis') = "
        "'assumption' AND json_extract(value, '$.low')::DOUBLE < json_extract(value, '$.high')::"
        f"DOUBLE) AS {assumed} FROM json_tree((SELECT json FROM "
        "read_json_objects('plan.json', format = 'unstructured', maximum_object_size = "
        f"1000000000)), '$.bases[{base}].scenario') WHERE type = 'OBJECT' AND "
        "json_exists(value, '$.basis') AND json_exists(value, '$.value')"
    )


def difference_of_sweeps(one: Results, other: Results, pairs: Pairs, names: Names) -> str:
    """Return the query of the mean difference of signing between two sweeps of the same shocks."""
    first, second = (_signing(side) for side in (one, other))
    unit, same = "s.replicate", ""
    if one.sampled:
        unit, same = "s.replicate, s.point", " AND t.point = s.point"
    listed = ", ".join(f"({a}, {b})" for a, b in pairs)
    change = (
        f"SELECT {unit}, avg(t.y - s.y) AS y FROM (VALUES {listed}) p(a, b) JOIN {first} s "
        f"ON s.cell // {one.points} = p.a JOIN {second} t ON t.cell // {other.points} = p.b AND "
        f"t.replicate = s.replicate{same} GROUP BY ALL HAVING count(*) = {len(pairs)}"
    )
    return paired_of(one, f"SELECT {clusters(one)}, y FROM ({change})", names)


def difference_of_samples(
    one: Results,
    other: Results,
    pairs: Pairs,
    names: Names,
    freedom: tuple[float | None, float | None],
) -> str:
    """Return the query of the difference of signing between two sweeps of different shocks."""
    parts = []
    for side, numbers, free in zip((one, other), zip(*pairs, strict=True), freedom, strict=True):
        unit = "replicate, point" if side.sampled else "replicate"
        listed = ", ".join(f"({number})" for number in numbers)
        rows = (
            f"SELECT {clusters(side)}, y FROM (VALUES {listed}) p(a) JOIN {_signing(side)} s ON "
            f"s.cell // {side.points} = p.a QUALIFY count(*) OVER (PARTITION BY {unit}) = "
            f"{len(pairs)}"
        )
        parts.append(share_of(side, rows, ("p", "l", "h"), free))
    value, low, high = (column(name) for name in names)
    return (
        f"SELECT t.p - s.p AS {value}, t.p - s.p - sqrt((t.p - t.l)**2 + (s.h - s.p)**2) AS {low}, "
        f"t.p - s.p + sqrt((t.h - t.p)**2 + (s.p - s.l)**2) AS {high} FROM ({parts[0]}) s, "
        f"({parts[1]}) t"
    )


def _signing(results: Results) -> str:
    return f"(SELECT *, ({SIGNED})::INT AS y FROM {_from_above(results)} WHERE run_status = 'ok')"


def _from_above(results: Results) -> str:
    # DuckDB takes brackets and stars of a folder's name for a pattern, and a quote for the end.
    folder = glob.escape(str(results.folder)).replace("'", "''")
    return results.source.replace("'shards/", f"'{folder}/shards/").replace(
        "'runs.parquet'", f"'{folder}/runs.parquet'"
    )


def together(parts: Mapping[str, str]) -> str:
    """Return one query that gives the columns of several one-row queries side by side."""
    return "SELECT * FROM " + ", ".join(
        f"({query}) AS {column(name)}" for name, query in parts.items()
    )
