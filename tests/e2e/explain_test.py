"""`reprieve explain`: objects of a cluster, and the journal of a run, as the chain of verdicts."""
import json
import re
import signal
import subprocess
import time

from harness import HERE, Reprieve, binary, job, main

UID = "11111111-1111-4111-8111-111111111111"


def pod(name, ended, code, conditions="", more=""):
    return f"""
- apiVersion: v1
  kind: Pod
  metadata:
    name: {name}
    namespace: default
    uid: uid-of-{name}
    ownerReferences: [{{apiVersion: batch/v1, kind: Job, name: train, uid: {UID}, controller: true}}]
    managedFields: [{{manager: kubelet, operation: Update, fieldsType: FieldsV1, fieldsV1: {{"f:status": {{}}}}}}]
  spec:
    restartPolicy: Never
    containers: [{{name: main, image: trainer, env: [{{name: TOKEN, value: hunter2}}]}}]
  status:
    phase: Failed
    fieldOfTomorrow: 1
    conditions: [{conditions}]
    containerStatuses:
    - {{name: main, state: {{terminated: {{exitCode: {code}, finishedAt: "{ended}"}}}}}}{more}"""


def dump(*pods, failed=2, end=""):
    """As kubectl prints it: items before kind."""
    return f"""apiVersion: v1
items:
- apiVersion: batch/v1
  kind: Job
  metadata: {{name: train, namespace: default, uid: {UID}, creationTimestamp: "2026-11-22T12:00:00Z"}}
  spec:
    backoffLimit: 3
    podFailurePolicy:
      rules:
      - action: Ignore
        onPodConditions: [{{type: DisruptionTarget, status: "True"}}]
      - action: FailJob
        onExitCodes: {{operator: In, values: [42]}}
    template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: trainer}}]}}}}
  status:
    startTime: "2026-11-22T12:00:00Z"
    failed: {failed}
    conditions: [{end}]{"".join(pods)}
- apiVersion: v1
  kind: Secret
  metadata: {{name: token, namespace: default}}
  data: {{password: aHVudGVyMg==}}
kind: List
metadata: {{resourceVersion: ""}}
"""


MESSAGE = "Container main for pod default/train-c failed with exit code 42 matching FailJob rule at index 1"
ENDED = f"""{{type: Failed, status: "True", lastTransitionTime: "2026-11-22T12:03:01Z", reason: PodFailurePolicy, message: {MESSAGE}}}"""
FAILED = dump(
    pod("train-a", "2026-11-22T12:01:00Z", 1),
    pod("train-b", "2026-11-22T12:02:00Z", 143, '{type: DisruptionTarget, status: "True", reason: EvictionByEvictionAPI}'),
    pod("train-c", "2026-11-22T12:03:00Z", 42),
    end=ENDED,
)


