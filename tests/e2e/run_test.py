#!/usr/bin/env python3
"""The real binary with real processes: `reprieve run` and `validate` as a user meets them.

Usage: run_test.py REPRIEVE [TEST...]
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from harness import EXAMPLES, HERE, Reprieve, binary, job, main
from machine import mark, needs_mounts, processes_with


class Outcomes(Reprieve):
    """Ignore DisruptionTarget, FailJob ConfigIssue, FailJob exit 42, backoffLimit 3 (conditions: outcomes_test.cc)."""

    def outcome(self, command):
        return self.reprieve("run", "--backoff", "10ms", "--image", f"outcome={command}", str(HERE / "outcomes.yaml"))

    def test_exit_42_ends_the_job_at_once_and_names_the_rule_and_its_line(self):
        done = self.outcome("sh -c 'exit 42'")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"exited 42 in container main → rule 3 FailJob \(.*outcomes.yaml:17\) → "
                                      r"Job outcomes failed: PodFailurePolicy")
        self.assertIn("attempts 1 ", done.stdout)

    def test_other_failures_are_retried_up_to_the_limit(self):
        done = self.outcome("sh -c 'exit 7'")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for retry in ("retry 1 of 3", "retry 2 of 3", "retry 3 of 3", "failed: BackoffLimitExceeded"):
            self.assertIn(retry, done.stdout)
        self.assertIn("attempts 4 ", done.stdout)

    def test_success_completes_the_job(self):
        done = self.outcome("true")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Job outcomes completed: CompletionsReached", done.stdout)


class Pods(Reprieve):
    def test_environment_arguments_and_indexes_are_expanded(self):
        text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: batch/v1
kind: Job
metadata: {name: env}
spec:
  completionMode: Indexed
  completions: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: none
        command: [echo, "$(GREETING) $(COLOUR) $(JOB_COMPLETION_INDEX) $$(GREETING)"]
        env:
        - {name: GREETING, value: hello}
        - {name: COLOUR, valueFrom: {configMapKeyRef: {name: settings, key: colour}}}
"""
        done, events = self.events("--logs", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        logs = sorted(event["text"] for event in events if event["type"] == "log")
        self.assertEqual(logs, ["hello blue 0 $(GREETING)", "hello blue 1 $(GREETING)"])

    @needs_mounts
    def test_init_containers_run_first_and_share_a_volume(self):
        text = job("volumes", "cat /scratch/from-init", pod="""
      volumes: [{name: scratch, emptyDir: {}}]
      initContainers:
      - {name: init, image: none, command: [sh, -c, "echo prepared > /scratch/from-init"],
         volumeMounts: [{name: scratch, mountPath: /scratch}]}
""", container="        volumeMounts: [{name: scratch, mountPath: /scratch}]")
        done, events = self.events("--logs", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("prepared", [event["text"] for event in events if event["type"] == "log"])

    def test_a_program_that_is_not_there_is_a_failure_with_128(self):
        text = job("absent", "true", spec="  backoffLimit: 0").replace('[sh, -c, "true"]', "[/no/such/program]")
        done, events = self.events(self.write(text))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        verdict = next(event for event in events if event["type"] == "verdict")
        self.assertIn("exited 128 (StartError)", verdict["facts"])
        self.assertIn("could not start container main: /no/such/program: No such file or directory", verdict["facts"])
        done = self.reprieve("run", "job.yaml")
        self.assertNotIn("0.log", done.stdout)

    def test_the_logs_of_a_failure_are_kept_and_shown(self):
        done = self.reprieve("run", self.write(job("fails", "echo the reason; exit 3", spec="  backoffLimit: 0")))
        self.assertEqual(done.returncode, 1)
        path = re.search(r"logs +(\S+)", done.stdout).group(1)
        self.assertRegex(pathlib.Path(path).read_text(), r"^\S+Z stdout F the reason\n$")
        self.assertIn("the reason", done.stdout.split("logs ")[1])

    def test_grandchildren_do_not_outlive_their_pod(self):
        children = "".join(f"setsid sh -c 'touch child-{n}; exec sleep {mark(n)}' & " for n in (1, 2))
        wait = "until [ -e child-1 ] && [ -e child-2 ]; do sleep 0.01; done"
        done = self.reprieve("run", self.write(job("leaves", children + wait)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(processes_with(mark(1)) + processes_with(mark(2)), [])

    def test_a_namespace_that_is_not_default_is_shown(self):
        done = self.reprieve("run", self.write(job("x", "exit 1", spec="  backoffLimit: 0").replace("{name: x}", "{name: x, namespace: ns}")))
        self.assertIn("ns/x failed after", done.stdout)
        self.assertRegex(done.stdout, r"ns/x-\w+ exited 1 in container main")
        self.assertIn("BackoffLimitExceeded (", done.stdout)

    def test_pods_that_wait_for_a_place_say_so_once(self):
        cpus = max(1, len(os.sched_getaffinity(0)))
        text = job("x", "sleep 0.3", spec="  parallelism: 3\n  completions: 3",
                   container=f"        resources: {{requests: {{memory: 1Mi, cpu: {cpus * 600}m}}}}")
        done = self.reprieve("run", self.write(text))
        self.assertEqual(done.stdout.count("wait for a place: 0/1 nodes are available: 1 Insufficient cpu")
                         + done.stdout.count("waits for a place"), 1, done.stdout + done.stderr)


class Interrupts(Reprieve):
    def start(self, command, **kwargs):
        word = mark(time.monotonic_ns())
        manifest = self.write(job("sleeps", f"{command} # {word}", **kwargs))
        process = subprocess.Popen([binary(), "run", "--runtime", "sandbox", manifest], cwd=self.cwd, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        line = process.stdout.readline()
        self.assertIn("runs on", line)
        # It may be on its way into its program yet.
        deadline = time.monotonic() + 20
        while not processes_with(word):
            self.assertLess(time.monotonic(), deadline, "its process does not appear")
            time.sleep(0.01)
        return process, word

    def test_ctrl_c_ends_the_pods_and_says_so(self):
        process, word = self.start("trap 'exit 0' TERM; sleep 600 & wait")
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=20)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertIn("Ending 1 pod", output)
        self.assertIn("Nothing is left behind", output)
        self.assert_gone(word)

    def test_a_second_ctrl_c_ends_them_at_once(self):
        process, word = self.start(f"trap '' TERM; touch {self.cwd}/trapped; while :; do sleep 1; done")
        # A shell that is not yet so far would end by the first.
        deadline = time.monotonic() + 20
        while not (self.cwd / "trapped").exists():
            self.assertLess(time.monotonic(), deadline, "the trap is not set")
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertIn("Ending 1 pod", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=10)[0]
        self.assertEqual(process.returncode, 130, output)
        self.assert_gone(word)

    def test_pods_do_not_outlive_a_killed_engine(self):
        process, word = self.start("sleep 600; true")
        process.kill()
        process.communicate(timeout=10)
        self.assert_gone(word)


class WrongInput(Reprieve):
    def check(self, text, *expected, name="job.yaml"):
        done = self.reprieve("validate", self.write(text, name))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for part in expected:
            self.assertIn(part, done.stdout)
        refused = self.reprieve("run", name)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("nothing was started", refused.stderr)
        return done.stdout

    def test_a_wrong_word_is_shown_at_its_place_with_the_right_ones(self):
        text = (HERE / "outcomes.yaml").read_text().replace("action: Ignore", "action: Retry")
        self.check(text, "job.yaml:11:17: spec.podFailurePolicy.rules[0].action", "- action: Retry", "^^^^^",
                   "not one of Count, FailIndex, FailJob, Ignore", "Did you mean Ignore?", "1 error in job.yaml.")

    def test_all_errors_are_said_at_once(self):
        text = job("x", "true", spec="  backofLimit: 3\n  completions: -1\n  parallelism: -2")
        output = self.check(text, "spec.backofLimit", "Did you mean backoffLimit?", "spec.completions", "spec.parallelism")
        self.assertIn("3 errors", output)

    def test_a_type_that_does_not_fit_names_both(self):
        self.check(job("x", "true", spec="  parallelism: many"), "job.yaml:6:16: spec.parallelism", "a string where a whole number")

    def test_a_value_of_the_wrong_type_hides_nothing(self):
        text = job("x", "true", spec="  completions: -1", container="        env: [{name: A, value: 7}]\n"
                   "        resources: {limits: {cpu: lots}}")
        self.check(text, "spec.template.spec.containers[0].env[0].value", "7, a number where text was expected",
                   'Quote it: "7"', "spec.template.spec.containers[0].resources.limits[cpu]", "spec.completions", "3 errors")

    def test_config_maps_and_secrets_are_checked(self):
        text = job("x", "true") + """
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, dta: {}, data: {"a b": "1", m: 7}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {}}
---
{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: "***"}}
"""
        self.check(text, "Did you mean data?", "data[a b]", "7, a number where text", "there is a ConfigMap c already, at job.yaml:",
                   "text in base64", "5 errors")

    def test_what_never_ends_is_refused(self):
        done = self.reprieve("run", self.write(job("x", "true", spec="  parallelism: 0")))
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("spec.parallelism", done.stderr)
        done = self.reprieve("run", "--node-label", "nonsense", self.write(job("x", "true")))
        self.assertEqual(done.returncode, 2, done.stdout)

    def test_two_objects_of_one_generate_name_differ(self):
        one = job("x", "true").replace("{name: x}", "{generateName: x-}")
        done = self.reprieve("validate", self.write(one + "---" + one))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_many_errors_are_counted(self):
        done = self.reprieve("validate", self.write("".join(job(f"X{i}", "true") + "---" for i in range(150))))
        self.assertIn("more in job.yaml", done.stdout)

    def test_text_that_is_no_yaml(self):
        self.check("a: [1, 2\nb: 3\n", "job.yaml:")

    def test_invalid_utf8_empty_files_and_folders_without_manifests(self):
        (self.cwd / "latin1.yaml").write_bytes(b"kind: Job\n# caf\xe9\n")
        (self.cwd / "empty.yaml").write_text("# nothing\n")
        (self.cwd / "folder").mkdir()
        for path in ("latin1.yaml", "empty.yaml", "folder", "absent.yaml"):
            done = self.reprieve("validate", path)
            self.assertEqual(done.returncode, 2, path)
            self.assertIn(path, done.stdout)

    def test_a_container_with_neither_command_nor_image_entry_is_refused(self):
        done = self.reprieve("run", str(HERE / "outcomes.yaml"))
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("--image", done.stderr)

    def test_deep_nesting_and_a_billion_laughs_are_errors(self):
        self.check("a: " + "[" * 50000, "job.yaml:")
        self.check("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [" + ",".join(["*" + chr(97 + i)] * 10) + "]\n" for i in range(9)), "job.yaml:")

    def test_an_unknown_flag_names_its_neighbour(self):
        done = self.reprieve("run", "--noodes", "3", "x.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Did you mean --nodes?", done.stderr)

    def test_good_manifests_pass_in_silence(self):
        done = self.reprieve("validate", self.write(job("good", "true")))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Probes(Reprieve):
    """Real servers, asked by real probes."""

    SERVER = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" and not os.path.exists("sick") else 503)
        self.end_headers()
    def log_message(self, *_): pass
time.sleep(float(sys.argv[2]))
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
"""

    def setUp(self):
        super().setUp()
        self.write(self.SERVER, "server.py")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def test_a_jobset_waits_for_the_readiness_of_what_it_depends_on(self):
        text = f"""
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: set}}
spec:
  successPolicy: {{operator: All, targetReplicatedJobs: [worker]}}
  replicatedJobs:
  - name: server
    template:
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: none
              command: [python3, server.py, "{self.port}", "1.2"]
              ports: [{{name: web, containerPort: {self.port}}}]
              startupProbe: {{tcpSocket: {{port: web}}, periodSeconds: 1, failureThreshold: 20}}
              readinessProbe: {{httpGet: {{port: web, path: /healthz}}, periodSeconds: 1}}
  - name: worker
    dependsOn: [{{name: server, status: Ready}}]
    template:
      spec:
        backoffLimit: 0
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: none
              command: [python3, -c, "import urllib.request as u; u.urlopen('http://127.0.0.1:{self.port}/healthz')"]
"""
        done = self.reprieve("run", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_failed_liveness_probe_stops_the_container_which_on_failure_runs_again(self):
        text = job("restart", f"test -e again && exit 0; touch again sick; exec python3 server.py {self.port} 0",
                   container=f"""
        livenessProbe:
          httpGet: {{port: {self.port}, path: /healthz}}
          initialDelaySeconds: 1
          periodSeconds: 1
          failureThreshold: 2
""").replace("restartPolicy: Never", "restartPolicy: OnFailure")
        done = self.reprieve("run", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"pod restart-\w+: container main failed its liveness probe 2 times in a row "
                                      rf"\(GET http://127.0.0.1:{self.port}/healthz: 503\); it is restarted")

    def test_under_never_the_pod_fails_with_its_exit_code_and_the_job_judges_it(self):
        text = job("stop", "trap 'exit 42' TERM; while :; do sleep 0.1; done", spec="  backoffLimit: 0", container="""
        livenessProbe: {exec: {command: [sh, -c, 'exit 1']}, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1,
                        timeoutSeconds: 10}
""")
        done, events = self.events(self.write(text))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        notices = [event["message"] for event in events if event["type"] == "notice" and "Images:" not in event["message"]]
        self.assertEqual(len(notices), 1, notices)
        self.assertRegex(notices[0], r"pod stop-\w+: container main failed its liveness probe "
                                     r"\(its command exited 1\); it is stopped")
        self.assertIn("exited 42 in container main", done.stdout)

    def test_what_run_cannot_ask_is_refused_before_anything_starts(self):
        done = self.reprieve("run", self.write(job("named", "touch started", container="""
        readinessProbe: {httpGet: {port: 80, host: example.org}}
""")))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("readinessProbe of container main probes the host \"example.org\" by name", done.stderr)
        self.assertFalse((self.cwd / "started").exists())


class Examples(Reprieve):
    def test_every_example_is_valid(self):
        for path in sorted(EXAMPLES.rglob("*.yaml")):
            # Policy tests, scenarios and dumps have tests of their own.
            if path.parent.name in ("tests", "scenarios") or path.name.endswith("-test.yaml") or path.name in ("scenario.yaml", "objects.yaml"):
                continue
            done = self.reprieve("validate", "--feature-gates", "AllAlpha=true", str(path))
            self.assertEqual((done.returncode, done.stdout), (0, ""), path)

    def test_the_first_example_runs_to_completion(self):
        done = self.reprieve("run", "--backoff", "10ms", str(EXAMPLES / "train.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("retry 1 of 2 of index 2", done.stdout)


if __name__ == "__main__":
    main()
