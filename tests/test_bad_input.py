"""Bad input gets one line a problem, a suggestion where one is near, and exit code 2."""

from pathlib import Path

import pytest

from sim.config.compose import check_file, compose, load_scenario
from sim.errors import ConfigError

OVERRIDES: list[tuple[str, list[str], tuple[str, ...]]] = [
    # --- unknown keys and choices
    ("misspelt strategy", ["strategy@armenia=boulwar"], ("strategy", "did you mean 'boulware'")),
    ("misspelt party", ["strategy@armeni=firm"], ("did you mean 'strategy@armenia'",)),
    ("misspelt group", ["stratgy@armenia=firm"], ("stratgy", "did you mean 'strategy'")),
    ("misspelt acceptance", ["acceptance@armenia=ac_nxt"], ("did you mean 'ac_next'",)),
    ("misspelt agenda", ["agenda=interim"], ("did you mean 'interim_allowed'",)),
    ("misspelt scenario", ["scenario=sept_2024"], ("did you mean 'september_2024'",)),
    ("unknown preset", ["preset=moscow"], ("moscow", "yerevan", "baku")),
    ("misspelt root key", ["horizn=3"], ("horizn", "did you mean 'horizon'")),
    ("the same with +", ["+horizn=3"], ("horizn", "did you mean 'horizon'")),
    ("the same with ++", ["++horizn=3"], ("horizn", "did you mean 'horizon'")),
    ("deleting what is not there", ["~horizn"], ("horizn", "did you mean 'horizon'")),
    ("misspelt parameter", ["armenia.strategy.bta=1"], ("did you mean 'beta'",)),
    ("misspelt parameter with +", ["+armenia.strategy.bta=1"], ("did you mean 'beta'",)),
    ("foreign parameter", ["strategy@armenia=firm", "+armenia.strategy.beta=1"], ("'firm'",)),
    ("misspelt acceptance key", ["+armenia.acceptance.lvl=1"], ("unknown parameter 'lvl'",)),
    ("misspelt party key", ["+armenia.strateg.name=firm"], ("did you mean 'strategy'",)),
    (
        "misspelt scenario key",
        ["scenario.discout_rate.azerbaijan.value=0.2"],
        ("did you mean 'discount_rate'",),
    ),
    (
        "misspelt scenario key with +",
        ["+scenario.discout_rate.azerbaijan.value=0.2"],
        ("scenario.discout_rate", "did you mean 'discount_rate'"),
    ),
    (
        "unset key without +",
        ["scenario.articles.VII.position={value: 0.5, basis: S1}"],
        ("add it with +",),
    ),
    ("strategy by name", ["armenia.strategy.name=frim"], ("did you mean 'firm'",)),
    ("no key at all", ["="], ("=", "KEY=VALUE")),
    ("adding what is there", ["+seed=3"], ("seed: has a value already", "without +")),
    ("Hydra's own key", ["hydra.run.dir=x"], ("no effect",)),
    # --- wrong types
    ("nothing for a seed", ["seed="], ("whole number, got nothing",)),
    ("text for a number", ["armenia.strategy.beta=abc"], ("armenia.strategy.beta", "number")),
    ("nothing for a number", ["armenia.strategy.beta=null"], ("must be a number",)),
    ("yes for a number", ["armenia.strategy.beta=true"], ("must be a number",)),
    ("half a week", ["horizon=1.5"], ("whole number",)),
    ("text for a horizon", ["horizon=long"], ("whole number",)),
    ("yes for a seed", ["seed=true"], ("whole number",)),
    ("a number for a strategy", ["armenia.strategy=3"], ("needs a name",)),
    ("a number for a party", ["armenia=3"], ("armenia",)),
    ("a number for a group", ["scenario=3"], ("name of one of its files",)),
    ("text for plug-ins", ["plugins=mine.py"], ("plugins", "must be a list")),
    ("a bare number", ["scenario.discount_rate.armenia=0.2"], ("needs a basis",)),
    ("text in a number", ["scenario.discount_rate.armenia.value=high"], ("finite number",)),
    ("infinity in a number", ["scenario.discount_rate.armenia.value=inf"], ("finite number",)),
    ("no date", ["scenario.start=soon"], ("scenario.start", "not a date")),
    ("a number for a date", ["scenario.start=20240917"], ("not a date",)),
    # --- out of range
    ("horizon of 0", ["horizon=0"], ("horizon", "greater than or equal to 1")),
    ("horizon of 21 years", ["horizon=1100"], ("less than or equal to 1040",)),
    ("negative seed", ["seed=-1"], ("seed", "greater than or equal to 0")),
    ("seed of 64 bits", ["seed=9223372036854775808"], ("less than 9223372036854775808",)),
    ("negative replicate", ["replicate=-1"], ("replicate",)),
    ("negative exponent", ["armenia.strategy.beta=-3"], ("must lie between 0.01 and 100",)),
    ("outside its range", ["scenario.discount_rate.armenia.value=0.9"], ("0.02 to 0.4",)),
    (
        "position of 1.2",
        ["scenario.articles.II.position.value=1.2", "scenario.articles.II.position.high=1.5"],
        ("scenario.articles.II.position", "between 0 and 1"),
    ),
    (
        "negative weight",
        ["scenario.articles.II.weights.armenia={value: -1, low: -2, high: 0, basis: assumption}"],
        ("scenario.articles.II.weights.armenia", "at or above 0"),
    ),
    ("one level", ["+scenario.articles.II.levels=1"], ("at least 2",)),
    ("unknown rule", ["agenda.rule=interm_allowed"], ("did you mean 'interim_allowed'",)),
    ("unknown style", ["mediator.style=manipulatoin"], ("did you mean 'manipulation'",)),
    ("unknown graph", ["public.graph=smallworld"], ("did you mean 'small_world'",)),
    ("unknown status", ["scenario.articles.II.status=agred"], ("did you mean 'agreed'",)),
    # --- what does not hang together
    (
        "unknown source",
        ["scenario.constitution.supermajority.basis=S4x6"],
        ("unknown source 'S4x6'", "did you mean 'S46'"),
    ),
    (
        "unknown source of a derived number",
        ["scenario.politics.seats_bonus.from=[S790]"],
        ("scenario.politics.seats_bonus", "did you mean 'S79'"),
    ),
    (
        "misspelt assumption",
        ["scenario.discount_rate.armenia.basis=asumption"],
        ("did you mean 'assumption'",),
    ),
    (
        "assumption without a range",
        ["~scenario.discount_rate.armenia.low"],
        ("needs both low and high",),
    ),
    ("agreed without position", ["~scenario.articles.II.position"], ("needs a position",)),
    ("no articles", ["~scenario.articles"], ("scenario.articles: is missing",)),
    (
        "unknown actor in weights",
        ["+scenario.articles.VII.weights.armenai={value: 1, low: 0, high: 2, basis: assumption}"],
        ("scenario.articles.VII.weights.armenai", "did you mean 'armenia'"),
    ),
    (
        "an actor without weight",
        ["~scenario.articles.VII.weights.united_states"],
        ("scenario.articles.VII.weights.united_states: is missing",),
    ),
    ("unknown first mover", ["scenario.drafts.first_mover=azerbaijn"], ("'azerbaijan'",)),
    (
        "unknown deliverer",
        ["scenario.preconditions.constitution.delivered_by=armenian_opposition"],
        ("unknown party",),
    ),
    (
        "a channel to nobody",
        [
            "scenario.channels=[{between: [armenia, rusia], calls_per_year: "
            "{value: 1, low: 0, high: 2, basis: assumption}, meetings_per_year: "
            "{value: 1, low: 0, high: 2, basis: assumption}}]"
        ],
        ("unknown actor 'rusia'", "no path connects"),
    ),
    (
        "more seats than parliament has",
        ["scenario.politics.government_seats.value=108"],
        ("government_seats",),
    ),
    # --- the command line itself
    ("several values", ["armenia.strategy.beta=0.1,0.2"], ("one run takes one value",)),
    ("no value", ["nonsense"], ("KEY=VALUE",)),
    ("no key", ["=3"], ("=3",)),
    ("unfinished list", ["horizon=[1"], ("KEY=VALUE",)),
    ("a missing plug-in file", ["plugins=[nowhere.py]"], ("no such file",)),
    ("a missing variable", ["agenda.rule=${nope}"], ("agenda.rule", "nope")),
]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [pytest.param(overrides, said, id=name) for name, overrides, said in OVERRIDES],
)
def test_overrides(overrides: list[str], said: tuple[str, ...]) -> None:
    """Each bad override is told in plain lines that name the place and what would be right."""
    with pytest.raises(ConfigError) as caught:
        compose(overrides)
    assert caught.value.exit_code == 2
    lines = caught.value.problems
    assert lines
    # One mistake is told once, and not in different words again.
    assert len(lines) <= max(len(overrides), len(said))
    for line in lines:
        assert line == line.strip()
        assert not {"\n", "Traceback", "pydantic", "Error"} & {*line.split(), *line}
    for part in said:
        assert part in "\n".join(lines)


