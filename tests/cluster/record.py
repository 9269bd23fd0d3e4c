"""record.py CONTROLPLANE REPRIEVE JOBSET FOLDER [--only WORD]... [--every N] [--jobs N]: the recordings of Jobs and JobSets made
again: the same objects and the same actions, by kube-apiserver, kube-controller-manager and upstream's JobSet controller as
tests/cluster/upstream has it. `./dev oracle --record FOLDER` runs it, and `./dev oracle FOLDER/*.jsonl` replays the result.
Jobs are those of Kubernetes 1.37. Not timed.jsonl, whose waits are real.

Each history is recorded twice, at the same time, and kept where both agree. Of Jobs the second recording pauses between the
actions of a step, so that nothing kept depends on how many of them one look of the controller saw. It says which of them
differ from those that tests/oracle has: upstream has changed, or it is chance."""
import argparse
import concurrent.futures
import copy
import datetime
import json
import pathlib
import re
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from client import ApiError  # noqa: E402
from history import Differs, History, World, differences  # noqa: E402
from oracle_cluster import ADMISSION, SUITES, begin_cluster, recorded, theirs  # noqa: E402
from record_admission import AdmissionRecorder  # noqa: E402
from suite import LEASE, NAMESPACE, Programs  # noqa: E402

# A step is over when nothing has changed for so long: many times the waits of the controllers, which are 20 ms.
QUIET = 1.0
LONGEST = 60
TRIALS = 3


class Recording(History):
    def __init__(self, world, line, namespace, pauses):
        super().__init__(world, line, namespace, manager="")
        self.pauses = pauses

    def run(self):
        """The history as it went here. Raises Differs where it can't be played."""
        self.client.create("namespaces", {"metadata": {"name": self.namespace}}, "")
        try:
            out = {key: copy.deepcopy(value) for key, value in self.line.items() if key not in ("steps", "events")}
            answer = self.create()
            if "defaulted" in self.line:
                out["defaulted"] = {"apiVersion": answer["apiVersion"], "kind": answer["kind"], **self.whole(answer)}
            out["steps"] = [self.step(number, step) for number, step in enumerate(self.line["steps"], 1)]
            time.sleep(QUIET)  # events come late
            out["events"] = self.events()
            if "created" in self.line:
                out["created"] = self.first_created()
            return out
        except ApiError as error:
            raise Differs(1, [("$", "accepted", str(error))]) from None
        finally:
            self.clean_up()

    def step(self, number, step):
        actions = []
        for action in step["do"]:
            actions.append(self.perform(number, dict(action)))
            if self.pauses:
                self.wait()
        self.wait()
        self.name_new_pods()
        self.names.bind_rest()
        pods = {pod["metadata"]["name"]: self.show_pod(pod) for pod in self.world.of(self.namespace, "pods")}
        like = copy.deepcopy(step["then"])
        like["jobset"] = {}
        then = self.snapshot(like, pods)
        self.after = self.names
        self.take()
        return {"do": actions, "then": then}

    def perform(self, number, action):
        """The action, with what refused it."""
        action.pop("rejected", None)
        try:
            self.do(number, action)
        except Differs as differs:
            _, wanted, said = differs.found[0]
            if not wanted.endswith("succeeds") or said.startswith("no pod"):
                raise
            action["rejected"] = said.split(" ", 1)[1]
        return action

    def wait(self):
        begun = time.monotonic()
        while min(self.world.quiet_for(self.namespace), time.monotonic() - begun) < QUIET:
            if time.monotonic() - begun > LONGEST:
                raise Differs("waiting", [("$", "quiet", "never quiet")])
            with self.world.changed:
                self.world.changed.wait(0.1)

    def events(self):
        found = {(event["type"], event["reason"], message) for event, message in self.own_events()}
        return [{"type": kind, "reason": reason, "message": message} for kind, reason, message in sorted(found)]


