"""The product's detections against an independent evaluation in SQL (equality.sql), on a large file.

Two files are generated, the same day once in order of event time and once shuffled by up to 25
minutes, each with doubled records and every irregularity the generator knows. Each file's
detections, with the login that each is bound to, must equal the SQL result, and both must be equal.

Prints its figures; exit status 1 with the pairs that differ.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import product
import records

HERE = Path(__file__).resolve().parent
ORDERS = {"in time order": ["--order", "time"], "shuffled by up to 25 minutes": ["--order", "shuffled", "--shuffle", "25m"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--size", type=int, default=3_300, help="mean bytes a record")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", default="mixed")
    parser.add_argument("--model", action="store_true", help="check the SQL against the plain definition instead")
    options = parser.parse_args()

    good, results = True, []
    with tempfile.TemporaryDirectory() as folder:
        for name, order in ORDERS.items():
            path = Path(folder) / "signins.ndjson"
            product.generate(
                path,
                *("--records", str(options.records), "--users", str(options.users), "--size", str(options.size)),
                *("--seed", str(options.seed), "--shape", options.shape, "--noise", "realistic"),
                *("--duplicates", "0.01", "--attacks", "50", *order),
            )
            started = time.monotonic()
            if options.model:
                given = [(token.id, login.id) for token, login in records.model(records.read(path)[0])]
            else:
                given = product.detections(path)
            took = time.monotonic() - started
            due = in_sql(path)
            size = path.stat().st_size
            print(f"{name}: {options.records} records, {size} bytes: {len(given)} detections in {took:.2f} s, {len(due)} by SQL")
            good &= same(name, given, due)
            results.append(set(given))
    if results[0] != results[1]:
        print("the two orders give different detections", file=sys.stderr)
        good = False
    sys.exit(0 if good else 1)


def in_sql(path):
    """The pairs of token id and login id that SQL finds in a file."""
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'")
    return database.execute((HERE / "equality.sql").read_text(encoding="utf-8"), {"file": str(path)}).fetchall()


def same(name, given, due):
    """Whether both are the same pairs, each once."""
    for only, pairs in (("only tripline", set(given) - set(due)), ("only SQL", set(due) - set(given))):
        for token, login in sorted(pairs):
            print(f"{name}, {only}: token {token} login {login}", file=sys.stderr)
    if len(set(given)) != len(given):
        print(f"{name}: a token is detected twice", file=sys.stderr)
        return False
    return set(given) == set(due)


if __name__ == "__main__":
    main()
