#!/usr/bin/env python3
"""Restart in place with real processes: `reprieve agent` as a main container and as a sidecar, and by itself.

Usage: in_place_test.py REPRIEVE [TEST...]
"""
import os
import pathlib
import re
import signal
import subprocess
import time

from harness import EXAMPLES, Reprieve, binary, main
from machine import mark, needs_mounts, needs_names

GATE = ("--feature-gates", "InPlaceRestart=true")
PATIENCE = 30


def jobset(worker, agent="exec reprieve agent", pods=3, max_restarts=3, strategy="InPlaceRestart", annotations="",
           policy="OnFailure", container="", env=""):
    """One Job of so many pods; the container runs `agent` in sh, which runs `worker` in sh. Each knows its index as I."""
    return f"""
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: js, annotations: {{{annotations}}}}}
spec:
  failurePolicy: {{maxRestarts: {max_restarts}, restartStrategy: {strategy}}}
  replicatedJobs:
  - name: w
    template:
      spec:
        backoffLimit: 2147483647
        podReplacementPolicy: Failed
        completions: {pods}
        parallelism: {pods}
        template:
          spec:
            restartPolicy: {policy}
            terminationGracePeriodSeconds: 5
            volumes: [{{name: shm, emptyDir: {{medium: Memory}}}}]
            containers:
            - name: main
              image: none
              command: [sh, -c, {agent!r}]
{container}
              env:
              - {{name: SHELL, value: /bin/sh}}
              - {{name: POD_NAME, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}
              - {{name: POD_UID, valueFrom: {{fieldRef: {{fieldPath: metadata.uid}}}}}}
              - name: JOBSET_NAME
                valueFrom: {{fieldRef: {{fieldPath: "metadata.annotations['jobset.sigs.k8s.io/jobset-name']"}}}}
              - {{name: I, valueFrom: {{fieldRef: {{fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']"}}}}}}
              - {{name: WORKER_COMMAND, value: {worker!r}}}
{env}
"""


class InPlace(Reprieve):
    # Pod 2 takes its time each time; all say in one file when their agent comes and when their worker begins.
    AGENT = '[ "$I" = 2 ] && sleep 0.4; echo "$I up" >> log; exec reprieve agent'
    # Until there is a file `go`, workers do not end by themselves.
    WORKER = 'echo "$I begins $POD_UID" >> log; if [ -e go ]; then exit 0; fi; exec sleep ' + mark(1)

    def log(self):
        path = self.cwd / "log"
        return path.read_text().splitlines() if path.exists() else []

    def await_begins(self, count):
        deadline = time.monotonic() + PATIENCE
        while sum("begins" in line for line in self.log()) < count:
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.01)

    def kill_worker(self, index):
        deadline = time.monotonic() + PATIENCE
        while not self.try_to_kill_worker(index):
            self.assertLess(time.monotonic(), deadline, f"worker {index} does not run")
            time.sleep(0.01)

    def try_to_kill_worker(self, index):
        for process in pathlib.Path("/proc").iterdir():
            try:
                environment = (process / "environ").read_bytes()
                if (process / "cmdline").read_bytes() == f"sleep\0{mark(1)}\0".encode() and b"\0I=%d\0" % index in environment:
                    if self.cwd.samefile(process / "cwd"):
                        os.kill(int(process.name), signal.SIGKILL)
                        return True
            except OSError:
                continue
        return False

    def start(self, text, *args):
        return subprocess.Popen([binary(), "run", *GATE, *args, self.write(text)], cwd=self.cwd, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def kill_one_and_finish(self, text, *args):
        """The output of a run in which worker 1 is killed once all have begun; then all may end."""
        with self.start(text, "--logs", *args) as run:
            self.await_begins(3)
            (self.cwd / "go").touch()
            self.kill_worker(1)
            out = run.communicate(timeout=PATIENCE)[0]
        self.assertEqual(run.returncode, 0, out)
        return out

    def rounds(self):
        """Of each attempt: who came up before anyone began, and who began, with which UID."""
        lines = self.log()
        out = []
        while lines:
            up, begun = lines[:3], lines[3:6]
            self.assertEqual(sorted(up), ["0 up", "1 up", "2 up"], self.log())
            out.append(sorted(begun))
            lines = lines[6:]
        return out


class MainContainer(InPlace):
    def check_one_restart(self, out):
        first, second = self.rounds()
        self.assertEqual([line[:8] for line in first], ["0 begins", "1 begins", "2 begins"])
        self.assertEqual(first, second)
        self.assertEqual(out.count(" runs on "), 3, out)
        self.assertEqual(out.count("attempt 0: waits until all pods of JobSet js have reached it"), 3, out)
        self.assertEqual(out.count("attempt 0 is over: exits 1, so that the pod restarts in place"), 2, out)
        self.assertEqual(out.count("attempt 1: all pods have reached it; the worker begins"), 3, out)
        self.assertRegex(out, r"w-0-1-\w+ container main exited 137, restarted in place \(1\)")
        self.assertIn("JobSet js has a pod that begins attempt 1 → all its pods restart in place, restart 1 of 3", out)
        self.assertIn("restarts 1 of 3 used", out)

    def test_a_kill_restarts_all_in_their_pods_and_none_begins_before_all_are_there(self):
        self.check_one_restart(self.kill_one_and_finish(jobset(self.WORKER, self.AGENT)))

    def test_plain_processes_do_the_same(self):
        text = jobset(self.WORKER, self.AGENT)
        self.check_one_restart(self.kill_one_and_finish(text, "--plain-processes"))

    @needs_mounts
    def test_a_volume_over_dev_shm_hides_nothing_of_the_agent(self):
        mount = "              volumeMounts: [{name: shm, mountPath: /dev/shm}]"
        self.check_one_restart(self.kill_one_and_finish(jobset(self.WORKER, self.AGENT, container=mount)))

    def test_a_rule_may_restart_the_container_or_all_of_them(self):
        for action in ("Restart", "RestartAllContainers"):
            for name in ("log", "go"):
                (self.cwd / name).unlink(missing_ok=True)
            rules = ("              restartPolicy: Never\n              restartPolicyRules: [{action: %s, "
                     "exitCodes: {operator: In, values: [1, 137]}}]" % action)
            self.check_one_restart(self.kill_one_and_finish(
                jobset(self.WORKER, self.AGENT, policy="Never", container=rules)))

    def test_a_pod_that_fails_is_replaced_and_the_others_restart_in_place(self):
        rules = ("              restartPolicy: Never\n              restartPolicyRules: [{action: Restart, "
                 "exitCodes: {operator: In, values: [7]}}]")
        out = self.kill_one_and_finish(
            jobset(self.WORKER, self.AGENT, policy="Never", container=rules,
                   env="              - {name: IN_PLACE_RESTART_EXIT_CODE, value: '7'}"), "--backoff", "10ms")
        first, second = self.rounds()
        self.assertEqual(first[0::2], second[0::2])
        self.assertNotEqual(first[1], second[1])
        self.assertEqual(out.count(" runs on "), 4, out)
        self.assertEqual(out.count("attempt 0 is over: exits 7"), 2, out)

    def test_when_its_restarts_are_used_up_the_jobset_fails(self):
        worker = '[ "$I" = 0 ] && exit 3; exec sleep ' + mark(2)
        for limit in (0, 1):
            done = self.reprieve("run", *GATE, "--backoff", "10ms", self.write(jobset(worker, max_restarts=limit)))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("JobSet js failed: ReachedMaxRestarts", done.stdout)
            self.assertEqual(done.stdout.count(" runs on "), 3, done.stdout)
            if limit > 0:
                self.assertIn("restarts 1 of 1 used", done.stdout)
        self.assert_gone(mark(2))

    def test_where_nothing_restarts_in_place_workers_begin_at_once(self):
        worker = 'echo "$I begins" >> log'
        for text, gates in ((jobset(worker, strategy="Recreate"), ()),
                            (jobset(worker, annotations='jobset.sigs.k8s.io/disable-in-place-restart: "true"'), GATE)):
            done = self.reprieve("run", "--logs", *gates, self.write(text))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stdout.count("JobSet js does not restart in place; the worker begins"), 3, done.stdout)

    def test_ctrl_c_reaches_the_worker_which_may_save_its_work(self):
        worker = 'trap "echo saved > saved-$I; exit 0" TERM; echo "$I begins" >> log; while :; do sleep 0.02; done'
        with self.start(jobset(worker)) as run:
            self.await_begins(3)
            run.send_signal(signal.SIGINT)
            out = run.communicate(timeout=PATIENCE)[0]
        self.assertEqual(run.returncode, 130, out)
        self.assertEqual(sorted(path.name for path in self.cwd.glob("saved-*")), ["saved-0", "saved-1", "saved-2"])


