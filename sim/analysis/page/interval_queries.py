"""Means, shares and differences with their intervals in one line of DuckDB's SQL.

They repeat `sim.analysis.intervals` from a query of rows that has a column `y` and those that runs
are clustered by. Quantiles of Student's distribution, which SQL lacks, are passed as numbers.
"""

from sim.analysis.intervals import Z, student
from sim.analysis.results import Results


def column(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def cluster(results: Results) -> str:
    """Return which independently drawn part of a sampled design a run belongs to."""
    if results.plan.design["kind"] != "saltelli":
        return "point"
    return f"point // {len(results.plan.point_keys) + 2}"


def keys(results: Results) -> str:
    """Return what runs are clustered by."""
    return f"replicate, {cluster(results)} AS cluster" if results.sampled else "replicate"


def share_of(
    results: Results, rows: str, names: tuple[str, str, str], freedom: float | None
) -> str:
    """Return the query of the mean of a column `y` of zeros and ones, with Wilson's interval.

    Parameters
    ----------
    results : Results
    rows : str
        Query of the rows, with the columns that `results` are clustered by.
    names : tuple of str
        Names of estimate, lower and upper end.
    freedom : float or None
        Degrees of freedom of the share's variance; None where runs are independent, which those
        of one cell are.
    """
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


def mean_of(results: Results, rows: str, names: tuple[str, str, str], freedom: float) -> str:
    """Return the query of the mean of a column `y`, with Student's interval.

    Parameters
    ----------
    results, rows, names
        See `share_of`.
    freedom : float
        Degrees of freedom of the mean's variance.
    """
    p, low, high = (column(name) for name in names)
    half = f"{student(freedom)!r}*sqrt(v)"
    return (
        f"WITH x AS ({rows}), {_variance(results)} "
        f"SELECT p AS {p}, p - {half} AS {low}, p + {half} AS {high} FROM v"
    )


def paired_of(results: Results, rows: str, names: tuple[str, str, str]) -> str:
    """Return the query of the mean of differences `y`, see `intervals.paired_estimate`."""
    p, low, high = (column(name) for name in names)
    half = f"{Z!r}*sqrt(m*(m - 1)*v + 2 + 2*m*p*p/(m + 2))/(m + 2)"
    return (
        f"WITH x AS ({rows}), {_variance(results)} SELECT p AS {p}, greatest(-1, p*m/(m + 2) - "
        f"{half}) AS {low}, least(1, p*m/(m + 2) + {half}) AS {high} FROM (SELECT p, m, "
        "coalesce(v, 0) AS v FROM v)"
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
        "v AS (SELECT p, n, least(a.m, b.m) AS m, CASE WHEN a.v IS NULL OR b.v IS NULL THEN "
        "NULL ELSE greatest(a.v + b.v - o.v, a.v, b.v) END AS v FROM t, a, b, "
        "(SELECT sum((y - p)*(y - p))/any_value(n*n) AS v FROM x, t) o)"
    )
    return f"{total}, {sides}, {both}"
