"""One-line queries that find a statement's numbers again, for DuckDB on the results' own files.

They repeat what `sim.analysis.intervals` computes, in another language and by another program, so
that a reader can check a number without trusting this package.
"""

from collections.abc import Mapping, Sequence

from sim.analysis.intervals import Z
from sim.analysis.results import Results
from sim.sweeps.columns import as_stored, swept_type
from sim.sweeps.overrides import Value

SIGNED, FULL, INTERIM = "signed <> 'none'", "signed = 'full'", "signed = 'interim'"


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


def cluster(results: Results) -> str:
    """Return which independently drawn part of a sampled design a run belongs to."""
    if results.plan.design["kind"] != "saltelli":
        return "point"
    return f"point // {len(results.plan.point_keys) + 2}"


def share(
    results: Results, condition: str, where: str, names: tuple[str, str, str], cells: int
) -> str:
    """Return the query of a share with its Wilson interval.

    Parameters
    ----------
    results : Results
    condition : str
        What is counted.
    where : str
        Which runs.
    names : tuple of str
        Names of estimate, lower and upper end.
    cells : int
        How many cells the runs come from.
    """
    p, low, high = (column(name) for name in names)
    z, zz = repr(Z), repr(Z * Z)
    wilson = (
        f"SELECT p AS {p}, greatest(0, (p + {zz}/(2*e) - {z}*sqrt(p*(1-p)/e + {zz}/(4*e*e)))"
        f"/(1 + {zz}/e)) AS {low}, least(1, (p + {zz}/(2*e) + {z}*sqrt(p*(1-p)/e + {zz}/(4*e*e)))"
        f"/(1 + {zz}/e)) AS {high} FROM e"
    )
    if cells == 1 and not results.sampled:
        alone = f"SELECT avg(({condition})::INT) AS p, count(*) AS e FROM {results.source}"
        return f"WITH e AS ({alone} WHERE {where}) {wilson}"
    rows = f"SELECT {_keys(results)}, ({condition})::INT AS y FROM {results.source} WHERE {where}"
    size = (
        "SELECT p, least(greatest(CASE WHEN v > 1e-18 THEN p*(1-p)/v ELSE m END, 1), n) AS e FROM v"
    )
    return f"WITH x AS ({rows}), {_variance(results)}, e AS ({size}) {wilson}"


def mean(
    results: Results, value: str, where: str, names: tuple[str, str, str], quantile: float
) -> str:
    """Return the query of a mean with Student's interval.

    Parameters
    ----------
    results : Results
    value : str
        Expression whose mean is taken.
    where : str
        Which runs.
    names : tuple of str
        Names of estimate, lower and upper end.
    quantile : float
        Student's quantile for the number of independent replicates or points.
    """
    rows = f"SELECT {_keys(results)}, {value} AS y FROM {results.source} WHERE {where}"
    return mean_of(results, rows, names, quantile)


def paired(
    results: Results,
    key: str,
    values: tuple[Value, Value],
    cells: int,
    names: tuple[str, str, str],
    quantile: float,
) -> str:
    """Return the query of a mean difference between two values of a key, run by run.

    Parameters
    ----------
    results : Results
    key : str
    values : tuple of Value
        The value, and the one that it is compared with.
    cells : int
        Pairs of cells that are averaged; replicates that lack one are left out.
    names : tuple of str
        Names of estimate, lower and upper end.
    quantile : float
        Student's quantile; 0 for the interval of a single pair of cells (Bonett and Price 2012).
    """
    one, other = (has(results, key, value) for value in values)
    unit = "replicate, point" if results.sampled else "replicate"
    others = "".join(f", {column(k)}" for k in results.chosen_keys if k != key)
    change = (
        f"SELECT {unit}{others}, max(({SIGNED})::INT) FILTER ({one}) - max(({SIGNED})::INT) FILTER "
        f"({other}) AS d FROM {results.source} WHERE run_status = 'ok' AND ({one} OR {other}) "
        "GROUP BY ALL"
    )
    keys = _keys(results)
    per_unit = f"SELECT {unit}, avg(d) AS y FROM ({change}) GROUP BY ALL HAVING count(d) = {cells}"
    rows = f"SELECT {keys}, y FROM ({per_unit})"
    if quantile > 0.0:
        return mean_of(results, rows, names, quantile)
    p, low, high = (column(name) for name in names)
    adjusted = (
        "SELECT avg(y) AS p, (count(*) FILTER (y > 0) + 1)/(count(*) + 2) AS u, "
        "(count(*) FILTER (y < 0) + 1)/(count(*) + 2) AS w, count(*) + 2 AS n FROM x"
    )
    half = f"{Z!r}*sqrt((u + w - (u - w)*(u - w))/n)"
    return (
        f"WITH x AS ({rows}), b AS ({adjusted}) SELECT p AS {p}, greatest(-1, u - w - {half}) AS "
        f"{low}, least(1, u - w + {half}) AS {high} FROM b"
    )


