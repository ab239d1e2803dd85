"""Reads sign-in records of all three shapes into rows, with no code of the product.

Used by parity.py, to fill the two tables that the original query reads, and by the model in this
file: the definition of the rule as plainly as it can be written, a third opinion beside the query
and the product.
"""

import ipaddress
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

WINDOW = timedelta(minutes=10)
LOOK_BACK = timedelta(days=1)

INTERACTIVE = {"SignInLogs", "SigninLogs", "interactiveUser"}
NON_INTERACTIVE = {"NonInteractiveUserSignInLogs", "AADNonInteractiveUserSignInLogs", "nonInteractiveUser"}


@dataclass(frozen=True)
class SignIn:
    """One row of either table, as the tables hold it: absent text is empty text."""

    interactive: bool
    id: str
    time: datetime
    user: str
    result: str
    ip: str
    asn: str
    correlation: str
    app: str


def read(path):
    """The sign-ins of a file, each as often as it was delivered, and the number of other lines."""
    signins, others = [], 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            signin = one(line)
            if signin is None:
                others += 1
            else:
                signins.append(signin)
    return signins, others


def one(line):
    """The sign-in in a line, or None: another category, no time, not JSON."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    held = record.get("log") or record.get("message")
    if isinstance(held, str):
        record = json.loads(held)
    inner = record.get("properties", {})
    kind = record.get("category") or record.get("Type") or next(iter(record.get("signInEventTypes", [])), None)
    time = moment(
        first(inner.get("createdDateTime"), record.get("TimeGenerated"), record.get("createdDateTime"), record.get("time"))
    )
    if kind not in INTERACTIVE | NON_INTERACTIVE or time is None:
        return None
    status = record.get("status", {})
    return SignIn(
        interactive=kind in INTERACTIVE,
        id=first(inner.get("id"), record.get("Id"), record.get("id")),
        time=time,
        user=first(inner.get("userPrincipalName"), record.get("UserPrincipalName"), record.get("userPrincipalName")),
        result=first(record.get("resultType"), record.get("ResultType"), status.get("errorCode")),
        ip=address(first(inner.get("ipAddress"), record.get("IPAddress"), record.get("ipAddress"))),
        asn=first(
            inner.get("autonomousSystemNumber"),
            record.get("AutonomousSystemNumber"),
            record.get("autonomousSystemNumber"),
        ),
        correlation=first(inner.get("correlationId"), record.get("CorrelationId"), record.get("correlationId")),
        app=first(inner.get("appDisplayName"), record.get("AppDisplayName"), record.get("appDisplayName")),
    )


def first(*values):
    """The first value that is not absent, as text."""
    return next((str(value) for value in values if value not in (None, "")), "")


def address(text):
    """The usual text of an address. The query compares texts, so tables must spell an address one
    way only: without the port and without the mapping into IPv6 that some records add."""
    if not text:
        return ""
    parsed = ipaddress.ip_address(re.sub(r"^(\d+\.\d+\.\d+\.\d+):\d+$", r"\1", text))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def moment(text):
    """A time in UTC. The generator writes whole microseconds in seven or nine digits."""
    if not text:
        return None
    text = re.sub(r"(\.\d{6})\d*", r"\1", text)
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(timezone.utc) if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def model(signins):
    """Every detection as (token, login): for each successful token its user's most recent successful
    interactive sign-in at or before it, if that lies within the window and differs in both."""
    by_user = defaultdict(list)
    for signin in set(signins):
        if signin.result == "0" and signin.user:
            by_user[signin.user.lower()].append(signin)
    found = []
    for events in by_user.values():
        events.sort(key=lambda signin: (signin.time, not signin.interactive))
        login = None
        for signin in events:
            if signin.interactive:
                login = signin
            elif login and signin.time - login.time <= WINDOW and signin.ip != login.ip and signin.asn != login.asn:
                found.append((signin, login))
    return found
