"""What the end-to-end tests share: the binary under test, a folder of its own for each test, and how to run it there."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from machine import AS_NOBODY, ROOT, processes_with, works

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"


def binary():
    return os.environ["REPRIEVE"]


def job(name, command, spec="", pod="", container=""):
    """A manifest of one container that runs `command` in sh."""
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
      containers:
      - name: main
        image: none
        command: [sh, -c, {json.dumps(command)}]
{container}
"""


class Reprieve(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.cwd = pathlib.Path(self.directory.name)

    def tearDown(self):
        self.directory.cleanup()

    def write(self, text, name="job.yaml"):
        (self.cwd / name).write_text(text)
        return name

    def reprieve(self, *args, stdin=None, timeout=60):
        return subprocess.run([binary(), *args], cwd=self.cwd, input=stdin, text=True, capture_output=True, timeout=timeout)

    def events(self, *args):
        done = self.reprieve("run", "-o", "json", *args)
        return done, [json.loads(line) for line in done.stdout.splitlines()]

    def let_nobody_in(self):
        """For a test in which another, ordinary user runs the binary in the test's folder."""
        if not ROOT:
            self.skipTest("needs root, to become somebody else")
        os.chmod(self.cwd, 0o777)
        if not works("test", "-x", binary(), **AS_NOBODY):
            self.skipTest(f"another user may not run {binary()}: it is in a private folder")

    def assert_gone(self, argument):
        """No process has the word in its arguments; what has been killed may take a moment."""
        deadline = time.monotonic() + 5
        while left := processes_with(argument):
            self.assertLess(time.monotonic(), deadline, f"left behind: {left}")
            time.sleep(0.02)


def main():
    """TEST.py REPRIEVE [TEST...]"""
    # Whatever engine this machine has: containers run as programs, unless a test names an engine of its own.
    os.environ["DOCKER_HOST"] = "unix:///nonexistent/engine.sock"
    os.environ["REPRIEVE"] = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
