"""What goes on under faults is right in the end: each pod is counted once, each restart is one, nothing is deleted that the
spec does not delete."""
import pathlib
import random
import re
import sys
import time

from suite import NAMESPACE, OnTheCluster, jobset, managed_job

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from faulty_proxy import FaultyProxy  # noqa: E402

CALM = 120  # seconds for the end, once the faults are over


class Faults(OnTheCluster):
    def setUp(self):
        super().setUp()
        self.proxy = None
        self.lot = random.Random(14)
        self.shares = {}  # of the pods with this word in their names, as many of 100 fail
        self.drawn = {}  # by UID

    def tearDown(self):
        if self.proxy:
            self.proxy.close()
        super().tearDown()

    def fate(self, pod):
        for word, share in self.shares.items():
            if word in pod["metadata"]["name"]:
                return self.drawn.setdefault(pod["metadata"]["uid"], int(self.lot.uniform(0, 100) < share))
        return super().fate(pod)

    def start_behind_faults(self, seed, *arguments):
        folder = self.cluster.folder
        self.proxy = FaultyProxy(self.cluster.port, seed, (folder / "apiserver.crt", folder / "apiserver.key"))
        return self.start("--leader-elect=false", "--backoff", "500ms", *arguments, port=self.proxy.port)

    def work(self, restarts):
        """Managed Jobs of which pods fail, and a JobSet that is restarted."""
        self.shares = {"retried": 30, "ignored": 30}
        ignore = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}
        self.client.create("jobs", managed_job("retried", parallelism=6, completions=20, completionMode="Indexed",
                                               backoffLimit=1000))
        self.client.create("jobs", managed_job("ignored", parallelism=4, completions=12, backoffLimit=0,
                                               podFailurePolicy={"rules": [ignore]}))
        self.client.create("jobsets", jobset("train", replicas=4, failurePolicy={"maxRestarts": 100}))
        for attempt in range(restarts):
            self.wait_for(lambda: self.jobs_of_train(attempt) and self.running_of_train(), f"attempt {attempt}", CALM)
            self.exit_codes[f"train-w-{attempt % 4}-0"] = 1
            self.wait_for(lambda: self.restarts("train") == attempt + 1, f"restart {attempt + 1}", CALM)
            self.exit_codes.clear()

    def jobs_of_train(self, attempt):
        jobs = [found for found in self.client.all("jobs") if found["metadata"]["name"].startswith("train-")]
        return len(jobs) == 4 and all(
            found["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == str(attempt) for found in jobs)

    def running_of_train(self):
        pods = [p for p in self.client.all("pods", labelSelector="jobset.sigs.k8s.io/jobset-name=train")
                if p["status"]["phase"] == "Running" and not p["metadata"].get("deletionTimestamp")]
        return len(pods) == 4

    def assert_all_is_right(self, restarts, *processes):
        self.wait_for(lambda: self.jobs_of_train(restarts) and self.running_of_train(), "the last attempt", CALM)
        self.exit_codes["train-w"] = 0
        self.await_condition("jobsets", "train", "Completed", CALM)
        self.assertEqual(self.restarts("train"), restarts)
        for name, completions in (("retried", 20), ("ignored", 12)):
            self.await_condition("jobs", name, "Complete", CALM)
            status = self.status("jobs", name)
            pods = [pod for pod in self.client.all("pods") if pod["metadata"]["name"].startswith(name)]
            failed = sum(pod["status"]["phase"] == "Failed" for pod in pods)
            succeeded = sum(pod["status"]["phase"] == "Succeeded" for pod in pods)
            self.assertGreater(failed, 0)
            counted = failed if name == "retried" else 0  # Ignore: not counted
            self.assertEqual((status["succeeded"], status.get("failed", 0)), (completions, counted), name)
            self.assertEqual(succeeded, completions)
            self.assertFalse(status.get("uncountedTerminatedPods"), name)
            self.wait_for(lambda: not any(pod["metadata"].get("finalizers") for pod in self.client.all("pods")), "released pods")
        # By the API server's own account.
        writes = [entry for process in processes for entry in self.audit_of(process)
                  if entry["responseStatus"]["code"] < 300 and entry["verb"] in ("create", "delete")]
        deleted = [entry for entry in writes if entry["verb"] == "delete"]
        self.assertEqual([entry["requestURI"] for entry in deleted if entry["objectRef"]["resource"] == "pods"], [])
        names = [entry["objectRef"]["name"] for entry in deleted if entry["objectRef"]["resource"] == "jobs"]
        self.assertEqual({name for name in names if not re.fullmatch(r"train-w-\d", name)}, set())
        made = [entry["objectRef"].get("name") for entry in writes
                if entry["verb"] == "create" and entry["objectRef"]["resource"] == "jobs"]
        self.assertEqual(len(made), 4 * (restarts + 1))

    def test_a_bad_network_changes_nothing(self):
        process = self.start_behind_faults(1)
        self.work(2)
        time.sleep(5)
        self.proxy.calm()
        self.assert_all_is_right(2, process)
        self.assertGreater(sum(self.proxy.counts.values()), 30, self.proxy.counts)

    def test_killed_again_and_again_on_a_bad_network(self):
        former = self.start_behind_faults(2)
        processes = [former]
        self.work(1)
        for _ in range(3):
            time.sleep(2)
            former.kill()
            former.wait()
            former = self.start("--leader-elect=false", "--backoff", "500ms", port=self.proxy.port)
            processes.append(former)
        self.proxy.calm()
        self.assert_all_is_right(1, *processes)

    def test_the_api_server_and_its_store_restart(self):
        process = self.start("--leader-elect=false", "--backoff", "500ms")
        self.work(1)
        for name in ("apiserver", "store"):
            self.cluster.stop(name)
            time.sleep(1)
            self.cluster.run(name)
            self.cluster.await_ready()
        self.assert_all_is_right(1, process)

    def test_objects_that_vanish_are_made_again(self):
        self.start()
        self.client.create("jobsets", jobset("train", replicas=2))
        self.client.create("jobs", managed_job("solo", parallelism=2, completions=2, completionMode="Indexed"))
        pods = self.wait_for(lambda: self.running_pods(4), "the pods")
        uids = {pod["metadata"]["uid"] for pod in pods}
        self.client.delete("jobs", "train-w-1", propagationPolicy="Background")
        mine = next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith("solo-0"))
        self.client.delete("pods", mine)

        def replaced():
            found = self.running_pods(4)
            return found and len(uids - {pod["metadata"]["uid"] for pod in found}) == 2
        self.wait_for(replaced, "two other pods")
        self.exit_codes.update({"train": 0, "solo": 0})
        self.await_condition("jobsets", "train", "Completed")
        self.await_condition("jobs", "solo", "Complete")
        status = self.status("jobs", "solo")
        self.assertEqual((status["succeeded"], status["failed"]), (2, 1))

    def test_a_token_that_is_revoked_is_read_again(self):
        secret = {"metadata": {"name": "bound"}}
        self.client.create("secrets", secret, NAMESPACE)
        process = self.start("--leader-elect=false")
        self.says(process, "everything is listed")
        bound = self.client.create("serviceaccounts/reprieve-controller/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600, "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "bound"}}},
            NAMESPACE)["status"]["token"]
        file = process.log.with_suffix(".token")
        good = file.read_text()
        file.write_text(bound)
        second = self.start_with(file.with_suffix(".conf"), "--leader-elect=false")
        self.says(second, "everything is listed")
        process.kill()
        process.wait()
        # The kubelet has written the next one when the former is revoked.
        file.write_text(good)
        self.client.delete("secrets", "bound", NAMESPACE)
        time.sleep(11)  # for so long the API server takes a token that it has seen
        self.client.create("jobs", managed_job("solo"))
        self.exit_codes["solo"] = 0
        self.await_condition("jobs", "solo", "Complete")
        self.assertNotIn(good[:20], second.log.read_text())