def variance_share(
    results: Results,
    known: Sequence[str] | None,
    names: tuple[str, str, str],
    quantile: float,
) -> str:
    """Return the query of a share of the variance of signing from run to run.

    With a jackknife interval that leaves out one replicate at a time, see
    `sim.analysis.variance`.

    Parameters
    ----------
    results : Results
    known : sequence of str or None
        Swept keys: the share is what would be gone if all others were known too. None: the share
        that lies within cells, which is chance.
    names : tuple of str
        Names of share, lower and upper end.
    quantile : float
        Student's quantile for the number of replicates.
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
    """Return the query of how many numbers the scenario of a plan has, and how many are assumed."""
    return (
        f"SELECT count(*) AS {numbers}, count(*) FILTER (json_extract_string(value, '$.basis') = "
        f"'assumption') AS {assumed} FROM json_tree((SELECT json FROM "
        "read_json_objects('plan.json', format = 'unstructured', maximum_object_size = "
        f"1000000000)), '$.bases[{base}].scenario') WHERE type = 'OBJECT' AND "
        "json_exists(value, '$.basis') AND json_exists(value, '$.value')"
    )


def difference_of_sweeps(
    one: Results,
    other: Results,
    pairs: Sequence[tuple[int, int]],
    names: tuple[str, str, str],
    quantile: float | None,
) -> str:
    """Return the query of the mean difference of signing between two sweeps.

    Parameters
    ----------
    one, other : Results
    pairs : sequence of (int, int)
        Combinations of the first and of the second that belong together.
    names : tuple of str
        Names of estimate, lower and upper end.
    quantile : float or None
        Student's quantile for runs compared one by one; None for independent samples of cells.
    """
    listed = ", ".join(f"({a}, {b})" for a, b in pairs)
    first, second = (
        f"(SELECT *, ({SIGNED})::INT AS y FROM {_from_above(side)} WHERE run_status = 'ok')"
        for side in (one, other)
    )
    head = f"p(a, b) AS (VALUES {listed})"
    if quantile is not None:
        join = (
            f"FROM p JOIN {first} s ON s.cell // {one.points} = p.a JOIN {second} t ON t.cell // "
            f"{other.points} = p.b AND t.replicate = s.replicate"
        )
        if one.sampled:
            rows = (
                f"SELECT replicate, {cluster(one)} AS cluster, y FROM (WITH {head} SELECT "
                f"s.replicate, s.point, avg(t.y - s.y) AS y {join} AND t.point = s.point GROUP BY "
                "s.replicate, s.point)"
            )
        else:
            rows = (
                f"WITH {head} SELECT s.replicate, avg(t.y - s.y) AS y {join} GROUP BY s.replicate"
            )
        return mean_of(one, rows, names, quantile)
    z, zz = repr(Z), repr(Z * Z)
    half = f"{z}*sqrt(p*(1-p)/n + {zz}/(4*n*n))/(1 + {zz}/n)"
    sides = ", ".join(
        f"{name} AS (SELECT cell, p, (p + {zz}/(2*n))/(1 + {zz}/n) - {half} AS l, (p + {zz}/(2*n))/"
        f"(1 + {zz}/n) + {half} AS h FROM (SELECT cell, avg(y) AS p, count(*) AS n FROM {source} "
        "GROUP BY cell))"
        for name, source in (("s", first), ("t", second))
    )
    value, low, high = (column(name) for name in names)
    return (
        f"WITH {head}, {sides}, d AS (SELECT t.p - s.p AS d, (sqrt((t.h - t.p)**2 + (s.p - s.l)**2)"
        " + sqrt((t.p - t.l)**2 + (s.h - s.p)**2))/2 AS e FROM p JOIN s ON s.cell = p.a JOIN t ON "
        f"t.cell = p.b) SELECT avg(d) AS {value}, avg(d) - sqrt(sum(e*e))/count(*) AS {low}, "
        f"avg(d) + sqrt(sum(e*e))/count(*) AS {high} FROM d"
    )


def _from_above(results: Results) -> str:
    """Return the source of some results as it is named from where the report was called."""
    return results.source.replace("'shards/", f"'{results.folder}/shards/").replace(
        "'runs.parquet'", f"'{results.folder}/runs.parquet'"
    )


def together(parts: Mapping[str, str]) -> str:
    """Return one query that gives the columns of several one-row queries side by side."""
    return "SELECT * FROM " + ", ".join(
        f"({query}) AS {column(name)}" for name, query in parts.items()
    )


def _keys(results: Results) -> str:
    """Return what runs are clustered by."""
    return f"replicate, {cluster(results)} AS cluster" if results.sampled else "replicate"


def mean_of(results: Results, rows: str, names: tuple[str, str, str], quantile: float) -> str:
    """Return the query of the mean of a column `y` of some rows."""
    p, low, high = (column(name) for name in names)
    half = f"{quantile!r}*sqrt(v)"
    return (
        f"WITH x AS ({rows}), {_variance(results)} "
        f"SELECT p AS {p}, p - {half} AS {low}, p + {half} AS {high} FROM v"
    )


def _variance(results: Results) -> str:
    """Return the parts of a query that give mean, variance, runs and clusters of a column `y`."""
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
        "v AS (SELECT p, n, greatest(a.m, b.m) AS m, CASE WHEN a.v IS NULL OR b.v IS NULL THEN "
        "coalesce(a.v, b.v) ELSE greatest(a.v + b.v - o.v, a.v, b.v) END AS v FROM t, a, b, "
        "(SELECT sum((y - p)*(y - p))/any_value(n*n) AS v FROM x, t) o)"
    )
    return f"{total}, {sides}, {both}"
