"""oracle.py REPRIEVE CONTROLPLANE [--only WORD]... [--every N] [--jobs N] [--verbose]: the recorded histories of Jobs and JobSets on a
real cluster, with our controllers in the place of those that were recorded. `./dev oracle --cluster` runs it.

Jobs get spec.managedBy, and so are ours; the child Jobs of JobSets are kube-controller-manager's, as they were. All waits
are 20 ms, as they were recorded. With --theirs they are those of kube-controller-manager and of upstream's JobSet controller
again: what differs then is by this replay, or by chance."""
import argparse
import concurrent.futures
import contextlib
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from history import AS_SENT, History, World  # noqa: E402
from oracle_cluster import begin_cluster, ours, recorded, theirs  # noqa: E402
from suite import MANAGER, Programs  # noqa: E402


def known_differences():
    out = {}
    for line in (HERE / "differences.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, why = line.split("\t", 1)
            out[name] = why
    return out


class Replay:
    def __init__(self, world, options):
        self.world, self.options = world, options
        self.until = time.monotonic() + options.seconds
        self.manager = "" if options.theirs else MANAGER
        self.known = known_differences()
        self.lock = threading.Lock()
        self.hold = contextlib.nullcontext  # of the controller that runs
        self.passed, self.failed, self.argued, self.late = 0, [], [], 0

    def one(self, line):
        name = line["id"]
        if time.monotonic() > self.until:
            with self.lock:
                self.late += 1
            return
        differs, paces = None, {}
        for trial in range(self.options.trials):
            differs = History(self.world, line, f"{name}-{trial}", paces, self.hold, self.manager).run()
            if differs is None:
                break
            # Events do not say of which step they are.
            step = differs.step if isinstance(differs.step, int) else None
            paces[step] = (paces.get(step, AS_SENT) + 1) % 3
        with self.lock:
            self.account(name, differs)

    def account(self, name, differs):
        if differs is None:
            self.passed += 1
            if name in self.known:
                print(f"{name} agrees, though differences.tsv has it", flush=True)
            return
        if name in self.known:
            self.argued.append(name)
            return
        self.failed.append(name)
        path, expected, actual = differs.found[0]
        print(f"{name} step {differs.step} {path}\n  recorded {expected}\n  here     {actual}", flush=True)
        for path, expected, actual in differs.found[1:] if self.options.verbose else []:
            print(f"  {path}\n    recorded {expected}\n    here     {actual}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reprieve", type=pathlib.Path)
    parser.add_argument("controlplane", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[], help="histories whose name has this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th of them")
    parser.add_argument("--seconds", type=int, default=7200, help="after that no other one is begun")
    parser.add_argument("--theirs", metavar="JOBSET", type=pathlib.Path,
                        help="by kube-controller-manager and by this, upstream's JobSet controller")
    parser.add_argument("--jobs", type=int, default=12, help="how many at a time")
    parser.add_argument("--trials", type=int, default=6, help="how often one that differs is tried")
    parser.add_argument("--verbose", action="store_true", help="all differences of a history")
    options = parser.parse_args()
    Programs.upstream = str(options.theirs.resolve()) if options.theirs else ""
    Programs.reprieve, Programs.controlplane = str(options.reprieve.resolve()), str(options.controlplane.resolve())
    lines = [line for line in recorded() if not options.only or any(word in line["id"] for word in options.only)]
    lines = lines[::options.every]
    begun = time.monotonic()
    cluster = begin_cluster()
    world = World(cluster.client)
    replay = Replay(world, options)
    try:
        for gates in sorted({tuple(line.get("gates", ())) for line in lines}):
            with (theirs if options.theirs else ours)(cluster, gates) as replay.hold, \
                    concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                for done in [pool.submit(replay.one, line) for line in lines if tuple(line.get("gates", ())) == gates]:
                    done.result()
    finally:
        world.stop()
        cluster.close()
    if replay.late:
        print(f"{replay.late} not replayed: the time was over")
    print(f"{replay.passed} agree, {len(replay.failed)} differ, {len(replay.argued)} differ as differences.tsv says, "
          f"in {time.monotonic() - begun:.0f} s")
    return 1 if replay.failed else 0


if __name__ == "__main__":
    sys.exit(main())
