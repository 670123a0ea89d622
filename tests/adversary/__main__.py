"""python -m tests.adversary --worlds 150 --major 18"""

import argparse
import json
import multiprocessing
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests import scratch
from tests.adversary import generate, shrink, trial
from tests.adversary.world import World
from zdm.postgres.server import provider, shadow
from zdm.postgres.server.provider import Wanted

_ground: list[trial.Ground] = []
_stack = ExitStack()


def ground(major: int, *, replays: bool) -> trial.Ground:
    """This process's servers, started once."""
    if not _ground:
        wanted = Wanted(major=major, settings=(("autovacuum", "off"),))
        server = _stack.enter_context(provider.throwaway(wanted))
        second = _stack.enter_context(shadow.open(Wanted(major=major))) if replays else None
        made = trial.Ground(server=server, shadow=second)
        made.prepare()
        _ground.append(made)
    return _ground[0]


def one(job: tuple[int, int, bool]) -> tuple[int, float, trial.Result]:
    """A world, tried."""
    seed, major, replays = job
    begun = time.monotonic()
    result = trial.run(ground(major, replays=replays), generate.world(seed, major))
    return seed, time.monotonic() - begun, result


def shrunk(job: tuple[int, int, bool, str]) -> tuple[int, World, tuple[str, str]]:
    """The least world that fails in the same way, and how it does."""
    seed, major, replays, kind = job
    here = ground(major, replays=replays)
    seen: list[tuple[str, str]] = []

    def fails(world: World) -> bool:
        faults = [fault for fault in trial.run(here, world).faults if fault[0] == kind]
        seen.extend(faults[:1])
        return bool(faults)

    least = shrink.small(generate.world(seed, major), fails)
    return seed, least, seen[-1] if seen else (kind, "not again")


def _shown(found: tuple[int, World, tuple[str, str]], folder: Path | None) -> None:
    seed, world, (kind, what) = found
    sys.stdout.write(
        f"\n=== {seed}: {kind}: {what}\n{world.said}{world.before}"
        f"-- migration\n{world.migration}"
    )
    sys.stdout.flush()
    if folder is not None:
        shrink.saved(world, folder / f"{kind.replace(' ', '_')}_{seed}")


def _some(failed: list[tuple[int, trial.Result]], most: int) -> list[tuple[int, str]]:
    """Those of the rarest kinds first."""
    often = Counter(result.faults[0][0] for _, result in failed)
    first = sorted(failed, key=lambda one: (often[one[1].faults[0][0]], one[0]))
    return [(seed, result.faults[0][0]) for seed, result in first[:most]]


def jobs(first: int, count: int, major: int, every: int) -> Iterator[tuple[int, int, bool]]:
    """One in so many is replayed as well; the worker keeps its servers."""
    return ((first + n, major, every > 0) for n in range(count))


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.adversary")
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shrink", type=int, default=4, help="so many that failed, at most")
    parser.add_argument("--no-replay", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--save", type=Path, help="a folder for what failed")
    return parser.parse_args()


def main() -> int:
    """Try them all; 1 if any fails."""
    asked = options()
    first = asked.seed if asked.seed is not None else secrets.randbelow(10**9)
    sys.stdout.write(f"seed {first}, {asked.worlds} worlds, PostgreSQL {asked.major}\n")
    every = 0 if asked.no_replay else 1
    counts, refused, stopped = Counter[str](), Counter[str](), Counter[str]()
    times, failed, writes = [], [], 0
    with scratch.in_memory(), multiprocessing.Pool(asked.jobs, maxtasksperchild=None) as pool:
        work = jobs(first, asked.worlds, asked.major, every)
        for seed, took, result in pool.imap_unordered(one, work):
            times.append(took)
            counts[result.outcome] += 1
            writes += result.writes
            if result.outcome in ("refused", "unusable"):
                refused.update(r[:70] for r in result.reasons)
            elif result.outcome == "stopped":
                stopped.update(r[:70] for r in result.reasons)
            for kind in {kind for kind, _ in result.faults}:
                counts[kind] += 1
            if result.faults:
                failed.append((seed, result))
                kind, what = result.faults[0]
                sys.stdout.write(f"  {seed}: {kind}: {what[:300]}\n")
                sys.stdout.flush()
        small = [(s, asked.major, every > 0, kind) for s, kind in _some(failed, asked.shrink)]
        for found in pool.imap_unordered(shrunk, small):
            _shown(found, asked.save)
        pool.close()
        pool.join()
    said = {
        "seed": first, "major": asked.major, "worlds": asked.worlds, "writes": writes,
        "seconds": {"median": round(statistics.median(times), 2), "max": round(max(times), 2)},
        "counts": dict(counts), "refused": dict(refused.most_common()),
        "stopped": dict(stopped.most_common()),
    }  # fmt: skip
    sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
