"""`reprieve controller` against a small API server with faults (fake_api_server.py); tests/cluster has the real one."""
import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from fake_api_server import FakeApiServer
from harness import Reprieve, binary, main

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
        process = subprocess.Popen(
            [binary(), "controller", "--kubeconfig", self.kubeconfig(user), "--listen", listen, *arguments],
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


class JobSets(Controllers):
    def test_a_jobset_runs_to_its_end(self):
        self.server.create("jobsets", jobset())
        self.start("--leader-elect=false")
        self.await_jobs("train-w-0", "train-w-1")
        job = self.server.get("jobs", "train-w-0")
        self.assertEqual(job["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"], "0")
        self.assertEqual(job["metadata"]["ownerReferences"][0]["kind"], "JobSet")
        self.assertEqual(job["spec"]["template"]["spec"]["restartPolicy"], "Never")
        self.wait_for(lambda: self.server.get("services", "train"), "the headless Service")
        self.finish("train-w-0")
        self.finish("train-w-1")
        ended = self.await_condition("jobsets", "train", "Completed")
        self.assertEqual((ended["reason"], ended["message"]), ("AllJobsCompleted", "jobset completed successfully"))
        self.assertEqual(self.server.get("jobsets", "train")["status"]["terminalState"], "Completed")
        event = self.wait_for(lambda: self.events("AllJobsCompleted"), "the event")[0]
        self.assertEqual((event["type"], event["regarding"]["kind"]), ("Normal", "JobSet"))

    def test_a_failure_restarts_all_jobs_and_says_why(self):
        self.server.create("jobsets", jobset(failurePolicy={"maxRestarts": 1, "restartStrategy": "Recreate"}))
        self.start("--leader-elect=false")
        self.await_jobs("train-w-0", "train-w-1")
        former = {j["metadata"]["uid"] for j in self.server.all("jobs")}
        self.finish("train-w-1", "Failed", "BackoffLimitExceeded")

        def restarted():
            jobs = self.server.all("jobs")
            return len(jobs) == 2 and all(j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == "1" and
                                          j["metadata"]["uid"] not in former for j in jobs)
        self.wait_for(restarted, "the second attempt")
        self.assertEqual(self.server.get("jobsets", "train")["status"]["restarts"], 1)
        judged = self.wait_for(lambda: self.events("Judged"), "the verdict")[0]
        self.assertIn("train-w-1 failed", judged["note"])
        self.assertIn('"verdict":{', self.log())
        self.finish("train-w-0", "Failed", "BackoffLimitExceeded")
        self.assertEqual(self.await_condition("jobsets", "train", "Failed")["reason"], "ReachedMaxRestarts")

    def test_kill_in_the_middle_of_a_restart_and_resume(self):
        self.server.create("jobsets", jobset(replicas=8, failurePolicy={"maxRestarts": 3, "restartStrategy": "Recreate"}))
        first = self.start("--leader-elect=false")
        names = [f"train-w-{i}" for i in range(8)]
        self.await_jobs(*names)
        # The deletions are refused, so that it stands in the middle.
        self.server.fail("DELETE", r"/jobs/train-w-[4-7]$", times=1000)
        self.finish("train-w-0", "Failed")
        self.wait_for(lambda: len(self.server.all("jobs")) <= 8 and
                      any(f["left"] < 1000 for f in self.server.faults), "the restart's middle")
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.server.faults.clear()
        self.start("--leader-elect=false")
        self.wait_for(lambda: self.job_names() == names and all(
            j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == "1" for j in self.server.all("jobs")),
            "the second attempt")
        self.assertEqual(self.server.get("jobsets", "train")["status"]["restarts"], 1)

    def test_lost_watches_lost_answers_and_conflicts_change_nothing(self):
        self.server.create("jobsets", jobset())
        self.server.fail("POST", "/jobs$", takes_effect=True, cut=True)  # done, and yet unanswered
        self.server.fail("PUT", "/jobsets/train/status$", code=409)
        self.server.fail("POST", "/services$", code=503)
        self.start("--leader-elect=false")
        self.await_jobs("train-w-0", "train-w-1")
        self.wait_for(lambda: self.server.get("services", "train"), "the Service")
        self.server.end_watches()
        self.finish("train-w-0")
        self.server.forget()
        self.finish("train-w-1")
        self.await_condition("jobsets", "train", "Completed")
        self.assertEqual(len(self.server.all("jobs")), 2)


class Jobs(Controllers):
    def pods(self):
        return self.server.all("pods")

    def fail_pod(self, pod, code):
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Failed", "containerStatuses": [
            {"name": "main", "ready": False, "restartCount": 0, "image": "trainer", "imageID": "",
             "state": {"terminated": {"exitCode": code, "finishedAt": "2026-11-29T12:00:00Z", "reason": "Error"}}}]})

    def test_a_pod_failure_policy_ends_a_managed_job(self):
        rules = [{"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}]
        self.server.create("jobs", managed_job(podFailurePolicy={"rules": rules}))
        self.start("--leader-elect=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.assertEqual(pod["metadata"]["finalizers"], ["batch.kubernetes.io/job-tracking"])
        self.fail_pod(pod, 42)
        ended = self.await_condition("jobs", "solo", "Failed")
        self.assertEqual(ended["reason"], "PodFailurePolicy")
        self.assertEqual(self.server.get("jobs", "solo")["status"]["failed"], 1)
        self.wait_for(lambda: not self.pods()[0]["metadata"].get("finalizers"), "the pod without its finalizer")
        judged = self.wait_for(lambda: self.events("Judged"), "the verdict")[0]
        self.assertIn("exited 42 in container main → rule 1 FailJob", judged["message"])
        self.assertEqual(judged["involvedObject"]["kind"], "Job")

    def test_a_managed_job_completes(self):
        self.server.create("jobs", managed_job())
        self.start("--leader-elect=false", "--verdict-events=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Succeeded"})
        self.await_condition("jobs", "solo", "Complete")
        self.assertEqual(self.server.get("jobs", "solo")["status"]["succeeded"], 1)
        self.assertFalse(self.events("Judged"))

    def test_jobs_of_other_managers_are_never_written_to(self):
        theirs = managed_job("theirs")
        del theirs["spec"]["managedBy"]
        uid = self.server.create("jobs", theirs)["metadata"]["uid"]
        self.server.create("jobs", managed_job("others", managedBy="example.com/other"))
        self.server.create("pods", {"metadata": {
            "name": "theirs-1", "finalizers": ["batch.kubernetes.io/job-tracking"],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "theirs", "uid": uid, "controller": True}]},
            "spec": {}})
        # Its Job is gone, and whose it was is not known: kube-controller-manager's part.
        self.server.create("pods", {"metadata": {
            "name": "orphan", "finalizers": ["batch.kubernetes.io/job-tracking"],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "uid": "x", "controller": True}]},
            "spec": {}})
        self.server.create("pods", {"metadata": {"name": "free", "finalizers": ["batch.kubernetes.io/job-tracking"],
                                                 "labels": {"a": "b"}}, "spec": {}})
        self.start("--leader-elect=false")
        self.server.create("jobs", managed_job("ours"))
        self.wait_for(lambda: len(self.pods()) == 4, "our pod")
        self.server.set_status("pods", "theirs-1", {"phase": "Failed"})
        self.server.delete("jobs", "theirs")
        self.server.create("jobs", managed_job("ours-2"))
        self.wait_for(lambda: len(self.pods()) == 5, "our other pod")
        written = [(m, p) for m, p in self.server.requests if m != "GET" and "/ours" not in p and not p.endswith("/events")
                   and not (m == "POST" and p.endswith("/pods"))]
        self.assertEqual(written, [])


