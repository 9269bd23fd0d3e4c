"""Images are pulled by the rules of a kubelet: `reprieve pull`, and pods of `reprieve run` that wait for theirs. With
Podman, with Docker, and a registry on loopback."""
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from unittest import mock

from engine import Docker, Podman, busybox, tar_of, why_none
from harness import Reprieve, binary, main
from machine import mark
from registry import PASSWORD, USER, Registry, image, why_no_registry
from screen import Terminal


def manifest(image, policy="Always", name="job", secret="", pod="", spec=""):
    return f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
{spec}
  template:
    spec:
      restartPolicy: Never
{pod}
      {f"imagePullSecrets: [{{name: {secret}}}]" if secret else ""}
      containers:
      - name: main
        image: "{image}"
        imagePullPolicy: {policy}
"""


def secret(host, password=PASSWORD, name="regcred", kind="kubernetes.io/dockerconfigjson"):
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    config = json.dumps({"auths": {host: {"auth": auth}}})
    return f"""
---
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
type: {kind}
stringData:
  .dockerconfigjson: '{config}'
"""


class PullCase(Reprieve):
    KIND = Podman
    password = True

    @classmethod
    def setUpClass(cls):
        why_not = why_none(cls.KIND) or why_no_registry()
        if why_not:
            raise unittest.SkipTest(why_not)
        cls.resources = contextlib.ExitStack()
        cls.registry = cls.resources.enter_context(Registry(password=cls.password))
        cls.engine = cls.KIND(insecure=[cls.registry.host])
        cls.resources.callback(cls.engine.close)
        cls.addClassCleanup(cls.resources.close)
        cls.big = image(tar_of(busybox()), tar_of({"big": os.urandom(3_000_000)}), Cmd=["true"])
        cls.digest = cls.registry.push("team/app", "v1", cls.big)
        cls.app = f"{cls.registry.host}/team/app"

    def setUp(self):
        super().setUp()
        self.engine.remove_images()
        self.registry.pulls.clear()
        self.registry.slow, self.registry.broken, self.registry.cut = None, set(), set()
        # Not the logins of whoever runs the tests.
        environment = {"REGISTRY_AUTH_FILE": str(self.cwd / "auth.json"), "DOCKER_CONFIG": str(self.cwd),
                       "DOCKER_HOST": f"unix://{self.engine.socket}"}
        patch = mock.patch.dict(os.environ, environment)
        patch.start()
        self.addCleanup(patch.stop)

    def pull(self, text, *args):
        return self.reprieve("pull", *args, self.write(text), timeout=120)

    def pull_events(self, text):
        done = self.pull(text, "-o", "json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return done, [event for event in events if event["type"] == "image"]

    def big_layer(self):
        return self.big["digests"][1]


class PullTest(PullCase):
    def test_with_the_password_of_the_manifest(self):
        text = manifest(f"{self.app}:v1", secret="regcred") + secret(self.registry.host)
        done = self.pull(text)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"Image \S+/team/app:v1 is pulled: 4\.\d MiB in ")
        self.assertIn(f"{self.app}:v1", self.engine.images())

    def test_with_the_password_of_docker_login(self):
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (self.cwd / "config.json").write_text(json.dumps({"auths": {self.registry.host: {"auth": auth}}}))
        done = self.pull(manifest(f"{self.app}:v1"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_with_the_password_of_a_credential_helper(self):
        helper = self.cwd / "docker-credential-ours"
        helper.write_text(f"""#!/bin/sh
