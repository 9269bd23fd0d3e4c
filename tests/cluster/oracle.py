"""oracle.py REPRIEVE CONTROLPLANE [--only WORD]... [--every N] [--jobs N] [--verbose]: the recorded histories of Jobs and JobSets on a
real cluster, with our controllers in the place of those that were recorded. `./dev oracle --cluster` runs it.

Jobs get spec.managedBy, and so are ours; the child Jobs of JobSets are kube-controller-manager's, as they were. All waits
are 20 ms, as they were recorded. With --theirs they are those of kube-controller-manager and of upstream's JobSet controller
again: what differs then is by this replay, or by chance."""
import argparse
import contextlib
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tarfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cluster import Cluster, free_port  # noqa: E402
from history import History, World  # noqa: E402
from suite import MANAGER, NAMESPACE, Programs, printed, serves_jobsets  # noqa: E402
from upstream import Upstream  # noqa: E402
from webhook_case import admits, install_webhooks, remove_webhooks, trusted  # noqa: E402

WAIT = "20ms"
RECORDINGS = HERE.parent / "oracle" / "recordings.tar.xz"
SUITES = ("1.37/jobs.jsonl", "1.36/jobsets.jsonl")


def recorded():
    with tarfile.open(RECORDINGS) as archive:
        for member in archive.getmembers():
            if any(member.name.endswith(name) for name in SUITES):
                for line in archive.extractfile(member):
                    yield json.loads(line)


def known_differences():
    out = {}
    for line in (HERE / "differences.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, why = line.split("\t", 1)
            out[name] = why
    return out


def begin_cluster():
    """As the recordings' was: without ServiceAccounts in pods, and with racks."""
    cluster = Cluster(Programs.controlplane, waits=WAIT, qps=5000, controllers=(
        "job-controller", "garbage-collector-controller", "ttl-after-finished-controller"),
        api=("--disable-admission-plugins=ServiceAccount,Priority,TaintNodesByCondition", "--allow-privileged=true"))
    for i in range(1, 10):
        body = {"metadata": {"name": f"n{i}", "labels": {"rack": f"r{(i + 2) // 3}"}}}
        path = cluster.client.path("nodes", "", f"n{i}")
        cluster.client.ask("PATCH", path, {"apiVersion": "v1", "kind": "Node", **body}, "application/apply-patch+yaml",
                           fieldManager="test", force="true")
    cluster.client.create("namespaces", {"metadata": {"name": NAMESPACE}}, "")
    cluster.apply(printed("crd"))
    cluster.await_that(lambda: serves_jobsets(cluster.client), "the resource jobsets")
    return cluster


@contextlib.contextmanager
def ours(cluster, gates):
    cluster.apply(printed("rbac", "--webhooks"))
    port = free_port()
    install_webhooks(cluster, port)
    (cluster.folder / "token").write_text(cluster.token("reprieve-controller", NAMESPACE, 7200))
    (cluster.folder / "controller.conf").write_text(cluster.kubeconfig("{tokenFile: token}"))
    log = cluster.folder / f"controller-{len(gates)}.log"
    flags = ["--feature-gates", ",".join(f"{gate}=true" for gate in gates)] if gates else []
    with open(log, "wb") as out:
        process = subprocess.Popen([Programs.reprieve, "controller", "--kubeconfig", "controller.conf", "--listen", "off",
                                    "--leader-elect=false", "--webhooks", "--webhook-listen", f"127.0.0.1:{port}",
                                    "--backoff", WAIT, *flags], cwd=cluster.folder, stderr=out)
    cluster.await_that(lambda: "everything is listed" in log.read_text(), "the controller")
    cluster.await_that(lambda: trusted(cluster.client) and admits(cluster.client), "an answer of the webhooks")
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the controller has ended:\n{log.read_text()[-4000:]}")
    finally:
        process.terminate()
        process.wait(20)
        remove_webhooks(cluster.client)


@contextlib.contextmanager
def theirs(cluster, gates):
    upstream = Upstream(Programs.upstream, cluster, cluster.folder / f"upstream-{len(gates)}.log", 5000, gates)
    cluster.await_that(lambda: upstream.serves() and upstream.leads(), "upstream's controller")
    try:
        yield
    finally:
        upstream.process.terminate()
        upstream.process.wait(30)
        upstream.unregister()


class Replay:
    def __init__(self, world, options):
        self.world, self.options = world, options
        self.until = time.monotonic() + options.seconds
        self.manager = "" if options.theirs else MANAGER
        self.known = known_differences()
        self.lock = threading.Lock()
        self.passed, self.failed, self.argued, self.late = 0, [], [], 0

    def one(self, line):
        name = line["id"]
        if time.monotonic() > self.until:
            with self.lock:
                self.late += 1
            return
        # Whether the recorder's controller looked between two actions of a step is chance, and both results are right: a
        # step that differs is tried with a pause after each action, too; and once more, as a machine may be slow.
        differs, one_by_one = None, set()
        for trial in range(self.options.trials):
            differs = History(self.world, line, f"{name}-{trial}", frozenset(one_by_one), self.manager).run()
            if differs is None:
                break
            if isinstance(differs.step, int):
                one_by_one ^= {differs.step}
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
    parser.add_argument("--trials", type=int, default=4, help="how often one that differs is tried")
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
            with (theirs if options.theirs else ours)(cluster, gates), \
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
