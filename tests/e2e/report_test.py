"""What a run tells: every end, why a retry comes sooner, what became of lines of output, totals before details."""
import json
import os
import re
import signal
import subprocess
import time
import unittest

from harness import HERE, Reprieve, binary, main

CASES = HERE / "cases"
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def case(name):
    return str(CASES / f"{name}.yaml")


def job(name, script, spec="  backoffLimit: 0", restart="Never"):
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
{spec}
  template:
    spec:
      restartPolicy: {restart}
      terminationGracePeriodSeconds: 2
      containers:
      - name: main
        image: none
        command: [sh, -c, {script!r}]
---
"""


class Ends(Reprieve):
    def test_what_ends_as_planned_is_not_called_wasted_and_every_end_has_its_line(self):
        done = self.reprieve("run", case("wasted-on-success"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("wasted", done.stdout)
        self.assertNotIn(" failed", done.stdout)
        self.assertRegex(done.stdout, r"w-leader-0-0-\w+ succeeded")
        self.assertRegex(done.stdout, r"w-helper-0-0-\w+ ended with its Job: exited 143 in container main")

    def test_the_same_where_a_job_meets_its_success_policy(self):
        text = job("x", "[ $JOB_COMPLETION_INDEX = 0 ] || sleep 60", spec="  completions: 2\n  parallelism: 2\n  completionMode: "
                   "Indexed\n  successPolicy: {rules: [{succeededIndexes: \"0\"}]}")
        done = self.reprieve("run", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("wasted", done.stdout)
        self.assertRegex(done.stdout, r"x-1-\w+ ended with its Job: exited 143 in container main")

    def test_pods_of_a_job_that_its_jobset_makes_again_have_their_end_too(self):
        text = """
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  failurePolicy: {maxRestarts: 1}
  replicatedJobs:
  - name: w
    replicas: 2
    template: {spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 2, containers: [
      {name: main, image: x, command: [sh, -c, 'test -e again && exit 0; [ $JOB_INDEX = 1 ] || sleep 60; sleep 0.5; touch again; exit 1'],
       env: [{name: JOB_INDEX, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['jobset.sigs.k8s.io/job-index']"}}}]}]}}}}
"""
        done = self.reprieve("run", "--backoff", "10ms", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        starts = re.findall(r"(js-w-\d-0-\w+) runs on", done.stdout)
        self.assertEqual(len(starts), 4, done.stdout)
        for pod in starts:
            self.assertRegex(done.stdout, rf"{pod} (succeeded|exited|ended with its Job)")

    def test_a_start_and_an_end_that_come_in_one_write_are_two_lines(self):
        # Of so many that are over at once, the machine hears of some starts together with their ends.
        pods = 200
        done = self.reprieve("run", self.write(job("x", "true", spec=f"  completions: {pods}\n  parallelism: {pods}")))
        self.assertEqual(done.returncode, 0, done.stderr)
        started = re.findall(r"(x-\w+) runs on", done.stdout)
        self.assertEqual(len(started), pods)
        self.assertEqual(sorted(started), sorted(re.findall(r"(x-\w+) succeeded", done.stdout)))

    def test_a_pod_that_failed_is_counted_even_where_its_policy_ignores_it(self):
        text = job("x", "test -e again && exit 0; touch again; exit 42", spec="  backoffLimit: 0\n  podFailurePolicy: {rules: "
                   "[{action: Ignore, onExitCodes: {operator: In, values: [42]}}]}")
        done, events = self.events("--backoff", "10ms", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        summary = events[-1]
        self.assertEqual((summary["failed"], summary["podsFailed"], summary["ignored"]), (0, 1, 1))
        (self.cwd / "again").unlink()
        self.assertIn("succeeded 1 · failed 1 · retried 1 · ignored 1", self.reprieve("run", "--backoff", "10ms", "job.yaml").stdout)

    def test_a_ttl_that_expired_is_called_that(self):
        done = self.reprieve("run", self.write(job("x", "true", spec="  ttlSecondsAfterFinished: 0") + job("two", "sleep 2.5")))
        self.assertIn("Job x is deleted: TTL expired", done.stdout)


class Deadlines(Reprieve):
    def test_a_job_has_its_whole_deadline(self):
        done, events = self.events("--image", "x=true", case("deadline-early"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("DeadlineExceeded", [e["reason"] for e in events if e["type"] == "jobFailed"])
        self.assertGreaterEqual(events[-1]["seconds"], 1)


class Retries(Reprieve):
    def test_a_retry_that_comes_sooner_than_announced_says_why(self):
        process = subprocess.Popen([binary(), "run", "--backoff", "5s", case("retry-earlier")], cwd=self.cwd, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seen = ""
        for line in process.stdout:
            seen += line
            if "sooner than announced" in line:
                break
        process.send_signal(signal.SIGINT)
        seen += process.communicate(timeout=20)[0]
        # The second failure announces 10s at about 5s; index 0 succeeds at 12s.
        self.assertRegex(seen, r"retry 2 of 6 in (9\.\ds|10s)")
        self.assertRegex(seen, r"r-1-\w+: the retry comes [123](\.\d)?s sooner than announced: r-0-\w+ has succeeded, which "
                               r"ends the back-off")

    def test_a_retry_in_time_says_nothing(self):
        done = self.reprieve("run", "--backoff", "300ms", self.write(job("x", "exit 1", spec="  backoffLimit: 2")))
        self.assertEqual(done.stdout.count("runs on"), 3, done.stdout)
        self.assertNotIn("sooner", done.stdout)


class Output(Reprieve):
    def test_what_is_said_of_lines_is_true_to_the_line(self):
        lines = 2_000_000
        (self.cwd / "lines.yaml").write_text((CASES / "lost-lines.yaml").read_text().replace("seq 1 10000000", f"seq 1 {lines}"))
        done, events = self.events("--logs", "lines.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = sum(event["type"] == "log" for event in events)
        notices = [event["message"] for event in events if event["type"] == "notice"]
        left_out = sum(int(notice.split()[0]) for notice in notices if "came too fast" in notice)
        self.assertEqual(shown + left_out, lines)
        rotation = [re.search(r"log (.*): its first (\d+) lines were deleted by rotation; the last (\d+) are in it and in "
                              r"(.*)\.1 to \.4$", notice) for notice in notices if "rotation" in notice]
        self.assertEqual(len(rotation), 1, notices)
        path, deleted, kept = rotation[0][1], int(rotation[0][2]), int(rotation[0][3])
        self.assertEqual(deleted + kept, lines)
        there = 0
        for name in [path, *(f"{path}.{i}" for i in range(1, 5))]:
            if os.path.exists(self.cwd / name):
                with open(self.cwd / name, "rb") as file:
                    there += sum(1 for _ in file)
        self.assertEqual(there, kept)


class Summary(Reprieve):
    def test_totals_come_first_and_then_what_failed(self):
        good = "".join(job(f"good-{i:03}", "true") for i in range(40))
        bad = "".join(job(f"bad-{i}", "echo reason; [ $JOB_COMPLETION_INDEX = 0 ]", spec="  completions: 3\n  completionMode: "
                          "Indexed\n  backoffLimitPerIndex: 0") for i in range(3))
        done = self.reprieve("run", self.write(good + bad))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        summary = done.stdout[done.stdout.index("40 of 43 completed, 3 failed, after "):]
        self.assertNotIn("good-", summary)
        self.assertLess(len(summary.splitlines()), 40)
        for i in range(3):
            one = summary[summary.index(f"bad-{i} failed after"):]
            self.assertIn("indexes  1,2 failed", one[:400])
            self.assertRegex(one[:600], rf"logs     \S+/default_bad-{i}-\d-\w+/main/0.log")
        self.assertRegex(summary, r"\n  all logs \S+/reprieve-state/logs/\n")

    def test_one_job_has_no_totals(self):
        done = self.reprieve("run", self.write(job("x", "true")))
        self.assertNotIn("of 1 completed", done.stdout)
        self.assertRegex(done.stdout, r"\nx completed after \S+\n  attempts 1 · pods 1 · succeeded 1 · failed 0 · retried 0")


class Placement(Reprieve):
    def test_followers_that_are_refused_until_their_leader_has_a_node_are_no_news(self):
        text = """
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js, annotations: {alpha.jobset.sigs.k8s.io/exclusive-topology: rack}}
spec:
  replicatedJobs:
  - name: w
    replicas: 3
    template: {spec: {completions: 2, parallelism: 2, template: {spec: {restartPolicy: Never, containers: [
      {name: main, image: x, command: [sleep, "1"]}]}}}}
"""
        racks = [part for i in range(4) for part in ("--node-label", f"n{i + 1}:rack={'aabb'[i]}")]
        done, events = self.events("--nodes", "4", *racks, self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([event for event in events if event["type"] == "warning"], [])
        self.assertEqual(sum(event["type"] == "waiting" for event in events), 1)


class Incidents(Reprieve):
    def test_they_have_their_time_and_say_what_came_of_them(self):
        events = ["pod x is killed at 0.9s", "pod two is killed at 1.2s", "pod two is killed at 1h"]
        flags = [part for event in events for part in ("--inject", event)]
        self.write(job("x", "sleep 0.2") + job("two", "sleep 30"))
        done = self.reprieve("run", *flags, "job.yaml")
        for said in (r"pod x is killed at 0.9s: no effect: no pod x", r"pod two is killed at 1.2s: SIGKILL to two-\w+"):
            self.assertRegex(done.stdout, r"(?m)^\d\d:\d\d:\d\d  Injected: " + said + "$", done.stderr)
        self.assertIn('2 events did not happen: "pod x is killed at 0.9s", "pod two is killed at 1h"', done.stdout)
        _, told = self.events(*flags, "job.yaml")
        incidents = {event["event"]: event for event in told if event["type"] == "incident"}
        self.assertFalse(incidents["pod x is killed at 0.9s"]["happened"])
        self.assertTrue(incidents["pod two is killed at 1.2s"]["happened"])
        self.assertRegex(incidents["pod two is killed at 1.2s"]["pod"], r"two-\w+")
        self.assertEqual(incidents["pod two is killed at 1h"]["outcome"], "no effect: the run ended before its time")

    def test_durations_that_are_printed_are_accepted(self):
        for text in ("9.4s", "1m12s", "2h5m", "3d4h", "320ms", "1.5h"):
            self.assertEqual(self.reprieve("run", "--backoff", text, self.write(job("x", "true"))).returncode, 0, text)
        for text in ("9.s", ".4s", "4", "s", "-1s", "1e3s", "5 s"):
            self.assertEqual(self.reprieve("run", f"--backoff={text}", "job.yaml").returncode, 2, text)


class Json(Reprieve):
    def test_times_have_milliseconds_and_every_member_is_documented(self):
        text = job("x", "echo out; exit 3", spec="  backoffLimit: 1") + job("two", "test -e again && exit 0; touch again; exit 1",
                                                                        restart="OnFailure", spec="  backoffLimit: 3")
        done, events = self.events("--logs", "--backoff", "10ms", "--inject", "pod x is killed at 1h", self.write(text))
        self.assertEqual(done.returncode, 1, done.stderr)
        documented = (HERE.parent.parent / "docs" / "OUTPUT.md").read_text()
        for event in events:
            self.assertRegex(event["time"], MILLISECONDS)
            self.assertIn(f"### `{event['type']}`", documented)
            for member in event:
                self.assertIn(f"`{member}`", documented, event)
        types = {event["type"] for event in events}
        self.assertLessEqual({"pod", "verdict", "restart", "log", "incident", "jobComplete", "jobFailed", "summary"}, types)
        verdict = next(event for event in events if event["type"] == "verdict")
        self.assertEqual((verdict["container"], verdict["exitCode"], verdict["ends"]), ("main", 3, False))


if __name__ == "__main__":
    main()
