"""Verbs that look at a cluster once: explain job/NAME, explain jobset/NAME, lint --live, and all of it as a kubectl plugin."""
import json
import os
import subprocess

from cluster_case import Controllers, condition, jobset, managed_job
from harness import binary, main


class Live(Controllers):
    def on_cluster(self, *arguments):
        return self.reprieve(*arguments, "--kubeconfig", self.kubeconfig())

    def run_to_its_failure(self, **rule):
        rules = [{"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}]
        self.server.create("jobs", managed_job(podFailurePolicy={"rules": rules}))
        self.start("--leader-elect=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.fail_pod(pod, 42)
        self.await_condition("jobs", "solo", "Failed")
        self.stop()


class Explain(Live):
    def test_a_jobs_end_is_explained_as_from_files(self):
        self.run_to_its_failure()
        done = self.on_cluster("explain", "job/solo")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("exited 42 in container main", done.stdout)
        self.assertIn("rule 1 FailJob", done.stdout)
        self.assertIn("PodFailurePolicy", done.stdout)
        items = [{"kind": kind, "apiVersion": version, **found} for kind, version, resource in (
            ("Job", "batch/v1", "jobs"), ("Pod", "v1", "pods"), ("Event", "v1", "events")) for found in self.server.all(resource)]
        self.write(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}), "dump.json")
        said = json.loads(self.reprieve("explain", "dump.json", "-o", "json").stdout)
        live = json.loads(self.on_cluster("explain", "jobs.batch/solo", "-o", "json").stdout)
        for which in (said, live):
            for subject in which["subjects"]:
                self.drop_places(subject)
        self.assertEqual(live["subjects"], said["subjects"])

    def drop_places(self, value):
        """Files have lines, a cluster has none."""
        if isinstance(value, dict):
            for key in ("file", "line"):
                value.pop(key, None)
            for each in value.values():
                self.drop_places(each)
        elif isinstance(value, list):
            for each in value:
                self.drop_places(each)

    def test_a_jobset_is_read_with_its_jobs_pods_and_events_alone(self):
        self.server.create("jobsets", jobset(failurePolicy={"maxRestarts": 0}))
        self.server.create("jobs", managed_job("unrelated"))
        self.start("--leader-elect=false")
        self.await_jobs("train-w-0", "train-w-1", "unrelated")
        self.finish("train-w-1", "Failed", "BackoffLimitExceeded")
        self.await_condition("jobsets", "train", "Failed")
        self.stop()
        self.server.requests.clear()
        done = self.on_cluster("explain", "jobset/train", "-n", "default")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("train-w-1", done.stdout)
        self.assertIn("ReachedMaxRestarts", done.stdout)
        self.assertNotIn("unrelated", done.stdout)
        self.assertEqual({m for m, _ in self.server.requests}, {"GET"})

    def test_what_would_follow_can_be_asked(self):
        self.server.create("jobs", managed_job(backoffLimit=0))
        self.start("--leader-elect=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Running"})
        self.wait_for(lambda: self.server.get("jobs", "solo").get("status", {}).get("active") == 1, "the status")
        self.stop()
        done = self.on_cluster("explain", "job/solo", "--if", f"pod {pod['metadata']['name']} exits 1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("BackoffLimitExceeded", done.stdout)

    def test_what_is_not_there_names_what_is(self):
        done = self.on_cluster("explain", "job/sol")
        self.assertEqual((done.returncode, done.stderr),
                         (2, "reprieve: there is no Job sol in namespace default; name another with -n\n"))
        self.server.create("jobs", managed_job())
        done = self.on_cluster("explain", "job/sol")
        self.assertEqual(done.stderr, "reprieve: there is no Job sol in namespace default; did you mean solo?\n")
        done = self.on_cluster("explain", "job/zzzzzz")
        self.assertEqual(done.stderr, "reprieve: there is no Job zzzzzz in namespace default; there is solo\n")

    def test_a_cluster_that_refuses_or_is_not_there_is_said_so(self):
        self.server.create("jobs", managed_job())
        self.server.fail("GET", "/pods$", code=403)
        done = self.on_cluster("explain", "job/solo")
        self.assertEqual(done.returncode, 3)
        self.assertIn("pods of namespace default may not be read: a fault of the test; needed are get and list", done.stderr)
        self.server.fail("GET", "/events$", code=403)
        done = self.on_cluster("explain", "job/solo")
        self.assertEqual(done.returncode, 0)
        self.assertIn("without events", done.stdout)
        self.server.fail("GET", "/jobsets/x$", code=404)
        done = self.on_cluster("explain", "jobset/x")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the cluster knows no jobsets", done.stderr)
        self.server.tokens = set()
        done = self.on_cluster("explain", "job/solo")
        self.assertEqual(done.returncode, 3)
        self.assertIn("does not take these credentials", done.stderr)
        self.assertNotIn("secret-token", done.stderr)
        kubeconfig = self.kubeconfig()
        self.write((self.cwd / kubeconfig).read_text().replace(str(self.server.port), str(self.free_port())), kubeconfig)
        done = self.reprieve("explain", "job/solo", "--kubeconfig", kubeconfig)
        self.assertEqual(done.returncode, 3)
        self.assertIn("cannot connect to 127.0.0.1", done.stderr)

    def test_a_file_of_that_name_comes_first_and_both_together_are_refused(self):
        (self.cwd / "job").mkdir()
        self.write('{"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"from-a-file"},"spec":{}}', "job/solo")
        self.assertIn("from-a-file", self.on_cluster("explain", "job/solo").stdout)
        done = self.on_cluster("explain", "job/other", "dump.yaml")
        self.assertEqual((done.returncode, done.stderr), (2, "reprieve: name files or objects of the cluster, not both\n"))


class Lint(Live):
    def setUp(self):
        super().setUp()
        # A FailJob rule that a former rule hides.
        rules = [{"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [200]}},
                 {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
        bad = managed_job("hidden", podFailurePolicy={"rules": rules})
        self.server.create("jobs", bad)
        self.server.create("jobs", managed_job("elsewhere", podFailurePolicy={"rules": rules}), "other")
        child = managed_job("child", podFailurePolicy={"rules": rules})
        child["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "c", "controller": True}]
        self.server.create("jobs", child)

    def test_jobs_of_a_namespace_are_looked_at_but_what_others_made(self):
        done = self.on_cluster("lint", "--live", "-n", "default")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("default/job/hidden", done.stdout)
        self.assertIn("action: FailJob", done.stdout)  # the object's own lines are shown
        self.assertNotIn("elsewhere", done.stdout)
        self.assertNotIn("child", done.stdout)

    def test_of_all_namespaces(self):
        done = self.on_cluster("lint", "--live", "-A")
        self.assertIn("default/job/hidden", done.stdout)
        self.assertIn("other/job/elsewhere", done.stdout)

    def test_a_cluster_that_refuses_is_said_so(self):
        self.server.fail("GET", "/jobs$", code=403)
        done = self.on_cluster("lint", "--live")
        self.assertEqual(done.returncode, 3)
        self.assertIn("may not be read", done.stderr)
        done = self.on_cluster("lint", "--live", "job.yaml")
        self.assertEqual(done.returncode, 2)


class Plugin(Live):
    def test_as_a_name_on_the_path_it_is_kubectls_plugin(self):
        plugin = self.cwd / "kubectl-reprieve"
        os.symlink(binary(), plugin)
        self.server.create("jobs", managed_job())
        done = subprocess.run([plugin, "explain", "job/solo", "--kubeconfig", self.kubeconfig()], cwd=self.cwd, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("solo", done.stdout)
        help_text = subprocess.run([plugin, "explain", "--help"], text=True, capture_output=True, timeout=60).stdout
        self.assertIn("Usage: kubectl reprieve explain", help_text)
        self.assertIn("Usage: reprieve explain", self.reprieve("explain", "--help").stdout)


if __name__ == "__main__":
    main()
