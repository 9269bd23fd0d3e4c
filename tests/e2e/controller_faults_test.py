"""`reprieve controller` behind a bad network (faulty_proxy.py) before the small API server: in the end each pod is counted
once, each restart is one, and nothing is deleted that the spec does not delete. tests/cluster has the same on a real one."""
import random
import threading

from controller_test import Controllers, jobset, managed_job
from faulty_proxy import FaultyProxy
from harness import main

RESTARTS = 3


class Faults(Controllers):
    def setUp(self):
        super().setUp()
        self.lot = random.Random(14)
        self.stopped = threading.Event()
        self.kubelet = threading.Thread(target=self.play, daemon=True)
        self.proxy = None

    def tearDown(self):
        self.stopped.set()
        self.kubelet.join()
        if self.proxy:
            self.proxy.close()
        super().tearDown()

    def play(self):
        """Pods succeed, or fail by lot, a little later."""
        while not self.stopped.wait(0.05):
            for pod in self.server.all("pods"):
                if pod["status"]["phase"] != "Pending" or self.lot.random() < 0.5:
                    continue
                failed = self.lot.random() < 0.3
                self.server.set_status("pods", pod["metadata"]["name"], {
                    "phase": "Failed" if failed else "Succeeded", "containerStatuses": [{
                        "name": "main", "ready": False, "restartCount": 0, "image": "trainer", "imageID": "",
                        "state": {"terminated": {"exitCode": int(failed), "finishedAt": "2026-11-29T12:00:00Z", "reason": "X"}}}]})

    def begin(self, seed):
        self.proxy = FaultyProxy(self.server.port, seed)
        port, self.server.port = self.server.port, self.proxy.port  # where the kubeconfig points
        self.start("--leader-elect=false", "--backoff", "100ms")
        self.server.port = port

    def storm(self, seed):
        self.begin(seed)
        self.kubelet.start()
        self.server.create("jobs", managed_job("many", parallelism=5, completions=20, completionMode="Indexed", backoffLimit=1000))
        self.server.create("jobsets", jobset(replicas=3, failurePolicy={"maxRestarts": 9, "restartStrategy": "Recreate"}))
        for attempt in range(RESTARTS):
            self.await_attempt(attempt)
            self.finish(f"train-w-{attempt % 3}", "Failed", "BackoffLimitExceeded")
        self.await_attempt(RESTARTS)
        self.assertGreater(sum(self.proxy.counts.values()), 20, self.proxy.counts)
        self.proxy.calm()
        for i in range(3):
            self.finish(f"train-w-{i}")
        self.await_condition("jobsets", "train", "Completed")
        self.await_condition("jobs", "many", "Complete")

    def await_attempt(self, attempt):
        def there():
            jobs = [job for job in self.server.all("jobs") if job["metadata"]["name"].startswith("train-")]
            return len(jobs) == 3 and all(
                job["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == str(attempt) for job in jobs)
        self.wait_for(there, f"attempt {attempt}", 60)

    def assert_all_is_right(self):
        self.assertEqual(self.server.get("jobsets", "train")["status"]["restarts"], RESTARTS)
        status = self.server.get("jobs", "many")["status"]
        pods = self.server.all("pods")
        failed = sum(pod["status"]["phase"] == "Failed" for pod in pods)
        self.assertGreater(failed, 0)
        self.assertEqual((status["succeeded"], status.get("failed", 0)), (20, failed))
        self.wait_for(lambda: not any(pod["metadata"].get("finalizers") for pod in self.server.all("pods")), "released pods")
        history = [(kind, found["metadata"]["name"]) for _, kind, resource, _, found in self.server.history if resource == "pods"]
        self.assertEqual([each for each in history if each[0] == "DELETED"], [])
        made = [found["metadata"]["name"] for _, kind, resource, _, found in self.server.history
                if resource == "jobs" and kind == "ADDED" and found["metadata"]["name"].startswith("train-")]
        self.assertEqual(len(made), 3 * (RESTARTS + 1))

    def test_a_bad_network_changes_nothing(self):
        self.storm(1)
        self.assert_all_is_right()

    def test_nor_does_another(self):
        self.storm(2)
        self.assert_all_is_right()


if __name__ == "__main__":
    main()
