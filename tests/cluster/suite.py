"""What the tests of `reprieve controller` share: one control plane for all of them, with the rights of
`reprieve manifests rbac` and no others."""
import base64
import json
import subprocess
import time
import unittest

from client import ApiError
from cluster import Cluster
from kubelet import Kubelet

NAMESPACE = "jobset-system"
LEASE = "6d4f6a47.jobset.x-k8s.io"
MANAGER = "reprieve.dev/job-controller"
TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "trainer"}]}}


class Programs:
    """Set by run.py."""
    reprieve = controlplane = upstream = helm = ""
    cluster = None  # begun with the first test


def jobset(name, replicas=2, parallelism=1, **spec):
    template = {"spec": {"parallelism": parallelism, "completions": parallelism, "completionMode": "Indexed",
                         "backoffLimit": 0, "template": TEMPLATE}}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": name}, "spec": {
        "replicatedJobs": [{"name": "w", "replicas": replicas, "template": template}], **spec}}


def job(name, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
        "parallelism": 1, "completions": 1, "template": TEMPLATE, **spec}}


def managed_job(name, **spec):
    return job(name, managedBy=MANAGER, **spec)


def printed(*what):
    return subprocess.run([Programs.reprieve, "manifests", *what], check=True, capture_output=True, text=True).stdout


def serves_jobsets(client):
    try:
        return client.all("jobsets") == []
    except ApiError:
        return False


def shared_cluster():
    """With JobSets' definition and the controller's roles."""
    if Programs.cluster is None:
        Programs.cluster = cluster = Cluster(Programs.controlplane)
        cluster.apply(printed("crd"))
        cluster.client.create("namespaces", {"metadata": {"name": NAMESPACE}}, "")
        cluster.apply(printed("rbac"))
        cluster.await_that(lambda: serves_jobsets(cluster.client), "the resource jobsets")
    return Programs.cluster


def credential_of(token):
    """The name by which the API server's audit log calls it."""
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return "JTI=" + claims["jti"]


class OnTheCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = shared_cluster()
        cls.client = cls.cluster.client

    def setUp(self):
        self.exit_codes = {}  # by a word in the pod's name: what it ends with
        self.kubelet = Kubelet(self.client, self.fate)
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        # Who still holds the Lease is dead.
        self.ignoring_404(lambda: self.client.delete("leases", LEASE, NAMESPACE))
        for resource in ("jobsets", "jobs", "pods", "services", "persistentvolumeclaims"):
            for found in self.client.all(resource):
                name = found["metadata"]["name"]
                if resource == "services" and name == "kubernetes":
                    continue
                if found["metadata"].get("finalizers") and resource in ("jobs", "pods"):
                    self.ignoring_404(lambda: self.client.patch(resource, name, {"metadata": {"finalizers": None}}))
                self.ignoring_404(lambda: self.client.delete(resource, name, propagationPolicy="Background"))
        self.wait_for(lambda: not self.client.all("jobs") and not self.client.all("pods"), "an empty cluster")
        for found in self.client.all("events"):
            self.ignoring_404(lambda: self.client.delete("events", found["metadata"]["name"]))
        self.kubelet.stop()

    @staticmethod
    def ignoring_404(what):
        try:
            what()
        except ApiError as error:
            # The garbage collector or a controller was quicker.
            if error.code not in (404, 409):
                raise

    def fate(self, pod):
        return next((code for word, code in self.exit_codes.items() if word in pod["metadata"]["name"]), None)

    def start(self, *arguments, port=None, account="reprieve-controller", namespace=NAMESPACE):
        """A controller with a token of its own, of a ServiceAccount of `namespace`, where its Lease is, too. `port`: where the
        API server is for it."""
        path = self.new_log()
        token = self.cluster.token(account, namespace)
        path.with_suffix(".token").write_text(token)
        config = path.with_suffix(".conf")
        config.write_text(self.cluster.kubeconfig(f"{{tokenFile: {path.with_suffix('.token').name}}}", port))
        process = self.start_with(config, "--leader-elect-namespace", namespace, *arguments, log=path)
        process.credential = credential_of(token)
        return process

    def new_log(self):
        return self.cluster.folder / f"{self.id()}-{len(self.running)}.log"

    def start_with(self, config, *arguments, log=None):
        log = log or self.new_log()
        with open(log, "wb") as out:
            process = subprocess.Popen([Programs.reprieve, "controller", "--kubeconfig", config, "--listen", "off", *arguments],
                                       cwd=self.cluster.folder, stderr=out)
        process.log = log
        self.running.append(process)
        return process

    def audit_of(self, process):
        """What it has asked for, by the API server's own account."""
        key = "authentication.kubernetes.io/credential-id"
        return [entry for entry in self.cluster.audited() if entry["user"].get("extra", {}).get(key) == [process.credential]]

    def writes_of(self, process):
        """Other than to the Lease and to events."""
        return [(entry["verb"], entry["requestURI"]) for entry in self.audit_of(process)
                if entry["verb"] not in ("get", "list", "watch") and
                entry["objectRef"]["resource"] not in ("leases", "events")]

    def says(self, process, text, timeout=60):
        """Waits until the log has it."""
        return self.wait_for(lambda: text in process.log.read_text(), f"the log's {text!r}", timeout)

    def wait_for(self, what, says, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.05)
        self.fail(f"{says} did not come\n" + "\n".join(p.log.read_text()[-2000:] for p in self.running[-3:]))

    def condition(self, resource, name, kind):
        found = self.client.get(resource, name) or {}
        return next((c for c in found.get("status", {}).get("conditions", []) if (c["type"], c["status"]) == (kind, "True")),
                    None)

    def await_condition(self, resource, name, kind, timeout=60):
        return self.wait_for(lambda: self.condition(resource, name, kind), f"{kind} of {name}", timeout)

    def status(self, resource, name):
        return (self.client.get(resource, name) or {}).get("status", {})

    def restarts(self, name):
        return self.status("jobsets", name).get("restarts")

    def jobs_of(self, attempt, count):
        jobs = self.client.all("jobs")
        return len(jobs) == count and all(
            j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == str(attempt) for j in jobs)

    def running_pods(self, count):
        pods = [p for p in self.client.all("pods") if p["status"]["phase"] == "Running" and
                not p["metadata"].get("deletionTimestamp")]
        return pods if len(pods) == count else None
