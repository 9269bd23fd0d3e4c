"""bench.py REPRIEVE CONTROLPLANE [--upstream JOBSET] [NAME...]: the controller beside others on a real control plane, in one
run: restart, job, cache, restarts. `./dev bench cluster` builds what it needs; docs/PERFORMANCE.md says what the figures are.

What is compared runs one after the other on the same machine and the same cluster. Times of day; processor time is the
kernel's account of the process, in steps of 10 ms."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cluster"))

from client import ApiError, Watch  # noqa: E402
from cluster import Cluster  # noqa: E402
from suite import MANAGER, NAMESPACE, Programs, jobset, printed, serves_jobsets  # noqa: E402
from upstream import Upstream  # noqa: E402

QPS = 5000
SENDERS = 16
ATTEMPT = "jobset.sigs.k8s.io/restart-attempt"
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid, field="VmRSS"):
    """MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(field)


def until(what, says, timeout=600):
    end = time.monotonic() + timeout
    while not what():
        if time.monotonic() > end:
            raise RuntimeError(f"{says} did not come within {timeout} s")
        time.sleep(0.02)


class Bench:
    def __init__(self):
        self.cluster = Cluster(Programs.controlplane, qps=QPS, audit=False)
        self.client = self.cluster.client
        self.cluster.apply(printed("crd"))
        self.client.create("namespaces", {"metadata": {"name": NAMESPACE}}, "")
        self.cluster.apply(printed("rbac"))
        self.cluster.await_that(lambda: serves_jobsets(self.client), "the resource jobsets")
        (self.cluster.folder / "token").write_text(self.cluster.token("reprieve-controller", NAMESPACE, 36000))
        (self.cluster.folder / "controller.conf").write_text(self.cluster.kubeconfig("{tokenFile: token}"))
        self.pool = concurrent.futures.ThreadPoolExecutor(SENDERS)
        self.started = 0

    def close(self):
        self.pool.shutdown()
        self.cluster.close()

    def start(self):
        """Ours, once it knows everything."""
        self.started += 1
        log = self.cluster.folder / f"reprieve-{self.started}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([Programs.reprieve, "controller", "--kubeconfig", "controller.conf", "--listen", "off",
                                        "--leader-elect=false"], cwd=self.cluster.folder, stderr=out)
        until(lambda: "everything is listed" in log.read_text(), "the controller", 120)
        return process

    @staticmethod
    def end(process):
        process.terminate()
        process.wait(30)

    def clear(self):
        for resource in ("jobsets", "jobs"):
            self.client.ask("DELETE", self.client.path(resource, "default"), {"propagationPolicy": "Background"})
        for pod in self.client.all("pods"):
            if pod["metadata"].get("finalizers"):
                self.pool.submit(self.client.patch, "pods", pod["metadata"]["name"], {"metadata": {"finalizers": None}})
        until(lambda: not self.client.all("pods", limit=1) and not self.client.all("jobs", limit=1), "an empty cluster")

    def fail_one(self):
        """The pod that ends first; as a kubelet reports it."""
        name = next(pod["metadata"]["name"] for pod in self.client.all("pods") if pod["metadata"]["name"].startswith("train-w-0-0"))
        self.client.set_status("pods", name, {"phase": "Failed", "containerStatuses": [{
            "name": "main", "image": "trainer", "imageID": "", "ready": False, "restartCount": 0,
            "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]})


class Pods:
    """How many pods of each attempt there are."""

    def __init__(self, client):
        self.names, self.lock = {}, threading.Lock()
        self.watch = Watch(client, "pods", self.changed, "default")

    def changed(self, kind, pod):
        attempt = pod["metadata"].get("labels", {}).get(ATTEMPT, "")
        with self.lock:
            if kind == "DELETED":
                self.names.pop(pod["metadata"]["uid"], None)
            elif "deletionTimestamp" not in pod["metadata"]:
                self.names[pod["metadata"]["uid"]] = attempt
            else:
                self.names.pop(pod["metadata"]["uid"], None)

    def of(self, attempt):
        with self.lock:
            return sum(each == attempt for each in self.names.values())


def restarted_by(bench, process, replicas, pods_each, leads=lambda: True):
    """From the failure of a pod until all pods of the next attempt are there: seconds, processor seconds, MiB at most."""
    until(leads, "the leadership", 60)
    pods = Pods(bench.client)
    bench.client.create("jobsets", jobset("train", replicas=replicas, parallelism=pods_each, failurePolicy={"maxRestarts": 3}))
    until(lambda: pods.of("0") == replicas * pods_each, "the pods")
    time.sleep(3)  # what the creation has left to do is no part of it
    before, begun = processor_seconds(process.pid), time.monotonic()
    bench.fail_one()
    until(lambda: pods.of("1") == replicas * pods_each, "the next attempt")
    took = time.monotonic() - begun
    until(lambda: bench.client.get("jobsets", "train")["status"]["replicatedJobsStatus"][0]["active"] == replicas, "the status")
    spent = processor_seconds(process.pid) - before
    pods.watch.stop()
    bench.clear()
    return took, spent, memory(process.pid, "VmHWM")


def restarted_by_hand(bench, replicas, pods_each):
    """The same deletions and creations by a client that knows what to do: each Job is made again as soon as its name is free."""
    template = jobset("train", parallelism=pods_each)["spec"]["replicatedJobs"][0]["template"]["spec"]

    def body(i, attempt):
        labels = {ATTEMPT: attempt, "jobset.sigs.k8s.io/jobset-name": "train"}
        pod = {**template["template"], "metadata": {"labels": labels}}
        return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": f"train-w-{i}", "labels": labels},
                           "spec": {**template, "template": pod}})
    pods = Pods(bench.client)
    path = bench.client.path("jobs", "default")
    list(bench.pool.map(lambda i: bench.client.ask_text("POST", path, body(i, "0")), range(replicas)))
    until(lambda: pods.of("0") == replicas * pods_each, "the pods")
    time.sleep(3)
    again = [body(i, "1") for i in range(replicas)]
    failures = queue.SimpleQueue()

    def make(i):
        try:
            bench.client.ask_text("POST", path, again[i])
        except ApiError as error:
            failures.put(error)

    def changed(kind, found):
        if kind == "DELETED":
            bench.pool.submit(make, int(found["metadata"]["name"].rsplit("-", 1)[1]))
        elif not started.is_set() and any(c["type"] == "Failed" for c in found.get("status", {}).get("conditions", [])):
            started.set()
            for i in range(replicas):
                bench.pool.submit(bench.client.delete, "jobs", f"train-w-{i}", propagationPolicy="Foreground")
    started = threading.Event()
    watch = Watch(bench.client, "jobs", changed, "default")
    until(lambda: len(watch.objects) == replicas, "the watch of Jobs")
    begun = time.monotonic()
    bench.fail_one()
    until(lambda: pods.of("1") == replicas * pods_each, "the next attempt")
    took = time.monotonic() - begun
    watch.stop()
    pods.watch.stop()
    if not failures.empty():
        raise failures.get()
    bench.clear()
    return took


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def restart(bench, options):
    row("restart of a JobSet", "seconds", "of the bare client's", "processor s", "MiB at most")
    row("---", "---", "---", "---", "---")
    per_pod = []
    for replicas, pods_each in options.sizes:
        size = f"{replicas} x {pods_each}"
        bare = restarted_by_hand(bench, replicas, pods_each)
        row(f"{size}, bare client", f"{bare:.1f}", "1", "", "")
        process = bench.start()
        took, spent, most = restarted_by(bench, process, replicas, pods_each)
        bench.end(process)
        per_pod.append(spent / replicas / pods_each)
        row(f"{size}, ours", f"{took:.1f}", f"{took / bare:.2f}", f"{spent:.2f}", f"{most:.0f}")
        if Programs.upstream and replicas <= 500:
            upstream = Upstream(Programs.upstream, bench.cluster, bench.cluster.folder / "upstream.log", QPS)
            until(upstream.serves, "upstream's webhooks", 60)
            theirs, theirs_spent, theirs_most = restarted_by(bench, upstream.process, replicas, pods_each, upstream.leads)
            upstream.process.terminate()
            upstream.process.wait(30)
            upstream.unregister()
            row(f"{size}, upstream's", f"{theirs:.1f}", f"{theirs / bare:.2f}", f"{theirs_spent:.2f}", f"{theirs_most:.0f}")
            print(f"  of upstream's: {took / theirs:.2f} of the time, {spent / theirs_spent:.2f} of the processor time, "
                  f"{most / theirs_most:.2f} of the memory")
    if len(per_pod) > 1:
        print(f"  processor time per pod, largest of smallest size: {per_pod[-1] / per_pod[0]:.2f}")


def finished_by(bench, name, pid, pods, parallelism, **spec):
    """A Job of so many pods, each of which succeeds as soon as it is there: seconds, processor seconds, MiB more than before."""
    todo = queue.SimpleQueue()

    def changed(kind, pod):
        if kind == "ADDED" and pod["metadata"]["name"].startswith(name):
            todo.put(pod["metadata"]["name"])

    def work():
        while (pod := todo.get()) is not None:
            bench.client.set_status("pods", pod, {"phase": "Succeeded"})
    watch = Watch(bench.client, "pods", changed, "default")
    workers = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for worker in workers:
        worker.start()
    before, held, begun = processor_seconds(pid), memory(pid), time.monotonic()
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "trainer"}]}}
    bench.client.create("jobs", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
        "parallelism": parallelism, "completions": pods, "completionMode": "Indexed", "template": template, **spec}})
    until(lambda: any(c["type"] == "Complete" for c in bench.client.get("jobs", name).get("status", {}).get("conditions", [])),
          "the Job's end", 1800)
    took, spent, most = time.monotonic() - begun, processor_seconds(pid) - before, memory(pid)
    for _ in workers:
        todo.put(None)
    watch.stop()
    return took, spent, most - held, most


