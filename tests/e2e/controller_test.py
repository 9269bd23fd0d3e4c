"""`reprieve controller` against a small API server with faults (fake_api_server.py); tests/cluster has the real one."""
import json
import re
import signal
import time

from cluster_case import Controllers, condition, jobset, managed_job
from harness import Reprieve, main

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

    def test_a_successor_that_has_not_seen_the_pods_yet_makes_no_others(self):
        self.server.create("jobs", managed_job(parallelism=2, completions=2))
        first = self.start("--leader-elect=false")
        pods = self.wait_for(lambda: len(self.pods()) == 2 and self.pods(), "the pods")
        first.kill()
        first.wait()
        self.server.fail("GET", "^/api/v1/pods$", times=2)
        self.start("--leader-elect=false", "--backoff", "100ms")
        self.wait_for(lambda: "everything is listed" in self.log(), "the lists")
        for pod in pods:
            self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Succeeded"})
        self.await_condition("jobs", "solo", "Complete")
        self.assertEqual(self.server.requests.count(("POST", "/api/v1/namespaces/default/pods")), 2)

    def test_a_managed_job_completes(self):
        self.server.create("jobs", managed_job())
        self.start("--leader-elect=false", "--verdict-events=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Succeeded"})
        self.await_condition("jobs", "solo", "Complete")
        self.assertEqual(self.server.get("jobs", "solo")["status"]["succeeded"], 1)
        self.assertFalse(self.events("Judged"))

    def test_a_status_that_a_policy_refuses_for_a_while_is_written_again(self):
        """Nothing else changes meanwhile, of which a watch could tell."""
        self.server.create("jobs", managed_job())
        self.start("--leader-elect=false")
        pod = self.wait_for(self.pods, "the pod")[0]
        self.wait_for(lambda: self.server.get("jobs", "solo")["status"].get("active") == 1, "the first status")
        self.server.fail("PUT", "/jobs/solo/status$", code=422)
        self.server.set_status("pods", pod["metadata"]["name"], {"phase": "Succeeded"})
        self.await_condition("jobs", "solo", "Complete")

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


