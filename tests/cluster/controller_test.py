"""`reprieve controller` on a real control plane, with the rights of `reprieve manifests rbac` and no others.

controller_test.py REPRIEVE CONTROLPLANE [TEST...]; `./dev test cluster` builds both."""
import os
import signal
import subprocess
import sys
import time
import unittest

from cluster import ApiError, Cluster, Kubelet

REPRIEVE = CONTROLPLANE = ""
NAMESPACE = "jobset-system"
TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "trainer"}]}}


def jobset(name, replicas=2, parallelism=1, **spec):
    template = {"spec": {"parallelism": parallelism, "completions": parallelism, "backoffLimit": 0, "template": TEMPLATE}}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": name}, "spec": {
        "replicatedJobs": [{"name": "w", "replicas": replicas, "template": template}], **spec}}


class OnTheCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(CONTROLPLANE)
        cls.client = cls.cluster.client
        cls.cluster.apply(cls.printed("crd"))
        cls.client.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        cls.cluster.apply(cls.printed("rbac"))
        cls.cluster.await_that(cls.serves_jobsets, "the resource jobsets")
        token = cls.cluster.token("reprieve-controller", NAMESPACE)
        (cls.cluster.folder / "token").write_text(token)
        (cls.cluster.folder / "controller.conf").write_text(cls.cluster.kubeconfig("{tokenFile: token}"))

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    @classmethod
    def printed(cls, what):
        return subprocess.run([REPRIEVE, "manifests", what], check=True, capture_output=True, text=True).stdout

    @classmethod
    def serves_jobsets(cls):
        try:
            return cls.client.all("jobsets") == []
        except Exception:
            return False

    def setUp(self):
        self.exit_codes = {}  # by a word in the pod's name: what it ends with
        self.kubelet = Kubelet(self.client, self.fate)
        self.running = []

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.wait()
        for resource in ("jobsets", "jobs"):
            for found in self.client.all(resource):
                try:
                    self.client.delete(resource, found["metadata"]["name"], propagationPolicy="Background")
                except ApiError as error:
                    # The garbage collector was quicker: it goes with its JobSet.
                    if error.code != 404:
                        raise
        self.wait_for(lambda: not self.client.all("jobs") and not self.client.all("pods"), "an empty cluster")
        self.kubelet.stop()

    def fate(self, pod):
        return next((code for word, code in self.exit_codes.items() if word in pod["metadata"]["name"]), None)

    def start(self, *arguments):
        path = self.cluster.folder / f"{self.id()}-{len(self.running)}.log"
        log = open(path, "wb")
        process = subprocess.Popen([REPRIEVE, "controller", "--kubeconfig", "controller.conf", "--listen", "off",
                                    "--leader-elect-namespace", NAMESPACE, *arguments],
                                   cwd=self.cluster.folder, stderr=log)
        log.close()
        process.log = path
        self.running.append(process)
        return process

    def wait_for(self, what, says, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := what():
                return found
            time.sleep(0.1)
        self.fail(f"{says} did not come\n" + "\n".join(p.log.read_text()[-4000:] for p in self.running))

    def condition(self, resource, name, kind):
        found = self.client.get(resource, name) or {}
        return next((c for c in found.get("status", {}).get("conditions", []) if (c["type"], c["status"]) == (kind, "True")),
                    None)

    def restarts(self, name):
        return self.client.get("jobsets", name).get("status", {}).get("restarts")

    def jobs_of(self, attempt, count):
        jobs = self.client.all("jobs")
        return len(jobs) == count and all(
            j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == str(attempt) for j in jobs)

    def running_pods(self, count):
        pods = [p for p in self.client.all("pods") if p["status"]["phase"] == "Running" and
                not p["metadata"].get("deletionTimestamp")]
        return pods if len(pods) == count else None

    def test_a_jobset_completes(self):
        self.start()
        self.client.create("jobsets", jobset("done"))
        self.wait_for(lambda: self.running_pods(2), "the pods")
        self.exit_codes["done-w"] = 0
        self.wait_for(lambda: self.condition("jobsets", "done", "Completed"), "the end")
        self.assertEqual(self.client.get("jobsets", "done")["status"]["replicatedJobsStatus"][0]["succeeded"], 2)

    def test_a_failure_restarts_the_jobset(self):
        self.start()
        self.client.create("jobsets", jobset("again", failurePolicy={"maxRestarts": 1}))
        self.wait_for(lambda: self.running_pods(2), "the pods")
        self.exit_codes["again-w-1-0"] = 1
        self.wait_for(lambda: self.restarts("again") == 1, "the restart")
        self.exit_codes.clear()
        self.wait_for(lambda: self.jobs_of(1, 2) and self.running_pods(2), "the second attempt")
        judged = self.wait_for(lambda: self.client.all("events", fieldSelector="reason=Judged"), "the verdict")
        self.assertIn("again-w-1", judged[0]["message"])
        self.exit_codes["again-w"] = 0
        self.wait_for(lambda: self.condition("jobsets", "again", "Completed"), "the end")

    def test_a_managed_job_fails_by_its_policy(self):
        self.start()
        rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
        self.client.create("jobs", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "solo"}, "spec": {
            "managedBy": "reprieve.dev/job-controller", "parallelism": 2, "completions": 2, "completionMode": "Indexed",
            "podFailurePolicy": {"rules": [rule]}, "template": TEMPLATE}})
        self.wait_for(lambda: self.running_pods(2), "the pods")
        self.exit_codes["solo-0"] = 42
        ended = self.wait_for(lambda: self.condition("jobs", "solo", "Failed"), "the end")
        self.assertEqual(ended["reason"], "PodFailurePolicy")
        self.wait_for(lambda: not any(p["metadata"].get("finalizers") for p in self.client.all("pods")), "released pods")

    def test_a_managed_job_completes_beside_one_of_kube_controller_manager(self):
        self.start()
        for name, more in (("ours", {"managedBy": "reprieve.dev/job-controller"}), ("theirs", {})):
            self.client.create("jobs", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
                "parallelism": 3, "completions": 5, "template": TEMPLATE, **more}})
        self.exit_codes.update({"ours": 0, "theirs": 0})
        for name in ("ours", "theirs"):
            self.wait_for(lambda: self.condition("jobs", name, "Complete"), f"the end of {name}")
            self.assertEqual(self.client.get("jobs", name)["status"]["succeeded"], 5)

    def test_the_leader_changes(self):
        first = self.start()
        self.wait_for(lambda: "leads from now on" in first.log.read_text(), "the first leader")
        second = self.start()
        self.wait_for(lambda: "waits for the Lease" in second.log.read_text(), "the second's wait")
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(15), 0)
        self.wait_for(lambda: "leads from now on" in second.log.read_text(), "the second leader", 14)
        self.client.create("jobsets", jobset("later"))
        self.wait_for(lambda: self.running_pods(2), "the pods")

    def test_killed_in_the_middle_of_a_restart_it_goes_on(self):
        first = self.start("--qps", "20", "--burst", "5")
        self.client.create("jobsets", jobset("middle", replicas=20, failurePolicy={"maxRestarts": 2}))
        self.wait_for(lambda: self.running_pods(20), "the pods", 120)
        self.exit_codes["middle-w-3-0"] = 1
        self.wait_for(lambda: self.restarts("middle") == 1, "the restart")
        self.exit_codes.clear()
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.start()
        self.wait_for(lambda: self.jobs_of(1, 20) and self.running_pods(20), "the second attempt", 120)
        self.assertEqual(self.client.get("jobsets", "middle")["status"]["restarts"], 1)


if __name__ == "__main__":
    REPRIEVE, CONTROLPLANE = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main(verbosity=2)