class ObjectsOfACluster(Reprieve):
    def test_the_chain_is_told_oldest_first(self):
        done = self.reprieve("explain", "-", stdin=FAILED)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, """Now is 2026-11-22T12:03:01Z, the newest time in the objects; --at sets another.

Job train failed after 3m1s: PodFailurePolicy
  2 failures counted (backoffLimit 3) · 1 ignored

  12:01:00  train-a exited 1 in container main
            → retry 1 of 3 in 10s
  12:02:00  train-b has condition DisruptionTarget (EvictionByEvictionAPI)
            → rule 1 Ignore (<stdin>:10)
            → not counted, retry in 20s
  12:03:00  train-c exited 42 in container main
            → rule 2 FailJob (<stdin>:12)
            → Job train failed: PodFailurePolicy
""")

    def test_json_has_every_verdict(self):
        done = self.reprieve("explain", self.write(FAILED, "dump.yaml"), "-o", "json", "--at", "2026-11-22T12:10:00Z")
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["now"], told["nowFrom"]), (0, "2026-11-22T12:10:00Z", "flag"))
        [job] = told["subjects"]
        self.assertEqual([entry["verdict"]["action"] for entry in job["chain"]], ["Count", "Ignore", "FailJob"])
        self.assertEqual([entry["verdict"].get("rule", {}).get("index") for entry in job["chain"]], [None, 0, 1])

    def test_secrets_and_the_environment_are_never_printed(self):
        broken = FAILED.replace("password: aHVudGVyMg==", "password: aHVudGVyMg==]")
        wrong = FAILED.replace("value: hunter2", "value: [hunter2]")
        for text in (FAILED, broken, wrong):
            for output in ("text", "json"):
                done = self.reprieve("explain", "-", "-o", output, "--all", stdin=text)
                self.assertEqual(done.returncode, 0 if text is FAILED else 2)
                for secret in ("aHVudGVyMg", "hunter2"):
                    self.assertNotIn(secret, done.stdout + done.stderr)

    def test_a_dump_that_is_cut_off_is_refused_wherever_the_cut_is(self):
        lines = FAILED.splitlines(keepends=True)
        for count in range(4, len(lines) - 2):
            done = self.reprieve("explain", "-", stdin="".join(lines[:count]))
            self.assertEqual((done.returncode, done.stdout), (2, ""), f"cut after line {count}")
            self.assertRegex(done.stderr, r"^<stdin>:\d+:\d+: ", f"cut after line {count}")

    def test_an_object_that_is_not_what_it_says_is_one_error_at_its_line(self):
        text = FAILED.replace("backoffLimit: 3", "backoffLimit: three")
        done = self.reprieve("explain", "-", stdin=text)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r'^<stdin>:7:\d+: Job "train" can\'t be read: ')

    def test_nothing_to_explain_says_what_to_get(self):
        done = self.reprieve("explain", "-", stdin="{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: Yg==}}")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no JobSet, Job or Pod among the objects (1 Secret)", done.stderr)

    def test_many_failures_alike_are_told_by_the_first_and_the_last(self):
        pods = [pod(f"train-{i:02}", f"2026-11-22T12:{i:02}:00Z", 1) for i in range(30)]
        text = dump(*pods, failed=30).replace("backoffLimit: 3", "backoffLimit: 99")
        short = self.reprieve("explain", "-", stdin=text).stdout
        self.assertIn("… 28 more failures alike; --all shows them", short)
        self.assertEqual((short.count(" exited 1 in "), self.reprieve("explain", "-", "--all", stdin=text).stdout.count(" exited 1 in ")), (2, 30))

    def test_the_users_own_lines_are_shown_where_the_rules_are_the_same(self):
        manifest = """# mine
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec:
  backoffLimit: 3
  podFailurePolicy:
    rules:
    - {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}
    - {action: FailJob, onExitCodes: {operator: In, values: [42]}}
"""
        self.write(manifest, "train.yaml")
        done = self.reprieve("explain", "-", "--manifest", "train.yaml", stdin=FAILED)
        self.assertIn("→ rule 1 Ignore (train.yaml:9)", done.stdout)
        self.assertIn("→ rule 2 FailJob (train.yaml:10)", done.stdout)
        for was, other in (("action: Ignore", "action: Count"), ("[42]", "[43]"), ("operator: In", "operator: NotIn")):
            self.write(manifest.replace(was, other), "train.yaml")
            done = self.reprieve("explain", "-", "--manifest", "train.yaml", stdin=FAILED)
            self.assertIn("→ rule 1 Ignore (<stdin>:10)", done.stdout)
            self.assertIn("The failure rules of Job train in train.yaml are not those of the object", done.stdout)
        self.write(manifest.replace("name: train", "name: eval"), "train.yaml")
        done = self.reprieve("explain", "-", "--manifest", "train.yaml", stdin=FAILED)
        self.assertEqual((done.returncode, done.stdout), (2, ""))


RUNNING = f"""
- apiVersion: v1
  kind: Pod
  metadata:
    name: train-run
    namespace: default
    uid: uid-of-run
    finalizers: [batch.kubernetes.io/job-tracking]
    ownerReferences: [{{apiVersion: batch/v1, kind: Job, name: train, uid: {UID}, controller: true}}]
  spec: {{restartPolicy: Never, nodeName: n1, containers: [{{name: main, image: trainer}}]}}
  status: {{phase: Running, containerStatuses: [{{name: main, state: {{running: {{startedAt: "2026-11-22T12:00:01Z"}}}}}}]}}"""


