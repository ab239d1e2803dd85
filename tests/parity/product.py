"""Calls the product as a user does: `tripline generate` and `tripline run`.

The binary is TRIPLINE, else the newest of the build folders.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "rules" / "entra"


def binary():
    """The path of the command, or an exit with what to do."""
    named = os.environ.get("TRIPLINE")
    if named:
        return named
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [path for path in (target / "release" / "tripline", target / "debug" / "tripline") if path.exists()]
    if not built:
        sys.exit("no tripline binary: run `cargo build --release -p tripline` or set TRIPLINE")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def generate(path, *options):
    """Writes generated records to a file."""
    with open(path, "wb") as out:
        subprocess.run([binary(), "generate", "--quiet", *options], stdout=out, check=True)


def detections(path, *options):
    """The final detections of the rule as (token id, login id), without any exclusion."""
    rules = [PACK / "schema.trip", PACK / "aitm-token-replay.trip"]
    command = [binary(), "run", "--quiet", "--emit", "final"]
    for rule in rules:
        command += ["--rules", str(rule)]
    run = subprocess.run([*command, *options, str(path)], stdout=subprocess.PIPE, check=True)
    found = [json.loads(line)["events"] for line in run.stdout.splitlines()]
    return [(events["token"]["id"], events["login"]["id"]) for events in found]
