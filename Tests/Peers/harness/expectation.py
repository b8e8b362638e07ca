"""What a scenario expects: of the recording, and of the findings."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`count` findings of a rule, or at least one where it is None. `status` None takes either."""

    rule: str
    severity: str
    status: str | None
    count: int | None

    def __str__(self):
        count = "at least one" if self.count is None else self.count
        return f"{count} × {self.rule} ({self.severity}{', ' + self.status if self.status else ''})"


def finding(rule, severity, status=None, count=1):
    return Finding(rule, severity, status, count)


@dataclass(frozen=True)
class Shown:
    """Something that must be in the timeline, as SQL that gives one value."""

    what: str
    sql: str
    value: object


def shows(what, sql, value=1):
    return Shown(what, sql, value)


def frames(what, where, count):
    """So many frames of the timeline are such."""
    return Shown(what, f"SELECT count(*) FROM frames WHERE {where}", count)


def wire_differences(database, shown):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        for fact in shown:
            row = connection.execute(fact.sql).fetchone()
            value = row[0] if row else None
            if value != fact.value:
                yield f"the recording does not show that {fact.what}: {value!r}, not {fact.value!r}"
    finally:
        connection.close()


# What a hook sees as the wire does, in each direction of each transport: packets and what they carry, in their order.
PACKETS = """
    SELECT sid, transport, sender, eio_type, sio_type, namespace, event, ack_id, payload, hex(binary)
    FROM frames JOIN sessions ON sessions.id = session_id WHERE layer = 'engineio' ORDER BY frames.id
"""


def hook_differences(wire, hooked):
    """Differences between the packets on the wire and those that the client's hook logged."""
    directions = {}
    for place, database in enumerate((wire, hooked)):
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            for sid, transport, sender, *packet in connection.execute(PACKETS):
                directions.setdefault((sid, transport, sender), ([], []))[place].append(packet)
            bad = connection.execute("SELECT detail FROM anomalies WHERE code = 'hook.bad-line'").fetchone()
            if bad:
                yield f"the hook wrote a bad line: {bad[0]}"
        finally:
            connection.close()
    if not any(logged for _, logged in directions.values()):
        yield "the hook logged nothing"
    for name, (sent, logged) in directions.items():
        if sent == logged:
            continue
        at = next((at for at, (a, b) in enumerate(zip(sent, logged)) if a != b), min(len(sent), len(logged)))
        yield (
            f"{name}: {len(sent)} packets on the wire, {len(logged)} in the hook log; "
            f"other from {at} on: {sent[at:at + 1]} {logged[at:at + 1]}"
        )


def finding_differences(found, expected, allowed, never):
    """Differences between findings, as `sioscope analyze` prints them, and a scenario's expectations.

    A warning or an error that is neither expected nor allowed is a false alarm; notes are free unless in `never`.
    """
    rest = list(found)
    for wanted in expected:
        matching = [
            one for one in rest
            if one["rule"] == wanted.rule and one["severity"] == wanted.severity
            and wanted.status in (None, one["status"])
        ]
        if len(matching) != wanted.count if wanted.count is not None else not matching:
            other = [one for one in rest if one["rule"] == wanted.rule and one not in matching]
            instead = f"; also {describe(other)}" if other else ""
            yield f"expected {wanted}, found {len(matching)}{instead}"
            rest = [one for one in rest if one["rule"] != wanted.rule]
        rest = [one for one in rest if one not in matching]
    for one in rest:
        if one["rule"] in never or one["severity"] != "note" and one["rule"] not in allowed:
            yield f"false alarm: {describe([one])}"


def describe(found):
    return "; ".join(f"{one['rule']} ({one['severity']}, {one['status']}): {one['message']}" for one in found)
