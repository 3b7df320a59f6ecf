"""Solve the published networks and compare: `python -m bench.oracles [folder of shared data]`."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import record
from bench.peers import antunes, relog

DATA = Path(__file__).parents[2] / "shared" / "data"


def main(data: Path = DATA) -> int:
    """Print and record each published optimum beside ours; return 1 if one differs by 1e-6."""
    region = antunes.read(data / "antunes")
    case = relog.read(data / "relog" / "boat_example.json")
    boats = relog.expected_cost(data / "relog" / "boat_example")

    def portugal(variant: bool) -> tuple[float, float]:
        answer = antunes.design(region, variant=variant).answer
        return answer.objective, answer.bound

    def boat() -> tuple[float, float]:
        network = relog.state(case)
        answer, cost = relog.solve(network)
        return cost, answer.bound + network.fixed_cost

    instances: list[tuple[str, float, Callable[[], tuple[float, float]]]] = [
        ("antunes", antunes.PUBLISHED_EUR[False], lambda: portugal(False)),
        ("antunes variant", antunes.PUBLISHED_EUR[True], lambda: portugal(True)),
        ("relog boats", boats, boat),
    ]
    print(f"{'instance':<18}{'ours':>18}{'published':>18}{'difference':>13}{'seconds':>9}")
    worst = 0.0
    for name, published, run in instances:
        began = time.perf_counter()
        objective, bound = run()
        took_s = time.perf_counter() - began
        off = abs(objective - published) / abs(published)
        worst = max(worst, off)
        print(f"{name:<18}{objective:>18,.4f}{published:>18,.4f}{off:>13.1e}{took_s:>9.2f}")
        record.append(
            "oracles",
            instance=name,
            objective=objective,
            bound=bound,
            published=published,
            took_s=round(took_s, 3),
        )
    return int(worst > 1e-6)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
