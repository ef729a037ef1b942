"""reladiff: a table in each of two DuckDB databases, compared by hashes of ever smaller ranges of the key.

The join within one database, its other way, asks for unique keys, which trades with copies do not have. It
knows no tolerances. Without shared ids, the key is one of the columns that must agree exactly: as a hash,
for neither dates nor texts with a dot can be keys.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from operator import itemgetter

import duckdb
import reladiff
from contents import Contents
from job import Finding, Job, finding

Row = dict[str, str]


def database(job: Job, name: str) -> dict[str, str]:
    """One list as a table ``trades`` of a database of its own, with a column ``id``; how to connect to it."""
    path = str(job.folder / f"{name}.duckdb")
    key = job.reference if job.shared_ids else f"CAST(md5(concat_ws('|', {', '.join(job.key)})) AS UUID)"
    with duckdb.connect(path) as into:
        into.execute(f"CREATE TABLE trades AS SELECT {key} AS id, * FROM read_parquet('{job.path(name)}')")
    return {"driver": "duckdb", "filepath": path}


def differing(
    job: Job, ours: dict[str, str], theirs: dict[str, str]
) -> list[tuple[str, list[Row], list[Row]]]:
    """What reladiff reports: by id, the rows of ours and the rows of theirs."""
    tables = [
        reladiff.connect_to_table(place, "trades", "id", extra_columns=tuple(job.columns))
        for place in (ours, theirs)
    ]
    rows: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    with reladiff.diff_tables(*tables, algorithm=reladiff.Algorithm.HASHDIFF) as differences:
        for sign, (key, *values) in differences:
            rows[key][sign == "+"].append(dict(zip(job.columns, values, strict=True)))
    return [(key, *both) for key, both in rows.items()]


def found(job: Job, reported: list[tuple[str, list[Row], list[Row]]]) -> list[Finding]:
    """The rows reported, as findings: of one id, ours and theirs side by side in the order of their times."""
    contents = None if job.shared_ids else Contents(job)
    findings: list[Finding] = []
    for key, ours, theirs in reported:
        both = (sorted(rows, key=itemgetter("trade_timestamp")) for rows in (ours, theirs))
        for our, their in zip_longest(*both):
            record = contents.take("ours", our) if contents and our else key
            partner = contents.take("theirs", their) if contents and their else ""
            if our is None or their is None:
                findings.append(finding(partner or record, "missing"))
            else:
                findings += [
                    finding(record, name, partner) for name in job.columns if our[name] != their[name]
                ]
    return findings + (contents.alike() if contents else [])


if __name__ == "__main__":
    job = Job.given()
    ours, theirs = database(job, "ours"), database(job, "theirs")
    with job.matching():
        reported = differing(job, ours, theirs)
    job.write(found(job, reported), reladiff.__version__)
