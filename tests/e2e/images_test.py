#!/usr/bin/env python3
"""Containers in their images, by a Podman and a Docker of the test's own: outcomes, what a pod asks for, faults, clean-up.

Usage: images_test.py REPRIEVE [TEST...]
"""
import json
import os
import signal
import subprocess
import time
import unittest

from engine import Docker, Podman, busybox, machine, why_none
from harness import EXAMPLES, Reprieve, binary, job, main

IMAGE = "localhost/busybox:1"
PATIENCE = 60


class Images(Reprieve):
    KIND = Podman

    @classmethod
    def setUpClass(cls):
        if why_none(cls.KIND):
            raise unittest.SkipTest(why_none(cls.KIND))
        cls.engine = cls.KIND()
        cls.engine.load(IMAGE, busybox(), {"Cmd": ["sh", "-c", "echo from the image; exit 3"], "Env": ["PATH=/bin", "OF=image"],
                                           "WorkingDir": "/tmp"})

    @classmethod
    def tearDownClass(cls):
        cls.engine.close()

    def tearDown(self):
        if self.engine.process.poll() is None:
            left = [each["Names"] for each in self.engine.containers()]
            self.assertEqual(left, [], "containers are left behind")
        super().tearDown()

    def manifest(self, text, spec="  backoffLimit: 0", **rest):
        return self.write(job("train", text, spec=spec, **rest).replace("image: none", f"image: {IMAGE}"))

    def start(self, *args, runtime="docker", **rest):
        return [binary(), "run", "--runtime", runtime, "--engine", self.engine.socket, "--backoff", "10ms", *args]

    def run_in_images(self, *args, code=0):
        done = subprocess.run(self.start(*args), cwd=self.cwd, text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def await_(self, what, holds):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def await_noted(self, count=2):
        """Until the engine has noted that so many containers run: a program begins before that, and Podman that is killed in
        between never knows."""
        self.await_("they run", lambda: [each["State"] for each in self.engine.containers()] == ["running"] * count)

    def await_text(self, process, text):
        seen = ""
        for line in process.stdout:
            seen += line
            if text in line:
                return seen
        self.fail(f"{text!r} never came: {seen}")


class Programs(Images):
    def test_a_container_runs_its_images_program_and_its_exit_code_is_judged(self):
        manifest = self.write(f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: train}}
spec:
  backoffLimit: 0
  template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: '{IMAGE}'}}]}}}}
""")
        out = self.run_in_images("--logs", manifest, code=1)
        self.assertIn("from the image", out)
        self.assertIn("exited 3", out)

    def test_the_image_brings_environment_and_directory_and_the_pod_has_the_last_word(self):
        out = self.run_in_images("--logs", self.manifest(
            "echo $OF-$OWN-$PWD-$HOSTNAME-$(hostname)", container="        env: [{name: OWN, value: pod}]"))
        self.assertRegex(out, r"image-pod-/tmp-(train-\w+)-\1\n")

    def test_args_replace_the_images_arguments_and_command_its_entrypoint(self):
        self.engine.load("localhost/entry:1", busybox(), {"Entrypoint": ["echo", "entry"], "Cmd": ["cmd"], "Env": ["PATH=/bin"]})
        for given, said in (("", "entry cmd"), ("args: [a]", "entry a"), ("command: [echo, c]", "c"),
                            ("command: [echo], args: [b]", "b")):
            with self.subTest(given):
                manifest = self.write(f"""
