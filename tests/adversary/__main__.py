"""python -m tests.adversary --worlds 150 --major 18 --seed 1 --record build/adversary.jsonl"""

import argparse
import multiprocessing
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests import scratch
from tests.adversary import record, shrink, summary, workers
from tests.adversary.record import Record
from tests.adversary.workers import Job
from tests.adversary.world import World


def _shown(found: tuple[Job, World, tuple[str, str]], folder: Path | None) -> None:
    job, world, (kind, what) = found
    sys.stdout.write(
        f"\n=== {job.seed}: {kind}: {what}\n{world.said}{world.before}"
        f"-- migration\n{world.migration}"
    )
    sys.stdout.flush()
    if folder is not None:
        shrink.saved(world, folder / f"{kind.replace(' ', '_')}_{job.seed}")


def _some(failed: Sequence[Record], most: int) -> list[tuple[int, str]]:
    """Those of the rarest kinds first."""
    often = Counter(one.result.faults[0][0] for one in failed)
    first = sorted(failed, key=lambda one: (often[one.result.faults[0][0]], one.seed))
    return [(one.seed, one.result.faults[0][0]) for one in first[:most]]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.adversary")
    parser.add_argument("--worlds", type=int, default=150)
    parser.add_argument("--seed", type=int, help="of the first world; else a random one")
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shrink", type=int, default=4, help="so many that failed, at most")
    parser.add_argument("--no-replay", action="store_true")
    parser.add_argument("--record", type=Path, help="a file; what it holds is not tried again")
    parser.add_argument("--save", type=Path, help="a folder for what failed")
    return parser.parse_args()


def tried(asked: argparse.Namespace, first: int) -> list[Record]:
    """All worlds, those of the record first; what fails is printed at once."""
    seeds = range(first, first + asked.worlds)
    known = record.read(asked.record) if asked.record else []
    found = [one for one in known if one.seed in seeds and one.major == asked.major]
    if asked.record:
        record.write(asked.record, known)
    done = {one.seed for one in found}
    jobs = [
        Job(seed=seed, major=asked.major, replays=not asked.no_replay)
        for seed in seeds
        if seed not in done
    ]
    with multiprocessing.Pool(asked.jobs) as pool:
        for one in pool.imap_unordered(workers.one, jobs):
            found.append(one)
            if asked.record:
                with asked.record.open("a", encoding="utf-8") as lines:
                    lines.write(one.line)
            for kind, what in one.result.faults[:1]:
                sys.stdout.write(f"  {one.seed}: {kind}: {what[:300]}\n")
                sys.stdout.flush()
        failed = [one for one in found if one.result.faults]
        small = [
            (Job(seed=seed, major=asked.major), kind)
            for seed, kind in _some(failed, asked.shrink)
        ]
        for shrunk in pool.imap_unordered(workers.least, small):
            _shown(shrunk, asked.save)
        pool.close()
        pool.join()
    return found


def main() -> int:
    """Try them all; 1 if any fails."""
    asked = options()
    first = asked.seed if asked.seed is not None else secrets.randbelow(10**9)
    sys.stdout.write(f"seed {first}, {asked.worlds} worlds, PostgreSQL {asked.major}\n")
    sys.stdout.flush()
    with scratch.in_memory():
        found = tried(asked, first)
    sys.stdout.write(summary.text(found))
    return 1 if any(one.result.faults for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
