"""The rule against the scheduled query that it comes from, row by row, at many query times.

The query's text (aitm.kql) runs unchanged with duckdb-kql. What must hold, exactly, for every query
time T: the query's rows over the events up to T are the final detections whose token and login lie
in the look-back of one day and whose login is still that user's newest successful one at T.

Query times: the schedules once a day, hourly and every ten minutes, and for each detection the
instants at which it may come or go: one microsecond before, at and after its token, its user's next
sign-in, and the end of the look-back.

Prints its figures; exit status 1 with the rows that differ.
"""

import argparse
import sys
import tempfile
from bisect import bisect_right
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import duckdb_kql
import product
import records

HERE = Path(__file__).resolve().parent
TICK = timedelta(microseconds=1)
TABLES = {True: "SigninLogs", False: "AADNonInteractiveUserSignInLogs"}
SCHEDULES = {"once a day": timedelta(days=1), "hourly": timedelta(hours=1), "every ten minutes": timedelta(minutes=10)}


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "signins.ndjson"
        if not options.file:
            product.generate(
                path,
                *("--records", str(options.records), "--users", str(options.users), "--seed", str(options.seed)),
                *("--span", "2d", "--shape", "mixed", "--size", "2700", "--noise", "realistic"),
                *("--order", "delivered", "--duplicates", "0.02", "--attacks", "20"),
            )
        signins, others = records.read(path)
        if options.model:
            found = [(token.id, login.id) for token, login in records.model(signins)]
        else:
            found = product.detections(path)
    print(f"{len(signins)} sign-ins as delivered, {others} other records, {len(found)} detections")
    sys.exit(0 if compare(signins, found) else 1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", help="records to use instead of generated ones")
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--users", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", action="store_true", help="check the query against the plain definition instead")
    return parser.parse_args()


def compare(signins, found):
    """Whether the relation holds at every query time."""
    by_id = {signin.id: signin for signin in signins}
    bound = [(by_id[token], by_id[login]) for token, login in found]
    if len(set(found)) != len(found):
        print("a token is detected twice", file=sys.stderr)
        return False
    logins = newest_logins(signins)
    schedules, instants = query_times(signins, bound, logins)

    query = (HERE / "aitm.kql").read_text(encoding="utf-8")
    database = duckdb_kql.connect()
    for table in TABLES.values():
        database.execute(
            f"create table {table} (TimeGenerated timestamp, ResultType varchar, UserPrincipalName varchar, "
            "IPAddress varchar, AutonomousSystemNumber varchar, CorrelationId varchar, AppDisplayName varchar)"
        )
    waiting = sorted(signins, key=lambda signin: signin.time)
    loaded = differing = rows = 0
    caught = defaultdict(set)
    for now in instants:
        upto = bisect_right(waiting, now, key=lambda signin: signin.time)
        load(database, waiting[loaded:upto])
        loaded = upto
        # A record that was delivered twice is two rows of the query: a set makes them one.
        given = set(duckdb_kql.kql(database, query, query_now=now).fetchall())
        due = {row(token, login) for token, login in bound if is_due(token, login, now, logins)}
        rows += len(given)
        for name, times in schedules.items():
            if now in times:
                caught[name] |= given
        if given != due:
            differing += 1
            report(now, given - due, due - given)
    print(f"{len(instants)} query times, {rows} rows of the query, {differing} times with a difference")
    for name in SCHEDULES:
        print(f"run {name}, the query finds {len(caught[name])} of the {len(bound)}")
    return differing == 0


def newest_logins(signins):
    """The times of each user's successful interactive sign-ins, in order."""
    times = defaultdict(set)
    for signin in signins:
        if signin.interactive and signin.result == "0" and signin.user:
            times[signin.user.lower()].add(signin.time)
    return {user: sorted(found) for user, found in times.items()}


def query_times(signins, bound, logins):
    """The times of each schedule, and all times in order."""
    start = min(signin.time for signin in signins).replace(minute=0, second=0, microsecond=0)
    end = max(signin.time for signin in signins)
    schedules = {}
    for name, every in SCHEDULES.items():
        schedules[name] = {start + n * every for n in range(1, (end - start) // every + 2)}
    instants = set().union(*schedules.values())
    for token, login in bound:
        of_user = logins[login.user.lower()]
        following = of_user[bisect_right(of_user, login.time) :][:1]
        for edge in [token.time, login.time + records.LOOK_BACK, token.time + records.LOOK_BACK, *following]:
            instants |= {edge - TICK, edge, edge + TICK}
    return schedules, sorted(instants)


def is_due(token, login, now, logins):
    """Whether the query must give this detection at this time."""
    of_user = logins[login.user.lower()]
    newest = of_user[bisect_right(of_user, now) - 1]
    return token.time <= now and login.time >= now - records.LOOK_BACK and newest == login.time


def load(database, signins):
    """Adds rows to the two tables."""
    for interactive, table in TABLES.items():
        rows = [
            [s.time.replace(tzinfo=None), s.result, s.user, s.ip, s.asn, s.correlation, s.app]
            for s in signins
            if s.interactive == interactive
        ]
        if rows:
            database.executemany(f"insert into {table} values (?, ?, ?, ?, ?, ?, ?)", rows)


def row(token, login):
    """A detection as the query's row."""
    user = token.user.lower()
    name, _, suffix = user.partition("@")
    return (
        token.time.replace(tzinfo=None), user, name, suffix, token.app, token.ip, token.asn,
        login.ip, login.asn, login.time.replace(tzinfo=None), login.correlation, token.correlation,
    )  # fmt: skip


def report(now, extra, lacking):
    for name, found in (("only the query", extra), ("only tripline", lacking)):
        for each in sorted(found):
            print(f"{now.isoformat()} {name}: {each}", file=sys.stderr)


if __name__ == "__main__":
    main()