apiVersion: v1
kind: Pod
metadata: {{name: one}}
spec: {{restartPolicy: Never, containers: [{{name: main, image: 'localhost/entry:1', {given}}}]}}
""")
                self.assertRegex(self.run_in_images("--logs", manifest), rf"main: {said}\n")

    def test_no_byte_of_much_output_is_lost(self):
        self.run_in_images(self.manifest("seq 1 100000; printf end"))
        log = "".join(path.read_text() for path in (self.cwd / "reprieve-state/logs").rglob("*.log*"))
        said = [line.split(" ", 3)[3] for line in log.splitlines()]
        self.assertEqual(said, [str(i) for i in range(1, 100001)] + ["end"])

    def test_a_program_that_is_not_there_is_a_start_error_with_128(self):
        manifest = self.write(job("train", "x", spec="  backoffLimit: 0").replace("image: none", f"image: {IMAGE}")
                              .replace("command: [sh, -c, \"x\"]", "command: [/none]"))
        out = self.run_in_images("-o", "json", manifest, code=1)
        self.assertIn('"exitCode":128', out.replace(" ", ""))
        self.assertIn("StartError", out)

    def test_out_of_memory_is_told_as_oomkilled(self):
        out = self.run_in_images(self.manifest(
            "x=a; while true; do x=$x$x; done", container="        resources: {limits: {memory: 32Mi}}"), code=1)
        self.assertIn("OOMKilled", out)

    def test_an_image_without_a_shell_runs(self):
        program = busybox()["bin/busybox"]
        self.engine.load("localhost/bare:1", {"true": program}, {"Entrypoint": ["/true"]})
        manifest = self.write("""
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {restartPolicy: Never, containers: [{name: main, image: 'localhost/bare:1'}]}
""")
        self.run_in_images(manifest)


class WhatAPodAsksFor(Images):
    def test_volumes_of_every_kind(self):
        (self.cwd / "data").mkdir()
        (self.cwd / "data/file").write_text("of the host\n")
        manifest = self.write(f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{rate: "0.1"}}
---
apiVersion: v1
kind: Secret
metadata: {{name: key}}
stringData: {{token: hush}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: kept}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {{name: train}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      volumes:
      - {{name: scratch, emptyDir: {{}}}}
      - {{name: memory, emptyDir: {{medium: Memory}}}}
      - {{name: settings, configMap: {{name: settings}}}}
      - {{name: key, secret: {{secretName: key}}}}
      - {{name: host, hostPath: {{path: {self.cwd}/data}}}}
      - {{name: kept, persistentVolumeClaim: {{claimName: kept}}}}
      - {{name: about, downwardAPI: {{items: [{{path: name, fieldRef: {{fieldPath: metadata.name}}}}]}}}}
      initContainers:
      - {{name: first, image: '{IMAGE}', command: [sh, -c, 'echo scratch > /s/f; echo memory > /m/f; echo kept > /k/f'],
         volumeMounts: [{{name: scratch, mountPath: /s}}, {{name: memory, mountPath: /m}}, {{name: kept, mountPath: /k}}]}}
      containers:
      - name: main
        image: {IMAGE}
        command: [sh, -c, 'cat /s/f /m/f /settings/rate; echo; cat /key/token; echo; cat /host/file /k/f; cat /about/name; touch /host/x || echo read only']
        volumeMounts: [{{name: scratch, mountPath: /s}}, {{name: memory, mountPath: /m}}, {{name: settings, mountPath: /settings}},
          {{name: key, mountPath: /key}}, {{name: host, mountPath: /host, readOnly: true}}, {{name: kept, mountPath: /k}},
          {{name: about, mountPath: /about}}]
""")
        out = self.run_in_images("--logs", manifest)
        for said in ("scratch", "memory", "0.1", "hush", "of the host", "kept", "train-", "read only"):
            self.assertRegex(out, rf"main: .*{said}", out)

    def test_user_groups_root_and_privileges(self):
        out = self.run_in_images("--logs", self.manifest(
            "id -u; id -g; id -G; touch /f || echo read only; grep CapEff /proc/self/status; grep NoNew /proc/self/status",
            pod="      securityContext: {runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000], fsGroup: 4000}",
            container="        securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}"))
        for said in ("1000", "2000", "2000 3000 4000", "read only", r"CapEff:\s+0000000000000000", r"NoNewPrivs:\s+1"):
            self.assertRegex(out, rf"main: {said}\n")

    def test_capabilities_are_those_of_a_clusters_container_and_what_the_manifest_says(self):
        capabilities = "main: CapEff:\t{:016x}\n"
        usual = 0xa80425fb  # containerd's
        out = self.run_in_images("--logs", self.manifest("grep CapEff /proc/self/status"))
        self.assertIn(capabilities.format(usual), out)
        out = self.run_in_images("--logs", self.manifest(
            "grep CapEff /proc/self/status", container="        securityContext: {capabilities: {drop: [ALL], add: [NET_ADMIN]}}"))
        self.assertIn(capabilities.format(1 << 12), out)

    def test_who_must_not_be_root_waits_and_says_why(self):
        out = self.run_in_images("-o", "json", self.manifest(
            "true", spec="  backoffLimit: 0\n  activeDeadlineSeconds: 2",
            pod="      securityContext: {runAsNonRoot: true}"), code=1)
        self.assertIn("DeadlineExceeded", out)

    def test_containers_share_processes_if_they_are_to(self):
        manifest = self.write(f"""
apiVersion: v1
kind: Pod
metadata: {{name: one}}
spec:
  restartPolicy: Never
  shareProcessNamespace: true
  containers: [{{name: main, image: '{IMAGE}', command: [sh, -c, 'cat /proc/1/cmdline']}}]
""")
        self.assertIn("reprieve-init", self.run_in_images("--logs", manifest))

    def test_the_termination_message_is_the_containers(self):
        out = self.run_in_images("-v", self.manifest("echo because > /dev/termination-log; exit 4"), code=1)
        self.assertIn("because", out + (self.reprieve("explain").stdout))

    def test_probes_and_hooks_run_inside(self):
        out = self.run_in_images("--logs", self.manifest(
            "while [ ! -e /tmp/ready-seen ]; do sleep 0.1; done; cat /tmp/hook",
            container="""        lifecycle: {postStart: {exec: {command: [sh, -c, 'echo hooked > /tmp/hook']}}}
        startupProbe: {exec: {command: [touch, /tmp/ready-seen]}, periodSeconds: 1}"""))
        self.assertIn("main: hooked", out)

    def test_a_liveness_probe_that_takes_too_long_fails_and_is_ended_inside(self):
        out = self.run_in_images(self.manifest(
            "trap 'exit 9' TERM; sleep 100 & wait",
            container="        livenessProbe: {exec: {command: [sleep, '77']}, timeoutSeconds: 1, failureThreshold: 1, periodSeconds: 1}"),
            code=1)
        self.assertIn("exited 9", out)