class Leading(Controllers):
    def test_who_is_told_to_end_hands_over_at_once(self):
        first = self.start()
        self.wait_for(lambda: "leads from now on" in self.log(first), "the first leader")
        second = self.start()
        self.wait_for(lambda: "waits for the Lease" in self.log(second), "the second's wait")
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(10), 0)
        before = time.monotonic()
        self.wait_for(lambda: "leads from now on" in self.log(second), "the second leader")
        self.assertLess(time.monotonic() - before, 10)  # not the 15 s of a Lease that nobody gave up
        lease = self.server.get("leases", "6d4f6a47.jobset.x-k8s.io", "jobset-system")
        self.assertEqual(lease["spec"]["leaseTransitions"], 1)
        self.server.create("jobsets", jobset())
        self.await_jobs("train-w-0", "train-w-1")

    def test_a_leader_that_was_stopped_for_too_long_writes_nothing_more(self):
        first = self.start()
        self.wait_for(lambda: "everything is listed" in self.log(first), "the first leader")
        first.send_signal(signal.SIGSTOP)
        self.server.create("jobsets", jobset())
        # Another one has taken the Lease meanwhile.
        with self.server.changed:
            lease = self.server.objects[("leases", "jobset-system", "6d4f6a47.jobset.x-k8s.io")]
            lease["spec"]["holderIdentity"] = "another"
            self.server.store("MODIFIED", "leases", "jobset-system", lease)
        time.sleep(10.2)  # by the process' own clock, which nobody can set
        seen = len(self.server.requests)
        first.send_signal(signal.SIGCONT)
        self.assertEqual(first.wait(20), 1)
        self.assertEqual([r for r in self.server.requests[seen:] if r[0] != "GET"], [])
        self.assertIn("does not lead any more", self.log(first))


