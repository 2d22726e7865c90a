"""The issues of European legislation: reading the file, mapping to talks, scores."""

from pathlib import Path

import numpy as np
import pytest

from sim.commands.cli import main
from sim.errors import ConfigError
from sim.model.codes import Agenda, Solution
from sim.theory.deu import (
    ACTORS,
    COLUMNS,
    COMPROMISE,
    NULLS,
    RULES,
    Rule,
    forecast,
    halves,
    pivotal,
    read_file,
    score_all,
    talks,
    tuned_forecasts,
    weighted,
)

LINEAR = RULES[0]


def issue(
    number: int,
    *,
    council: float = 0,
    parliament: float = 100,
    saliences: tuple[float, float] = (50, 50),
    reference: float | None = None,
    outcome: float | None = 50,
    **given: float,
) -> dict[str, object]:
    """Return a row with three governments at one place and the Parliament at another."""
    row: dict[str, object] = {"prnr": number, "isnr": f"{number}i", "pep": parliament}
    row |= {"sep": saliences[1], "rp": reference, "out": outcome}
    for actor in ("de", "fr", "it"):
        row |= {f"p{actor}": council, f"s{actor}": saliences[0]}
    return row | given


def written(folder: Path, *rows: dict[str, object], separator: str = "\t") -> Path:
    """Write a file in the layout of the deposit, with a row without a proposal at its top."""
    file = folder / "deu.tab"
    lines = [COLUMNS, ["" for _ in COLUMNS]]
    lines += [[("" if row.get(n) is None else str(row[n])) for n in COLUMNS] for row in rows]
    file.write_text("\n".join(separator.join(line) for line in lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_issues_are_gathered_by_proposal(tmp_path: Path, separator: str) -> None:
    rows = [issue(3), issue(3, council=20, reference=100, outcome=10), issue(7, outcome=None)]
    (found,) = read_file(written(tmp_path, *rows, separator=separator))
    assert found.number == "3"
    assert found.council == pytest.approx([0.0, 0.2])
    assert found.outcome == pytest.approx([0.5, 0.1])
    assert np.isnan(found.reference[0])
    assert found.reference[1] == 1.0


def test_an_actor_without_salience_is_not_heard(tmp_path: Path) -> None:
    row = issue(1) | {"pes": 100, "sit": None}
    (found,) = read_file(written(tmp_path, row))
    heard = np.isfinite(found.positions[0])
    assert [actor for actor, known in zip(ACTORS, heard, strict=True) if known] == [
        "ep",
        "de",
        "fr",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b,c\n1,2,3\n", "not the file of DEU"),
        ("", "not the file of DEU"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as caught:
        read_file(file)
    assert len(str(caught.value).splitlines()) == 1


def test_every_missing_column_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, issue(1))
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\tpde\t", "\tx\t", 1).replace("\tout", "\ty", 1), "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_file(file)
    assert str(caught.value).splitlines() == [
        "deu.tab: lacks the column pde",
        "deu.tab: lacks the column out",
    ]


def test_a_figure_that_is_none_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, issue(1) | {"pep": 140}, issue(2) | {"rp": "none"})
    with pytest.raises(ConfigError) as caught:
        read_file(file)
    assert str(caught.value).splitlines() == [
        "deu.tab: pep is '140' in proposal 1, not a number from 0 to 100",
        "deu.tab: rp is 'none' in proposal 2, not a number from 0 to 100",
    ]


@pytest.mark.parametrize("content", [b"\x00\xff\xfe\x80\x81", b"PK\x03\x04\xff\xff"])
def test_no_text_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "deu.xlsx"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="tab-separated text or CSV"):
        read_file(file)


def test_a_file_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "deu", str(tmp_path / "none.tab")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_where_nobody_is_at_odds_nothing_moves(tmp_path: Path) -> None:
    (found,) = read_file(written(tmp_path, issue(1, council=30, parliament=30)))
    for rule in RULES:
        placed, closed = forecast(rule, found)
        assert placed == pytest.approx([0.3])
        assert closed.all()


def test_even_sides_meet_in_the_middle(tmp_path: Path) -> None:
    (found,) = read_file(written(tmp_path, issue(1)))
    for rule in RULES:
        placed, _ = forecast(rule, found)
        assert placed == pytest.approx([0.5], abs=0.03), rule.name


def test_a_package_trades_and_single_issues_do_not(tmp_path: Path) -> None:
    rows = [issue(1, saliences=(90, 10)), issue(1, saliences=(10, 90))]
    (found,) = read_file(written(tmp_path, *rows))
    alone, _ = forecast(Rule("", agenda=Agenda.ISSUE_BY_ISSUE, values={"beta": 1.0}), found)
    package, _ = forecast(Rule("", values={"beta": 1.0}), found)
    assert alone == pytest.approx([0.5, 0.5], abs=0.02)
    assert package == pytest.approx([0.0, 1.0], abs=0.02)


@pytest.mark.parametrize("loss", [1.0, 2.0])
def test_salience_is_the_slope_of_the_loss(tmp_path: Path, loss: float) -> None:
    """An ideal in the middle of the scale counts no more than one at its end."""
    rows = [issue(1, council=50), issue(1, council=0, parliament=50)]
    (found,) = read_file(written(tmp_path, *rows))
    params = talks(Rule("", curvature=loss), found, 0)
    spans = np.maximum(params["ideal"][:2, :2], 1.0 - params["ideal"][:2, :2])
    slopes = params["weight"][:2, :2] / spans**loss
    assert slopes[:, 0] == pytest.approx(slopes[:, 1])


def test_who_lives_with_the_reference_point_gets_more(tmp_path: Path) -> None:
    rule = Rule("", strategy="firm", solution=Solution.NASH, curvature=2.0)
    (even,) = read_file(written(tmp_path, issue(1, council=40)))
    (near,) = read_file(written(tmp_path, issue(1, council=40, reference=0)))
    assert forecast(rule, near)[0][0] < forecast(rule, even)[0][0] - 0.05


def test_a_reference_point_between_the_two_leaves_a_single_issue_open(tmp_path: Path) -> None:
    """Whatever is better for one side is worse for the other, so nothing is signed."""
    rule = Rule("", strategy="firm", solution=Solution.NASH, alone=True)
    (found,) = read_file(written(tmp_path, issue(1, reference=20)))
    placed, closed = forecast(rule, found)
    assert placed == pytest.approx([0.5])
    assert not closed.any()


def test_power_moves_the_text_to_the_stronger_side(tmp_path: Path) -> None:
    (found,) = read_file(written(tmp_path, issue(1)))
    placed = [
        forecast(
            Rule("", strategy="firm", solution=Solution.NASH, curvature=2.0, bias=bias), found
        )[0][0]
        for bias in (-0.8, 0.0, 0.8)
    ]
    assert placed[0] < placed[1] - 0.1
    assert placed[2] > placed[1] + 0.1


def test_the_council_by_salience_and_by_its_pivot(tmp_path: Path) -> None:
    row = issue(1, reference=0) | {"pde": 0, "pfr": 50, "pit": 100, "sde": 90, "sfr": 5, "sit": 5}
    (found,) = read_file(written(tmp_path, row))
    assert found.council == pytest.approx([0.5])
    assert weighted(found).council == pytest.approx([0.075])
    assert pivotal(found).council == pytest.approx([0.0])


def test_null_models_by_hand(tmp_path: Path) -> None:
    row = issue(1, saliences=(10, 70), reference=100) | {"pde": 40, "sde": 20}
    (found,) = read_file(written(tmp_path, row))
    told = {name: float(rule(found)[0]) for name, rule in NULLS.items()}
    assert told[COMPROMISE] == pytest.approx((0.4 * 20 + 70) / (20 + 10 + 10 + 70))
    assert told["median of all"] == pytest.approx(0.2)
    assert told["Council's mean"] == pytest.approx(0.4 / 3)
    assert told["reference point, else the middle"] == 1.0


def test_scores_by_hand_and_the_same_bytes(tmp_path: Path) -> None:
    rows = [issue(n, outcome=50 + n) for n in range(1, 5)]
    proposals = read_file(written(tmp_path, *rows))
    whole, test = score_all(proposals)
    found = {score.name: score for score in whole}
    assert found["always the middle"].error == pytest.approx(2.5)
    assert found[COMPROMISE].beside == 0.0
    assert found["Council's mean"].error == pytest.approx(52.5)
    assert np.isnan(found[COMPROMISE].several)
    assert [score.issues for score in test] == [2] * len(test)
    assert repr(score_all(proposals)) == repr((whole, test))


def test_the_test_half_tunes_nothing(tmp_path: Path) -> None:
    """Outcomes of the training half at the Council's place, of the test half at the other's."""
    rows = [issue(n, outcome=0 if n % 2 else 100) for n in range(1, 7)]
    training, test = halves(read_file(written(tmp_path, *rows)))
    assert {float(p.outcome[0]) for p in training} == {0.0}
    name, made, chosen = tuned_forecasts(training, test)[0]
    assert name.startswith("fixed share")
    assert chosen == 0.0
    assert all(float(m[0]) == 0.0 for m in made)


def test_the_command_prints_scores_and_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, *(issue(n, outcome=40) for n in range(1, 4)))
    assert main(["validate", "deu", str(file)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "3 issues of 3 proposals" in told
    assert "The best of the rules afterwards" in told