class Recorder:
    def __init__(self):
        self.lock = threading.Lock()
        self.made, self.left_out, self.differ = {}, {}, []

    def one(self, world, line):
        # A busy machine may be slower than QUIET, and two recordings may differ by chance.
        for trial in range(TRIALS):
            made, why, found = self.twice(world, line, f"{line['id']}-{trial}")
            if not why:
                break
        with self.lock:
            if why:
                path, one, other = found[0]
                self.left_out[line["id"]] = f"{why}: {path} {one[:200]} / {other[:200]}"
                return
            self.take(line, made)

    @staticmethod
    def twice(world, line, name):
        """What was recorded; or why not, and what differs."""
        try:
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                runs = [pool.submit(Recording(world, line, f"{name}-{i}", i == 1 and "job" in line).run) for i in range(2)]
                first, second = (run.result() for run in runs)
        except Differs as differs:
            return None, f"step {differs.step} can't be played", differs.found
        found = differences(first, second)
        return first, "two recordings differ" if found else "", found

    def take(self, line, made):
        """One thread at a time."""
        self.made[line["id"]] = made
        changed = differences(comparable(line, line), comparable(made, line))
        if changed:
            self.differ.append((line["id"], *changed[0]))


def comparable(line, recorded):
    out = copy.deepcopy(line)
    # Of Jobs that failed together the recordings name none.
    if "(first failed job: *)" in json.dumps(recorded):
        out = json.loads(re.sub(r"\(first failed job: [^)]*\)", "(first failed job: *)", json.dumps(out)))
    if "events" in out:
        out["events"] = sorted(json.dumps(event, sort_keys=True) for event in out["events"])
    if out.get("anyOrder"):
        out["answer"].pop("message", None)
        out["answer"].get("causes", []).sort(key=json.dumps)
    return out


def histories_again(lines, recorder, jobs):
    if not lines:
        return
    cluster = begin_cluster()
    world = World(cluster.client)
    try:
        for gates in sorted({tuple(line.get("gates", ())) for line in lines}):
            with theirs(cluster, gates), concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                of_gates = [line for line in lines if tuple(line.get("gates", ())) == gates]
                for done in [pool.submit(recorder.one, world, line) for line in of_gates]:
                    done.result()
    finally:
        world.stop()
        cluster.close()


def requests_again(lines, recorder):
    """On a cluster without controllers of Jobs; of JobSets upstream's serves the webhooks, and never leads."""
    if not lines:
        return
    cluster = begin_cluster(controllers=("namespace-controller",))
    try:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
        cluster.client.create("leases", {"metadata": {"name": LEASE}, "spec": {
            "holderIdentity": "nobody", "leaseDurationSeconds": 86400, "acquireTime": now, "renewTime": now}}, NAMESPACE)
        admission = AdmissionRecorder(cluster.client)
        for line in (line for line in lines if line["kind"] == "Job"):
            recorder.take(line, admission.record(line))
        of_jobsets = [line for line in lines if line["kind"] != "Job"]
        for gates in sorted({tuple(line.get("gates", ())) for line in of_jobsets}):
            with theirs(cluster, gates, leads=False):
                for line in (line for line in of_jobsets if tuple(line.get("gates", ())) == gates):
                    recorder.take(line, admission.record(line))
    finally:
        cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("controlplane", type=pathlib.Path)
    parser.add_argument("reprieve", type=pathlib.Path, help="which prints the definition of JobSets")
    parser.add_argument("jobset", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[], help="histories whose name has this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th of them")
    parser.add_argument("--jobs", type=int, default=12, help="how many at a time")
    options = parser.parse_args()
    Programs.reprieve, Programs.controlplane, Programs.upstream = (
        str(path.resolve()) for path in (options.reprieve, options.controlplane, options.jobset))
    lines = [line for line in recorded((*SUITES, *ADMISSION)) if any(word in line["id"] for word in options.only or ("",))]
    lines = lines[::options.every]
    requests = [line for line in lines if "op" in line]
    lines = [line for line in lines if "op" not in line]
    begun = time.monotonic()
    recorder = Recorder()
    histories_again(lines, recorder, options.jobs)
    requests_again(requests, recorder)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, member in (("jobs", "job"), ("jobsets", "jobset"), ("admission", "op")):
        with open(options.folder / f"{name}.jsonl", "w") as out:
            for line in lines + requests:
                if member in line and line["id"] in recorder.made:
                    out.write(json.dumps(recorder.made[line["id"]]) + "\n")
    for name, path, before, now in recorder.differ:
        print(f"{name} {path}\n  tests/oracle {before[:300]}\n  now          {now[:300]}")
    for name, why in recorder.left_out.items():
        print(f"{name} left out: {why}")
    print(f"{len(recorder.made)} recorded, {len(recorder.differ)} of them other than in tests/oracle; "
          f"{len(recorder.left_out)} left out; in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