class Metrics(Controllers):
    @staticmethod
    def samples(text):
        """Values by the name with its labels. Whatever is there has HELP and TYPE, and buckets add up."""
        out, types = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in types, line
                types[name] = kind
            elif line.startswith("# HELP "):
                assert len(line.split(" ", 3)[3]) > 5, line
            else:
                sample, value = line.rsplit(" ", 1)
                assert sample not in out, line
                name = sample.split("{")[0]
                family = name if name in types else re.sub("_(bucket|sum|count)$", "", name)
                assert types[family] in ("counter", "gauge", "histogram"), line
                assert (types[family] == "histogram") == (name != family), line
                out[sample] = float(value)
        for sample, value in out.items():
            if 'le="+Inf"' in sample:
                count = sample.replace("_bucket{", "_count{").replace(',le="+Inf"', "").replace('{le="+Inf"}', "")
                assert out[count] == value, sample
        return out

    def await_samples(self, port, wanted):
        def there():
            found = self.samples(self.get(port, "/metrics")[1])
            return found if all(found.get(name, 0) >= value for name, value in wanted.items()) else None
        return self.wait_for(there, f"{wanted}")

    def test_a_jobs_metrics_have_upstreams_names(self):
        rules = [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [41]}},
                 {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
        self.server.create("jobs", managed_job(podFailurePolicy={"rules": rules}, parallelism=2, completions=2,
                                               completionMode="Indexed"))
        port = self.start_and_answer("--leader-elect=false")
        self.wait_for(lambda: len(self.pods()) == 2, "the pods")
        self.fail_pod(self.pods()[0], 42)
        self.await_condition("jobs", "solo", "FailureTarget")
        found = self.await_samples(port, {
            'job_controller_job_pods_finished_total{completion_mode="Indexed",result="failed"}': 1,
            'job_controller_pod_failures_handled_by_failure_policy_total{action="FailJob"}': 1,
            'job_controller_job_pods_creation_total{reason="new",status="succeeded"}': 2,
            'job_controller_terminated_pods_tracking_finalizer_total{event="add"}': 1,
            'job_controller_terminated_pods_tracking_finalizer_total{event="delete"}': 1,
            'job_controller_job_syncs_total{action="pods_created",completion_mode="Indexed",result="success"}': 1,
            'reprieve_verdicts_total{action="FailJob",kind="Job",rule="2"}': 1,
            'reprieve_failure_to_verdict_seconds_count{kind="Job"}': 1,
            'workqueue_adds_total{name="job"}': 2, 'workqueue_work_duration_seconds_count{name="job"}': 2})
        self.assertEqual(found['job_controller_job_finished_indexes_total{backoffLimit="global",status="succeeded"}'], 0)
        self.assertEqual(found['job_controller_pod_failures_handled_by_failure_policy_total{action="Ignore"}'], 0)
        self.assertNotIn("leader_election_master_status", self.get(port, "/metrics")[1])
        self.await_samples(port, {
            'job_controller_jobs_finished_total{completion_mode="Indexed",reason="PodFailurePolicy",result="failed"}': 1})

    def test_a_jobsets_restart_is_measured_until_its_pods_are_there(self):
        self.server.create("jobsets", jobset(failurePolicy={"maxRestarts": 1}))
        port = self.start_and_answer()
        self.await_jobs("train-w-0", "train-w-1")
        self.finish("train-w-1", "Failed", "BackoffLimitExceeded")
        self.wait_for(lambda: all(j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == "1"
                                  for j in self.server.all("jobs")) and len(self.server.all("jobs")) == 2, "the restart")
        found = self.await_samples(port, {'jobset_restarts_total{jobset_name="train",namespace="default"}': 1,
                                          'leader_election_master_status{name="6d4f6a47.jobset.x-k8s.io"}': 1})
        self.assertEqual(found["reprieve_failure_to_pods_recreated_seconds_count"], 0)
        for name in ("train-w-0", "train-w-1"):
            self.server.set_status("jobs", name, {"active": 1})
        found = self.await_samples(port, {"reprieve_failure_to_pods_recreated_seconds_count": 1})
        # The failure has a time of the test, long ago.
        self.assertGreater(found["reprieve_failure_to_pods_recreated_seconds_sum"], 600)


class Shadow(Controllers):
    def compared(self, process):
        """Of JobSets. Their Jobs have no pods here, and nothing here would have ended them."""
        told = [json.loads(line)["shadow"] for line in self.log(process).splitlines() if '"shadow":' in line]
        return [each for each in told if each["kind"] == "JobSet"]

    def writes(self):
        return [r for r in self.server.requests if r[0] != "GET"]

    def test_the_same_controller_beside_it_decides_the_same(self):
        self.server.create("jobsets", jobset(failurePolicy={"maxRestarts": 1}))
        self.start("--leader-elect=false")
        shadow_port = self.start_and_answer("--shadow")
        shadow = self.running[-1]
        self.await_jobs("train-w-0", "train-w-1")
        self.wait_for(lambda: self.get(shadow_port, "/readyz")[0] == 200, "the shadow's lists")
        self.finish("train-w-1", "Failed", "BackoffLimitExceeded")
        self.wait_for(lambda: len(self.server.all("jobs")) == 2 and all(
            j["metadata"]["labels"]["jobset.sigs.k8s.io/restart-attempt"] == "1" for j in self.server.all("jobs")), "restart")
        self.finish("train-w-0", "Failed", "BackoffLimitExceeded")
        self.await_condition("jobsets", "train", "Failed")
        self.wait_for(lambda: 'reprieve_shadow_decisions_total{kind="JobSet",result="same"} 2'
                      in self.get(shadow_port, "/metrics")[1], "two comparisons")
        self.assertEqual(self.stop(shadow), 0)
        self.assertEqual(self.compared(shadow), [])
        summary = next(json.loads(line) for line in self.log(shadow).splitlines() if '"summary":' in line)
        self.assertEqual(summary["summary"], {"same": 2, "different": 0, "only_theirs": 2, "only_ours": 0})

    def test_it_writes_nothing_and_tells_what_differs(self):
        self.server.create("jobsets", jobset(failurePolicy={"maxRestarts": 1}))
        other = self.start("--leader-elect=false")
        self.await_jobs("train-w-0", "train-w-1")
        self.wait_for(lambda: self.server.get("jobsets", "train").get("status"), "a status")
        self.assertEqual(self.stop(other), 0)
        before = len(self.writes())
        shadow = self.start("--shadow")
        self.wait_for(lambda: "everything is listed" in self.log(shadow), "the lists")
        # Whoever is in charge gives up where a restart is left.
        self.finish("train-w-1", "Failed", "BackoffLimitExceeded")
        self.server.set_status("jobsets", "train", {"terminalState": "Failed", "conditions": [
            condition("Failed", "FailedJobs", "jobset failed due to one or more job failures")]})
        told = self.wait_for(lambda: self.compared(shadow), "the difference")[0]
        self.assertEqual((told["result"], told["kind"], told["name"]), ("different", "JobSet", "train"))
        self.assertEqual((told["ours"], told["theirs"]), ("restart 1 (1 counted)", "Failed: FailedJobs"))
        self.assertIn("RestartJobSet", told["verdict"]["action"])
        # And of an end that nothing here would have decided.
        self.server.create("jobsets", jobset("idle"))
        time.sleep(1.5)
        self.server.set_status("jobsets", "idle", {"terminalState": "Failed", "conditions": [
            condition("Failed", "FailedJobs", "m")]})
        told = self.wait_for(lambda: self.compared(shadow)[1:], "the other difference")[0]
        self.assertEqual((told["result"], told["ours"], told["theirs"]), ("only_theirs", "nothing", "Failed: FailedJobs"))
        self.assertEqual(self.stop(shadow), 0)
        self.assertEqual(len(self.writes()), before)
        self.assertIsNone(self.server.get("leases", "6d4f6a47.jobset.x-k8s.io", "jobset-system"))

    def test_jobs_of_kube_controller_manager_are_compared_too(self):
        theirs = managed_job("theirs", backoffLimit=0)
        del theirs["spec"]["managedBy"]
        uid = self.server.create("jobs", theirs)["metadata"]["uid"]
        pod = {"metadata": {"name": "theirs-1", "finalizers": ["batch.kubernetes.io/job-tracking"],
                            "labels": {"batch.kubernetes.io/controller-uid": uid}, "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "theirs", "uid": uid, "controller": True}]}, "spec": {}}
        pod = self.server.create("pods", pod)
        shadow = self.start("--shadow")
        self.wait_for(lambda: "everything is listed" in self.log(shadow), "the lists")
        self.fail_pod(pod, 1)
        self.server.set_status("jobs", "theirs", {"failed": 1, "conditions": [
            condition("FailureTarget", "BackoffLimitExceeded"), condition("Failed", "BackoffLimitExceeded")]})
        self.wait_for(lambda: self.stop(shadow) == 0 if self.settled(shadow) else None, "the comparison")
        summary = next(json.loads(line) for line in self.log(shadow).splitlines() if '"summary":' in line)
        self.assertEqual(summary["summary"], {"same": 1, "different": 0, "only_theirs": 0, "only_ours": 0})

    def settled(self, _):
        time.sleep(2.5)  # a change is compared a second after it was seen
        return True


class Configuration(Controllers):
    def config(self, body):
        return self.write("apiVersion: config.jobset.x-k8s.io/v1alpha1\nkind: Configuration\n" + body, "config.yaml")

    def test_upstreams_file_is_taken_and_flags_win(self):
        port = self.free_port()
        config = self.config(f"""health: {{healthProbeBindAddress: "127.0.0.1:{port}", readinessEndpointName: ready}}
leaderElection: {{leaderElect: true, resourceName: another-lock, resourceNamespace: locks}}
webhook: {{port: 0}}
metrics: {{bindAddress: "127.0.0.1:0"}}
tls: {{cipherSuites: [TLS_AES_128_GCM_SHA256]}}
featureGates: {{RestartJob: true}}
""")
        log = self.start_with_config(config)
        self.wait_for(lambda: "leads from now on" in log(), "the leader")
        self.assertIsNotNone(self.server.get("leases", "another-lock", "locks"))
        self.wait_for(lambda: self.get(port, "/ready")[0] == 200, "readiness")
        self.assertEqual(self.get(port, "/readyz")[0], 404)
        self.assertIn("tls.cipherSuites has no effect", log())
        # Upstream's always serves webhooks.
        self.wait_for(lambda: self.server.get("secrets", "jobset-webhook-server-cert", "jobset-system"), "the Secret")

    def start_with_config(self, config):
        self.start("--config", config, "--webhook-listen", "127.0.0.1:0", listen=None)
        process = self.running[-1]
        return lambda: self.log(process)

    def test_what_is_wrong_in_it_is_said_with_its_line(self):
        config = self.config("webhook:\n  prot: 9443\nleaderElection: {leaderElect: 1}\n")
        done = self.reprieve("controller", "--kubeconfig", self.kubeconfig(), "--config", config)
        self.assertEqual(done.returncode, 2)
        self.assertIn("config.yaml:4:3: webhook.prot", done.stderr)
        self.assertIn("Did you mean webhook.port?", done.stderr)
        self.assertIn("config.yaml:5:", done.stderr)


class Surroundings(Controllers):
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
        self.assertRegex(text, r'rest_client_requests_total\{code="201",host="127.0.0.1:\d+",method="POST"\} \d+')
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
        shadow = self.reprieve("manifests", "rbac", "--shadow").stdout
        self.assertEqual(set(re.findall(r"^ +- (create|update|patch|delete|get|list|watch)$", shadow, re.M)), {"list", "watch"})
        webhooks = self.reprieve("manifests", "webhooks").stdout
        self.assertEqual(re.findall(r"^kind: (\w+)", webhooks, re.M),
                         ["Service", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
        self.assertNotIn("mjob.reprieve.dev", webhooks)
        self.assertIn("mjob.reprieve.dev", self.reprieve("manifests", "webhooks", "--manage-jobs").stdout)


if __name__ == "__main__":
    main()