def test_there_are_at_least_forty() -> None:
    """The table is as long as it is meant to be, and has no entry twice."""
    assert len({tuple(overrides) for _, overrides, _ in OVERRIDES}) == len(OVERRIDES) >= 40


def test_all_weights_zero() -> None:
    """A party that cares about nothing is told as one line, not as a division by zero."""
    plain = compose([]).scenario
    zero = "{value: 0, low: 0, high: 1, basis: assumption}"
    places = ["preamble", *(f"articles.{key}" for key in plain.articles)]
    places += [f"preconditions.{key}" for key in plain.preconditions if key != "passage"]
    overrides = [f"scenario.{place}.weights.azerbaijan={zero}" for place in places]
    with pytest.raises(ConfigError) as caught:
        compose(overrides)
    assert caught.value.problems == [
        "scenario.weights.azerbaijan: all weights of 'azerbaijan' are zero"
    ]


def test_several_mistakes_give_several_lines() -> None:
    """All problems are told in one go."""
    with pytest.raises(ConfigError) as caught:
        compose(["horizon=0", "armenia.strategy.beta=-3", "scenario.start=soon"])
    assert len(caught.value.problems) == 3


def test_unknown_primary_configuration() -> None:
    """A misspelt `--config-name` is told with the nearest one."""
    with pytest.raises(ConfigError, match="did you mean 'config'"):
        compose([], config_name="confg")


