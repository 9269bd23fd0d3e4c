#!/usr/bin/env python3
"""Fields of pods: what `run` honours of a hardened pod, and what it warns of or refuses before anything starts."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import HERE, Reprieve, binary, main

CASES = HERE / "cases"
NOBODY = 65534

needs_root = unittest.skipUnless(os.geteuid() == 0, "only root may change users and drop capabilities")


def as_nobody(*command):
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


def has_mounts(*prefix):
    """Whether containers have mounts and a host name of their own here. A container engine's seccomp filter may allow an
    ordinary user namespaces, and deny the host name in them."""
    return subprocess.run([*prefix, "unshare", "-mu" if not prefix and os.geteuid() == 0 else "-rmu", "hostname", "probe"],
                          capture_output=True).returncode == 0


def job(pod="", container="", command="true", spec="backoffLimit: 0"):
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: j}}
spec:
  {spec}
  template:
    spec:
      restartPolicy: Never
{pod}
      containers:
      - name: main
        image: x
        command: [sh, -c, {command!r}]
{container}
"""


class Fields(Reprieve):
    def case(self, name):
        """A manifest of cases/, with a folder of this test's own for the one that it names."""
        text = (CASES / name).read_text().replace("/var/tmp/reprieve-case", str(self.cwd))
        return self.write(text, name)

    def refused(self, *args, run=None):
        done = (run or self.reprieve)("run", *args)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("nothing was started.", done.stderr)
        self.assertFalse((self.cwd / "reprieve-state").exists(), "something was made for it")
        return done.stderr

    def completes(self, *args, run=None):
        done = (run or self.reprieve)("run", "--logs", *args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def as_nobody(self, *args):
        """As Reprieve.reprieve, of an ordinary user."""
        if os.geteuid() != 0:
            return self.reprieve(*args)
        if shutil.which("setpriv") is None:
            self.skipTest("there is no setpriv to become an ordinary user with")
        if subprocess.run(as_nobody(binary(), "--help"), capture_output=True).returncode != 0:
            self.skipTest(f"an ordinary user can't execute {binary()}")
        for path in (self.cwd, *self.cwd.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        return subprocess.run(as_nobody(binary(), *args), cwd=self.cwd, text=True, capture_output=True, timeout=60)

    # What is not honoured.

    def test_what_could_change_a_verdict_is_refused_at_its_line(self):
        for name, field in {
            "hostUsers: false": "template.spec.hostUsers",
            "schedulingGates: [{name: a}]": "template.spec.schedulingGates",
            "securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '1'}]}": "template.spec.securityContext.sysctls",
            "volumes: [{name: v, nfs: {server: s, path: /p}}]": "template.spec.volumes[0].nfs",
        }.items():
            with self.subTest(name):
                text = self.refused(self.write(job(pod=f"      {name}")))
                self.assertRegex(text, rf"(?m)^job.yaml:\d+:\d+: spec\.\S*{re.escape(field)}$")

    def test_what_hardly_could_is_warned_of_with_its_line(self):
        for name, field in {
            "priorityClassName: high": "template.spec.priorityClassName",
            "runtimeClassName: kata": "template.spec.runtimeClassName",
            "securityContext: {seccompProfile: {type: RuntimeDefault}}": "securityContext.seccompProfile.type",
        }.items():
            with self.subTest(name):
                done = self.completes(self.write(job(pod=f"      {name}")))
                self.assertRegex(done.stderr, rf"(?m)^Warning: job.yaml:\d+: spec\.\S*{re.escape(field)} ")

    def test_all_are_told_at_once_and_in_the_order_of_the_file(self):
        text = self.refused(self.write(job(
            pod="      hostUsers: false\n      schedulingGates: [{name: a}]\n      volumes: [{name: v, nfs: {server: s, path: /p}}]")))
        places = re.findall(r"(?m)^job.yaml:(\d+):\d+: (\S+)$", text)
        self.assertEqual([field.removeprefix("spec.template.spec.") for _, field in places],
                         ["hostUsers", "schedulingGates", "volumes[0].nfs"], text)
        self.assertEqual([int(line) for line, _ in places], sorted(int(line) for line, _ in places))
        self.assertIn(" in job.yaml; nothing was started.", text)
        self.assertIn("  Remove it to run them.\n", text)

    def test_the_pods_of_a_jobset_are_looked_at_too(self):
        text = self.refused(self.write("""apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  replicatedJobs:
  - name: idle
    replicas: 0
    template: {spec: {template: {spec: {restartPolicy: Never, hostUsers: false, containers: [{name: a, image: b, command: ["true"]}]}}}}
  - name: w
    template: {spec: {template: {spec: {restartPolicy: Never, schedulingGates: [{name: g}], containers: [{name: a, image: b, command: ["true"]}]}}}}
"""))
        self.assertIn("spec.replicatedJobs[1].template.spec.template.spec.schedulingGates\n", text)
        self.assertNotIn("hostUsers\n", text)

    def test_values_that_ask_for_nothing_are_not_told(self):
        done = self.completes(self.write(job(
            pod="      hostPID: false\n      dnsPolicy: ClusterFirst\n      schedulerName: default-scheduler\n"
                "      securityContext: {}\n      hostAliases: []\n      priority: 0\n      serviceAccountName: default",
            container="        securityContext: {privileged: false, capabilities: {}}\n        lifecycle: {}\n"
                      "        terminationMessagePolicy: File\n        imagePullPolicy: Always\n        stdin: false")))
        self.assertEqual(done.stderr, "")

    def test_only_run_looks_at_them(self):
        # The others are bad input on purpose: validate_test.py.
        bad = {"badb64", "exported", "quote", "secret-types", "x2-plain", "yaml-advice"}
        for path in sorted(p for p in CASES.glob("*.yaml") if p.stem not in bad):
            done = self.reprieve("validate", str(path))
            self.assertEqual((done.returncode, done.stderr), (0, ""), path)

    # What is honoured.

    @needs_root
    def test_what_would_run_as_root_against_its_word_waits_until_its_deadline(self):
        done = self.reprieve("run", "--logs", self.case("runasnonroot.yaml"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("DeadlineExceeded", done.stdout)
        self.assertNotIn("ran as", done.stdout)
        self.assertRegex(done.stderr, r"Warning: runasnonroot.yaml:\d+: spec.template.spec.containers\[0\].securityContext."
                                      r"runAsUser keeps the container from running \(container's runAsUser breaks non-root policy\)")

    @needs_root
    def test_another_user_is_enough_for_it(self):
        done = self.completes(self.write(job(pod="      securityContext: {runAsNonRoot: true, runAsUser: 1000}",
                                             command="echo ran as $(id -u) in $(pwd)")))
        self.assertIn("ran as 1000 in /\n", done.stdout)
        # A temporary folder is its owner's alone.
        self.assertRegex(done.stderr, r"Warning: job.yaml:\d+: spec.template.spec.containers\[0\] works in /, for user 1000 "
                                      r"may not enter \S+, where reprieve was started; set workingDir")

    def test_an_ordinary_user_is_not_root(self):
        done = self.completes(self.write(job(pod="      securityContext: {runAsNonRoot: true}")), run=self.as_nobody)
        self.assertEqual(done.stderr, "")

    def test_a_read_only_root_keeps_writes_to_the_volumes(self):
        if not has_mounts():
            self.skipTest("this machine and user allow no mounts, or no host name")
        done = self.completes(self.case("readonlyroot.yaml"))
        self.assertIn("read-only as asked", done.stdout)
        self.assertIn("Read-only file system", done.stdout)
        self.assertFalse(pathlib.Path("/var/tmp/reprieve-ro-test").exists())

    def test_an_ordinary_user_has_a_read_only_root_too(self):
        if not has_mounts(*(as_nobody() if os.geteuid() == 0 else [])):
            self.skipTest("an ordinary user may not make namespaces, or not set a host name in them, here")
        done = self.completes(self.case("readonlyroot.yaml"), run=self.as_nobody)
        self.assertIn("read-only as asked", done.stdout)

    @needs_root
    def test_dropped_capabilities_are_gone(self):
        done = self.reprieve("run", "--logs", self.case("caps.yaml"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, done.stdout)
        self.assertNotIn("chown worked", done.stdout)

    @needs_root
    def test_a_capability_that_is_added_stays(self):
        done = self.completes(self.write(job(
            container="        securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}",
            command="grep CapEff /proc/self/status")))
        self.assertIn("CapEff:\t0000000000000400", done.stdout)

    @needs_root
    def test_a_probe_has_no_more_rights_than_its_container(self):
        self.completes(self.write(job(
            container="        securityContext: {capabilities: {drop: [ALL]}}\n"
                      "        startupProbe: {exec: {command: [sh, -c, 'grep CapEff /proc/self/status > caps']}, "
                      "periodSeconds: 1}",
            command="while ! test -s caps; do sleep 0.1; done")))
        self.assertEqual((self.cwd / "caps").read_text(), "CapEff:\t0000000000000000\n")

    def test_an_ordinary_user_has_nothing_to_drop(self):
        done = self.completes(self.write(job(
            container="        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
            command="grep -E 'CapEff|NoNew' /proc/self/status")), run=self.as_nobody)
        self.assertIn("CapEff:\t0000000000000000", done.stdout)
        self.assertIn("NoNewPrivs:\t1", done.stdout)

    def test_a_limit_of_zero_is_none(self):
        self.assertIn("done", self.completes(self.case("limit-zero.yaml")).stdout)

    def test_a_mount_path_without_its_slash_begins_at_the_root(self):
        if not has_mounts():
            self.skipTest("this machine and user allow no mounts, or no host name")
        self.assertIn("ok", self.completes(self.case("mount-relative.yaml")).stdout)

    # What this machine and user can't give.

    def test_another_user_is_refused_to_an_ordinary_one(self):
        manifest = self.case("runasuser-as-user.yaml")
        if os.geteuid() == 1000:  # the case's number: who has it may have it
            path = self.cwd / "runasuser-as-user.yaml"
            path.write_text(path.read_text().replace("runAsUser: 1000", "runAsUser: 1001"))
        text = self.refused(manifest, run=self.as_nobody)
        self.assertRegex(text, r"(?m)^runasuser-as-user.yaml:\d+:\d+: spec.template.spec.containers\[0\].securityContext.runAsUser$")
        self.assertIn("only root may start processes of another user", text)

    def test_his_own_number_is_not(self):
        user = NOBODY if os.geteuid() == 0 else os.geteuid()
        self.completes(self.write(job(pod=f"      securityContext: {{runAsUser: {user}}}")), run=self.as_nobody)

    def test_privileges_are_refused_to_an_ordinary_user_and_capabilities_warned_of(self):
        text = self.refused(self.write(job(container="        securityContext: {privileged: true}")), run=self.as_nobody)
        self.assertIn("an ordinary user has no privileges to give", text)
        done = self.completes(self.write(job(container="        securityContext: {capabilities: {add: [NET_ADMIN]}}")),
                              run=self.as_nobody)
        self.assertIn("an ordinary user has no capabilities to give", done.stderr)

    def test_plain_processes_get_no_mounts(self):
        text = self.refused("--plain-processes", self.case("plain-configmap-retried.yaml"))
        self.assertIn("containers[0].volumeMounts[0].mountPath\n", text)
        self.assertIn("as --plain-processes asks", text)
        text = self.refused("--plain-processes", self.case("readonlyroot.yaml"))
        self.assertIn("containers[0].securityContext.readOnlyRootFilesystem\n", text)

    def test_plain_processes_see_a_host_path_where_it_is(self):
        where = self.cwd / "data"
        where.mkdir()
        self.completes("--plain-processes", self.write(job(
            pod=f"      volumes: [{{name: v, hostPath: {{path: {where}}}}}]",
            container=f"        volumeMounts: [{{name: v, mountPath: {where}/}}]", command=f"touch {where}/here")))
        self.assertTrue((where / "here").exists())

    # What can never start, and what has no place.

    def test_what_can_never_start_is_refused(self):
        for field, pod, container in (
            ("containers[0].volumeMounts[0].mountPath", "      volumes: [{name: v, emptyDir: {}}]",
             "        volumeMounts: [{name: v, mountPath: /}]"),
            ("containers[0].env[0].valueFrom.resourceFieldRef.containerName", "",
             "        env: [{name: A, valueFrom: {resourceFieldRef: {containerName: other, resource: limits.cpu}}}]"),
            ("volumes[0].hostPath.path", "      volumes: [{name: v, hostPath: {path: no/slash}}]", ""),
            ("containers[0].securityContext.capabilities.add[0]", "",
             "        securityContext: {capabilities: {add: [NET_ADMINISTRATION]}}"),
        ):
            with self.subTest(field):
                self.assertIn(f"spec.template.spec.{field}\n", self.refused(self.write(job(pod, container))))

    def test_what_no_node_can_take_is_told_with_what_there_is(self):
        text = self.refused(self.write(job(container="        resources: {limits: {nvidia.com/gpu: 8000}}")))
        self.assertIn("spec.template.spec.containers[0].resources.limits[nvidia.com/gpu]\n", text)
        self.assertRegex(text, r"8000 nvidia.com/gpu wanted, the node has \d+")
        self.assertIn("--node-resource 'n1:nvidia.com/gpu=8000'", text)
        text = self.refused("--nodes", "2", self.write(job(container="        resources: {requests: {cpu: 9000}}")))
        self.assertIn("containers[0].resources.requests[cpu]\n", text)
        self.assertRegex(text, r"9000 cpu wanted, the greatest of 2 nodes has \d+")
        text = self.refused("--node-label", "n1:disk=hdd", self.write(job(pod="      nodeSelector: {disk: ssd}")))
        self.assertIn("spec.template.spec.nodeSelector[disk]\n", text)
        self.assertIn("no node has the label disk=ssd, only hdd", text)
        self.assertIn("--node-label 'n1:disk=ssd'", text)


if __name__ == "__main__":
    main()
