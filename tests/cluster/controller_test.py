"""JobSets and managed Jobs to their ends, with the rights of `reprieve manifests rbac` and no others."""
from suite import OnTheCluster, job, jobset, managed_job


class Controllers(OnTheCluster):
    def test_a_jobset_completes(self):
        self.start()
        self.client.create("jobsets", jobset("done"))
        self.wait_for(lambda: self.running_pods(2), "the pods")
        self.exit_codes["done-w"] = 0
        self.await_condition("jobsets", "done", "Completed")
        self.assertEqual(self.status("jobsets", "done")["replicatedJobsStatus"][0]["succeeded"], 2)

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
        self.await_condition("jobsets", "again", "Completed")

    def test_a_managed_job_fails_by_its_policy(self):
        self.start()
        rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
        self.client.create("jobs", managed_job("solo", parallelism=2, completions=2, completionMode="Indexed",
                                               podFailurePolicy={"rules": [rule]}))
        self.wait_for(lambda: self.running_pods(2), "the pods")
        self.exit_codes["solo-0"] = 42
        self.assertEqual(self.await_condition("jobs", "solo", "Failed")["reason"], "PodFailurePolicy")
        self.wait_for(lambda: not any(p["metadata"].get("finalizers") for p in self.client.all("pods")), "released pods")

    def test_a_managed_job_completes_beside_one_of_kube_controller_manager(self):
        self.start()
        self.client.create("jobs", managed_job("ours", parallelism=3, completions=5))
        self.client.create("jobs", job("theirs", parallelism=3, completions=5))
        self.exit_codes.update({"ours": 0, "theirs": 0})
        for name in ("ours", "theirs"):
            self.await_condition("jobs", name, "Complete")
            self.assertEqual(self.status("jobs", name)["succeeded"], 5)
