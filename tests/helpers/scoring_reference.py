"""The contract of a score once more, in plain Python over rows of text: slow, and independent of any SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tradegen.scoring.outcomes import Amounts, Outcome, Recall
from tradegen.scoring.score_counts import Benign, Curve, Input, Links, Several, Undecidable
from tradegen.scoring.scores import Score

Rows = Sequence[Mapping[str, Any]]

FIELDS = (
    "trade_id",
    "ticker",
    "broker_id",
    "contra_broker_id",
    "quantity",
    "price",
    "order_type",
    "date",
    "trade_timestamp",
    "record",
)
SEVERAL_WORDS = {"missing", "duplicate", "split", "orphan"}
BANDS = {
    "< 1,000": 1_000,
    "1,000 to 10,000": 10_000,
    "10,000 to 100,000": 100_000,
    "100,000 to 1,000,000": 1_000_000,
    ">= 1,000,000": float("inf"),
}


def decades(low: int, high: int) -> list[Decimal]:
    """0, and 1, 2, 5 times the powers of ten from 10**low on, up to 10**high."""
    found = [Decimal(0)]
    for power in range(low, high):
        found += [Decimal(digit).scaleb(power) for digit in (1, 2, 5)]
    return [*found, Decimal(1).scaleb(high)]


PLACES = {
    ("quantity", "shares"): decades(0, 6),
    ("price", "dollars"): decades(-2, 4),
    ("price", "bps"): decades(-2, 5),
    ("date", "days"): [Decimal(day) for day in (0, 1, 2, 5, 10, 20, 50, 100, 200, 365)],
    ("trade_timestamp", "seconds"): decades(-3, 5),
}


def size(row: Mapping[str, Any], unit: str) -> Decimal | None:
    """By how much a truth row's values differ, exactly; bps are compared as fractions by `exceeds`."""
    before, after = row["original"], row["altered"]
    if unit == "shares":
        return Decimal(abs(int(after) - int(before)))
    if unit in ("dollars", "bps"):
        return abs(Decimal(after) - Decimal(before))
    if unit == "days":
        return Decimal(abs((date.fromisoformat(after) - date.fromisoformat(before)).days))
    delta = datetime.fromisoformat(after) - datetime.fromisoformat(before)
    return abs(Decimal(delta.days * 86_400 + delta.seconds) + Decimal(delta.microseconds).scaleb(-6))


def exceeds(row: Mapping[str, Any], unit: str, place: Decimal) -> bool:
    """Whether the difference is larger than a place."""
    limit = place * Decimal(row["original"]) / 10_000 if unit == "bps" else place
    return size(row, unit) > limit


def reference_score(
    truth: Rows,
    findings: Rows,
    *,
    first_id: int,
    pairs: int,
    view: str,
    lists: Mapping[str, Rows] | None = None,
    benign: Any = None,
) -> Score:
    """A score with a known extent. `benign` labels rows anew, where it is given."""
    return Reference(truth, findings, first_id, pairs, view, lists, benign).score()


