#!/usr/bin/env python3
"""Small pods at the edges of what the manifests of cases/ show, each with what a kubelet, a scheduler or an API server makes of it.

Usage: variations_test.py REPRIEVE [TEST...]
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import Reprieve, binary, job, main
from machine import MOUNTS_AS_ROOT

ENDS = "  backoffLimit: 0"
SOON = "  backoffLimit: 0\n  activeDeadlineSeconds: 1"
VOLUME = "      volumes: [{name: v, emptyDir: {%s}}]"
MOUNT = "        volumeMounts: [{name: v, mountPath: %s}]"
GRACE = "      terminationGracePeriodSeconds: 1"


def pod(command, pod="", container="", spec=ENDS, name="j"):
    return job(name, command, spec=spec, pod=pod, container=container)


def prepared(prepare, reference):
    """A variable from a file that an init container has written."""
    return pod("echo v=[$V]", spec=SOON, pod=VOLUME % "" + f"""
      initContainers:
      - {{name: prep, image: b, command: [sh, -c, {json.dumps(prepare)}], volumeMounts: [{{name: v, mountPath: /c}}]}}""",
               container="        env: [{name: V, valueFrom: {fileKeyRef: {volumeName: v, %s}}}]" % reference)


def two(first, second):
    return pod("sleep 0.7", name="a", container=first) + "---" + pod("sleep 0.7", name="b", container=second)


def port(more=""):
    return "        ports: [{containerPort: 18081, hostPort: 18081%s}]" % more


def tolerating(seconds, command):
    return pod(command, pod=GRACE + "\n      tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: %s}]" % seconds,
               spec=ENDS + "\n  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}")


def secret(text):
    return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + text + "\n---" + pod("true")


TAINTED = ("--inject", "node n1 is tainted at 0.5s", "--inject", "node n1 is back at 1.5s")
NO_PORTS = "didn't have free ports"

# What it shows: the manifest, the exit code, what is printed, what is not, flags.
VARIATIONS = {
    "drop ALL, then add": (pod("grep CapEff /proc/self/status", container=
        "        securityContext: {capabilities: {drop: [all], add: [net_bind_service]}}"), 0, "CapEff:.0000000000000400", None),
    "another user has capabilities only in its bounding set": (pod("grep Cap /proc/self/status",
        pod="      securityContext: {runAsUser: 1000}", container="        securityContext: {capabilities: {add: [NET_ADMIN]}}"),
        0, "CapEff:.0000000000000000(?s:.*)CapBnd:.00000000a80435fb", None),
    "privileges can't grow for who has SYS_ADMIN": (pod("true", container=
        "        securityContext: {allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN]}}"), 2, "CAP_SYS_ADMIN", None),
    "emptyDir in memory without a limit": (pod("df -T /m | tail -1", pod=VOLUME % "medium: Memory", container=MOUNT % "/m"),
        0, "tmpfs", None),
    "a sizeLimit of 0 is none": (pod("head -c 3M /dev/zero > /m/x; sleep 1.5; echo fine", pod=VOLUME % "sizeLimit: 0",
        container=MOUNT % "/m"), 0, "main: fine", None),
    "an init container may be over the limit": (pod("echo main ran", pod=VOLUME % "sizeLimit: 1Mi" + """
      initContainers:
      - {name: i, image: b, command: [sh, -c, 'head -c 3M /dev/zero > /m/x; sleep 9'], volumeMounts: [{name: v, mountPath: /m}]}""",
        container=MOUNT % "/m"), 1, "Evicted: Usage of EmptyDir", "main ran"),
    "huge pages are refused": (pod("true", pod=VOLUME % "medium: HugePages"), 2, "huge pages can't be mounted here", None),
    "a key that the file lacks": (prepared("echo \"A='b'\" > /c/f", "path: f, key: NOPE"), 1,
        "CreateContainerConfigError: .*\"NOPE\" not found in file", "v="),
    "an optional key that the file lacks": (prepared("echo > /c/f", "path: f, key: NOPE, optional: true"), 0, r"v=\[\]", None),
    "an optional file that is not there": (prepared("true", "path: g, key: A, optional: true"), 0, r"v=\[\]", None),
    "a file that is not there": (prepared("true", "path: g, key: A"), 1, "CreateContainerConfigError: file \"g\" is not", "v="),
    "a file that is none of variables": (prepared("echo A=b > /c/f", "path: f, key: A"), 1,
        "CreateContainerConfigError: couldn't parse env file", "v="),
    "fsGroupChangePolicy": (pod("stat -c '%g %a' /e", pod=VOLUME % "" +
        "\n      securityContext: {fsGroup: 4321, fsGroupChangePolicy: OnRootMismatch}", container=MOUNT % "/e"), 0, "4321 2777", None),
    "a protocol of its own is no conflict": (two(port(", protocol: TCP"), port(", protocol: UDP")), 0, None, NO_PORTS),
    "nor is an address": (two(port(", hostIP: 127.0.0.1"), port(", hostIP: 127.0.0.2")), 0, None, NO_PORTS),
    "all addresses are": (two(port(", hostIP: 127.0.0.1"), port()), 0, NO_PORTS, None),
    "ports of the host's network are host ports": (two("        ports: [{containerPort: 18081}]", port())
        .replace("restartPolicy: Never", "restartPolicy: Never\n      hostNetwork: true", 1), 0, NO_PORTS, None),
    "a limit of 0 shows as the node's": (pod("echo limit $M", container="        resources: {limits: {memory: 0}}\n"
        "        env: [{name: M, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}]"), 0, r"limit [1-9]", None),
    "a mount path begins at the root, whatever its dots": (pod("touch /v1/f /v2/f && echo ok", pod=VOLUME % "", container=
        "        volumeMounts: [{name: v, mountPath: ./v1/}, {name: v, mountPath: ../v2}]"), 0, "main: ok", None),
    "the container's limit is before the pod's": (pod("echo $L $C", pod="      resources: {limits: {memory: 64Mi, cpu: 1500m}}",
        container="        resources: {limits: {memory: 16Mi}}\n        env: [{name: L, valueFrom: {resourceFieldRef: {resource: "
                  "limits.memory, divisor: 1Mi}}}, {name: C, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]"), 0, "16 2", None),
    "nobody answers a postStart": (pod("sleep 5; echo finished", pod=GRACE, container=
        "        lifecycle: {postStart: {httpGet: {port: 1}}}"), 1, "failed its postStart hook .*Connection refused", "main: finished"),
    "a postStart of a port without a name": (pod("sleep 5; echo finished", pod=GRACE, container=
        "        lifecycle: {postStart: {httpGet: {port: web}}}"), 1, "failed its postStart hook .*\"web\" is none", "main: finished"),
    "a preStop longer than the grace period": (pod("trap 'echo TERM; exit 0' TERM; while :; do sleep 0.05; done", spec=SOON, pod=GRACE,
        container="        lifecycle: {preStop: {exec: {command: [sleep, '30']}}}"), 1, "main: TERM", None),
    "a volume on a read-only root": (pod("touch /tmp/ok && ! touch /usr/no && echo fine", pod=VOLUME % "", container=
        MOUNT % "/tmp" + "\n        securityContext: {readOnlyRootFilesystem: true}"), 0, "main: fine", None),
    "a message from a read-only root": (pod("echo why > /dev/termination-log; exit 4", container=
        "        securityContext: {readOnlyRootFilesystem: true}"), 1, "exited 4 in container main: why", None),
    "the container's user is before the pod's": (pod("id -u", pod="      securityContext: {runAsNonRoot: true, runAsUser: 0}",
        container="        securityContext: {runAsUser: 12}"), 0, "main: 12", None),
    "an init container that must not be root": (pod("echo ran", spec=SOON, pod="""
      initContainers: [{name: i, image: b, command: [echo, init ran], securityContext: {runAsNonRoot: true}}]"""), 1,
        "container i: CreateContainerConfigError", "ran$"),
    "keys may come from stringData": (secret("type: kubernetes.io/tls\nstringData: {tls.crt: a, tls.key: b}"), 0, None, None),
    "one of the two is enough": (secret("type: kubernetes.io/basic-auth\nstringData: {username: a}"), 0, None, None),
    "a key that is empty": (secret("type: kubernetes.io/ssh-auth\nstringData: {ssh-privatekey: ''}"), 2, "ssh-privatekey", None),
    "a subPath may be a file": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a.conf: 'x=1'}\n---" + pod(
        "cat /etc/app.conf", pod="      volumes: [{name: v, configMap: {name: c}}]", container=
        "        volumeMounts: [{name: v, mountPath: /etc/app.conf, subPath: a.conf}]"), 0, "x=1", None),
    "a subPath that is not there is made": (pod("touch /o/f && echo made", pod=VOLUME % "", container=
        "        volumeMounts: [{name: v, mountPath: /o, subPath: deep/down}]"), 0, "main: made", None),
    "an empty variable is a missing one": (pod("echo ran", spec=SOON, pod=VOLUME % "", container="        env: [{name: NONE, value: ''}]\n"
        "        volumeMounts: [{name: v, mountPath: /o, subPathExpr: $(NONE)/x}]"), 1, "missing value for NONE", "main: ran"),
    "all that are missing are named": (pod("echo ran", spec=SOON, pod=VOLUME % "", container=
        "        volumeMounts: [{name: v, mountPath: /o, subPathExpr: $(B)/$(A)}]"), 1, "missing value for A, B", "main: ran"),
    "a message may come from elsewhere": (pod("echo own > /var/own; exit 5", container="        terminationMessagePath: var/own"),
        1, "exited 5 in container main: own", None),
    "a message is the end of a long log": (pod("seq 100000; echo the last; exit 5", container=
        "        terminationMessagePolicy: FallbackToLogsOnError"), 1, "exited 5 in container main: the last", None),
    "a message is the end of a long line": (pod("head -c 9000 /dev/zero | tr '\\0' x; echo; echo because; exit 5", container=
        "        terminationMessagePolicy: FallbackToLogsOnError"), 1, "exited 5 in container main: because", None),
    "a signal leaves a message too": (pod("echo bye; kill -9 $$$$", container=
        "        terminationMessagePolicy: FallbackToLogsOnError"), 1, "exited 137 in container main: bye", None),
    "tolerated for no time": (tolerating(0, "sleep 1.2"), 0, "1 pod deleted", None, *TAINTED),
    "tolerated for less": (tolerating(-5, "sleep 1.2"), 0, "1 pod deleted", None, *TAINTED),
    "tolerated for long": (tolerating(300, "sleep 2.5"), 0, "0 pods deleted", "DeletionByTaintManager", *TAINTED),
    "seconds are for NoExecute alone": (pod("true", pod="      tolerations: [{operator: Exists, tolerationSeconds: 3}]"), 2,
        "NoExecute", None),
    "advice keeps other numbers too": (pod("true", container="        env: [{name: A, value: 010}, {name: B, value: 1_000}, "
        "{name: C, value: no}, {name: D, value: .5}, {name: E, value: 0b11}]"), 2, '"010"(?s:.*)"1_000"(?s:.*)"no"(?s:.*)"\\.5"', None),
}


class Variations(Reprieve):
    def outcome(self, manifest, flags):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "job.yaml").write_text(manifest)
            done = subprocess.run([binary(), "run", "--logs", *flags, "job.yaml"], cwd=folder, text=True, timeout=120,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    @unittest.skipUnless(MOUNTS_AS_ROOT, "needs root with mounts of its own")
    def test_each_gives_what_a_cluster_gives(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            outcomes = {what: pool.submit(self.outcome, manifest, flags) for what, (manifest, _, _, _, *flags) in VARIATIONS.items()}
        for what, (_, code, printed, missing, *_) in VARIATIONS.items():
            with self.subTest(what):
                found, text = outcomes[what].result()
                self.assertEqual(found, code, text)
                if printed:
                    self.assertRegex(text, re.compile(printed, re.M))
                if missing:
                    self.assertNotRegex(text, re.compile(missing, re.M))


if __name__ == "__main__":
    main()
