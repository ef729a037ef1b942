"""Hot spots in the user's own trades: more goes wrong where the list's own columns say so."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from desk_lists import COLUMNS, NAMES, desk_rows, expected_rows, read_rows, write_rows
from shell import run

from tradegen import generate, inject, score
from tradegen.verify import verify

ROWS = desk_rows(2_400)
FRAME = pd.DataFrame(ROWS, columns=list(NAMES)).set_index("TradeRef")
NUMBERS = FRAME[["Qty", "Px", "Net.Amt", "Lots"]].astype(float)
NOTIONAL = (FRAME.Qty.astype(int) * FRAME.Px.str.replace(".", "").astype(int)) / 100
WEIGHTS = {"quantity.nudge": 1.0, "price.nudge": 1.0, "Acct.other": 1.0, "Note.typo": 1.0}


@pytest.fixture(scope="module")
def trades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("desk") / "trades.csv", ROWS)


def broken(path: Path, *spots: dict[str, Any], **given: Any) -> Any:
    usual = {"seed": 7, "mechanisms": WEIGHTS, "mismatch_rate": 0.05}
    return inject(path, columns=COLUMNS, hot_spots=list(spots), **usual | given)


def spot(name: str, where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "where": where, **(more or {"rate": 0.5})}


CONDITIONS: list[tuple[dict[str, Any], Callable[[], Any]]] = [
    ({"ticker": "AAPL"}, lambda: FRAME.Ticker == "AAPL"),
    ({"Ticker": ["AAPL", "IBM"]}, lambda: FRAME.Ticker != "MSFT"),
    ({"order_type": "B", "Acct": "ACC007"}, lambda: (FRAME.Side == "B") & (FRAME.Acct == "ACC007")),
    ({"hours": ["09:30-10:00", "15:00-15:30:30"]}, lambda: _between("09:30:00", "10:00:00")
        | _between("15:00:00", "15:30:30")),
    ({"hours": "15:30-09:30"}, lambda: ~_between("09:30:00", "15:30:00")),
    ({"quantity": {"min": 500}}, lambda: NUMBERS.Qty >= 500),
    ({"quantity": [1, 2, 3, 4]}, lambda: NUMBERS.Qty <= 4),
    ({"Px": {"min": 99.995, "max": 120}}, lambda: NUMBERS.Px.between(100, 120)),
    ({"Net.Amt": {"max": -0.01}}, lambda: NUMBERS["Net.Amt"] < 0),
    ({"date": "2025-07-03"}, lambda: FRAME["Trade Date"] == "2025-07-03"),
    ({"Trade Date": {"min": "2025-07-20"}}, lambda: FRAME["Trade Date"] >= "2025-07-20"),
    ({"Exec Time": {"max": "2025-07-04 12:00:00"}}, lambda: FRAME["Exec Time"] <= "2025-07-04 12:00:00"),
    # A day without a time is all of the day, as in a column of days.
    ({"Exec Time": "2025-07-03"}, lambda: FRAME["Exec Time"].str.startswith("2025-07-03")),
    ({"Exec Time": {"min": "2025-07-02", "max": "2025-07-04"}}, lambda: FRAME["Exec Time"].str[:10].between(
        "2025-07-02", "2025-07-04")),
    ({"min_notional": 60_000.5, "max_notional": 90_000}, lambda: NOTIONAL.between(60_000.5, 90_000)),
]  # fmt: skip


def _between(start: str, end: str) -> Any:
    time = FRAME["Exec Time"].str[11:]
    return (time >= start) & (time < end)


@pytest.mark.parametrize(("where", "expected"), CONDITIONS, ids=[str(where) for where, _ in CONDITIONS])
def test_a_hot_spot_is_about_the_rows_that_meet_its_conditions(
    where: dict[str, Any], expected: Callable[[], Any], trades: Path
) -> None:
    made = broken(trades, spot("here", where, rate=1.0))
    inside = set(FRAME.index[expected()])
    assert 0 < len(inside) < len(ROWS)
    counts = made.manifest["counts"]["by_cause"]
    assert counts["here"]["eligible"] == len(inside)
    by_cause = made.truth.groupby(made.truth.cause.astype(str)).trade_id.agg(set)
    # Every row has something that one of these mechanisms can alter.
    assert by_cause["here"] == inside
    assert not by_cause[""] & inside


@pytest.mark.slow
def test_each_cause_has_as_many_rows_as_its_rate_factor_or_share_asks_for(
    trades: Path, tmp_path: Path
) -> None:
    spots = [
        spot("desk", {"Acct": ["ACC001", "ACC002", "ACC003"]}, rate=0.4),
        spot("big", {"quantity": {"min": 700}}, factor=4),
        spot("open", {"hours": "09:00-10:00"}, factor=2),
        spot("ibm", {"ticker": "IBM"}, share=0.5),
    ]
    made = broken(trades, *spots, mismatch_rate=0.02)
    desk = FRAME.Acct.isin(["ACC001", "ACC002", "ACC003"])
    ibm = ~desk & (FRAME.Ticker == "IBM")
    big, early = NUMBERS.Qty >= 700, _between("09:00:00", "10:00:00")
    factor = np.where(big, 4, 1) * np.where(early, 2, 1)
    names = np.select([big & early, big, early], ["big + open", "big", "open"], "")
    names = np.where(ibm, [f"{name} + ibm".removeprefix(" + ") for name in names], names)
    names = np.where(desk, "desk", names)
    outside = 0.02 * factor[~desk & ~ibm].sum()
    # Half of all mismatches are of IBM, so that those of the others are the other half.
    total = 2 * (0.4 * desk.sum() + outside)
    expected = {name: 0.02 * factor[names == name].sum() for name in set(names[~desk & ~ibm])}
    expected["desk"] = 0.4 * desk.sum()
    expected |= {
        name: total / 2 * factor[names == name].sum() / factor[ibm].sum() for name in set(names[ibm])
    }
    counts = made.manifest["counts"]["by_cause"]
    assert {name for name, found in counts.items() if found["eligible"]} == set(names)
    for name, found in counts.items():
        assert found["eligible"] == (names == name).sum()
        assert found["applied"] == found["requested"]
        assert abs(found["applied"] - expected.get(name, 0)) < 1, name
    of_row = dict(zip(FRAME.index, names, strict=True))
    assert all(told.cause == of_row[told.trade_id] for told in made.truth.itertuples())
    made.write(tmp_path / "theirs.csv")
    assert read_rows(tmp_path / "theirs.csv") == expected_rows(ROWS, made.truth)


def test_an_overall_rate_is_that_of_all_rows(trades: Path) -> None:
    spots = spot("aapl", {"ticker": "AAPL"}, factor=5), spot("acct", {"Acct": "ACC004"}, rate=0.3)
    made = broken(trades, *spots, mismatch_rate=0.1, rate_is="overall")
    assert made.truth.trade_id.nunique() == 240
    rates = made.manifest["rates"]
    assert rates["overall"] == {"asked": 0.1, "expected": 0.1, "made": 0.1}
    assert rates["hot_spots"]["aapl"]["factor"]["made"] == pytest.approx(5, rel=0.05)


SPOTS = (
    spot("aapl", {"ticker": "AAPL"}, factor=3),
    spot("accounts", {"Acct": [f"ACC{number:03}" for number in range(12)]}, factor=2),
    spot("large", {"Lots": {"min": 4000}}, rate=0.3),
)


def rows_of(made: Any) -> set[tuple[str, ...]]:
    columns = ["trade_id", "field", "mechanism", "original", "altered", "cause"]
    return set(made.truth[columns].astype(str).itertuples(index=False))


@pytest.mark.slow
@pytest.mark.parametrize("rate_is", ["base", "overall"])
def test_raising_a_rate_keeps_every_mismatch_there_was(rate_is: str, trades: Path) -> None:
    found = [
        rows_of(broken(trades, *SPOTS, rate_is=rate_is, mismatch_rate=rate)) for rate in (0.14, 0.15, 0.16)
    ]
    assert found[0] < found[1] < found[2]
    more = (*SPOTS[:2], SPOTS[2] | {"rate": 0.6})
    assert rows_of(broken(trades, *SPOTS)) < rows_of(broken(trades, *more))


@pytest.mark.slow
def test_a_new_hot_spot_keeps_every_mismatch_outside_it(trades: Path) -> None:
    without, beside = (
        {row for row in rows_of(broken(trades, *spots)) if FRAME.Acct[row[0]] != "ACC001"}
        for spots in (SPOTS, (*SPOTS, spot("one", {"Acct": "ACC001"}, rate=0.9)))
    )
    # The rate of the others is that of fewer rows: rounding moves a row or two of each cause.
    assert len(without ^ beside) < 0.1 * len(without)


@pytest.mark.slow
@pytest.mark.parametrize("rate_mode", ["exact", "bernoulli"])
def test_the_order_of_rows_changes_nothing(rate_mode: str, trades: Path, tmp_path: Path) -> None:
    shuffled = [ROWS[at] for at in np.random.default_rng(3).permutation(len(ROWS))]
    other = write_rows(tmp_path / "shuffled.csv", shuffled)
    one, two = (broken(path, *SPOTS, rate_mode=rate_mode) for path in (trades, other))
    pd.testing.assert_frame_equal(one.truth, two.truth)
    assert one.truth.cause.nunique() == 5
    if rate_mode == "bernoulli":
        large = one.manifest["counts"]["by_cause"]["large"]
        # Eight standard deviations: less than one false alarm in 10^12.
        assert abs(large["applied"] - 0.3 * large["eligible"]) < 8 * math.sqrt(0.21 * large["eligible"])


def test_hot_spots_have_mechanisms_and_settings_of_their_own(trades: Path) -> None:
    own = spot("ibm", {"ticker": "IBM"}, rate=0.5) | {
        "mechanisms": {"price.nudge": 1, "Side.other" if False else "order_type.other": 1},
        "settings": {"price.nudge": {"min": 0.05, "max": 0.06}},
    }
    made = broken(trades, own, keep_in_range=False, fields_per_pair=[1.0])
    inside = made.truth[made.truth.cause == "ibm"]
    assert set(inside.mechanism) == {"price.nudge", "order_type.other"}
    sizes = (inside.delta.abs() / inside.original.where(inside.field == "Px").astype(float)).dropna()
    assert sizes.between(0.0499, 0.0601).all()
    assert made.manifest["counts"]["by_mechanism"]["order_type.other"]["applied"] > 100
    outside = made.truth[made.truth.cause == ""]
    assert "order_type.other" not in set(outside.mechanism)


def test_benign_differences_stand_outside_hot_spots(trades: Path) -> None:
    made = broken(
        trades,
        spot("ibm", {"ticker": "IBM"}, rate=0.2),
        mechanisms={"quantity.nudge": 1, "price.nudge": 1},
        tolerances={"price": {"ticks": 10}, "quantity": 4},
        benign_rate=0.1,
    )
    benign = made.truth[made.truth.benign]
    outside = FRAME.index[FRAME.Ticker != "IBM"]
    assert len(benign) in (math.floor(0.1 * len(outside)), math.ceil(0.1 * len(outside)))
    assert set(benign.trade_id) <= set(outside)
    assert set(benign.cause) == {""}


def test_rows_that_are_left_as_they_are_belong_to_no_hot_spot(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "twice.csv", [*ROWS, ROWS[3], ["", *ROWS[4][1:]]])
    columns = COLUMNS | {"duplicate_ids": "leave"}
    made = inject(
        path, columns=columns, seed=1, mechanisms={"Note.blank": 1, "quantity.nudge": 1},
        hot_spots=[spot("all", {"quantity": {"min": 0}}, rate=1.0)],
    )  # fmt: skip
    assert made.manifest["counts"]["by_cause"]["all"] == {
        "eligible": 2_399, "requested": 2_399, "applied": 2_399,
    }  # fmt: skip
    assert ROWS[3][0] not in set(made.truth.trade_id)
    # Nor are they asked for where each row has a coin of its own.
    asked = {"mismatch_rate": 1.0, "rate_mode": "bernoulli", "mechanisms": {"date.next_session": 1}}
    coins = inject(path, columns=columns, seed=7, **asked).manifest["counts"]
    assert coins["requested_rows"] == coins["mismatched_rows"] == 2_399


@pytest.mark.slow
def test_a_manifest_does_the_same_again_and_verify_and_score_take_the_causes(
    trades: Path, tmp_path: Path
) -> None:
    made = broken(trades, *SPOTS, mismatch_rate=0.1)
    again = inject(trades, **json.loads(json.dumps(made.manifest["inject"])))
    pd.testing.assert_frame_equal(made.truth, again.truth)
    paths = [tmp_path / name for name in ("theirs.csv", "truth.parquet", "m.json")]
    made.write(*paths)
    assert verify([trades, *paths]).ok
    for name in ("truth.csv", "truth.json", "truth.jsonl"):
        made.write(tmp_path / "theirs.csv", tmp_path / name, tmp_path / "m.json")
        report = verify([trades, tmp_path / "theirs.csv", tmp_path / name, tmp_path / "m.json"])
        assert report.ok, str(report)
    findings = made.truth.loc[made.truth.cause.astype(str) == "large", ["trade_id"]].drop_duplicates()
    recalls = score(made, findings).by["cause"]
    assert recalls["large"].found == recalls["large"].expected > 0
    assert recalls["aapl"].found == 0


@pytest.mark.slow
def test_hot_spots_fitted_to_a_desk_break_the_desks_own_trades(tmp_path: Path) -> None:
    desk = generate(
        pairs=4_000, seed=3, first_id=1, date="2025-07-21", view="two_system", mismatch_rate=0.03, brokers=12,
        hot_spots=[{"name": "b4", "where": {"broker_id": "BKR004"}, "factor": 9}],
    )  # fmt: skip
    for name, frame in desk.lists.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)

    def tradegen(*words: str) -> Any:
        done = run(*words, cwd=tmp_path)
        assert done.code == 0, done.err
        return done

    tradegen("fit", "ours.csv", "theirs.csv", "--out", "desk.toml")
    files = ["--out", "broken.csv", "--truth", "truth.csv", "--manifest", "m.json"]
    told = tradegen("inject", "ours.csv", "--scenario", "desk.toml", "--seed", "1", *files).err
    assert "overall mismatch rate: " in told
    truth = pd.read_csv(tmp_path / "truth.csv")
    brokers = desk.lists["ours"].set_index("trade_id").broker_id
    assert set(brokers[truth.trade_id[truth.cause.notna()]]) == {"BKR004"}
    assert truth.trade_id[truth.cause.notna()].nunique() > 40
    tradegen("verify", "ours.csv", "broken.csv", "truth.csv", "m.json")


@pytest.mark.slow
def test_lists_of_json_and_parquet_have_hot_spots_too(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": [f"T{number}" for number in range(900)],
            "acct": [f"A{number % 9}" for number in range(900)],
            "qty": [100 + number for number in range(900)],
            "day": pd.Timestamp("2025-07-01") + pd.to_timedelta([number % 30 for number in range(900)], "D"),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    frame.assign(day=frame.day.dt.strftime("%Y-%m-%d")).to_json(
        tmp_path / "t.jsonl", orient="records", lines=True
    )
    where = {"acct": ["A3", "A4"], "qty": {"min": 300}, "day": {"min": "2025-07-11"}}
    inside = set(frame.id[frame.acct.isin(["A3", "A4"]) & (frame.qty >= 300) & (frame.day >= "2025-07-11")])
    for given in (tmp_path / "t.parquet", tmp_path / "t.jsonl", frame):
        made = inject(
            given, seed=1, mismatch_rate=0, mechanisms={"quantity.nudge": 1},
            hot_spots=[spot("some", where, rate=1.0)],
        )  # fmt: skip
        assert set(made.truth.trade_id) == inside
        assert set(made.truth.cause) == {"some"}


@pytest.mark.slow
def test_hot_spots_take_no_more_than_sixteen_bytes_a_row(tmp_path: Path) -> None:
    described = {
        "id": ["id"],
        "columns": [
            {"name": "id", "kind": "reference"},
            {"name": "px", "kind": "decimal", "places": 2},
            {"name": "acct", "kind": "code"},
        ],
    }
    spots = [spot("few", {"acct": "A1"}, rate=0.004), spot("most", {"px": {"min": 100}}, factor=3)]
    peaks = []
    for count in (100_000, 400_000):
        path = tmp_path / f"{count}.csv"
        path.write_text("id,px,acct\n" + "".join(f"T{n},{n}.50,A{n % 7}\n" for n in range(count)), "utf-8")
        tracemalloc.start()
        inject(
            path, columns=described, seed=1, mismatch_rate=0.001, mechanisms={"px.nudge": 1}, hot_spots=spots
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 16 * 300_000


@pytest.mark.slow
def test_hot_spots_that_no_row_can_share_are_no_cause_together(trades: Path) -> None:
    spots = [spot(f"a{number}", {"Acct": f"ACC{number:03}"}, factor=2) for number in range(12)]
    spots += [
        spot("low", {"quantity": {"max": 99}}, factor=2),
        spot("high", {"quantity": {"min": 100}}, factor=3),
    ]
    made = broken(trades, *spots)
    # None, each alone, and each account with either of the two ranges: not the 2^14 ways of all of them.
    assert len(made.manifest["counts"]["by_cause"]) == 1 + 14 + 12 * 2


def test_the_command_says_what_hot_spots_came_to(trades: Path, tmp_path: Path) -> None:
    spots = (
        '[{name = "acct", where = {Acct = "ACC001"}, rate = 0.5}, '
        '{name = "huge", where = {min_notional = 1e9}, rate = 0.5}]'
    )
    done = run(
        "inject", str(trades), "--mechanism", "quantity.nudge=1", "--mismatch-rate", "1%", "--seed", "1",
        "--set", f"hot_spots={spots}", "--out", "theirs.csv", cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "tradegen: hot spot huge matches none of these trades" in done.err
    assert "overall mismatch rate: " in done.err
