"""Measure what is claimed: `python -m bench [CLAIM ...]`; `ainalym bench` is the same.

A claim is one of `--list`, or the name of one instance. Each row of its table is an instance and a
solver, run in a fresh process, ours and the peers in turns.
"""

import argparse
import json
import os
import platform
import signal
import sys
from typing import Any

from bench import modules, record, runner, table
from bench.claims import BY_NAME as CLAIM
from bench.claims import CLAIMS, of_instance
from bench.peers.roster import PEERS


def main(words: list[str] | None = None) -> int:
    """Measure, print and record; 0 done, 1 what is asked was not reached, 2 unknown words."""
    asked = _words(words)
    if asked.list:
        _list(as_json=asked.json)
        return 0
    claims = [CLAIM.get(name) or of_instance(name) for name in asked.claim]
    if None in claims:
        return _refuse(asked.claim[claims.index(None)], as_json=asked.json)
    if not claims:
        claims = [claim for claim in CLAIMS if claim.name != "small"]
    told: dict[str, list[dict[str, Any]]] = {}
    for claim in claims:
        if claim.module:
            found = modules.run(claim, peers=asked.peers, is_quiet=asked.json)
        else:
            found = runner.measure(
                claim, peers=asked.peers, runs=asked.runs, seconds=asked.seconds, say=_say
            )
        told[claim.name] = found
        if not asked.json:
            print("\n".join(table.lines(claim, found)), flush=True)
    machine = machinery()
    if asked.json:
        claimed = [{"claim": name, "rows": rows} for name, rows in told.items()]
        print(json.dumps({"machine": machine, "claims": claimed}, ensure_ascii=False))
    else:
        print("\n" + "; ".join(f"{name} {value}" for name, value in _flat(machine)))
    return int(any(_is_missed(one) for rows in told.values() for one in rows))


def machinery() -> dict[str, Any]:
    """Say on what and with which versions it was measured."""
    return {
        "commit": record.commit(),
        "cpu": record.cpu(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "load": record.load(),
        "versions": record.versions() | runner.packages(),
    }


def _words(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ainalym bench", description=__doc__.split("\n\n")[1])
    parser.add_argument("claim", nargs="*", help="all but `small` if left out")
    parser.add_argument("--peers", "--peer", action="store_true", help="ask others too")
    parser.add_argument("--runs", type=_above_zero, default=1, help="of each; medians are shown")
    parser.add_argument("--seconds", type=float, help="time limit of every solver")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--list", action="store_true", help="list claims, rows and peers")
    return parser.parse_args(words)


def _refuse(name: str, *, as_json: bool) -> int:
    """Say on standard error that there is no such claim, as the other commands say faults."""
    fault, mend = f"there is no claim or instance {name!r}", f"give one of: {', '.join(CLAIM)}"
    said = f"bench: {fault} ({mend})"
    if as_json:
        issue = {"where": "bench", "fault": fault, "mend": mend}
        said = json.dumps({"exit_code": 2, "issues": [issue]})
    print(said, file=sys.stderr)
    return 2


def _above_zero(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _list(*, as_json: bool) -> None:
    """Print what can be measured, and by whom."""
    if as_json:
        claims = [
            {
                "claim": claim.name,
                "about": claim.about,
                "instances": [row.instance for row in claim.rows()],
            }
            for claim in CLAIMS
        ]
        peers = [
            {
                "peer": peer.name,
                "package": peer.package,
                "installed": peer.is_installed,
                "can": sorted(peer.kinds),
            }
            for peer in PEERS
        ]
        print(json.dumps({"claims": claims, "peers": peers}))
        return
    for claim in CLAIMS:
        print(f"{claim.name:<12}{claim.about}")
        rows = claim.rows()
        for row in rows if len(rows) <= len(CLAIMS) else ():
            print(f"{'':<12}  {row.instance}")
        if len(rows) > len(CLAIMS):
            print(f"{'':<12}  {rows[0].instance} ... {rows[-1].instance}, {len(rows)} of them")
    print("\npeers")
    for peer in PEERS:
        there = "" if peer.is_installed else f"  (not installed: {peer.package})"
        print(f"{peer.name:<14}{', '.join(sorted(peer.kinds))}{there}")


def _say(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


def _flat(machine: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in machine.items() if name != "versions"] + list(
        machine["versions"].items()
    )


def _is_missed(one: dict[str, Any]) -> bool:
    return one["solver"] == "ours" and one["asked"] is not None and not one["asked"]["is_met"]


if __name__ == "__main__":
    # Whoever ends us politely (`kill`, `timeout`) ends the solver that runs too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
