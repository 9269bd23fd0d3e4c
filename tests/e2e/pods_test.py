#!/usr/bin/env python3
"""Pods as a kubelet runs them: hooks, users and groups, processes, ports, volumes, messages, taints.

Usage: pods_test.py REPRIEVE [TEST...]
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import HERE, Reprieve, binary, job, main
from machine import MOUNTS, ROOT, needs_mounts, needs_root

CASES = HERE / "cases"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Pods(Reprieve):
    def case(self, name):
        """A manifest of cases/, with a folder of this test's own for the one that it names."""
        text = (CASES / name).read_text().replace("/var/tmp/reprieve-case", str(self.cwd))
        return self.write(text, name)

    def ends(self, code, *args, **more):
        done = self.reprieve("run", "--logs", *args, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def interrupted(self, *args, until):
        """What it prints up to Ctrl-C, which comes once `until` is to be seen."""
        process = subprocess.Popen([binary(), "run", *args], cwd=self.cwd, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        lines = []
        began = time.monotonic()
        for line in process.stdout:
            lines.append(line)
            if re.search(until, line):
                break
        took = time.monotonic() - began
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
        return "".join(lines) + rest, took


class Hooks(Pods):
    def test_a_failing_post_start_hook_kills_the_container(self):
        done = self.ends(1, self.case("poststart-fails.yaml"))
        self.assertIn("BackoffLimitExceeded", done.stdout)
        self.assertIn("failed its postStart hook (its command exited 1); it is stopped", done.stdout)
        self.assertNotIn("finished", done.stdout)

    @needs_mounts
    def test_the_pre_stop_hook_runs_before_the_signal(self):
        done = self.ends(1, self.case("prestop-runs.yaml"))
        self.assertTrue((self.cwd / "prestop" / "prestop").exists(), done.stdout)
        self.assertIn("TERM", done.stdout)

    def test_a_container_is_not_running_before_its_post_start_is_over(self):
        text = job("hook", "until [ -e hooked ]; do sleep 0.05; done; echo main went on", container="""
        lifecycle: {postStart: {exec: {command: [sh, -c, "sleep 0.5; touch hooked"]}}}""")
        done, events = self.events("--logs", self.write(text))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        running = next(event for event in events if event.get("phase") == "Running")
        self.assertTrue((self.cwd / "hooked").exists())
        self.assertTrue(running)

    def test_containers_start_one_after_the_other_if_one_has_a_hook(self):
        text = job("order", "exec sleep 0.6", container="""
        lifecycle: {postStart: {exec: {command: [sh, -c, "sleep 0.4; touch first"]}}}
      - name: second
        image: none
        command: [sh, -c, "test -e first && echo after the hook"]""")
        self.assertIn("after the hook", self.ends(0, self.write(text)).stdout)

    def test_a_hook_that_sleeps_delays_the_signal(self):
        text = job("sleepy", "trap 'echo got TERM; exit 0' TERM; while :; do sleep 0.05; done",
                   spec="  backoffLimit: 0\n  activeDeadlineSeconds: 1",
                   pod="      terminationGracePeriodSeconds: 10", container="""
        lifecycle: {preStop: {sleep: {seconds: 1}}}""")
        began = time.monotonic()
        done = self.ends(1, self.write(text))
        self.assertIn("got TERM", done.stdout)
        self.assertGreater(time.monotonic() - began, 1.8)

    def test_a_hook_that_outlasts_the_grace_period_does_not_hold_it_up(self):
        text = job("late", "trap '' TERM; while :; do sleep 0.05; done",
                   spec="  backoffLimit: 0\n  activeDeadlineSeconds: 1",
                   pod="      terminationGracePeriodSeconds: 1", container="""
        lifecycle: {preStop: {exec: {command: [sleep, "60"]}}}""")
        began = time.monotonic()
        self.ends(1, self.write(text))
        self.assertLess(time.monotonic() - began, 15)

    def test_a_pre_stop_that_fails_is_told_and_changes_nothing(self):
        text = job("fails", "trap 'exit 0' TERM; while :; do sleep 0.05; done",
                   spec="  backoffLimit: 0\n  activeDeadlineSeconds: 1",
                   pod="      terminationGracePeriodSeconds: 5", container="""
        lifecycle: {preStop: {exec: {command: [sh, -c, "exit 3"]}}}""")
        self.assertIn("failed its preStop hook (its command exited 3); it is stopped all the same",
                      self.ends(1, self.write(text)).stdout)

    def test_a_hook_may_send_a_request(self):
        (self.cwd / "server.py").write_text(
            "import http.server, threading\n"
            "class Handler(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(500); self.end_headers(); print('asked for', self.path, flush=True)\n"
            "        threading.Timer(0.2, server.shutdown).start()\n"
            "server = http.server.HTTPServer(('0.0.0.0', 0), Handler)\n"
            "open('port', 'w').write(str(server.server_port))\n"
            "server.serve_forever()\n")
        port = free_port()
        (self.cwd / "server.py").write_text((self.cwd / "server.py").read_text().replace("0.0.0.0', 0", f"0.0.0.0', {port}"))
        text = job("http", "exec python3 server.py", container=f"""
        lifecycle: {{postStart: {{exec: {{command: [sh, -c, "until test -s port; do sleep 0.05; done"]}}}}}}
      - name: asks
        image: none
        command: [sleep, "2"]
        lifecycle: {{postStart: {{httpGet: {{port: {port}, path: /hello}}}}}}""")
        # Whatever the answer is, it is one.
        self.assertIn("asked for /hello", self.ends(0, self.write(text)).stdout)

    def test_a_hook_by_tcp_fails_as_in_the_kubelet(self):
        text = job("tcp", "exec sleep 30", spec="  backoffLimit: 0", container="""
        lifecycle: {postStart: {tcpSocket: {port: 1}}}""")
        done = self.ends(1, self.write(text))
        self.assertIn("lifecycle.postStart.tcpSocket is accepted and fails whenever it is tried", done.stderr)
        self.assertIn("failed its postStart hook (a hook can't open a connection", done.stdout)
        done = self.ends(1, self.write(text.replace("postStart", "preStop").replace("spec:\n  back", "spec:\n  activeDeadlineSeconds: 1\n  back", 1)))
        self.assertIn("failed its preStop hook (a hook can't open a connection", done.stdout)

    def test_a_stop_signal_is_dropped_as_by_a_server_without_its_gate(self):
        text = job("sig", "trap 'echo got USR1; exit 0' USR1; trap 'echo got TERM' TERM; while :; do sleep 0.05; done",
                   spec="  backoffLimit: 0\n  activeDeadlineSeconds: 1",
                   pod="      os: {name: linux}\n      terminationGracePeriodSeconds: 3",
                   container="        lifecycle: {stopSignal: SIGUSR1}")
        done = self.ends(1, self.write(text))
        self.assertIn("got TERM", done.stdout)
        self.assertIn("lifecycle.stopSignal: Kubernetes 1.37 drops this field", done.stderr)


class Messages(Pods):
    def test_the_last_lines_of_the_log_are_the_message_where_that_is_asked_for(self):
        done = self.ends(1, self.case("termmsg-fallback.yaml"))
        self.assertRegex(done.stdout, r"exited 7 in container main: boom-from-logs → ")
        self.assertRegex(done.stdout, r"(?m)^  message +boom-from-logs$")
        done, events = self.events("termmsg-fallback.yaml")
        verdict = next(event for event in events if event["type"] == "verdict")
        self.assertEqual(verdict["message"], "boom-from-logs\n")
        summary = next(event for event in events if event["type"] == "summary")
        self.assertEqual(summary["message"], "boom-from-logs\n")

    def test_a_message_that_was_written_wins(self):
        if not MOUNTS:
            self.skipTest("plain processes have no file of their own")
        text = job("own", "echo from the log; echo from the file > /dev/termination-log; exit 2", spec="  backoffLimit: 0",
                   container="        terminationMessagePolicy: FallbackToLogsOnError")
        self.assertIn("exited 2 in container main: from the file", self.ends(1, self.write(text)).stdout)

    def test_without_a_failure_there_is_none(self):
        text = job("fine", "echo all is well", container="        terminationMessagePolicy: FallbackToLogsOnError")
        self.assertNotIn("message", self.ends(0, self.write(text)).stdout)


class Waits(Pods):
    @needs_mounts
    def test_a_variable_that_nothing_sets_makes_the_container_wait_and_say_so(self):
        text, took = self.interrupted(self.case("subpathexpr-bad.yaml"), until="pod waits")
        self.assertIn("Job subpathexpr-bad: 1 pod waits: container main: CreateContainerConfigError: missing value for NOPE",
                      text)
        self.assertNotIn("main: ran", text)
        text, took = self.interrupted("-o", "json", "subpathexpr-bad.yaml", until='"waiting"')
        self.assertRegex(text, r'"type":"waiting".*"reason":"CreateContainerConfigError","message":"missing value for NOPE"')

    @needs_root
    def test_what_may_not_run_as_root_waits_without_a_deadline_too(self):
        text = job("root", "echo ran", pod="      securityContext: {runAsNonRoot: true}")
        said, _ = self.interrupted(self.write(text), until="pod waits")
        self.assertIn("Warning: job.yaml:", said)
        self.assertIn("1 pod waits: container main: CreateContainerConfigError: container has runAsNonRoot and image will run as root",
                      said)
        self.assertNotIn("main: ran", said)

    @needs_mounts
    def test_a_pod_that_stands_for_itself_waits_as_a_pod(self):
        manifest = """apiVersion: v1
kind: Pod
metadata: {name: solo}
spec:
  restartPolicy: Never
  volumes: [{name: c, emptyDir: {}}]
  containers:
  - name: main
    image: none
    command: [echo, ran]
    volumeMounts: [{name: c, mountPath: /out, subPathExpr: "logs/$(NOPE)"}]
"""
        text, _ = self.interrupted(self.write(manifest, "solo.yaml"), until="pod waits")
        self.assertIn("Pod solo: 1 pod waits: container main: CreateContainerConfigError: missing value for NOPE", text)
        text, _ = self.interrupted("-o", "json", "solo.yaml", until='"waiting"')
        self.assertRegex(text, r'"type":"waiting".*"pod":"solo"')

    @needs_root
    def test_what_may_not_run_as_root_says_so(self):
        done = self.ends(1, self.case("runasnonroot.yaml"))
        self.assertIn("1 pod waits: container main: CreateContainerConfigError: container's runAsUser breaks non-root policy",
                      done.stdout)
        self.assertIn("DeadlineExceeded", done.stdout)

    def test_restarts_of_init_containers_are_told_counted_and_pointed_at(self):
        done = self.ends(1, "--backoff", "10ms", self.case("silent-init.yaml"))
        self.assertRegex(done.stdout, r"init container prep exited 4, restarted in place \(1\)")
        self.assertIn("BackoffLimitExceeded", done.stdout)
        self.assertRegex(done.stdout, r"attempts [2-9]")
        self.assertRegex(done.stdout, r"(?s)logs +\S*/prep/\d+\.log.*database is not there")
        self.assertRegex(done.stdout, r"Restarts of container prep of silent-\w+ used up the limit; its logs are \S+/prep/\d.log")
        self.assertNotIn("runs on n1", done.stdout)

    def test_restarts_of_sidecars_are_told(self):
        text = job("side", "sleep 1", pod="""
      initContainers:
      - {name: side, image: none, restartPolicy: Always, command: [sh, -c, "sleep 0.2; exit 9"]}""")
        self.assertIn("init container side exited 9, restarted in place (1)", self.ends(0, "--backoff", "10ms", self.write(text)).stdout)


def allowed(capabilities):
    """Those of a set that this process may have: an engine that we are in a container of may have taken some away."""
    bounds = re.search(r"CapBnd:\t(\w+)", pathlib.Path("/proc/self/status").read_text()).group(1)
    return f"{capabilities & int(bounds, 16):016x}"


class Security(Pods):
    @needs_root
    def test_root_gets_a_containers_capabilities(self):
        done = self.ends(0, self.write(job("caps", "grep -E '^Cap(Eff|Bnd)' /proc/self/status")))
        self.assertIn(f"CapEff:\t{allowed(0xa80425fb)}", done.stdout)
        self.assertIn(f"CapBnd:\t{allowed(0xa80425fb)}", done.stdout)

    @needs_root
    def test_one_that_is_added_comes_on_top_and_one_that_is_dropped_goes(self):
        done = self.ends(0, self.write(job("caps", "grep ^CapEff /proc/self/status", container=
                                           "        securityContext: {capabilities: {add: [SYS_PTRACE], drop: [MKNOD]}}")))
        self.assertIn(f"CapEff:\t{allowed((0xa80425fb | 1 << 19) & ~(1 << 27))}", done.stdout)

    @needs_root
    def test_the_privileged_keep_all(self):
        ours = re.search(r"CapEff:\t(\w+)", pathlib.Path("/proc/self/status").read_text()).group(1)
        done = self.ends(0, self.write(job("all", "grep ^CapEff /proc/self/status",
                                           container="        securityContext: {privileged: true}")))
        self.assertIn(f"CapEff:\t{ours}", done.stdout)

    @needs_root
    @needs_mounts
    def test_volumes_belong_to_the_fs_group(self):
        done = self.ends(0, self.case("fsgroup.yaml"))
        self.assertRegex(done.stdout, r"uid=1000\S* gid=1000\S* groups=1000\S*,2000\S*,3000")
        self.assertRegex(done.stdout, r"lrwxrwxrwx +1 0 2000 .* id_rsa -> ..data/id_rsa")
        self.assertRegex(done.stdout, r"drwxrwsrwx \d+ 0 2000 .* /e")
        self.assertRegex(done.stdout, r"-rw-r--r-- 1 1000 2000 .* /e/f")
        self.assertIn("KEY", done.stdout)
        text = (CASES / "fsgroup.yaml").read_text().replace("ls -lan /ssh/", "stat -Lc '%a %g' /ssh/id_rsa")
        self.assertIn("440 2000", self.ends(0, self.write(text)).stdout)

    @needs_root
    def test_another_user_has_its_own_home_and_groups(self):
        done = self.ends(0, self.write(job("who", "echo $HOME; id -G", pod="      securityContext: {runAsUser: 65534}")))
        home = next(line.split(":")[5] for line in pathlib.Path("/etc/passwd").read_text().splitlines()
                    if line.split(":")[2] == "65534")
        self.assertIn(home, done.stdout)

    def test_an_ordinary_user_is_warned_of_groups(self):
        self.let_nobody_in()
        self.write(job("g", "id", pod="      securityContext: {fsGroup: 2000, supplementalGroups: [3000]}"))
        done = subprocess.run([binary(), "run", "job.yaml"], cwd=self.cwd, text=True, capture_output=True, user=65534,
                              group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("securityContext.fsGroup has no effect", done.stderr)
        self.assertIn("securityContext.supplementalGroups has no effect", done.stderr)


class Processes(Pods):
    @needs_mounts
    def test_containers_that_share_their_processes_see_each_other(self):
        text = job("share", "until found=$(grep -lz '^other-process$' /proc/[0-9]*/cmdline); do sleep 0.05; done; "
                            "cat /proc/1/comm; kill $(echo $found | cut -d/ -f3)",
                   pod="      shareProcessNamespace: true", container="""
      - name: helper
        image: none
        command: [bash, -c, 'exec -a other-process sleep 1000 & wait; echo helper ended']""")
        done = self.ends(0, self.write(text))
        self.assertIn("reprieve-pause", done.stdout)
        self.assertIn("helper ended", done.stdout)

    @unittest.skipUnless(shutil.which("pkill"), "pkill is not installed")
    @needs_mounts
    def test_what_kills_by_a_pattern_that_it_has_itself_kills_itself(self):
        """As anywhere: the shell that runs `pkill -f` has the pattern among its own arguments. With [h] it has not."""
        done = self.ends(1, self.case("share-pid.yaml"))
        self.assertIn("exited 143 in container main", done.stdout)
        self.assertNotIn("no helper seen", done.stdout)
        text = (CASES / "share-pid.yaml").read_text().replace("pkill -f helper", "pkill -f [h]elper", 1)
        done = self.ends(0, self.write(text))
        self.assertNotIn("no helper seen", done.stdout)

    @needs_mounts
    def test_the_first_process_of_a_container_does_not_show_the_programs_arguments(self):
        text = job("share", "grep -lz [h]idden-word /proc/[0-9]*/cmdline | wc -l", pod="      shareProcessNamespace: true",
                   container="""
      - name: helper
        image: none
        command: [sh, -c, "sleep 1 # hidden-word"]""").replace("grep", "sleep 0.3; grep", 1)
        self.assertIn("main: 1\n", self.ends(0, self.write(text)).stdout)

    @needs_mounts
    def test_nothing_of_such_a_pod_is_left(self):
        text = job("share", "setsid sleep 12345678 & setsid sleep 12345678 & sleep 0.2", pod="      shareProcessNamespace: true")
        self.ends(0, self.write(text))
        self.assert_gone("12345678")

    @needs_mounts
    def test_probes_and_hooks_run_among_the_pods_processes(self):
        text = job("share", "sleep 1.5", pod="      shareProcessNamespace: true", container="""
        lifecycle: {postStart: {exec: {command: [sh, -c, "cat /proc/1/comm > seen"]}}}""")
        self.ends(0, self.write(text))
        self.assertEqual((self.cwd / "seen").read_text(), "reprieve-pause\n")

    @needs_mounts
    def test_host_pid_shows_this_machines(self):
        text = job("host", f"tr '\\0' ' ' < /proc/{os.getpid()}/cmdline", pod="      hostPID: true")
        self.assertIn("pods_test.py", self.ends(0, self.write(text)).stdout)

    @needs_mounts
    def test_host_ipc_shares_this_machines(self):
        ours = os.readlink("/proc/self/ns/ipc")
        done = self.ends(0, self.write(job("ipc", "readlink /proc/self/ns/ipc", pod="      hostIPC: true")))
        self.assertIn(ours, done.stdout)
        self.assertNotIn(ours, self.ends(0, self.write(job("ipc", "readlink /proc/self/ns/ipc"))).stdout)

    @needs_mounts
    def test_aliases_stand_in_the_hosts_file(self):
        if not os.path.exists("/etc/hosts"):
            self.skipTest("this machine has no /etc/hosts")
        done = self.ends(0, self.write(job("hosts", "getent hosts db.example other",
                                           pod="      hostAliases: [{ip: 10.1.2.3, hostnames: [db.example, other]}]")))
        self.assertRegex(done.stdout, r"10\.1\.2\.3 +db\.example")

    @needs_mounts
    def test_the_host_name_may_be_the_full_one(self):
        done = self.ends(0, self.write(job("fqdn", "hostname", pod="      hostname: a\n      subdomain: b\n      setHostnameAsFQDN: true")))
        self.assertIn("a.b.default.svc.cluster.local", done.stdout)


class Ports(Pods):
    def test_pods_with_one_host_port_never_share_a_node(self):
        done = self.ends(0, self.case("hostport.yaml"))
        self.assertIn("node(s) didn't have free ports for the requested pod ports", done.stdout)

    def test_with_two_nodes_they_run_at_once(self):
        text = (CASES / "hostport.yaml").read_text().replace("s.bind(('0.0.0.0',18080))", "s.bind(('0.0.0.0',0))")
        done = self.ends(0, "--nodes", "2", self.write(text))
        self.assertNotIn("free ports", done.stdout)


class Volumes(Pods):
    @needs_mounts
    def test_what_is_over_its_size_is_full_or_evicted(self):
        done = self.ends(1, self.case("emptydir-limit.yaml"))
        if ROOT:
            self.assertIn("No space left on device", done.stdout)
            self.assertIn("memory rc 1", done.stdout)
        self.assertIn('failed: Evicted: Usage of EmptyDir volume "', done.stdout)
        self.assertNotIn("still here", done.stdout)

    @needs_mounts
    def test_a_variable_may_come_from_a_file(self):
        self.assertIn("color blue", self.ends(0, self.case("filekeyref.yaml")).stdout)

    @needs_mounts
    def test_a_sub_path_that_is_no_key_is_an_empty_directory(self):
        done = self.ends(0, self.case("subpath-missing-key.yaml"))
        self.assertIn("a directory", done.stdout)
        self.assertRegex(done.stderr, r'"app.conf" is not in the volume c, which has /other.conf')

    @needs_mounts
    def test_a_relative_mount_path_begins_at_the_root(self):
        self.assertIn("ok", self.ends(0, self.case("mount-relative.yaml")).stdout)

    @needs_mounts
    def test_a_working_directory_that_does_not_exist_is_made(self):
        done = self.ends(0, self.write(job("wd", "pwd; touch x && ls", container="        workingDir: /no/such/directory")))
        self.assertIn("/no/such/directory", done.stdout)
        self.assertFalse(os.path.exists("/no"))

    @needs_mounts
    def test_files_stand_behind_the_data_link(self):
        text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a.conf: "1"}
---
""" + job("data", "readlink /c/..data /c/a.conf; cat /c/a.conf", pod="      volumes: [{name: c, configMap: {name: conf}}]",
          container="        volumeMounts: [{name: c, mountPath: /c}]")
        done = self.ends(0, self.write(text))
        self.assertRegex(done.stdout, r"\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+")
        self.assertIn("..data/a.conf", done.stdout)

    @needs_mounts
    def test_sources_are_projected_into_one_volume(self):
        text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: from config}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
stringData: {b: from secret}
---
""" + job("proj", "cat /p/deep/a; echo; cat /p/b; echo; cat /p/labels; echo; cat /p/cpu; stat -c %a /p/..data/b", pod="""
      volumes:
      - name: p
        projected:
          defaultMode: 0440
          sources:
          - configMap: {name: conf, items: [{key: a, path: deep/a}]}
          - secret: {name: sec}
          - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}},
              {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu, divisor: 1m}}]}""",
          container="        resources: {limits: {cpu: 250m}}\n        volumeMounts: [{name: p, mountPath: /p}]")
        done = self.ends(0, self.write(text))
        for word in ("from config", "from secret", 'batch.kubernetes.io/job-name="proj"', "250", "440"):
            self.assertIn(word, done.stdout)

    @needs_mounts
    def test_a_claim_may_go_with_its_pod(self):
        text = job("eph", "touch /e/x && ls /e", pod="""
      volumes:
      - name: e
        ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}""",
                   container="        volumeMounts: [{name: e, mountPath: /e}]")
        self.ends(0, self.write(text))

    def test_a_limit_of_zero_is_none(self):
        self.assertIn("done", self.ends(0, self.case("limit-zero.yaml")).stdout)

    def test_the_limits_of_the_pod_hold_and_are_shown(self):
        done = self.ends(1, self.case("pod-level-limit.yaml"))
        self.assertIn("limit 64 Mi, cpu 500 m", done.stdout)
        self.assertIn("exited 137 (OOMKilled)", done.stdout)


class Taints(Pods):
    def test_a_pod_stays_as_long_as_its_toleration_says(self):
        done = self.reprieve("run", "--inject", "node n1 is tainted at 0.5s", "--inject", "node n1 is back at 3.5s",
                             self.case("toleration-seconds.yaml"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("node n1 is tainted at 0.5s: 0 pods deleted, 1 later, by their tolerationSeconds", done.stdout)
        self.assertIn("has condition DisruptionTarget (DeletionByTaintManager)", done.stdout)

    def test_one_that_tolerates_it_for_ever_stays(self):
        text = job("tol", "sleep 1.5", pod="      tolerations: [{operator: Exists}]")
        done = self.ends(0, "--inject", "node n1 is tainted at 0.3s", self.write(text))
        self.assertIn("0 pods deleted", done.stdout)

    def test_a_taint_of_a_node_keeps_pods_away(self):
        text = job("t", "true")
        done = self.reprieve("run", "--node-taint", "n1:gpu=yes:NoSchedule", self.write(text))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("gpu", done.stderr)
        text = job("t", "true", pod="      tolerations: [{key: gpu, value: 'yes', effect: NoSchedule}]")
        self.ends(0, "--node-taint", "n1:gpu=yes:NoSchedule", self.write(text))
        done = self.reprieve("run", "--node-taint", "n1:gpu=yes:Never", self.write(text))
        self.assertIn('"Never" is not an effect', done.stderr)

    def test_the_old_labels_of_nodes_are_there(self):
        self.ends(0, self.write(job("old", "true", pod="      nodeSelector: {beta.kubernetes.io/os: linux}")))


class Probes(Pods):
    def test_a_grpc_service_is_asked_for_its_health(self):
        """A server of our own that knows enough HTTP/2 to be healthy."""
        port = free_port()
        (self.cwd / "health.py").write_text(f"""
import socket, threading
def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", {port})); listener.listen()
peer, _ = listener.accept()
heard = b""
while b"/grpc.health.v1.Health/Check" not in heard or b"db" not in heard: heard += peer.recv(4096)
peer.sendall(frame(4, 0, 0) + frame(1, 4, 1, b"\\x88") + frame(0, 0, 1, b"\\0\\0\\0\\0\\2\\x08\\1") + frame(1, 5, 1, b"\\x88"))
print("asked", flush=True)
import time; time.sleep(1)
""".replace("\\\\", "\\"))
        text = job("grpc", "exec python3 health.py", container=f"        startupProbe: {{grpc: {{port: {port}, service: db}}, "
                                                               "periodSeconds: 1, failureThreshold: 10}")
        done = self.ends(0, self.write(text))
        self.assertIn("asked", done.stdout)
        text = text.replace("exec python3 health.py", "sleep 30").replace("failureThreshold: 10", "failureThreshold: 1")
        self.assertIn(f"failed its startup probe (grpc 127.0.0.1:{port}: Connection refused)",
                      self.reprieve("run", self.write(text.replace("metadata: {name: grpc}\nspec:", "metadata: {name: grpc}\nspec:\n  backoffLimit: 0"))).stdout)


    def tls_server(self, port):
        """A program that answers one request, for which its certificate, long expired, is good enough."""
        wrap = (f"context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain('{CASES / 'expired.pem'}'); "
                "server.socket = context.wrap_socket(server.socket, server_side=True)")
        (self.cwd / "server.py").write_text(f"""
import http.server, ssl, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        print("asked for", self.path, self.headers.get("Authorization"), flush=True)
        threading.Timer(0.3, server.shutdown).start()
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("0.0.0.0", {port}), Handler)
{wrap}
open("listens", "w").close()
server.serve_forever()
""")
        return "exec python3 server.py"

    def plain_server(self, port):
        """A program that answers what is no HTTP with an error, and ends with the first request that is."""
        (self.cwd / "server.py").write_text(f"""
import socket
listener = socket.create_server(("0.0.0.0", {port}))
open("listens", "w").close()
text = ""
while not text.startswith("GET"):
    peer, _ = listener.accept()
    text = peer.recv(65536).decode("latin-1")
    peer.sendall(b"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n")
    peer.close()
print("asked for", text.split()[1], "Bearer x" if "Bearer" in text else None, flush=True)
""")
        return "exec python3 server.py"

    def test_a_server_with_tls_may_be_asked_whatever_its_certificate(self):
        port = free_port()
        text = job("tls", self.tls_server(port), container=f"""
        startupProbe: {{httpGet: {{port: {port}, path: /healthz, scheme: HTTPS}}, periodSeconds: 1, failureThreshold: 20}}""")
        self.assertIn("asked for /healthz", self.ends(0, self.write(text)).stdout)

    def test_a_server_without_tls_fails_a_probe_by_it(self):
        port = free_port()
        text = job("plain", self.plain_server(port), spec="  backoffLimit: 0", container=f"""
        lifecycle: {{postStart: {{exec: {{command: [sh, -c, "until test -e listens; do sleep 0.05; done"]}}}}}}
        livenessProbe: {{httpGet: {{port: {port}, scheme: HTTPS}}, periodSeconds: 1, failureThreshold: 1}}""")
        self.assertIn(f"failed its liveness probe (GET https://127.0.0.1:{port}/: no TLS: wrong version number)",
                      self.ends(1, self.write(text)).stdout)

    def test_a_hook_by_tls_is_sent_again_without_it_and_without_secrets(self):
        for tls, secret in ((True, "Bearer x"), (False, "None")):
            with self.subTest(tls=tls):
                port = free_port()
                (self.cwd / "listens").unlink(missing_ok=True)
                text = job("hook", (self.tls_server if tls else self.plain_server)(port), container=f"""
        lifecycle: {{postStart: {{exec: {{command: [sh, -c, "until test -e listens; do sleep 0.05; done"]}}}}}}
      - name: asks
        image: none
        command: [sleep, "2"]
        lifecycle: {{postStart: {{httpGet: {{port: {port}, path: /hello, scheme: HTTPS,
          httpHeaders: [{{name: Authorization, value: Bearer x}}]}}}}}}""")
                self.assertIn(f"asked for /hello {secret}\n", self.ends(0, self.write(text)).stdout)


class Services(Pods):
    SERVICES = """apiVersion: v1
kind: Service
metadata: {name: my-db}
spec: {clusterIP: 10.96.7.7, ports: [{name: sql, port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: cache}
spec: {type: NodePort, ports: [{port: 6379}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, ports: [{port: 1}]}
---
apiVersion: v1
kind: Service
metadata: {name: far, namespace: elsewhere}
spec: {ports: [{port: 1}]}
---
"""

    def test_variables_are_those_of_services_with_an_address_in_its_namespace(self):
        text = self.SERVICES + job("env", "env; echo to $DB; exec 3<>/dev/tcp/$CACHE_SERVICE_HOST/$CACHE_SERVICE_PORT",
                                   spec="  backoffLimit: 0", container="        env: [{name: DB, value: $(MY_DB_PORT)}]")
        done = self.ends(1, self.write(text.replace("[sh, -c", "[bash, -c")))
        for line in ("MY_DB_SERVICE_HOST=10.96.7.7", "MY_DB_SERVICE_PORT_SQL=5432", "MY_DB_PORT_5432_TCP=tcp://10.96.7.7:5432",
                     "CACHE_PORT=tcp://127.255.255.1:6379", "KUBERNETES_SERVICE_PORT=443", "to tcp://10.96.7.7:5432"):
            self.assertIn(f"main: {line}\n", done.stdout)
        self.assertNotIn("PEERS_", done.stdout)
        self.assertNotIn("FAR_", done.stdout)
        # At once, as on a cluster: nobody answers.
        self.assertIn("Connection refused", done.stdout)
        self.assertIn("skipped Service my-db", done.stderr)

    def test_without_links_there_are_those_of_the_api_server_alone(self):
        text = self.SERVICES + job("env", "env", pod="      enableServiceLinks: false")
        done = self.ends(0, self.write(text))
        self.assertNotIn("CACHE_", done.stdout)
        self.assertIn("main: KUBERNETES_SERVICE_HOST=127.255.255.", done.stdout)


class Gates(Pods):
    def test_a_pod_is_ready_once_its_gates_are(self):
        text = """
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  startupPolicy: {startupPolicyOrder: InOrder}
  replicatedJobs:
  - name: a
    template: {spec: {template: {spec: {restartPolicy: Never, readinessGates: [{conditionType: example.com/ok}],
      containers: [{name: a, image: b, command: [sh, -c, "until [ -e second ]; do sleep 0.05; done"]}]}}}}
  - name: b
    template: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b, command: [touch, second]}]}}}}
"""
        began = time.monotonic()
        self.ends(0, "--inject", "pod a-0-0 gets condition example.com/ok at 1s", self.write(text))
        self.assertGreater(time.monotonic() - began, 0.9)


if __name__ == "__main__":
    main()
