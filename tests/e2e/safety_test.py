"""What a run must not do to the machine, nor the machine to it: end-to-end, as a user would meet it."""
import json
import os
import pathlib
import resource
import signal
import stat
import subprocess
import time
import unittest

from harness import Reprieve, binary, main
from machine import needs_no_ubsan

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  {spec}
  template:
    spec:
      restartPolicy: Never
      {pod}
      containers:
      - name: main
        image: x
        {container}
        command: [sh, -c, {command}]
"""


def job(command, name="j", spec="", pod="", container=""):
    return JOB.format(name=name, spec=spec, pod=pod, container=container, command=json.dumps(command))


class StateFolder(Reprieve):
    def test_an_empty_name_of_it_is_refused_and_writes_nowhere(self):
        done = self.reprieve("run", "--state", "", self.write(job("echo x")))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("--state", done.stderr)
        self.assertIn("not set", done.stderr)
        self.assertFalse(os.path.exists("/volumes"))

    def test_a_link_that_somebody_has_put_into_it_leads_nothing_elsewhere(self):
        elsewhere = self.cwd / "elsewhere"
        elsewhere.mkdir()
        state = self.cwd / "state"
        for planted in ("logs", "volumes", "claims"):
            with self.subTest(planted):
                state.mkdir()
                (state / planted).symlink_to(elsewhere)
                done = self.reprieve("run", "--state", "state", self.write(job("echo x", pod="volumes: [{name: v, emptyDir: {}}]")))
                self.assertEqual(list(elsewhere.iterdir()), [], done.stdout + done.stderr)
                if planted == "volumes":
                    self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
                if planted == "logs":
                    self.assertIn("a symbolic link is on its way", done.stdout)
                subprocess.run(["rm", "-r", state], check=True)

    def test_it_may_itself_be_reached_by_a_link(self):
        (self.cwd / "disk").mkdir()
        (self.cwd / "state").symlink_to(self.cwd / "disk")
        done = self.reprieve("run", "--state", "state", self.write(job("echo x")))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue((self.cwd / "disk" / "logs").exists())

    def test_a_run_beside_another_leaves_its_volumes_alone(self):
        wait = "echo kept > /data/file; echo up; while ! test -e /tmp/go-$MARK; do sleep 0.05; done; cat /data/file"
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        text = job(wait, pod="volumes: [{name: v, emptyDir: {}}]",
                   container=f"env: [{{name: MARK, value: '{mark}'}}]\n        volumeMounts: [{{name: v, mountPath: /data}}]")
        first = subprocess.Popen([binary(), "run", "--logs", self.write(text)], cwd=self.cwd, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        seen = ""
        for line in first.stdout:
            seen += line
            if line.rstrip().endswith(" up") or "mounts of their own" in line:
                break
        if "mounts of their own" in seen:
            first.communicate(timeout=20)
            self.skipTest("needs mounts: " + seen)
        second = self.reprieve("run", self.write(job("echo second", name="k"), "second.yaml"))
        self.assertEqual(second.returncode, 0, second.stdout + second.stderr)
        go = pathlib.Path(f"/tmp/go-{mark}")
        go.touch()
        rest = first.communicate(timeout=20)[0]
        go.unlink()
        self.assertEqual(first.returncode, 0, seen + rest)
        self.assertIn("kept", rest)


class FilesOfTheUser(Reprieve):
    def test_a_device_given_as_the_metrics_file_stays_a_device(self):
        device = self.cwd / "null"
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            device.write_text("x")
        except OSError as error:
            self.skipTest(f"cannot use a device node of our own: {error}")
        done = self.reprieve("run", "--metrics-file", "null", self.write(job("true")))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))
        self.assertEqual([p.name for p in self.cwd.glob("null*")], ["null"])


class Ends(Reprieve):
    def test_a_program_that_makes_a_cgroup_does_not_hang_the_run(self):
        command = ("p=$(grep memory /proc/self/cgroup | cut -d: -f3); mkdir /sys/fs/cgroup/memory$p/child || "
                   "mkdir /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/child; true")
        done = self.reprieve("run", self.write(job(command, container="resources: {limits: {memory: 64Mi}}")), timeout=30)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_grace_period_of_centuries_does_not_kill_at_once(self):
        command = "trap 'sleep 0.5; echo graceful; exit 0' TERM; sleep 100 & wait"
        text = job(command, spec="activeDeadlineSeconds: 1", pod="terminationGracePeriodSeconds: 9223372037")
        done = self.reprieve("run", "--logs", self.write(text), timeout=30)
        self.assertIn("graceful", done.stdout, done.stderr)

    def test_nohup_keeps_a_run_that_loses_its_terminal(self):
        started = self.cwd / "started"
        command = f"touch {started}; sleep 0.5; echo went on"
        process = subprocess.Popen(["nohup", binary(), "run", "--logs", self.write(job(command))], cwd=self.cwd, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
        output = process.communicate(timeout=20)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("went on", output)

    @needs_no_ubsan
    def test_more_pods_than_there_are_descriptors_for_wait_for_one_another(self):
        text = job("sleep 0.3; echo said", spec="completions: 60\n  parallelism: 60")
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        done = subprocess.run([binary(), "run", self.write(text)], cwd=self.cwd, text=True, capture_output=True,
                              timeout=60, preexec_fn=limit)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("failed: ", done.stdout)

    def test_the_soft_limit_on_descriptors_is_raised_for_us_and_kept_for_programs(self):
        text = job("ulimit -Sn", spec="completions: 1")
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        done = subprocess.run([binary(), "run", "--logs", self.write(text)], cwd=self.cwd, text=True,
                              capture_output=True, timeout=60, preexec_fn=limit)
        self.assertRegex(done.stdout, r"(?m)\b100$", done.stderr)


if __name__ == "__main__":
    main()
