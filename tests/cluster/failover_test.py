"""Two replicas: the leader ends, is killed, or is stopped and goes on, in the middle of a restart."""
import signal
import time

from suite import LEASE, NAMESPACE, OnTheCluster, jobset, managed_job

# A leader that has died is followed when its Lease of 15 s is over, and its successor has looked, which is every 2 s or so.
SUCCESSION = 40


class Failover(OnTheCluster):
    def two(self, *arguments):
        first = self.start(*arguments)
        self.says(first, "leads from now on")
        second = self.start(*arguments)
        self.says(second, "waits for the Lease")
        return first, second

    def holder(self):
        return self.client.get("leases", LEASE, NAMESPACE)["spec"]["holderIdentity"]

    def restart_begins(self, name, replicas):
        """A restart of which the first writes are out, and no more: the leader has few requests a second."""
        self.client.create("jobsets", jobset(name, replicas=replicas, failurePolicy={"maxRestarts": 2}))
        self.wait_for(lambda: self.running_pods(replicas), "the pods", 120)
        self.exit_codes[f"{name}-w-3-0"] = 1
        self.wait_for(lambda: self.restarts(name) == 1, "the restart")
        self.exit_codes.clear()

    def assert_restarted_once(self, name, replicas):
        self.wait_for(lambda: self.jobs_of(1, replicas) and self.running_pods(replicas), "the second attempt", 120)
        self.assertEqual(self.restarts(name), 1)
        self.exit_codes[f"{name}-w"] = 0
        self.await_condition("jobsets", name, "Completed")
        self.assertEqual(self.status("jobsets", name)["replicatedJobsStatus"][0]["succeeded"], replicas)

    def test_who_is_told_to_end_hands_over_in_seconds(self):
        first, second = self.two()
        begun = time.monotonic()
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(15), 0)
        self.says(second, "leads from now on", 14)
        self.assertLess(time.monotonic() - begun, 10)
        self.client.create("jobsets", jobset("later"))
        self.wait_for(lambda: self.running_pods(2), "the pods")

    def test_killed_in_the_middle_of_a_restart_the_other_goes_on(self):
        first, second = self.two("--qps", "20", "--burst", "5")
        self.restart_begins("middle", 12)
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.says(second, "leads from now on", SUCCESSION)
        self.assert_restarted_once("middle", 12)

    def test_a_leader_that_was_stopped_and_goes_on_writes_nothing_more(self):
        first, second = self.two("--qps", "20", "--burst", "5")
        self.restart_begins("stopped", 12)
        first.send_signal(signal.SIGSTOP)
        self.says(second, "leads from now on", SUCCESSION)
        self.assertEqual(self.holder().rsplit("_", 2)[1], str(second.pid))
        former = self.writes_of(first)
        self.assertTrue(former)
        first.send_signal(signal.SIGCONT)
        self.assertEqual(first.wait(20), 1)
        self.assertIn("does not lead any more", first.log.read_text())
        self.assert_restarted_once("stopped", 12)
        self.assertEqual(self.writes_of(first), former)

    def test_all_pods_are_counted_once_by_whoever_leads(self):
        """A leader is killed while pods succeed; the count is right in the end."""
        first, second = self.two()
        self.client.create("jobs", managed_job("many", parallelism=20, completions=60, completionMode="Indexed",
                                               backoffLimit=0))
        self.exit_codes["many"] = 0
        self.wait_for(lambda: self.status("jobs", "many").get("succeeded", 0) >= 10, "the first ten")
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.says(second, "leads from now on", SUCCESSION)
        self.await_condition("jobs", "many", "Complete", 90)
        status = self.status("jobs", "many")
        self.assertEqual((status["succeeded"], status.get("failed", 0), status["completedIndexes"]), (60, 0, "0-59"))
        pods = self.client.all("pods")
        self.assertEqual(len(pods), 60)
        self.wait_for(lambda: not any(p["metadata"].get("finalizers") for p in self.client.all("pods")), "released pods")
