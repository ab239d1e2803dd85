#!/usr/bin/env python3
"""tripline and rsigma over the same generated sign-ins, interleaved, on one core each.

usage: benches/peers/compare.py [RECORDS] [ROUNDS]     (200000 and 5 if nothing is said)

Needs `cargo build --release` and, for the peer, `cargo install rsigma --version 0.23.0` (on PATH or in
RSIGMA). Prints for each program the best wall time, records a second, the peak resident memory, and
the ratio. DuckDB from PyPI, if installed, is measured too, with the same join as SQL on one thread.
"""
import os, pathlib, shutil, subprocess, sys, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TRIPLINE = os.environ.get("TRIPLINE", str(ROOT / "target/release/tripline"))
RSIGMA = os.environ.get("RSIGMA") or shutil.which("rsigma")

SQL = """
set threads = 1;
create temp table s as select lower(properties.userPrincipalName) u, category c, resultType r,
  properties.createdDateTime::timestamp t, properties.ipAddress ip, properties.autonomousSystemNumber asn
  from read_json('{file}', format='newline_delimited', columns={{category: 'VARCHAR', resultType: 'VARCHAR',
    properties: 'STRUCT(userPrincipalName VARCHAR, createdDateTime VARCHAR, ipAddress VARCHAR, autonomousSystemNumber BIGINT)'}});
select count(*) from (select * from s where c = 'NonInteractiveUserSignInLogs' and r = '0') n
  asof join (select * from s where c = 'SignInLogs' and r = '0') i on n.u = i.u and n.t >= i.t
  where n.t <= i.t + interval 10 minute and n.ip is distinct from i.ip and n.asn is distinct from i.asn;
"""

def measure(command, stdin=None):
    """Wall seconds, peak memory in MB and the lines of output of a command pinned to the first core."""
    pinned = ["taskset", "-c", "0"] + command if shutil.which("taskset") else command
    before = time.perf_counter()
    process = subprocess.Popen(pinned, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               stdin=open(stdin, "rb") if stdin else subprocess.DEVNULL)
    lines = sum(1 for _ in process.stdout)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with status {status}")
    return time.perf_counter() - before, usage.ru_maxrss / 1024, lines

def main():
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    work = ROOT / "target/peers"
    work.mkdir(parents=True, exist_ok=True)
    file = work / f"signins-{records}.ndjson"
    if not file.exists():
        subprocess.run([TRIPLINE, "generate", "--records", str(records), "--shape", "diagnostic", "--output", str(file)], check=True)
    rules = [f"--rules={ROOT}/rules/entra/schema.trip", f"--rules={ROOT}/rules/entra/aitm-token-replay.trip"]
    tripline = [TRIPLINE, "run", "--quiet", "--format", "ndjson", *rules]
    programs = {
        "tripline run (one thread)": (tripline + [str(file)], None),
        "tripline run --event-fields used": (tripline + ["--event-fields", "used", str(file)], None),
    }
    if RSIGMA:
        peer = [RSIGMA, "engine", "eval", "--quiet", "--no-detections", "--input-format", "json",
                "--timestamp-field", "properties.createdDateTime", "-r", str(HERE / "aitm.yml")]
        programs["rsigma engine eval"] = (peer, file)
    else:
        print("rsigma is not installed: left out (cargo install rsigma --version 0.23.0)")
    try:
        import duckdb  # noqa: F401
        programs["DuckDB, the join as SQL"] = ([sys.executable, "-c", f"import duckdb; print(duckdb.execute({SQL.format(file=file)!r}).fetchall())"], None)
    except ImportError:
        print("duckdb is not installed: left out (pip install duckdb)")
    best = {}
    for _ in range(rounds):
        for name, (command, stdin) in programs.items():
            run = measure(command, stdin)
            best[name] = min(best.get(name, run), run)
    size = file.stat().st_size
    print(f"{records} records, {size / 1e6:.0f} MB, best of {rounds} interleaved rounds, one core each")
    base = best["tripline run (one thread)"][0]
    for name, (seconds, peak, lines) in best.items():
        print(f"{name:<36} {seconds:7.2f} s {records / seconds:>12,.0f} records/s {seconds / base:7.2f} x  peak {peak:6.0f} MB  {lines} lines")
    # Two threads beside one, both free to use every core.
    pairs = {1: [], 2: []}
    for _ in range(rounds):
        for threads in pairs:
            started = time.perf_counter()
            subprocess.run(tripline + ["--threads", str(threads), str(file)], check=True, stdout=subprocess.DEVNULL)
            pairs[threads].append(time.perf_counter() - started)
    one, two = min(pairs[1]), min(pairs[2])
    print(f"tripline run --threads 2: {two:.2f} s beside {one:.2f} s with one: {one / two:.2f} times")

if __name__ == "__main__":
    main()
