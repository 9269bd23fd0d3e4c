"""What the end-to-end tests share: the binary under test, a folder of its own for each test, and how to run it there."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"


def binary():
    return os.environ["REPRIEVE"]


# Pods find each other by an /etc/hosts that stands in place of the machine's; a bare debootstrap has none.
needs_names = unittest.skipUnless(os.path.exists("/etc/hosts"), "this machine has no /etc/hosts: nothing has a name")


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


def main():
    """TEST.py REPRIEVE [TEST...]"""
    os.environ["REPRIEVE"] = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