def job(bench, options):
    pods, parallelism = options.pods, min(options.pods, 1000)
    process = bench.start()
    ours = finished_by(bench, "ours", process.pid, pods, parallelism, managedBy=MANAGER)
    bench.end(process)
    bench.clear()
    theirs = finished_by(bench, "theirs", bench.cluster.processes["controllers"].pid, pods, parallelism)
    bench.clear()
    row(f"a Job of {pods} pods", "pods/s", "processor s", "MiB in the end", "MiB more than before")
    row("---", "---", "---", "---", "---")
    for who, (took, spent, more, most) in (("ours", ours), ("kube-controller-manager", theirs)):
        row(who, f"{pods / took:.0f}", f"{spent:.1f}", f"{most:.0f}", f"{more:.0f}")
    print(f"  ours of kube-controller-manager's: {theirs[0] / ours[0]:.2f} of the pods per second, "
          f"{ours[1] / theirs[1]:.2f} of the processor time")


def cache(bench, options):
    """Jobs of 100 pods each that do nothing. What knowing them costs, and reading them again."""
    count = options.cached // 100
    process = bench.start()
    empty = memory(process.pid)
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "trainer"}]}}
    for i in range(count):
        bench.client.create("jobs", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": f"held-{i}"}, "spec": {
            "managedBy": MANAGER, "parallelism": 100, "completions": 100, "completionMode": "Indexed", "template": template}})

    def there():
        listed = bench.client.ask("GET", bench.client.path("pods", "default"), limit=1)
        return len(listed["items"]) + listed["metadata"].get("remainingItemCount", 0) >= count * 100
    until(there, "the pods", 3600)
    bench.end(process)
    begun = time.monotonic()
    token = ""
    while True:
        page = bench.client.ask_text("GET", bench.client.path("pods", ""), limit=500, **({"continue": token} if token else {}))
        at = page.find(b'"continue":"')
        if at < 0:
            break
        token = page[at + 12:page.find(b'"', at + 12)].decode()
    listed = time.monotonic() - begun
    begun = time.monotonic()
    process = bench.start()
    synced = time.monotonic() - begun
    time.sleep(5)
    held = memory(process.pid)
    before = processor_seconds(process.pid)
    time.sleep(options.idle)
    idle = (processor_seconds(process.pid) - before) / options.idle
    bench.end(process)
    row(f"{count * 100} pods of {count} Jobs in the cache", "value")
    row("---", "---")
    row("resident", f"{held:.0f} MiB, of which {empty:.0f} MiB without any; {(held - empty) * 1048576 / (count * 100):.0f} bytes per pod")
    row("known after a start", f"{synced:.1f} s; the API server's list in pages of 500, read and not decoded: {listed:.1f} s "
                               f"({synced / listed:.2f})")
    row(f"idle for {options.idle} s", f"{100 * idle:.2f} % of a core")