class Choice(Images):
    def test_auto_says_in_one_line_what_it_has_chosen(self):
        manifest = self.manifest("true")
        done = subprocess.run(self.start(manifest, runtime="auto"), cwd=self.cwd, text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"Images: containers run in their images, by Podman \S+ at {self.engine.socket}; --runtime sandbox")

    def test_a_pod_can_not_be_both(self):
        manifest = self.write(f"""
apiVersion: v1
kind: Pod
metadata: {{name: one}}
spec:
  restartPolicy: Never
  containers: [{{name: a, image: '{IMAGE}'}}, {{name: b, image: this-machine, command: ["true"]}}]
""")
        out = self.run_in_images(manifest, code=2)
        self.assertIn("container a runs in the image", out)
        self.assertIn("can't share a pod", out)
        self.assertIn("--image 'this-machine=image:OTHER'", out)

    def test_one_image_may_stand_for_another_or_for_a_program_of_this_machine(self):
        manifest = self.write(job("train", "cat /etc/passwd | head -2 | tail -1").replace("image: none", "image: other:1"))
        self.assertIn("app:x:1000", self.run_in_images("--logs", "--image", f"other=image:{IMAGE}", manifest))
        self.assertNotIn("app:x:1000", self.run_in_images("--logs", "--image", "other=sh", manifest))

    def test_without_an_engine_docker_is_refused_and_auto_goes_on(self):
        manifest = self.manifest("true")
        missing = ["--engine", "/nonexistent/engine.sock"]
        done = self.reprieve("run", "--runtime", "docker", *missing, manifest)
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no socket /nonexistent/engine.sock", done.stderr)
        environment = {**os.environ, "DOCKER_HOST": "unix:///nonexistent/engine.sock"}
        done = subprocess.run([binary(), "run", manifest], cwd=self.cwd, text=True, capture_output=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Images: containers run as programs of this machine, for DOCKER_HOST: there is no socket", done.stdout)


class CleanUp(Images):
    def test_ctrl_c_leaves_nothing(self):
        with subprocess.Popen(self.start("--logs", self.manifest("trap 'exit 0' TERM; echo begun; sleep 100 & wait")), cwd=self.cwd,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            self.await_text(run, "begun")
            run.send_signal(signal.SIGINT)
            run.stdout.read()
            self.assertEqual(run.wait(timeout=60), 130)

    def test_what_a_killed_run_left_is_removed_by_the_next_and_nothing_else_is(self):
        status, made = self.engine.ask("POST", "/containers/create?name=strangers", {"Image": IMAGE, "Labels": {"reprieve.dev/run": "somebody's"},
                                                                                     "HostConfig": {"NetworkMode": "host"}})
        self.assertEqual(status, 201, made)
        with subprocess.Popen(self.start("--logs", self.manifest("echo begun; sleep 100")), cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            self.await_text(run, "begun")
            run.kill()
            run.stdout.read()
        self.assertEqual(len(self.engine.containers()), 3)
        self.run_in_images(self.manifest("true"))
        self.assertEqual([each["Names"] for each in self.engine.containers()], [["/strangers"]])
        self.engine.ask("DELETE", "/containers/strangers?force=1")


class Restarts(Images):
    def test_an_engine_that_is_restarted_loses_no_exit_code_and_no_output(self):
        manifest = self.manifest("echo begun; while [ ! -e /host/go ]; do sleep 0.1; done; echo and done; exit 5",
                                 pod=f"      volumes: [{{name: host, hostPath: {{path: {self.cwd}}}}}]",
                                 container="        volumeMounts: [{name: host, mountPath: /host}]")
        with subprocess.Popen(self.start("--logs", manifest), cwd=self.cwd, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as run:
            out = self.await_text(run, "begun")
            self.await_noted()
            self.engine.stop()
            out += self.await_text(run, "does not answer")
            (self.cwd / "go").touch()
            self.engine.start()
            out += run.stdout.read()
            self.assertEqual(run.wait(timeout=60), 1, out)
        self.assertIn("main: and done", out)
        self.assertIn("exited 5", out)


class Incidents(Images):
    """A container ends as the incident says, however its program takes the signal."""

    def pod(self):
        return self.write(f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: train}}
spec:
  completionMode: Indexed
  completions: 1
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: main, image: '{IMAGE}', command: [sh, -c, 'sleep 100']}}]
""")

    def test_it_is_killed_runs_out_of_memory_or_exits_as_told(self):
        for incident, told in (("pod train-0 is killed", "exited 137"), ("pod train-0 exits 42", "exited 42"),
                               ("container main of pod train-0 is out of memory", "OOMKilled")):
            with self.subTest(incident):
                self.assertIn(told, self.run_in_images("--inject", f"{incident} at 2s", self.pod(), code=1))

    def test_a_lost_node_takes_its_containers_along(self):
        out = self.run_in_images("--nodes", "2", "--inject", "node n1 is lost at 2s", "--inject", "node n2 is lost at 2s",
                                 "--inject", "Job train is deleted at 3s", self.pod(), code=1)
        self.assertIn("Injected", out)


def verdicts(events):
    """What does not depend on which of several pods was the first to fail."""
    judged = [event for event in events if event["type"] == "verdict"]
    return ({(event.get("exitCode"), event["action"]) for event in judged if "pod" in event},
            [(event["facts"], event["action"], event["consequence"]) for event in judged if "jobset" in event],
            [(event["result"], event["restartsUsed"], event["restartsNotCounted"]) for event in events
             if event["type"] == "summary"])


class Outcomes(Images):
    """The four outcomes of a failure: tried again, ignored, the end of its index, the end of the Job."""
    POLICY = """  completionMode: Indexed
  completions: 3
  parallelism: 3
  backoffLimitPerIndex: 1
  podFailurePolicy:
    rules:
    - {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}
    - {action: FailIndex, onExitCodes: {operator: In, values: [43]}}
    - {action: FailJob, onExitCodes: {operator: In, values: [42]}}"""
    QUICK = "      terminationGracePeriodSeconds: 1"
    # Of the index; without the annotation a pod is its first.
    COUNTS = """        env:
        - {name: FAILED, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['batch.kubernetes.io/job-index-failure-count']"}}}
        - {name: IGNORED, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['batch.kubernetes.io/job-index-ignored-failure-count']"}}}"""

    def test_a_failure_is_tried_again_ignored_or_the_end_of_its_index(self):
        program = ('case $JOB_COMPLETION_INDEX in 0) [ "$FAILED" = 1 ] || exit 1 ;; 1) [ "$IGNORED" = 1 ] || sleep 100 ;; '
                   '2) exit 43 ;; esac')
        out = self.run_in_images("--inject", "pod train-1 is evicted at 5s",
                                 self.manifest(program, spec=self.POLICY, container=self.COUNTS, pod=self.QUICK), code=1)
        self.assertRegex(out, r"train-0-\w+ exited 1 in container main → retry 1 of 1")
        self.assertRegex(out, r"train-1-\w+ has condition DisruptionTarget.* → rule 1 Ignore")
        self.assertRegex(out, r"train-2-\w+ exited 43 in container main → rule 2 FailIndex")
        self.assertIn("succeeded 2 · failed 3 · retried 2 · ignored 1", out)

    def test_the_readmes_example_in_an_image(self):
        out = self.run_in_images("--logs", "--image", f"this-machine=image:{IMAGE}", str(EXAMPLES / "train.yaml"))
        self.assertRegex(out, r"train-2-\w+ exited 1 in container main → retry 1 of 2 of index 2")
        self.assertIn("shard 2 is trained", out)
        self.assertIn("Job train completed: CompletionsReached", out)

    def test_or_the_end_of_the_job(self):
        out = self.run_in_images(self.manifest("[ $JOB_COMPLETION_INDEX = 1 ] || sleep 100; exit 42", spec=self.POLICY,
                                               pod=self.QUICK), code=1)
        self.assertRegex(out, r"train-1-\w+ exited 42 in container main → rule 3 FailJob")
        self.assertIn("PodFailurePolicy", out)


class DockerOutcomes(Outcomes):
    KIND = Docker


class DockerPrograms(Programs):
    KIND = Docker


class DockerPods(WhatAPodAsksFor):
    KIND = Docker


class DockerCleanUp(CleanUp):
    KIND = Docker


class DockerRestarts(Images):
    KIND = Docker

    def test_what_a_restart_of_the_engine_has_ended_is_a_disruption(self):
        policy = """  backoffLimit: 0
  podFailurePolicy:
    rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]"""
        manifest = self.manifest("echo begun; [ -e /host/again ] || { touch /host/again; sleep 100; }", spec=policy,
                                 pod=f"      volumes: [{{name: host, hostPath: {{path: {self.cwd}}}}}]",
                                 container="        volumeMounts: [{name: host, mountPath: /host}]")
        with subprocess.Popen(self.start("--logs", manifest), cwd=self.cwd, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as run:
            out = self.await_text(run, "begun")
            self.await_noted()
            self.engine.stop()
            self.engine.start()
            out += run.stdout.read()
            self.assertEqual(run.wait(timeout=60), 0, out)
        self.assertIn("DisruptionTarget", out)


class Examples(Images):
    """Each example of examples/jobset has the same verdicts in images as it has as programs of this machine."""

    ARGUMENTS = {
        "restart-job.yaml": ["--feature-gates", "RestartJob=true"],
        "restart-job-uncounted.yaml": ["--feature-gates", "RestartJob=true", "--nodes", "2", "--inject",
                                       "node n2 is drained at 3s"],
        "host-maintenance.yaml": ["--nodes", "2", "--inject", "node n2 is drained at 3s"],
        "in-place-restart.yaml": ["--feature-gates", "InPlaceRestart=true"],
        "in-place-restart-sidecar.yaml": ["--feature-gates", "InPlaceRestart=true"],
    }
    MACHINE = "localhost/machine:1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine.load(cls.MACHINE, machine(binary()), {"Env": ["PATH=/usr/bin:/bin"]})

    def outcome(self, example, *args):
        done = subprocess.run([binary(), "run", "-o", "json", "--state", "state-" + args[1], *args,
                               *self.ARGUMENTS.get(example.name, []), str(example)],
                              cwd=self.cwd, text=True, capture_output=True, timeout=240)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        return done.returncode, *verdicts([json.loads(line) for line in done.stdout.splitlines()])

    def test_every_example_is_judged_as_in_the_sandbox(self):
        examples = sorted((EXAMPLES / "jobset").glob("*.yaml"))
        self.assertGreaterEqual(len(examples), 9)
        images = [option for image in ("this-machine", "reprieve", "python")
                  for option in ("--image", f"{image}=image:{self.MACHINE}")]
        for example in examples:
            with self.subTest(example.name):
                expected = self.outcome(example, "--runtime", "sandbox")
                self.assertEqual(self.outcome(example, "--runtime", "docker", "--engine", self.engine.socket, *images), expected)


if __name__ == "__main__":
    main()
