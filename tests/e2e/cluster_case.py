"""What tests of `reprieve controller` share: objects, an API server to write to, and processes that are ended."""
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from fake_api_server import FakeApiServer
from harness import Reprieve, binary

POD_TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "trainer"}]}}


def jobset(name="train", replicas=2, **spec):
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": name}, "spec": {
        "replicatedJobs": [{"name": "w", "replicas": replicas, "groupName": "default",
                            "template": {"spec": {"parallelism": 1, "completions": 1, "template": POD_TEMPLATE}}}], **spec}}


def managed_job(name="solo", **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
        "managedBy": "reprieve.dev/job-controller", "parallelism": 1, "completions": 1, "backoffLimit": 3,
        "completionMode": "NonIndexed", "template": POD_TEMPLATE, **spec}}


def condition(kind, reason="R", message="m"):
    return {"type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": "2026-11-29T12:00:00Z"}


class Controllers(Reprieve):
    def setUp(self):
        super().setUp()
        self.server = FakeApiServer()
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stderr.close()
        self.server.close()
        super().tearDown()

    def kubeconfig(self, user="{token: secret-token}"):
        return self.write(f"""
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{self.server.port}"}}}}]
users: [{{name: u, user: {user}}}]
contexts: [{{name: test, context: {{cluster: c, user: u}}}}]
""", "kubeconfig")

    def start(self, *arguments, listen="off", user="{token: secret-token}"):
        log = open(self.cwd / f"log{len(self.running)}", "w+b")
        where = [] if listen is None else ["--listen", listen]
        process = subprocess.Popen(
            [binary(), "controller", "--kubeconfig", self.kubeconfig(user), *where, *arguments],
            cwd=self.cwd, stderr=log)
        process.stderr = log
        self.running.append(process)
        return process

    def log(self, process=None):
        process = process or self.running[-1]
        return (self.cwd / f"log{self.running.index(process)}").read_text()

    def wait_for(self, what, says, timeout=30):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.02)
        self.fail(f"{says} did not come\n" + "\n".join(self.log(p) for p in self.running))

    def job_names(self):
        return sorted(j["metadata"]["name"] for j in self.server.all("jobs"))

    def await_jobs(self, *names):
        self.wait_for(lambda: self.job_names() == sorted(names), f"Jobs {names}, there are {self.job_names()}")

    def condition_of(self, resource, name, kind):
        found = self.server.get(resource, name) or {}
        conditions = found.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind and c["status"] == "True"), None)

    def await_condition(self, resource, name, kind):
        return self.wait_for(lambda: self.condition_of(resource, name, kind), f"{kind} of {name}")

    def finish(self, name, kind="Complete", reason="R"):
        done = {"succeeded": 1} if kind == "Complete" else {"failed": 1}
        self.server.set_status("jobs", name, {"conditions": [condition(kind, reason)], "active": 0, "ready": 0, **done})

    def events(self, reason):
        return [e for e in self.server.all("events") if e["reason"] == reason]

    def start_and_answer(self, *arguments):
        """With /metrics; its port."""
        port = self.free_port()
        self.start(*arguments, listen=f"127.0.0.1:{port}")
        self.wait_for(lambda: "begins on" in self.log(), "the start")
        return port

    def stop(self, process=None):
        process = process or self.running[-1]
        process.send_signal(signal.SIGTERM)
        return process.wait(15)

    @staticmethod
    def get(port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def pods(self):
        return self.server.all("pods")

    def fail_pod(self, pod, code):
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Failed", "containerStatuses": [
            {"name": "main", "ready": False, "restartCount": 0, "image": "trainer", "imageID": "",
             "state": {"terminated": {"exitCode": code, "finishedAt": "2026-11-29T12:00:00Z", "reason": "Error"}}}]})