def restarts(bench, options):
    """JobSets of one pod, which fails as soon as it is there, until none may restart any more: whether memory grows."""
    sets, each = 100, options.restarts // 100
    todo = queue.SimpleQueue()

    def changed(kind, pod):
        if kind == "ADDED":
            todo.put(pod["metadata"]["name"])

    def work():
        while (pod := todo.get()) is not None:
            bench.client.set_status("pods", pod, {"phase": "Failed"})
    process = bench.start()
    watch = Watch(bench.client, "pods", changed, "default")
    workers = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for worker in workers:
        worker.start()
    for i in range(sets):
        bench.client.create("jobsets", jobset(f"again-{i}", replicas=1, parallelism=1, failurePolicy={"maxRestarts": each}))
    row("restarts", "seconds", "processor s", "MiB resident")
    row("---", "---", "---", "---")
    begun, before = time.monotonic(), processor_seconds(process.pid)
    sizes = []
    for tenth in range(1, 11):
        wanted = sets * each * tenth // 10
        until(lambda: sum(found.get("status", {}).get("restarts", 0) for found in bench.client.all("jobsets")) >= wanted,
              f"restart {wanted}", 3600)
        sizes.append(memory(process.pid))
        row(str(wanted), f"{time.monotonic() - begun:.0f}", f"{processor_seconds(process.pid) - before:.1f}", f"{sizes[-1]:.1f}")
    until(lambda: all(found["status"].get("terminalState") == "Failed" for found in bench.client.all("jobsets")),
          "the JobSets' ends", 600)
    print(f"  resident after the last tenth, of that after the second: {sizes[-1] / sizes[1]:.2f}")
    for _ in workers:
        todo.put(None)
    watch.stop()
    bench.end(process)
    bench.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reprieve", type=pathlib.Path)
    parser.add_argument("controlplane", type=pathlib.Path)
    parser.add_argument("--upstream", type=pathlib.Path)
    parser.add_argument("--sizes", default="500x2,1000x5", help="of the JobSets that restart: JOBSxPODS,...")
    parser.add_argument("--pods", type=int, default=10000, help="of the Job")
    parser.add_argument("--cached", type=int, default=100000, help="pods in the cache")
    parser.add_argument("--restarts", type=int, default=10000, help="of 100 JobSets together")
    parser.add_argument("--idle", type=int, default=30, help="seconds")
    parser.add_argument("names", nargs="*", choices=["restart", "job", "cache", "restarts", []])
    options = parser.parse_intermixed_args()
    options.sizes = [tuple(map(int, size.split("x"))) for size in options.sizes.split(",")]
    Programs.reprieve, Programs.controlplane = str(options.reprieve.resolve()), str(options.controlplane.resolve())
    Programs.upstream = str(options.upstream.resolve()) if options.upstream else ""
    bench = Bench()
    try:
        for name, run in (("restart", restart), ("job", job), ("cache", cache), ("restarts", restarts)):
            if not options.names or name in options.names:
                run(bench, options)
                print(f"  the machine's load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n", flush=True)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