@needs_mounts
@needs_names
class Examples(Reprieve):
    def outcome(self, name):
        done = self.reprieve("run", "--logs", *GATE, str(EXAMPLES / "jobset" / name))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count(" runs on "), 3, done.stdout)
        self.assertIn("restarts 1 of 3 used", done.stdout)
        return done.stdout

    def test_main_container(self):
        out = self.outcome("in-place-restart.yaml")
        self.assertIn("worker 1 has lost its mind", out)
        self.assertRegex(out, r"in-place-leader-0-0-\w+/main: run 2 begins with 2 workers\n")
        self.assertIn("run 2 is through", out)

    def test_sidecar(self):
        out = self.outcome("in-place-restart-sidecar.yaml")
        self.assertEqual(len(re.findall(r"-\w+/main: beside-\w+-0-\d begins\n", out)), 6, out)
        self.assertEqual(out.count("attempt 0 is over: exits 88, so that the pod restarts in place"), 2, out)
        self.assertEqual(out.count("attempt 1: all pods have reached it; the startup probe is answered at port 8081"), 3, out)
        self.assertIn("the leader is through, in run 2", out)


class ByItself(Reprieve):
    def agent(self, **environment):
        return subprocess.run([binary(), "agent"], env={"PATH": os.environ["PATH"], **environment}, text=True,
                              capture_output=True, timeout=PATIENCE)

    def test_a_wrong_environment_is_named(self):
        done = self.agent(POD_NAME="p", WORKER_COMMAND="true", STARTUP_PROBE_PORT="1")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^reprieve agent: JOBSET_NAME is not set; .*\n"
                                      r"reprieve agent: WORKER_COMMAND and STARTUP_PROBE_PORT are both set; .*\n$")

    def test_outside_of_run_it_says_what_it_cannot_reach(self):
        done = self.agent(POD_NAME="p", JOBSET_NAME="js")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the API of a cluster is not supported yet", done.stderr)

    def test_help_begins_with_an_example_and_completion_knows_it(self):
        self.assertTrue(self.reprieve("agent", "--help").stdout.startswith("Example"))
        self.assertIn("agent", self.reprieve("--help").stdout)
        self.assertIn("agent)", self.reprieve("completion", "bash").stdout)


if __name__ == "__main__":
    main()
