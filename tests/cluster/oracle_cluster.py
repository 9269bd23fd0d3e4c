"""What a replay of the recorded histories and a new recording of them share: the recordings, the cluster they were made on,
and the controllers, ours or those that were recorded."""
import contextlib
import json
import pathlib
import signal
import subprocess
import tarfile
import threading

from cluster import Cluster, free_port
from suite import NAMESPACE, Programs, printed, serves_jobsets
from upstream import Upstream
from webhook_case import admits, install_webhooks, remove_webhooks, trusted

WAIT = "20ms"
RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "oracle" / "recordings.tar.xz"
SUITES = ("1.37/jobs.jsonl", "1.36/jobsets.jsonl")
# Creates and updates; of the second file those of JobSets.
ADMISSION = ("1.37/admission.jsonl", "1.36/admission.jsonl")


def recorded(suites=SUITES):
    with tarfile.open(RECORDINGS) as archive:
        for member in archive.getmembers():
            if not any(member.name.endswith(name) for name in suites):
                continue
            for line in map(json.loads, archive.extractfile(member)):
                if not member.name.endswith(ADMISSION[1]) or line["kind"] == "JobSet":
                    yield line


class Hold:
    """Stops a process for as long as somebody wants it stopped."""

    def __init__(self, process):
        self.process, self.lock, self.wanted = process, threading.Lock(), 0

    @contextlib.contextmanager
    def __call__(self):
        with self.lock:
            self.wanted += 1
            self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with self.lock:
                self.wanted -= 1
                if self.wanted == 0:
                    self.process.send_signal(signal.SIGCONT)


def begin_cluster(controllers=("job-controller", "garbage-collector-controller", "ttl-after-finished-controller")):
    """As the recordings' was: without ServiceAccounts in pods, and with racks."""
    cluster = Cluster(
        Programs.controlplane, waits=WAIT, qps=5000, controllers=controllers,
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
                                    "--backoff", WAIT, "--verdict-events=false", *flags], cwd=cluster.folder, stderr=out)
    cluster.await_that(lambda: "everything is listed" in log.read_text(), "the controller")
    cluster.await_that(lambda: trusted(cluster.client) and admits(cluster.client), "an answer of the webhooks")
    try:
        yield Hold(process)
        if process.poll() is not None:
            raise RuntimeError(f"the controller has ended:\n{log.read_text()[-4000:]}")
    finally:
        process.terminate()
        process.wait(20)
        remove_webhooks(cluster.client)


@contextlib.contextmanager
def theirs(cluster, gates, leads=True):
    upstream = Upstream(Programs.upstream, cluster, cluster.folder / f"upstream-{len(gates)}.log", 5000, gates)
    cluster.await_that(lambda: upstream.serves() and (not leads or upstream.leads()), "upstream's controller")
    try:
        yield Hold(upstream.process)
    finally:
        upstream.process.terminate()
        upstream.process.wait(30)
        upstream.unregister()