class WhatIf(Reprieve):
    def test_the_event_is_played_from_the_objects_as_they_are(self):
        text = dump(RUNNING, failed=0)
        done = self.reprieve("explain", "-", "--if", "pod train-run exits 42", stdin=text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        before, after = done.stdout.split("If pod train-run exits 42 now\n")
        self.assertIn("Job train is running", before)
        self.assertIn("→ rule 2 FailJob (<stdin>:12)\n", after)
        self.assertIn("→ Job train failed: PodFailurePolicy\n", after)
        told = json.loads(self.reprieve("explain", "-", "-o", "json", "--if", "pod train-run exits 42", stdin=text).stdout)
        self.assertEqual([verdict["action"] for verdict in told["if"]["verdicts"]], ["FailJob"])

    def test_an_event_without_effect_or_that_is_none_is_refused(self):
        for event, why in (("pod train-9 exits 1", "no pod train-9"), ("pod train-run explodes", "explodes"), ("", '--if ""')):
            done = self.reprieve("explain", "-", "--if", event, stdin=dump(RUNNING, failed=0))
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(why, done.stderr)

    def test_a_journal_has_no_pods_to_play_with(self):
        self.write(job("train", "exit 42"))
        self.reprieve("run", "--backoff", "1ms", "job.yaml")
        done = self.reprieve("explain", "--if", "pod train-run exits 1")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("a journal has no pods that run", done.stderr)


class RecordedDumps(Reprieve):
    """What real API servers hand out (dumps/README.md)."""

    JOBSETS = HERE / "dumps" / "jobsets-0.12.0.yaml"

    def dumps(self):
        found = sorted((HERE / "dumps").glob("jobs-*.yaml"))
        self.assertGreaterEqual(len(found), 3)
        return found

    def explained(self, path):
        done = self.reprieve("explain", str(path), "-o", "json")
        self.assertEqual((done.returncode, done.stderr), (0, ""), path)
        return json.loads(done.stdout)

    def test_every_failed_pod_has_a_verdict_or_the_reason_why_not(self):
        for path in self.dumps():
            entries = {entry["pod"]: entry for subject in self.explained(path)["subjects"] for entry in subject["chain"] if "pod" in entry}
            failed = re.findall(r"^  kind: Pod\n.*?^    name: (\S+)\n.*?^    phase: (\w+)$", path.read_text(), re.M | re.S)
            names = [name for name, phase in failed if phase == "Failed"]
            self.assertGreater(len(names), 5, path)
            for name in names:
                self.assertTrue("verdict" in entries[name] or entries[name]["unjudged"], (path, name))

    def test_the_rule_that_ended_the_job_is_the_one_that_the_controller_wrote(self):
        for path in self.dumps():
            jobs = {subject["name"]: subject for subject in self.explained(path)["subjects"]}
            [pod, code, rule] = re.search(r"pod default/(\S+)\s+failed\s+with\s+exit\s+code\s+(\d+)\s+matching\s+FailJob\s+rule\s+at\s+index\s+(\d+)", path.read_text()).groups()
            [end] = [entry["verdict"] for entry in jobs["policy"]["chain"] if entry.get("verdict", {}).get("ends")]
            self.assertEqual((end["pod"], end["exitCode"], end["rule"]["index"]), (pod, int(code), int(rule)))
            actions = [entry["verdict"]["action"] for entry in jobs["policy"]["chain"]]
            self.assertEqual(actions, ["Count", "Ignore", "FailJob"])

    def test_limits_per_index_and_what_is_gone_are_told(self):
        for path in self.dumps():
            jobs = {subject["name"]: subject for subject in self.explained(path)["subjects"]}
            self.assertIn("failed indexes 1,2 · backoffLimitPerIndex 1 · maxFailedIndexes 2, 2 used", jobs["indexes"]["facts"])
            self.assertIn("one more failed index ends the Job (maxFailedIndexes 2, all used)", jobs["indexes"]["next"])
            self.assertIn("status counts 2 failures; 1 of their pods is gone", jobs["gone"]["unknown"][0])
            self.assertEqual(jobs["late"]["summary"].partition(": ")[2], "DeadlineExceeded")

    def test_a_jobset_is_explained_from_the_exit_code_to_the_rule_that_ended_it(self):
        jobsets = {subject["name"]: subject for subject in self.explained(self.JOBSETS)["subjects"]}
        train = jobsets["train"]
        [end] = [entry["verdict"] for entry in train["chain"] if entry.get("verdict", {}).get("ends")]
        self.assertEqual((end["action"], end["rule"]["index"], end["rule"]["name"]), ("FailJobSet", 0, "badConfig"))
        pod = end["cause"]
        self.assertEqual((pod["action"], pod["rule"]["index"], pod["exitCode"]), ("FailJob", 1, 42))
        # The controller's own word for it.
        self.assertIn("reason: FailJobSetFailurePolicyAction", self.JOBSETS.read_text())
        self.assertTrue(train["summary"].endswith("FailJobSetFailurePolicyAction"), train["summary"])
        self.assertIn("2 restarts · 1 of maxRestarts 2 used · 1 not counted", train["facts"])

    def test_restarts_whose_jobs_are_gone_are_told_by_their_events(self):
        jobsets = {subject["name"]: subject for subject in self.explained(self.JOBSETS)["subjects"]}
        self.assertIn("why 2 restarts were needed: the failed Jobs are gone", jobsets["train"]["unknown"])
        self.assertTrue(any("RestartJobSetAndIgnoreMaxRestarts" in line for line in jobsets["train"]["unknown"]), jobsets["train"])
        self.assertIn("1 restart · 1 of maxRestarts 3 used", jobsets["again"]["facts"])
        self.assertTrue(jobsets["again"]["chain"][-1]["verdict"]["restart"]["counted"])
        self.assertIn("2 more counted restarts before a failed Job ends the JobSet (1 of 3 used)", jobsets["again"]["next"])

    def test_secrets_stay_in_them(self):
        for path in [*self.dumps(), self.JOBSETS]:
            self.assertIn("hunter2", path.read_text())
            self.assertNotIn("hunter2", self.reprieve("explain", str(path), "--all").stdout)


class TheJournalOfARun(Reprieve):
    RULES = """
  backoffLimit: 1
  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}"""

    def journal(self):
        [path] = (self.cwd / "reprieve-state" / "journal").glob("*.jsonl")
        return path

    def wait_for(self, text):
        deadline = time.monotonic() + 30
        while not any(text in path.read_text() for path in (self.cwd / "reprieve-state" / "journal").glob("*.jsonl")):
            self.assertLess(time.monotonic(), deadline, f"no {text} in the journal")
            time.sleep(0.02)

    def test_it_tells_what_the_run_told(self):
        self.write(job("train", "exit 42", self.RULES))
        run = self.reprieve("run", "job.yaml")
        self.assertEqual(run.returncode, 1)
        done = self.reprieve("explain")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Job train failed", done.stdout)
        chain = [line.strip().removeprefix("→ ") for line in done.stdout.splitlines() if "→" in line]
        self.assertRegex(chain[0], r"^rule 1 FailJob \(job.yaml:\d+\)$")
        for step in chain:
            self.assertIn(step, run.stdout)

    def test_every_line_is_json_with_its_type_and_time_and_no_environment(self):
        self.write(job("train", "exit 1", self.RULES, container="        env: [{name: TOKEN, value: hunter2}]"))
        self.reprieve("run", "--backoff", "10ms", "job.yaml")
        text = self.journal().read_text()
        self.assertNotIn("hunter2", text)
        records = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([record["type"] for record in (records[0], records[-1])], ["run", "end"])
        self.assertEqual(records[-1]["how"], "failed")
        self.assertTrue(all("time" in record for record in records))
        self.assertEqual(sum(record["type"] == "verdict" for record in records), 2)

    def test_a_run_that_was_killed_is_explained_as_far_as_it_came(self):
        self.write(job("train", "exit 1", self.RULES))
        run = subprocess.Popen([binary(), "run", "--backoff", "1h", "job.yaml"], cwd=self.cwd, stdout=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        self.wait_for('"verdict"')
        living = self.reprieve("explain")
        self.assertIn("by this machine's clock.", living.stdout)
        self.assertIn("one more counted failure ends the Job (backoffLimit 1, all used)", living.stdout)
        self.assertRegex(living.stdout, r"the next pod is created in (9m\d*s?|10m)")
        self.assertNotIn("killed", self.reprieve("explain", "--at", "2030-01-01T00:00:00Z").stdout)
        run.send_signal(signal.SIGKILL)
        run.wait()
        dead = self.reprieve("explain")
        self.assertIn("Job train was running", dead.stdout)
        self.assertNotIn("Next", dead.stdout)
        self.assertIn("exited 1 in container main", dead.stdout)
        self.assertIn("The run did not come to its end", dead.stdout)
        self.assertNotIn("torn", dead.stdout)

    def test_a_run_whose_pods_do_nothing_yet_is_running(self):
        self.write(job("train", "sleep 600"))
        run = subprocess.Popen([binary(), "run", "job.yaml"], cwd=self.cwd, stdout=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        self.wait_for('"startTime"')
        self.assertIn("Job train is running", self.reprieve("explain").stdout)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.wait()
        self.assertIn("Job train was running", self.reprieve("explain").stdout)

    def test_a_page_that_can_not_be_written_is_told_before_anything_runs(self):
        self.write(job("train", "touch ran"))
        for path in ("nowhere/report.html", "."):
            done = self.reprieve("run", "--report", path, "job.yaml")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f"--report {path}: can't be written", done.stderr)
        self.assertFalse((self.cwd / "ran").exists())

    def test_a_torn_last_line_is_left_out_and_said(self):
        self.write(job("train", "exit 42", self.RULES))
        self.reprieve("run", "job.yaml")
        whole = self.journal().read_bytes()
        for cut in range(len(whole) - 1, len(whole) - 600, -37):
            self.journal().write_bytes(whole[:cut])
            done = self.reprieve("explain")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            last = whole[:cut].rpartition(b"\n")[2]
            self.assertEqual("torn" in done.stdout, bool(last) and not whole.startswith(last + b"\n", cut - len(last)), last)

    def test_of_several_runs_the_newest_is_explained_unless_another_is_named(self):
        self.write(job("one", "exit 42", self.RULES))
        self.reprieve("run", "job.yaml")
        first = self.journal().stem
        self.write(job("two", "exit 42", self.RULES))
        # Names have the second in them: another one for the second run.
        self.journal().rename(self.journal().with_name("20200101T000000Z-12345678.jsonl"))
        self.reprieve("run", "job.yaml")
        self.assertIn("Job two failed", self.reprieve("explain").stdout)
        self.assertIn("This is the newest of 2 runs", self.reprieve("explain").stdout)
        self.assertIn("Job one failed", self.reprieve("explain", "--run", "20200101T000000Z-12345678").stdout)
        wrong = self.reprieve("explain", "--run", first)
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))

    def test_without_a_journal_it_says_what_to_do(self):
        done = self.reprieve("explain")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no run has left a journal in reprieve-state", done.stderr)

    def test_clean_removes_old_journals_and_none_of_a_run_that_lives(self):
        self.write(job("train", "sleep 600"))
        run = subprocess.Popen([binary(), "run", "job.yaml"], cwd=self.cwd, stdout=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        self.wait_for('"train"')
        self.reprieve("clean", "--older-than", "0s")
        self.assertTrue(self.journal().exists())
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.wait()
        self.assertIn("1 journal file (", self.reprieve("clean", "--older-than", "0s").stdout)
        self.assertEqual(list((self.cwd / "reprieve-state" / "journal").iterdir()), [])


if __name__ == "__main__":
    main()