class Reference:
    def __init__(
        self,
        truth: Rows,
        findings: Rows,
        first_id: int,
        pairs: int,
        view: str,
        lists: Mapping[str, Rows] | None,
        benign: Any,
    ) -> None:
        self.faces = view != "two_system"
        self.known = {f"tid{number:08d}" for number in range(first_id, first_id + pairs)}
        self.truth = [
            dict(row, benign=benign(row) if benign else str(row["benign"]).lower() == "true") for row in truth
        ]
        self.alias = {
            row["altered"]: row["trade_id"] for row in truth if row["mechanism"] == "trade_id.mistyped"
        }
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.truth:
            self.rows[row["trade_id"]].append(row)
        self.lists = lists
        self.findings = [
            {
                "id": said["trade_id"],
                "field": self.fold(said.get("field")),
                "leg": said.get("leg") or None,
                "linked": said.get("linked_trade_id") or None,
                "score": said.get("score"),
            }
            for said in findings
        ]
        self.reports = [said for said in self.findings if said["field"] or not said["linked"]]
        self.named: dict[str, set[str]] = defaultdict(set)
        self.reported: set[str] = set()
        for said in self.reports:
            self.reported.add(self.pair(said["id"]))
            if said["field"]:
                self.named[self.pair(said["id"])].add(said["field"])
        for said in self.findings:
            # Two ids that are linked rightly and differ: one of them is mistyped.
            if said["linked"] and said["linked"] != said["id"]:
                pair = self.pair(said["id"])
                if pair == self.pair(said["linked"]):
                    self.reported.add(pair)
                    self.named[pair].add("trade_id")
        self.expected = {pair for pair, rows in self.rows.items() if not all(row["benign"] for row in rows)}
        self.any_field = not self.findings or any(self.named.values())

    def fold(self, field: str | None) -> str | None:
        if field in SEVERAL_WORDS:
            return "record"
        return "broker_id" if field == "contra_broker_id" and self.faces else field or None

    def pair(self, trade_id: str) -> str:
        return trade_id if trade_id in self.known else self.alias.get(trade_id, trade_id)

    def names(self, row: Mapping[str, Any]) -> set[str]:
        if row["mechanism"] in ("trade_id.mistyped", "record.missing"):
            return {"trade_id", "record"}
        return {self.fold(row["field"])}

    def orphan(self, pair: str) -> bool:
        return any(row["mechanism"] == "trade_id.mistyped" for row in self.rows.get(pair, ()))

    def behind(self, row: Mapping[str, Any]) -> bool:
        return self.orphan(row["trade_id"]) and row["mechanism"] != "trade_id.mistyped"

    def found(self, row: Mapping[str, Any]) -> bool:
        pair = row["trade_id"]
        named = self.named.get(pair)
        return bool(named & self.names(row)) if named else pair in self.reported

    def unknown(self, ids: set[str]) -> set[str]:
        return {one for one in ids if self.pair(one) not in self.known}

    def score(self) -> Score:
        quiet_reported = {pair for pair in self.reported & self.known if pair not in self.expected}
        counted = [row for row in self.truth if not row["benign"] and not self.behind(row)]
        behind = [row for row in self.truth if not row["benign"] and self.behind(row)]
        benign_rows = [row for row in self.truth if row["benign"]]
        by_field = self.by_field() if self.any_field else {}
        total = Outcome()
        for outcome in by_field.values():
            total += outcome
        right, wrong = self.legs()
        every = {said["id"] for said in self.findings} | {
            said["linked"] for said in self.findings if said["linked"]
        }
        lost = self.unknown(every)
        bands, amounts = self.bands(quiet_reported)
        return Score(
            pairs=Outcome(
                len(self.expected),
                len(self.expected & self.reported),
                len(quiet_reported),
                len(self.reported - self.known),
                len(self.known) - len(self.expected),
            ),
            fields=total if self.any_field else None,
            notional=amounts,
            by={
                "mechanism": self.recalls(counted, lambda row: row["mechanism"]),
                "field": by_field,
                "cause": self.recalls(counted, lambda row: row["cause"] or "(none)"),
                "leg": self.recalls(counted, lambda row: row["leg"]),
                "notional": bands,
            },
            records=self.records(),
            confusion=self.confusion(quiet_reported),
            several=self.several() if self.any_field else Several(),
            benign=Benign(len(benign_rows), sum(map(self.found, benign_rows))),
            undecidable=Undecidable(right, wrong, len(behind), sum(map(self.found, behind))),
            links=self.links() if any(said["linked"] for said in self.findings) else None,
            tolerance_sweep=self.sweep() if self.any_field else (),
            detection=self.detection(),
            input=Input(
                len(self.findings),
                len(self.findings) - len({tuple(said.values()) for said in self.findings}),
                sum(not said["field"] for said in self.findings),
                len(lost),
                tuple(sorted(lost)[:5]),
            ),
        )

    def recalls(self, rows: Rows, key: Any) -> dict[str, Recall]:
        expected, found = Counter(map(key, rows)), Counter(key(row) for row in rows if self.found(row))
        return {name: Recall(expected[name], found[name]) for name in expected}

    def by_field(self) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = defaultdict(Outcome)
        for pair in {*self.rows, *self.named}:
            rows = self.rows.get(pair, [])
            units: dict[str, set[str]] = {}
            for row in rows:
                if not row["benign"] and not self.behind(row):
                    units[self.fold(row["field"])] = self.names(row)
            excused = {self.fold(row["field"]) for row in rows if self.behind(row)}
            named = self.named.get(pair, set())
            for field, by_names in units.items():
                outcomes[field] += Outcome(1, bool(named & by_names))
            for field in named:
                if pair not in self.known:
                    outcomes[field] += Outcome(unknown=1)
                elif field not in set().union(excused, *units.values()):
                    outcomes[field] += Outcome(false_alarms=1)
        return dict(outcomes)

    def legs(self) -> tuple[int, int]:
        said = {(self.pair(one["id"]), one["field"], one["leg"]) for one in self.reports if one["leg"]}
        right = wrong = 0
        for pair, field, leg in said:
            about = [
                row
                for row in self.rows.get(pair, ())
                if not row["benign"]
                and not row["mechanism"].startswith("record.")
                and (field is None or field in self.names(row))
            ]
            hit = any(row["leg"] == leg for row in about)
            right, wrong = right + (bool(about) and hit), wrong + (bool(about) and not hit)
        return right, wrong

    def records(self) -> dict[str, Recall]:
        mechanisms = {
            "missing": "record.missing",
            "duplicate": "record.duplicate",
            "split": "record.split",
            "orphan": "trade_id.mistyped",
        }
        found = {}
        for name, mechanism in mechanisms.items():
            those = {row["trade_id"] for row in self.truth if row["mechanism"] == mechanism}
            found[name] = Recall(len(those), len(those & self.reported))
        return found

    def confusion(self, quiet_reported: set[str]) -> dict[str, dict[str, int]]:
        cells: dict[str, Counter[str]] = defaultdict(Counter)
        for pair in self.expected | quiet_reported:
            rows = self.rows.get(pair, [])
            if pair in self.expected:
                fields = {self.fold(row["field"]) for row in rows if not row["benign"]}
                if len(fields) != 1 or any(self.behind(row) for row in rows):
                    continue
                name = fields.pop()
            else:
                name = "(benign)" if rows else "(clean)"
            silent = "(no field)" if pair in self.reported else "(not reported)"
            cells[name].update(self.named.get(pair) or {silent})
        return {name: dict(counts) for name, counts in cells.items()}

    def several(self) -> Several:
        total = Several()
        for pair in self.expected:
            fields = {self.fold(row["field"]) for row in self.rows[pair] if not row["benign"]}
            named = self.named.get(pair, set())
            if len(fields) < 2 or self.orphan(pair) or (pair in self.reported and not named):
                continue
            hit = len(fields & named)
            total += Several(hit == len(fields), 0 < hit < len(fields), hit == 0)
        return total

    def worth(self) -> dict[str, Decimal]:
        found = {pair: Decimal(str(rows[0]["notional"])) for pair, rows in self.rows.items()}
        for rows in (self.lists or {}).values():
            for record in rows:
                if record["trade_id"] in self.known and record["trade_id"] not in self.rows:
                    found[record["trade_id"]] = Decimal(str(record["price"])) * int(record["quantity"])
        return found

    def bands(self, quiet_reported: set[str]) -> tuple[dict[str, Outcome], Amounts]:
        worth = self.worth()
        bands = {name: Outcome(quiet=0 if self.lists else None) for name in BANDS}
        amounts = Amounts(false_alarms=0 if self.lists else None)
        for pair, dollars in worth.items():
            cents = int(dollars * 100)
            name = next(name for name, limit in BANDS.items() if dollars < limit)
            hit = pair in self.reported
            if pair in self.expected:
                bands[name] += Outcome(1, hit, quiet=0)
                amounts += Amounts(cents, cents * hit, 0)
            elif self.lists:
                bands[name] += Outcome(false_alarms=pair in quiet_reported, quiet=1)
                amounts += Amounts(false_alarms=cents * (pair in quiet_reported))
        return bands, amounts

    def sweep(self) -> tuple[Curve, ...]:
        curves = []
        for (field, unit), places in PLACES.items():
            rows = [row for row in self.truth if row["field"] == field and not self.behind(row)]
            excused = {row["trade_id"] for row in self.truth if row["field"] == field and self.behind(row)}
            named = {pair for pair, fields in self.named.items() if field in fields} - excused
            lost = len(named - self.known)
            if not rows and not named:
                continue
            points = {}
            for place in places:
                expected = {row["trade_id"] for row in rows if exceeds(row, unit, place)}
                hits = len(expected & named)
                points[float(place)] = Outcome(len(expected), hits, len(named) - lost - hits, lost)
            curves.append(Curve(field, unit, points))
        return tuple(curves)

    def detection(self) -> tuple[Curve, ...]:
        curves = []
        for (field, unit), places in PLACES.items():
            rows = [row for row in self.truth if row["field"] == field and not self.behind(row)]
            points = {float(place): Outcome() for place in places}
            for row in rows:
                # It reaches the largest place that it is not below.
                limits = [p * Decimal(row["original"]) / 10_000 if unit == "bps" else p for p in places]
                reached = max(i for i, limit in enumerate(limits) if size(row, unit) >= limit)
                points[float(places[reached])] += Outcome(1, self.found(row))
            if rows:
                curves.append(Curve(field, unit, points))
        return tuple(curves)

    def links(self) -> Links:
        links = {frozenset((said["id"], said["linked"])) for said in self.findings if said["linked"]}
        whole = self.known - {row["trade_id"] for row in self.truth if row["mechanism"] == "record.missing"}
        right: set[str] = set()
        crossed: list[tuple[str, str]] = []
        unknown = 0
        for link in links:
            pairs = [self.pair(one) for one in link]
            if not set(pairs) <= self.known:
                unknown += 1
            elif len(set(pairs)) == 1:
                right.add(pairs[0])
            else:
                crossed.append((pairs[0], pairs[1]))
        contents: dict[str, set[Any]] = defaultdict(set)
        for name, rows in (self.lists or {}).items():
            for record in rows:
                rest = tuple(
                    (column, str(value))
                    for column, value in record.items()
                    if column not in ("trade_id", "record_id")
                )
                contents[self.pair(record["trade_id"])].add((name, rest))
        alike = [pairs for pairs in crossed if contents[pairs[0]] & contents[pairs[1]]]
        exchanged = {pair for pairs in alike for pair in pairs} & whole - right
        outcome = Outcome(len(whole) - len(exchanged), len(right & whole), len(crossed) - len(alike), unknown)
        return Links(outcome, len(alike))