class Surroundings(Controllers):
    def get(self, port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def free_port(self):
        import socket
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def test_probes_and_metrics(self):
        port = self.free_port()
        self.start("--leader-elect=false", listen=f"127.0.0.1:{port}")
        self.wait_for(lambda: "begins on" in self.log(), "the start")
        self.assertEqual(self.get(port, "/healthz"), (200, "ok\n"))
        self.wait_for(lambda: self.get(port, "/readyz")[0] == 200, "readiness")
        self.server.create("jobsets", jobset(replicas=1))
        self.await_jobs("train-w-0")
        self.finish("train-w-0")
        self.await_condition("jobsets", "train", "Completed")

        def metrics():
            text = self.get(port, "/metrics")[1]
            return text if 'jobset_completed_total{jobset_name="train",namespace="default"} 1' in text else None
        text = self.wait_for(metrics, "the metric")
        self.assertIn("leader_election_master_status", text)
        self.assertRegex(text, r'rest_client_requests_total\{code="201",method="POST"\} \d+')
        self.assertEqual(self.get(port, "/nonsense")[0], 404)

    def test_a_token_that_rotates_is_read_again(self):
        self.server.tokens = {"old"}
        self.write("old\n", "token")
        self.server.create("jobsets", jobset(replicas=1))
        self.start("--leader-elect=false", user="{tokenFile: token}")
        self.await_jobs("train-w-0")
        self.server.tokens = {"new"}
        self.write("new\n", "token")
        self.finish("train-w-0")
        self.await_condition("jobsets", "train", "Completed")
        self.assertNotIn("old", self.log())

    def test_without_the_definition_it_says_so_and_waits(self):
        self.server.fail("GET", "/jobsets$", code=404, times=3)
        self.start("--leader-elect=false")
        self.wait_for(lambda: "reprieve manifests crd | kubectl apply" in self.log(), "the warning")
        self.wait_for(lambda: "everything is listed" in self.log(), "the list")

    def test_bad_flags_and_files_are_one_sentence(self):
        done = self.reprieve("controller", "--kubeconfig", "nowhere")
        self.assertEqual((done.returncode, done.stderr),
                         (2, "reprieve: file nowhere (--kubeconfig) does not exist; name a kubeconfig file\n"))
        done = self.reprieve("controller", "--kubeconfig", self.kubeconfig(), "--context", "prod")
        self.assertEqual((done.returncode, done.stderr),
                         (2, 'reprieve: kubeconfig: there is no context "prod"; there are: test\n'))
        done = self.reprieve("controller", "--listen", "8081x")
        self.assertEqual(done.returncode, 2)

    def test_the_log_has_no_secret(self):
        self.server.tokens = set()
        process = self.start("--leader-elect=false")
        self.wait_for(lambda: "Unauthorized" in self.log(), "the refusal")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        self.assertNotIn("secret-token", self.log())
        for line in self.log().splitlines():
            json.loads(line)


class Manifests(Reprieve):
    def test_what_is_printed_is_yaml_of_the_right_kinds(self):
        crd = self.reprieve("manifests", "crd").stdout
        self.assertTrue(crd.startswith("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"))
        rbac = self.reprieve("manifests", "rbac", "deployment").stdout
        self.assertEqual(re.findall(r"^kind: (\w+)", rbac, re.M),
                         ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Namespace",
                          "Deployment", "PodDisruptionBudget"])
        self.assertNotIn("nodes", self.reprieve("manifests", "rbac", "--namespace", "team-a").stdout)


if __name__ == "__main__":
    main()