def test_unknown_config_folder(tmp_path: Path) -> None:
    """A missing `--config-dir` is told as such."""
    with pytest.raises(ConfigError, match="no such folder"):
        compose([], config_dir=tmp_path / "nowhere")


FILES: list[tuple[str, str, tuple[str, ...]]] = [
    ("not YAML", "articles: [1, 2\nb: }\n", ("not YAML", "line")),
    ("a list", "- 1\n- 2\n", ("mapping",)),
    ("a word", "treaty\n", ("mapping",)),
    ("empty", "", ("is missing",)),
    ("binary", "\x00\x01\x02", ("line 1", "control character")),
    ("a tab", "a:\n\tb: 1\n", ("not YAML",)),
    ("a Python object", "a: !!python/object/apply:os.getcwd []\n", ("not YAML",)),
    (
        "a duplicate article",
        "defaults: [september_2024, _self_]\narticles:\n  I: {title: a}\n  I: {title: b}\n",
        ("duplicate key I",),
    ),
    (
        "the same title twice",
        "defaults: [september_2024, _self_]\n"
        "articles: {XVI: {title: Languages and authentic texts}}\n",
        ("duplicate title",),
    ),
    (
        "an article in small letters",
        "defaults: [september_2024, _self_]\n"
        "articles: {xvi: {title: Again, status: open, weights: {}, ideals: {}}}\n",
        ("duplicate id",),
    ),
    ("an unknown base", "defaults: [septembr_2024, _self_]\n", ("did you mean 'september_2024'",)),
    (
        "a position outside",
        "defaults: [september_2024, _self_]\n"
        "articles: {II: {position: {value: -0.2, low: -0.5}}}\n",
        ("articles.II.position", "between 0 and 1"),
    ),
    (
        "a bare number",
        "defaults: [september_2024, _self_]\nlapse: {exit_cost: 0.1}\n",
        ("lapse.exit_cost", "needs a basis"),
    ),
    (
        "a basis for overrides only",
        "defaults: [september_2024, _self_]\nconstitution: {referendum_quorum: {basis: setting}}\n",
        ("constitution.referendum_quorum",),
    ),
    (
        "too many articles",
        "defaults: [september_2024, _self_]\narticles:\n"
        + "".join(
            f"  a{n}: {{title: t{n}, status: open, weights: {{}}, ideals: {{}}}}\n"
            for n in range(20)
        ),
        ("31",),
    ),
]


@pytest.mark.parametrize(
    ("text", "said"), [pytest.param(text, said, id=name) for name, text, said in FILES]
)
def test_scenario_files(text: str, said: tuple[str, ...], tmp_path: Path) -> None:
    """Each bad scenario file is told in plain lines."""
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    lines = check_file(file)
    assert lines
    assert all(line and "\n" not in line and "Traceback" not in line for line in lines)
    for part in said:
        assert part in "\n".join(lines)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A misspelt file name is told with the nearest one."""
    (tmp_path / "mine.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"did you mean 'mine\.yaml'"):
        load_scenario(tmp_path / "mien.yaml")
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"ends in \.yaml"):
        load_scenario(tmp_path / "mine.txt")


def test_a_broken_file_of_ones_own_is_named(tmp_path: Path) -> None:
    """What is no YAML is told with the file's name, once, on either way to it."""
    folder = tmp_path / "scenario"
    folder.mkdir()
    (folder / "mine.yaml").write_text("articles: [\n", encoding="utf-8")
    with pytest.raises(ConfigError) as found:
        compose(["scenario=mine"], config_dir=tmp_path)
    assert found.value.problems[0].startswith("mine.yaml: line 2, column 1: is not YAML")
    assert check_file(folder / "mine.yaml") == found.value.problems


def test_a_variant_needs_no_word_on_order(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """What a file says goes before its defaults, and nothing of Hydra's is printed."""
    file = tmp_path / "mine.yaml"
    file.write_text("defaults: [september_2024]\nstart: 2024-10-01\n", encoding="utf-8")
    assert load_scenario(file).start.isoformat() == "2024-10-01"
    assert not recwarn.list


@pytest.mark.parametrize(
    "overrides",
    [pytest.param(overrides, id=name) for name, overrides, _ in OVERRIDES],
)
def test_command_line(overrides: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`sim run` ends with exit code 2, one line a problem on stderr and nothing on stdout."""
    from sim.commands.cli import main

    # An override that looks like an option would be the option parser's to refuse.
    assert main(["run", *overrides]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.strip()
    assert "Traceback" not in err


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text, _ in FILES])
def test_command_line_check(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sim scenario check` ends with exit code 2 and no traceback for a bad file."""
    from sim.commands.cli import main

    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["scenario", "check", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (out + err).strip()
    assert "Traceback" not in out + err
