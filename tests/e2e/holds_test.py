#!/usr/bin/env python3
"""What holds where: the tables in docs/USE.md, compared with what happens. Needs root, to be both root and an ordinary user.

Usage: holds_test.py REPRIEVE [TEST...]
"""
import os
import pathlib
import re
import subprocess
import time
import unittest

import limits
from harness import HERE, Reprieve, binary, main
from machine import AS_NOBODY, HOSTS, MOUNTS_AS_ROOT, ROOT, nobody_mounts

USE = HERE.parent.parent / "docs" / "USE.md"
VOLUME = "      volumes: [{name: v, emptyDir: {%s}}]"
MOUNT = "        volumeMounts: [{name: v, mountPath: /v}]"

# The field of the table: what stands under the pod's spec and under its container, and a command that says "holds" if it
# does; or, instead of it, what is to be found in the output.
FIELDS = {
    "runAsUser, runAsGroup": ("      securityContext: {runAsUser: 1234, runAsGroup: 1235}", "",
                              'test "$(id -u) $(id -g)" = "1234 1235" && echo holds'),
    "supplementalGroups": ("      securityContext: {supplementalGroups: [3000]}", "", "id -G | grep -qw 3000 && echo holds"),
    "fsGroup": ("      securityContext: {fsGroup: 3000}\n" + VOLUME % "", MOUNT, 'test "$(stat -c %g /v)" = 3000 && echo holds'),
    "runAsNonRoot": ("      securityContext: {runAsNonRoot: true%s}", "", 'test "$(id -u)" != 0 && echo holds'),
    "capabilities.drop": ("", "        securityContext: {capabilities: {drop: [ALL]}}",
                          "grep -q 'CapEff:.0000000000000000' /proc/self/status && echo holds"),
    "capabilities.add": ("", "        securityContext: {capabilities: {drop: [ALL], add: [NET_ADMIN]}}",
                         "grep -q 'CapEff:.0000000000001000' /proc/self/status && echo holds"),
    "privileged": ("", "        securityContext: {privileged: true}",
                   "grep CapEff /proc/self/status | grep -qv 'a80425fb$' && echo holds"),
    "allowPrivilegeEscalation: false": ("", "        securityContext: {allowPrivilegeEscalation: false}",
                                        "grep -q 'NoNewPrivs:.1' /proc/self/status && echo holds"),
    "readOnlyRootFilesystem": ("", "        securityContext: {readOnlyRootFilesystem: true}", "touch here 2>/dev/null || echo holds"),
    "seccompProfile: RuntimeDefault": ("      securityContext: {seccompProfile: {type: RuntimeDefault}}", "",
                                       "grep -q 'Seccomp:.2' /proc/self/status && echo holds"),
    "shareProcessNamespace": ("      shareProcessNamespace: true", """
      - {name: other, image: none, command: [sleep, "1.25"]}""", "sleep 0.5; grep -lz '^1.25$' /proc/[0-9]*/cmdline && echo holds"),
    "hostPID": ("      hostPID: true", "", f"grep -qz holds_test.py /proc/{os.getpid()}/cmdline && echo holds"),
    "hostIPC": ("      hostIPC: true", "", f"test $(readlink /proc/self/ns/ipc) = '{os.readlink('/proc/self/ns/ipc')}' && echo holds"),
    "hostname": ("      hostname: somebody", "", 'test "$(uname -n)" = somebody && echo holds'),
    "hostAliases": ("      hostAliases: [{ip: 10.1.2.3, hostnames: [some.body]}]", "", "getent hosts some.body && echo holds"),
    "volumes at other paths": (VOLUME % "", MOUNT, "test -d /v && echo holds"),
    "a workingDir that is not there": ("", "        workingDir: /no/such/place", "pwd | grep -q /no/such/place && echo holds"),
    "emptyDir.sizeLimit": (VOLUME % "sizeLimit: 1Mi", MOUNT, "head -c 3M /dev/zero > /v/x; sleep 20",
                           "failed: Evicted: Usage of EmptyDir"),
    "emptyDir.sizeLimit, medium Memory": (VOLUME % "sizeLimit: 1Mi, medium: Memory", MOUNT,
                                          "head -c 3M /dev/zero > /v/x || { echo No space; exit 1; }; sleep 20",
                                          "failed: Evicted: Usage of EmptyDir|No space"),
    "terminationMessagePath": ("", "        terminationMessagePath: /tmp/reprieve-holds-message",
                               "echo so it is > /tmp/reprieve-holds-message; exit 1", "container main: so it is"),
    "terminationMessagePolicy: FallbackToLogsOnError": ("", "        terminationMessagePolicy: FallbackToLogsOnError",
                                                        "echo so it is; exit 1", "container main: so it is"),
    "lifecycle.postStart": ("", "        lifecycle: {postStart: {exec: {command: [touch, hooked]}}}",
                            "until test -e hooked; do sleep 0.05; done; echo holds"),
}


def table():
    text = USE.read_text()
    text = text[text.index("### What holds where"):text.index(limits.HEAD)]
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text)
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def busy():
    """Whether a loop of our own gets less than half of a processor."""
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() < began + 1:
        pass
    return time.process_time() - used < 0.5


class Holds(Reprieve):
    def outcome(self, field, flags, **who):
        pod, container, command, *found = FIELDS[field]
        if "%s" in pod:
            pod = pod % (", runAsUser: 1234" if not who else "")
        self.write(f"""apiVersion: batch/v1
kind: Job
metadata: {{name: j}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
{pod}
      containers:
      - name: main
        image: none
        command: [sh, -c, {command!r}]
{container}
""")
        for left in (self.cwd / "hooked", pathlib.Path("/tmp/reprieve-holds-message")):
            left.unlink(missing_ok=True)
        done = subprocess.run([binary(), "run", "--logs", *flags, "job.yaml"], cwd=self.cwd, text=True, capture_output=True,
                              timeout=60, **who)
        if done.returncode == 2:
            return "refused"
        if re.search(found[0] if found else r"(?m)^\S+/main: holds$", done.stdout):
            return "holds"
        return "warned" if "Warning: job.yaml" in done.stderr else "no effect"

    @unittest.skipUnless(ROOT and MOUNTS_AS_ROOT and HOSTS, "needs root with mounts of its own")
    def test_the_table_says_what_happens(self):
        self.let_nobody_in()
        rows = table()
        self.assertEqual(set(FIELDS) - set(rows), set())
        worlds = [("root", 0, [], {}), ("plain", 2, ["--plain-processes"], {})]
        if nobody_mounts():
            worlds.insert(1, ("user", 1, [], AS_NOBODY))
        for field in FIELDS:
            for name, column, flags, who in worlds:
                with self.subTest(f"{field}, {name}"):
                    flags = [*flags, "--state", f"state-{name}"]
                    outcome = self.outcome(field, flags, **who)
                    self.assertTrue(rows[field][column].startswith(outcome), f"{outcome}; the table says {rows[field][column]}")

    @unittest.skipUnless(ROOT, "limits are root's to set")
    def test_the_table_of_limits_says_what_happens_here(self):
        rows = limits.table()
        self.assertEqual(list(rows), list(limits.LIMITS))
        for flags in ([], ["--plain-processes"]):
            column, cells = limits.measured(binary(), *flags)
            for row, cell in cells.items():
                with self.subTest(f"{row}, {column}"):
                    if row.startswith("cpu") and busy():
                        self.skipTest("this machine is too busy to tell a limit from what others leave")
                    self.assertEqual(rows[row][column], cell)


if __name__ == "__main__":
    main()