test "$1" = get && test "$(cat)" = {self.registry.host} || exit 9
echo '{{"Username": "{USER}", "Secret": "{PASSWORD}"}}'
""")
        helper.chmod(0o755)
        (self.cwd / "auth.json").write_text(json.dumps({"credHelpers": {self.registry.host: "ours"}}))
        with mock.patch.dict(os.environ, {"PATH": f"{self.cwd}:{os.environ['PATH']}"}):
            done = self.pull(manifest(f"{self.app}:v1"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_end_does_not_wait_for_a_credential_helper_that_hangs(self):
        helper = self.cwd / "docker-credential-hangs"
        begun = self.cwd / "begun"
        helper.write_text(f"#!/bin/sh\ntouch {begun}\nexec sleep {mark()}\n")
        helper.chmod(0o755)
        (self.cwd / "auth.json").write_text(json.dumps({"credHelpers": {self.registry.host: "hangs"}}))
        environment = {**os.environ, "PATH": f"{self.cwd}:{os.environ['PATH']}"}
        with subprocess.Popen([binary(), "pull", self.write(manifest(f"{self.app}:v1"))], cwd=self.cwd, env=environment,
                              stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 20
            while not begun.exists():
                self.assertLess(time.monotonic(), deadline, "the helper is never asked")
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=10), 130)
        self.assert_gone(mark())

    def test_the_second_login_is_tried_if_the_first_is_refused(self):
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (self.cwd / "config.json").write_text(json.dumps({"auths": {self.registry.host: {"auth": auth}}}))
        done = self.pull(manifest(f"{self.app}:v1", secret="regcred") + secret(self.registry.host, "wrong"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_wrong_password_is_said_and_not_shown(self):
        done = self.pull(manifest(f"{self.app}:v1", secret="regcred") + secret(self.registry.host, "hunter2"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("ErrImagePull: ", done.stdout)
        self.assertIn("unauthorized", done.stdout)
        for shown in ("hunter2", base64.b64encode(b"alice:hunter2").decode()):
            self.assertNotIn(shown, done.stdout + done.stderr)

    def test_a_secret_of_another_type_does_not_count(self):
        done = self.pull(manifest(f"{self.app}:v1", secret="regcred") + secret(self.registry.host, kind="Opaque"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "unauthorized|no basic auth credentials")

    def test_a_secret_that_is_not_there_is_said(self):
        done = self.pull(manifest(f"{self.app}:v1", secret="nope"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Secret default/nope, which imagePullSecrets names, is in none of the manifests", done.stdout)

    def test_no_engine(self):
        done = self.pull(manifest("app"), "--engine", str(self.cwd / "no.sock"))
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("no.sock", done.stderr)

    def test_bad_input(self):
        done = self.pull("apiVersion: batch/v1\nkind: Job\n")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(self.reprieve("pull").returncode, 2)


class OpenRegistryTest(PullCase):
    password = False

    def test_what_is_there_is_pulled_only_if_the_policy_asks(self):
        self.assertEqual(self.pull(manifest(f"{self.app}:v1", "IfNotPresent")).returncode, 0)
        self.assertEqual(self.registry.pulls, {"team/app/manifests/v1": 1})
        done = self.pull(manifest(f"{self.app}:v1", "IfNotPresent"))
        self.assertIn("is there already", done.stdout)
        self.assertEqual(self.registry.pulls, {"team/app/manifests/v1": 1})
        done = self.pull(manifest(f"{self.app}:v1", "Never"))
        self.assertEqual((done.returncode, self.registry.pulls), (0, {"team/app/manifests/v1": 1}))
        self.pull(manifest(f"{self.app}:v1", "Always"))
        self.assertEqual(self.registry.pulls, {"team/app/manifests/v1": 2})

    def test_never(self):
        done, events = self.pull_events(manifest(f"{self.app}:v1", "Never"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual([(event["state"], event["reason"]) for event in events], [("failed", "ErrImageNeverPull")])
        self.assertEqual(events[0]["message"],
                         f'Container image "{self.app}:v1" is not present with pull policy of Never')

    def test_by_digest(self):
        for tag in ("", ":v1"):
            self.engine.remove_images()
            text = manifest(f"{self.app}{tag}@{self.digest}", "IfNotPresent")
            self.assertEqual(self.pull(text).returncode, 0)
            self.assertIn("is there already", self.pull(text).stdout)

    def test_each_image_once(self):
        text = "---".join(manifest(f"{self.app}:v1", name=f"job-{i}") for i in range(3))
        done = self.pull(text)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.registry.pulls, {"team/app/manifests/v1": 1})

    def test_one_that_fails_does_not_keep_others_back(self):
        done, events = self.pull_events(manifest(f"{self.app}:nope") + "---" + manifest(f"{self.app}:v1", name="other") +
                                        "---" + manifest("MyApp", name="third"))
        self.assertEqual(done.returncode, 1)
        ends = {event["image"]: event for event in events if event["state"] in ("pulled", "failed")}
        self.assertEqual(ends[f"{self.app}:v1"]["state"], "pulled")
        self.assertEqual(ends[f"{self.app}:nope"]["reason"], "ErrImagePull")
        self.assertIn("manifest unknown", ends[f"{self.app}:nope"]["message"])
        self.assertEqual(ends["MyApp"]["reason"], "InvalidImageName")

    def test_a_broken_layer(self):
        self.registry.broken = {self.big_layer()}
        done = self.pull(manifest(f"{self.app}:v1"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, "Digest did not match|filesystem layer verification failed")
        self.registry.broken, self.registry.cut = set(), {self.big_layer()}
        done = self.pull(manifest(f"{self.app}:v1"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("unexpected EOF", done.stdout)
        self.registry.cut = set()
        self.assertEqual(self.pull(manifest(f"{self.app}:v1")).returncode, 0)

    def test_a_slow_layer_is_seen_coming(self):
        self.registry.slow = 1_000_000
        done, events = self.pull_events(manifest(f"{self.app}:v1"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        coming = [event for event in events if event["state"] == "coming"]
        self.assertGreaterEqual(len(coming), 2, events)
        self.assertLess(coming[0]["doneBytes"], coming[-1]["doneBytes"])
        self.assertGreater(coming[-1]["totalBytes"], 3_000_000)

    def test_progress_on_a_terminal(self):
        self.registry.slow = 1_000_000
        terminal = Terminal([binary(), "pull", self.write(manifest(f"{self.app}:v1"))], 100, 24, self.cwd)
        self.addCleanup(terminal.close)
        progress = re.compile(r"^Image \S+/team/app:v1  █+░+  [0-9.]+ MiB of [0-9.]+ MiB · \ds left$")
        terminal.until(lambda screen: any(progress.match(line) for line in screen.history()), timeout=60)
        self.assertEqual(terminal.end(), 0)
        self.assertRegex("\n".join(terminal.screen.history()), r"Image \S+/team/app:v1 is pulled: 4\.\d MiB in ")

    def test_an_interrupt_ends_it(self):
        self.registry.slow = 100_000
        with subprocess.Popen([binary(), "pull", self.write(manifest(f"{self.app}:v1"))], cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE) as process:
            self.assertIn("is being pulled", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=20), 130)

    def test_an_image_of_another_processor_is_said_to_be_one(self):
        self.registry.push("team/sparc", "v1", image(tar_of({"a": b"a"}), architecture="sparc9000"))
        done = self.pull(manifest(f"{self.registry.host}/team/sparc:v1"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("is for sparc9000, and this machine is ", done.stdout)


class FullDiskTest(PullCase):
    password = False

    def test_a_full_disk_is_said_in_the_engines_words(self):
        def mount(folder):
            (folder / "root").mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder / "root"], check=True)
            self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
            self.addCleanup(subprocess.run, ["umount", "--lazy", folder / "root"], check=True)

        podman = Podman(insecure=[self.registry.host], prepare=mount)
        try:
            done = self.pull(manifest(f"{self.app}:v1"), "--engine", podman.socket)
        finally:
            podman.close()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("no space left on device", done.stdout)


class WaitingTest(PullCase):
    password = False

    def run_events(self, text, *args):
        self.write(text)
        return self.events("--runtime", "docker", *args, "job.yaml")

    def test_a_pod_waits_with_the_kubelets_reasons(self):
        done, events = self.run_events(manifest(f"{self.app}:nope"), "--backoff", "2s", "--pull-timeout", "5s")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        waits = [event for event in events if event["type"] == "waiting"]
        self.assertEqual([event["reason"] for event in waits], ["ErrImagePull", "ImagePullBackOff"])
        self.assertIn("manifest unknown", waits[0]["message"])
        self.assertEqual(waits[1]["message"],
                         f'Back-off pulling image "{self.app}:nope": ErrImagePull: {waits[0]["message"]}')
        reasons = [event["reason"] for event in events if event["type"] == "podEvent"]
        self.assertEqual(reasons[:5], ["Pulling", "Failed", "Failed", "BackOff", "Failed"])
        # It was tried again after two seconds, and would have been after four more.
        self.assertEqual(reasons.count("Pulling"), 2)
        end = [event for event in events if event["type"] == "notice" and "--pull-timeout" in event["message"]]
        self.assertIn(f"image {self.app}:nope is not there after 5s (--pull-timeout): ", end[0]["message"])
        # No exit code came of it.
        self.assertFalse([event for event in events if event["type"] == "verdict"])

    def test_never_and_a_name_that_is_none(self):
        for image, policy, reason in ((f"{self.app}:v1", "Never", "ErrImageNeverPull"), ("MyApp", "Always", "InvalidImageName")):
            done, events = self.run_events(manifest(image, policy), "--pull-timeout", "1s")
            self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
            self.assertEqual([event["reason"] for event in events if event["type"] == "waiting"], [reason])

    def test_a_run_pulls_an_image_once_and_says_so(self):
        done, events = self.run_events(manifest(f"{self.app}:v1", spec="  completions: 6\n  parallelism: 6"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.registry.pulls, {"team/app/manifests/v1": 1})
        self.assertEqual([event["state"] for event in events if event["type"] == "image" and event["state"] != "coming"],
                         ["pulling", "pulled"])
        messages = [event["message"] for event in events if event["type"] == "podEvent" and event["reason"] == "Pulled"]
        self.assertEqual(len(messages), 6)
        self.assertRegex(messages[0], r'^Successfully pulled image "\S+" in \S+ \(\S+ including waiting\)\. Image size: \d+ bytes\.$')

    def test_a_pull_that_no_pod_wants_any_more_is_given_up(self):
        self.engine.load("localhost/here:1", busybox(), {"Env": ["PATH=/bin"]})
        self.registry.slow = 60_000  # about a minute
        goes_on = manifest("localhost/here:1", "Never", name="goes-on").replace(
            "imagePullPolicy: Never", "imagePullPolicy: Never\n        command: [sleep, '14']")
        done, events = self.run_events(manifest(f"{self.app}:v1", name="gives-up", spec="  activeDeadlineSeconds: 2") + "---" + goes_on)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        states = [event["state"] for event in events if event["type"] == "image" and event["state"] != "coming"]
        self.assertEqual(states, ["pulling", "givenUp"])
        self.assertNotIn(f"{self.app}:v1", self.engine.images())

    def test_what_comes_later_ends_the_wait(self):
        self.write(manifest(f"{self.app}:late", "IfNotPresent"))
        with subprocess.Popen([binary(), "run", "--runtime", "docker", "--backoff", "1s", "job.yaml"], cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE) as process:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "ImagePullBackOff" in line:
                    self.registry.push("team/app", "late", self.big)
            self.assertEqual(process.wait(timeout=60), 0, lines)


class DockerPullTest(PullTest):
    KIND = Docker


class DockerOpenRegistryTest(OpenRegistryTest):
    KIND = Docker


class DockerWaitingTest(WaitingTest):
    KIND = Docker


if __name__ == "__main__":
    main()
