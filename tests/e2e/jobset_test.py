#!/usr/bin/env python3
"""JobSets with real processes: each example of examples/jobset to its verdict, names, claims, rehearsed incidents.

Usage: jobset_test.py REPRIEVE [TEST...]
"""
import os
import pathlib
import re
import signal
import subprocess
import time

from harness import EXAMPLES, Reprieve, binary, job, main
from machine import AS_NOBODY, LIBRARY, mark, needs_mounts, needs_names, needs_names_library, needs_root, nobody_mounts


def example(name):
    return str(EXAMPLES / "jobset" / name)


def jobset(name, command, spec="", members="", job="", pod="", container=""):
    """A JobSet with one replicated job `w` whose only container runs `command` in sh."""
    return f"""
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: {name}}}
spec:
{spec}
  replicatedJobs:
  - name: w
{members}
    template:
      spec:
        backoffLimit: 0
{job}
        template:
          spec:
            restartPolicy: Never
            terminationGracePeriodSeconds: 2
{pod}
            containers:
            - name: main
              image: none
              command: [sh, -c, {command!r}]
{container}
"""


class Policies(Reprieve):
    """One example for each action of the failure policy, and host maintenance."""

    def outcome(self, code, *args):
        done = self.reprieve("run", *args)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_restart_jobset(self):
        out = self.outcome(0, example("restart-jobset.yaml"))
        for restart in ("restart 1 of JobSet again, 1 of 3 used", "restart 2 of JobSet again, 2 of 3 used"):
            self.assertRegex(out, r"again-workers-1-0-\w+ exited 1 in container main → Job again-workers-1 failed: "
                                  r"BackoffLimitExceeded → JobSet again: rule 1 RestartJobSet "
                                  r"\(.*restart-jobset.yaml:12\), anyOfThem → " + restart)
        self.assertIn("JobSet again completed", out)

    def test_fail_jobset(self):
        out = self.outcome(1, example("fail-jobset.yaml"))
        self.assertIn("rule 2 RestartJobSet", out)
        self.assertRegex(out, r"exited 42 in container main → rule 1 FailJob \(.*:27\) → Job broken-data-workers-1 "
                              r"failed: PodFailurePolicy → JobSet broken-data: rule 1 FailJobSet \(.*:13\)")
        self.assertIn("rule 1 FailJobSet stopped it", out)

    def test_restart_jobset_and_ignore_max_restarts(self):
        out = self.outcome(0, example("restart-jobset-uncounted.yaml"))
        self.assertEqual(out.count("rule 1 RestartJobSetAndIgnoreMaxRestarts"), 3)
        self.assertIn("restarts 1 of 1 used, 3 not counted", out)

    def test_restart_job(self):
        out = self.outcome(0, "--feature-gates", "RestartJob=true", example("restart-job.yaml"))
        self.assertEqual(len(re.findall(r"evaluators-evaluator-[02]-0-\w+ runs on", out)), 2, out)
        self.assertEqual(len(re.findall(r"evaluators-evaluator-1-0-\w+ runs on", out)), 3, out)
        self.assertIn("restarts 2 of 3 used", out)

    def test_restart_job_and_ignore_max_restarts(self):
        out = self.outcome(0, "--feature-gates", "RestartJob=true", "--nodes", "2", "--inject",
                           "node n2 is drained at 500ms", example("restart-job-uncounted.yaml"))
        self.assertIn("rule 1 RestartJobAndIgnoreMaxRestarts", out)
        self.assertIn("restarts 0 of 0 used, 1 not counted", out)
        self.assertEqual(out.count(" runs on "), 3, out)

    def test_host_maintenance_restarts_without_counting(self):
        out = self.outcome(0, "--nodes", "2", "--inject", "node n2 is drained at 500ms", example("host-maintenance.yaml"))
        self.assertRegex(out, r"has condition DisruptionTarget \(EvictionByEvictionAPI\) → rule 1 FailJob .* → JobSet "
                              r"maintained: rule 1 RestartJobSetAndIgnoreMaxRestarts .* → restart 1 of JobSet maintained, "
                              r"not counted")
        drained = out[out.index("Injected"):]
        self.assertNotIn("runs on n2", drained)

    def test_any_other_failure_ends_host_maintenance(self):
        out = self.outcome(1, "--nodes", "2", "--inject", "pod leader-0-0 is killed at 300ms", example("host-maintenance.yaml"))
        self.assertRegex(out, r"maintained-leader-0-0-\w+ exited 137 .* → JobSet maintained: rule 2 FailJobSet")


@needs_mounts
@needs_names
class Training(Reprieve):
    """examples/jobset/train-together.yaml: a leader and four workers in Python that meet by name."""

    def train(self, kill_at=()):
        """The result, having killed worker 0-2 when the leader first reports each of these steps."""
        kill_at = list(kill_at)
        with subprocess.Popen([binary(), "run", "--logs", example("train-together.yaml")], cwd=self.cwd, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            lines = []
            for line in run.stdout:
                lines.append(line)
                step = re.search(r"main: step (\d+)$", line)
                if kill_at and step and int(step[1]) >= kill_at[0]:
                    kill_at.pop(0)
                    self.kill_worker()
            code = run.wait()
        out = "".join(lines)
        self.assertEqual((code, kill_at), (0, []), out)
        return re.search(r"result (\[.*\])", out)[1], out

    def kill_worker(self):
        for process in pathlib.Path("/proc").iterdir():
            try:
                environment = (process / "environ").read_bytes()
                if b"train.py\0work" in (process / "cmdline").read_bytes() and b"JOB_COMPLETION_INDEX=2\0" in environment:
                    if self.cwd.samefile(process / "cwd"):
                        return os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue
        self.fail("worker 2 does not run")

    def test_three_kills_change_nothing_about_the_result(self):
        undisturbed, out = self.train()
        self.assertIn("restarts 0 of 5 used", out)
        disturbed, out = self.train(kill_at=[60, 140, 220])
        self.assertIn("restarts 3 of 5 used", out)
        self.assertEqual(out.count("begins at step"), 4)
        self.assertRegex(out, r"begins at step [1-9]")
        self.assertEqual(disturbed, undisturbed)


@needs_names
class Names(Reprieve):
    ARGS = ()
    LOOK = "for i in 1 2 3 4 5 6 7 8 9; do getent hosts NAME && exec sleep 0.3; sleep 0.1; done; exit 1"

    def look(self, name, spec=""):
        manifest = self.write(jobset("js", self.LOOK.replace("NAME", name), spec=spec, members="    replicas: 2"))
        return self.reprieve("run", *self.ARGS, manifest)

    def test_every_form_of_a_name_is_found(self):
        for name in ("js-w-1-0.js", "js-w-1-0.js.default", "js-w-1-0.js.default.svc", "js-w-1-0.js.default.svc.cluster.local"):
            done = self.look(name)
            self.assertEqual(done.returncode, 0, name + done.stdout)

    def test_a_subdomain_of_its_own(self):
        self.assertEqual(self.look("js-w-0-0.mesh", spec="  network: {subdomain: mesh}").returncode, 0)
        self.assertEqual(self.look("js-w-0-0.js", spec="  network: {subdomain: mesh}").returncode, 1)

    def test_without_hostnames_there_are_none(self):
        self.assertEqual(self.look("js-w-0-0.js", spec="  network: {enableDNSHostnames: false}").returncode, 1)

    def test_pods_listen_on_one_port_each_at_its_own_address(self):
        program = ("import socket, time, os\n"
                   "s = socket.create_server((socket.gethostbyname(socket.gethostname()), 5123))\n"
                   "time.sleep(0.5)\n")
        (self.cwd / "serve.py").write_text(program)
        done = self.reprieve("run", *self.ARGS, self.write(jobset("js", "exec python3 serve.py", members="    replicas: 3")))
        self.assertEqual(done.returncode, 0, done.stdout)

    # All listen on one port, each at its own address; the members meet the leader, and it them.
    MEET = """import os, socket, threading, time
names = ["js-w-%d-0.js" % i for i in range(3)]
me = socket.gethostname()
own = socket.gethostbyname(me)
server = socket.create_server((own, 5124))
def serve():
    while True:
        server.accept()[0].sendall(os.environ["RUN"].encode() + b" " + me.encode())
threading.Thread(target=serve, daemon=True).start()
deadline = time.time() + 20
for name in names:
    while True:
        try:
            with socket.create_connection((name, 5124), 1) as peer:
                met = peer.recv(100).decode()
            break
        except OSError:
            if time.time() > deadline: raise
            time.sleep(0.05)
    assert met == os.environ["RUN"] + " " + name.split(".")[0], met
open("met-" + os.environ["RUN"] + "-" + me, "w").write(own)
while len([f for f in os.listdir(".") if f.startswith("met-" + os.environ["RUN"])]) < 3 and time.time() < deadline:
    time.sleep(0.05)
time.sleep(float(os.environ["STAY"]))
"""

    def meet(self, run, stay=0, **user):
        (self.cwd / "meet.py").write_text(self.MEET)
        text = jobset("js", f"RUN={run} STAY={stay} exec python3 meet.py", members="    replicas: 3")
        return subprocess.Popen([binary(), "run", *self.ARGS, "--logs", "--state", f"state-{run}", self.write(text, f"{run}.yaml")],
                                cwd=self.cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **user)

    def addresses(self, run):
        return {path.read_text() for path in self.cwd.glob(f"met-{run}-*")}

    def test_pods_of_two_runs_at_once_meet_their_own(self):
        runs = {run: self.meet(run, stay=1) for run in ("one", "two")}
        for run in runs.values():
            out, _ = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 0, out)
        self.assertEqual(len(self.addresses("one") | self.addresses("two")), 6)

    def test_pods_of_an_ordinary_user_meet(self):
        self.let_nobody_in()
        if not nobody_mounts() and not LIBRARY:
            self.skipTest("pods of an ordinary user have no names here: no mounts, and libnss_wrapper.so is not installed")
        run = self.meet("user", **AS_NOBODY)
        out, _ = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, out)
        self.assertEqual(len(self.addresses("user")), 3)


@needs_names_library
class NamesOfPlainProcesses(Names):
    """The same by nss_wrapper, where pods have no /etc/hosts of their own."""

    ARGS = ("--plain-processes",)

    @needs_root
    def test_who_runs_as_another_user_finds_them_too(self):
        os.chmod(self.cwd, 0o777)
        manifest = self.write(jobset("js", self.LOOK.replace("NAME", "js-w-1-0.js"), members="    replicas: 2",
                                     pod=f"            securityContext: {{runAsUser: 65534, runAsGroup: 65534}}"))
        done = self.reprieve("run", *self.ARGS, manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_other_names_are_found_as_ever(self):
        done = self.reprieve("run", *self.ARGS, self.write(jobset("js", "getent hosts localhost")))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Claims(Reprieve):
    CLAIM = """  volumeClaimPolicies:
  - templates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
    retentionPolicy: {whenDeleted: Retain}"""

    @needs_mounts
    def test_what_a_pod_keeps_there_is_there_after_a_restart_and_in_the_next_run(self):
        command = "echo line >> /data/lines; cat /data/lines; [ $(wc -l < /data/lines) -ge 2 ]"
        manifest = self.write(jobset("js", command, spec=self.CLAIM + "\n  failurePolicy: {maxRestarts: 1}",
                                     container="              volumeMounts: [{name: data, mountPath: /data}]"))
        done = self.reprieve("run", manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("restarts 1 of 1 used", done.stdout)
        done = self.reprieve("run", manifest)
        self.assertIn("restarts 0 of 1 used", done.stdout)
        self.assertEqual((self.cwd / "reprieve-state/claims/default/data-js/lines").read_text(), "line\n" * 3)

    @needs_mounts
    def test_a_claim_that_goes_with_its_jobset_is_kept_until_the_next_run_begins(self):
        command = "echo line >> /data/lines; [ $(wc -l < /data/lines) -ge 2 ]"
        spec = self.CLAIM.replace("Retain", "Delete") + "\n  failurePolicy: {maxRestarts: 1}"
        manifest = self.write(jobset("js", command, spec=spec,
                                     container="              volumeMounts: [{name: data, mountPath: /data}]"))
        for _ in range(2):
            done = self.reprieve("run", manifest)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("restarts 1 of 1 used", done.stdout)
            folder = self.cwd / "reprieve-state/claims/default"
            self.assertEqual((folder / "data-js/lines").read_text(), "line\n" * 2)
            self.assertEqual(os.listdir(folder), ["data-js"])

    def test_a_claim_that_is_nowhere_is_named_before_anything_starts(self):
        manifest = self.write(jobset("js", "true", pod="            volumes: [{name: v, persistentVolumeClaim: {claimName: nowhere}}]"))
        done = self.reprieve("run", manifest)
        self.assertEqual(done.returncode, 2)
        self.assertIn("uses the PersistentVolumeClaim nowhere", done.stderr)


class Exclusive(Reprieve):
    """Exclusive placement on four virtual nodes in two racks: n1 and n2, n3 and n4."""

    RACKS = ("--nodes", "4", "--node-label", "n1:rack=a", "--node-label", "n2:rack=a",
             "--node-label", "n3:rack=b", "--node-label", "n4:rack=b")
    TOPOLOGY = "alpha.jobset.sigs.k8s.io/exclusive-topology"
    PAIR = "        completions: 2\n        parallelism: 2"

    def manifest(self, replicas, job=PAIR, command="sleep 0.7"):
        text = jobset("js", command, members=f"    replicas: {replicas}", job=job)
        return self.write(text.replace("{name: js}", "{name: js, annotations: {%s: rack}}" % self.TOPOLOGY))

    def lives(self, *args):
        """Of each pod that has run: Job, rack, and between which lines of the output."""
        done, events = self.events(*self.RACKS, *args)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lives = {}
        for at, event in enumerate(events):
            if event["type"] != "pod" or event["phase"] not in ("Running", "Succeeded"):
                continue
            rack = "a" if event["node"] in ("n1", "n2") else "b"
            lives.setdefault(event["pod"], [event["job"], rack, at, at])[3] = at
        return list(lives.values()), events

    def assert_exclusive(self, lives):
        for job, rack, begin, end in lives:
            for other, its_rack, its_begin, its_end in lives:
                if job == other:
                    self.assertEqual(rack, its_rack, lives)
                elif begin <= its_end and its_begin <= end:
                    self.assertNotEqual(rack, its_rack, lives)

    def test_two_jobs_never_share_a_rack_and_followers_are_with_their_leader(self):
        lives, _ = self.lives(self.manifest(2))
        self.assertEqual(len(lives), 4)
        self.assertEqual({rack for _, rack, _, _ in lives}, {"a", "b"})
        self.assert_exclusive(lives)

    def test_a_third_job_waits_and_says_why(self):
        lives, events = self.lives(self.manifest(3))
        self.assertEqual(len(lives), 6)
        self.assert_exclusive(lives)
        why = [event["message"] for event in events if event["type"] == "waiting"]
        self.assertEqual(why[0], "0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules.")

    def test_jobs_without_the_annotation_stay_away_too(self):
        text = jobset("plain", "sleep 0.2", job=self.PAIR)
        (self.cwd / "plain.yaml").write_text(text)
        exclusive = self.manifest(1, command="sleep 1.5")
        lives, _ = self.lives(exclusive, "plain.yaml")
        self.assertEqual(len(lives), 4)
        racks = {job: rack for job, rack, _, _ in lives}
        self.assertNotEqual(racks["js-w-0"], racks["plain-w-0"])

    def test_a_topology_that_no_node_has_is_refused_with_the_way_out(self):
        done = self.reprieve("run", "--nodes", "4", "--node-label", "n1:zone=a", self.manifest(2))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no node has a label rack", done.stderr)
        self.assertIn("--node-label n1:rack=a", done.stderr)

    def test_jobs_without_a_leader_are_refused(self):
        manifest = self.manifest(1, job="        completionMode: NonIndexed")
        done = self.reprieve("run", *self.RACKS, manifest)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("set it to Indexed", done.stderr)
        done = self.reprieve("validate", manifest)
        self.assertEqual(done.returncode, 0)
        self.assertIn("all their pods are refused forever", done.stderr)

    def test_nodes_that_are_not_prepared_are_named(self):
        text = jobset("js", "true", members="    replicas: 2")
        keys = f"{self.TOPOLOGY}: rack, alpha.jobset.sigs.k8s.io/node-selector: 'true'"
        manifest = self.write(text.replace("{name: js}", "{name: js, annotations: {%s}}" % keys))
        label = "n1:alpha.jobset.sigs.k8s.io/namespaced-job=default_js-w-0"
        done = self.reprieve("run", "--nodes", "2", "--node-label", label, manifest)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("namespaced-job=default_js-w-1", done.stderr)
        done = self.reprieve("run", "--nodes", "2", "--node-label", label,
                             "--node-label", label.replace("n1:", "n2:").replace("w-0", "w-1"), manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Incidents(Reprieve):
    """--inject, for Jobs and JobSets; what each leaves behind in the pod is judged by a pod failure policy."""

    def suffer(self, event, rules, replicas=2, command="exec sleep 0.7"):
        job = "        podFailurePolicy: {rules: [" + rules + "]}"
        manifest = self.write(jobset("js", command, members=f"    replicas: {replicas}", job=job))
        return self.reprieve("run", "--nodes", "2", "--inject", event, manifest)

    DISRUPTED = "{action: FailJob, onPodConditions: [{type: DisruptionTarget}]}"

    def test_conditions_and_reasons_are_those_of_the_components(self):
        for event, reason in (("node n2 is drained at 300ms", "EvictionByEvictionAPI"),
                              ("node n2 is lost at 300ms", "DeletionByPodGC"),
                              ("node n2 is shut down at 300ms", "TerminationByKubelet"),
                              ("node n2 is tainted at 300ms", "DeletionByTaintManager"),
                              ("pod w-0-0 is evicted at 300ms", "EvictionByEvictionAPI"),
                              ("pod w-0-0 is preempted at 300ms", "PreemptionByScheduler"),
                              ("pod w-0-0 is evicted under memory pressure at 300ms", "TerminationByKubelet")):
            out = self.suffer(event, self.DISRUPTED).stdout
            self.assertIn(f"has condition DisruptionTarget ({reason}) → rule 1 FailJob", out, event)

    def test_a_kill_is_no_disruption(self):
        for event in ("pod w-0-0 is killed at 300ms", "container main of pod js-w-0-0 is killed at 300ms"):
            out = self.suffer(event, self.DISRUPTED).stdout
            self.assertIn("exited 137 in container main → Job js-w-0 failed: BackoffLimitExceeded", out)

    def test_a_container_ends_as_it_is_told(self):
        rule = "{action: FailJob, onExitCodes: {operator: In, values: [42]}}"
        out = self.suffer("container main of pod w-0-0 exits 42 at 300ms", rule).stdout
        self.assertIn("exited 42 in container main → rule 1 FailJob", out)
        out = self.suffer("container main of pod w-0-0 is out of memory at 300ms", rule).stdout
        self.assertIn("exited 137 (OOMKilled) in container main", out)

    def test_a_condition_is_judged_when_the_pod_fails(self):
        rule = "{action: FailJob, onPodConditions: [{type: ConfigIssue}]}"
        out = self.suffer("pod w-0-0 gets condition ConfigIssue at 100ms", rule, 1, "sleep 0.5; exit 3").stdout
        self.assertRegex(out, r"js-w-0-0-\w+ has condition ConfigIssue.* → rule 1 FailJob")

    def test_a_pod_exits_as_an_event_says(self):
        rule = "{action: FailJob, onExitCodes: {operator: In, values: [139]}}"
        out = self.suffer("pod w-0-0 exits SIGSEGV at 100ms", rule, 1).stdout
        self.assertRegex(out, r"js-w-0-0-\w+ exited 139 in container main → rule 1 FailJob")

    def test_of_a_storage_limit_no_disruption_is_told(self):
        out = self.suffer("pod w-0-0 is evicted over its storage limit at 100ms", self.DISRUPTED, 1).stdout
        self.assertNotIn("DisruptionTarget", out)
        self.assertIn("BackoffLimitExceeded", out)

    def test_a_user_suspends_and_resumes(self):
        manifest = self.write(jobset("js", "sleep 0.7"))
        done = self.reprieve("run", "--inject", "JobSet js is suspended at 200ms", "--inject", "JobSet js is resumed at 900ms", manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Injected: JobSet js is suspended at 200ms: js suspended", done.stdout)
        self.assertEqual(len(re.findall(r"js-\S+-0-0-\w+ runs on", done.stdout)), 2, done.stdout)

    def test_a_user_scales_a_job(self):
        manifest = self.write(job("x", "sleep 0.5", spec="  completions: 4\n  parallelism: 1"))
        done = self.reprieve("run", "--inject", "Job x is scaled to 4 at 100ms", manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Injected: Job x is scaled to 4 at 100ms: x scaled to 4", done.stdout)

    def test_a_user_deletes_a_job(self):
        manifest = self.write(job("x", "exec sleep 60", pod="      terminationGracePeriodSeconds: 1"))
        done = self.reprieve("run", "--inject", "Job x is deleted at 200ms", manifest)
        self.assertIn("Injected: Job x is deleted at 200ms: x deleted", done.stdout)
        self.assertIn("Job x is deleted", done.stdout)

    def test_what_cannot_be_read_is_shown_at_its_word(self):
        done = self.suffer("node n2 is draned at 1s", self.DISRUPTED)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("           ^^^^^^ not one of drained, tainted, lost, unreachable, shut down, back; did you mean drained?", done.stderr)

    def test_what_can_never_be_there_is_refused_at_its_word(self):
        for event, said in (("pod w-7-0 is killed at 100ms", "no pod of these manifests is called w-7-0"),
                            ("container man of pod w-0-0 is killed at 1s", "Did you mean main?"),
                            ("node n7 is lost at 1s", "there is no node n7")):
            done = self.suffer(event, self.DISRUPTED)
            self.assertEqual((done.returncode, done.stdout), (2, ""), event)
            self.assertIn(said, done.stderr)

    def test_what_did_not_happen_is_said_at_the_end(self):
        done = self.suffer("pod w-0-0 is killed at 1h", self.DISRUPTED, command="true")
        self.assertIn('1 event did not happen: "pod w-0-0 is killed at 1h"', done.stdout)


class Beyond(Reprieve):
    """Annotations under reprieve.dev/: what upstream does not have, each with its line."""

    ATTEMPT = """              env:
              - {name: ATTEMPT, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['jobset.sigs.k8s.io/restart-attempt']"}}}"""

    def run_with(self, annotations, command, spec):
        text = jobset("js", command, spec=spec, container=self.ATTEMPT)
        return self.reprieve("run", self.write(text.replace("{name: js}", "{name: js, annotations: {%s}}" % annotations)))

    def test_a_delay_that_grows_a_budget_of_a_rule_and_a_healthy_time(self):
        annotations = ('reprieve.dev/restart-delay: 100ms, reprieve.dev/rule-max-restarts: "all=2", '
                       'reprieve.dev/restarts-reset-after: 500ms')
        spec = "  failurePolicy: {maxRestarts: 9, rules: [{name: all, action: RestartJobSet}]}"
        done = self.run_with(annotations, "[ $ATTEMPT = 2 ] && sleep 0.6; exit 1", spec)
        self.assertEqual(done.returncode, 1)
        for line in ("restart 1 of JobSet js, 1 of 9 used, 1 of 2 of rule all, in 100ms",
                     "restart 2 of JobSet js, 2 of 9 used, 2 of 2 of rule all, in 200ms",
                     "→ its restart budgets are whole again",
                     "restart 3 of JobSet js, 1 of 9 used, 1 of 2 of rule all, in 100ms",
                     "restart 4 of JobSet js, 2 of 9 used, 2 of 2 of rule all, in 200ms",
                     "reaching max number of restarts of rule all"):
            self.assertIn(line, done.stdout)
        self.assertIn("restarts 2 of 9 used, 2 earlier ones before the budget was whole again", done.stdout)
        self.assertNotIn("not counted", done.stdout)

    def test_what_limits_nothing_is_a_warning(self):
        annotations = 'reprieve.dev/rule-max-restarts: "al=2", reprieve.dev/restart-delay-cap: 5s'
        spec = "  failurePolicy: {maxRestarts: 9, rules: [{name: all, action: RestartJobSet}]}"
        done = self.run_with(annotations, "true", spec)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"Warning: job.yaml:4: metadata.annotations\[reprieve.dev/rule-max-restarts\] limits "
                                      r"nothing: the failure policy has no rule named al; did you mean all\?")
        self.assertIn("means nothing without reprieve.dev/restart-delay", done.stderr)
        done = self.run_with('reprieve.dev/rule-max-restarts: "failurePolicyRule0=2"', "true", spec.replace("name: all, ", ""))
        self.assertNotIn("limits nothing", done.stderr)

    def test_the_line_says_what_of_a_rule_fits_and_how_it_is_called(self):
        spec = ("  failurePolicy: {maxRestarts: 1, rules: [{name: crash, action: RestartJobSet, onJobFailureReasons: "
                "[BackoffLimitExceeded], onJobFailureMessagePatterns: ['nothing', 'back.?off'], targetReplicatedJobs: [w]}]}")
        out = self.run_with("a: b", "[ $ATTEMPT = 1 ]", spec).stdout
        self.assertIn('rule 1 RestartJobSet (job.yaml:6), crash, by reason BackoffLimitExceeded and message pattern '
                      '"back.?off" and replicated job w → restart 1 of JobSet js, 1 of 1 used', out)

    def test_a_pod_that_is_pending_for_too_long_counts_as_lost(self):
        # After the drain no node is left: the pod that replaces the evicted one cannot be placed.
        text = jobset("js", "exec sleep 60").replace("backoffLimit: 0", "backoffLimit: 1")
        text = text.replace("{name: js}", "{name: js, annotations: {reprieve.dev/pending-limit: 1500ms}}")
        done = self.reprieve("run", "--backoff", "10ms", "--inject", "node n1 is drained at 100ms", self.write(text))
        self.assertEqual(done.returncode, 1)
        self.assertIn("has been Pending for 1.5s → counts as lost (reprieve.dev/pending-limit)", done.stdout)
        self.assertIn("has condition DisruptionTarget (LostPod) → Job js-w-0 failed: BackoffLimitExceeded", done.stdout)

    def test_an_annotation_that_cannot_be_read_is_shown_at_its_place(self):
        done = self.run_with("reprieve.dev/restart-delay: soon", "true", "")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is no duration, such as 10s", done.stderr)


class Metrics(Reprieve):
    def test_the_file_has_upstreams_counters(self):
        manifest = self.write(jobset("good", "true") + "---" + jobset("bad", "false"))
        done = self.reprieve("run", "--metrics-file", "out.prom", manifest)
        self.assertEqual(done.returncode, 1)
        lines = (self.cwd / "out.prom").read_text().splitlines()
        self.assertIn("# TYPE jobset_failed_total counter", lines)
        self.assertIn('jobset_failed_total{jobset_name="bad",namespace="default"} 1', lines)
        self.assertIn('jobset_completed_total{jobset_name="good",namespace="default"} 1', lines)

    def test_a_file_that_cannot_be_written_is_said_before_anything_starts(self):
        done = self.reprieve("run", "--metrics-file", "no/where", self.write(jobset("js", "true")))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--metrics-file no/where cannot be written: No such file or directory", done.stderr)


class Input(Reprieve):
    def test_a_slip_in_the_kind_is_pointed_at(self):
        for kind, near in (("job", "Job"), ("Jobs", "Job")):
            done = self.reprieve("validate", self.write(f"apiVersion: batch/v1\nkind: {kind}\n"))
            self.assertIn(f"Did you mean {near}?", done.stdout, kind)
        text = jobset("js", "true")
        for kind in ("jobSet", "Jobset", "JobSets"):
            self.assertIn("Did you mean JobSet?", self.reprieve("validate", self.write(text.replace("kind: JobSet", f"kind: {kind}"))).stdout)
        done = self.reprieve("validate", self.write(text.replace("jobset.x-k8s.io/v1alpha2", "batch/v1")))
        self.assertIn("The apiVersion of a JobSet is jobset.x-k8s.io/v1alpha2.", done.stdout)

    def test_annotations_of_reprieve_on_other_things_than_jobsets_are_warned_of(self):
        text = jobset("js", "true", members="").replace("    template:\n      spec:", "    template:\n      metadata: {annotations: "
                                                       "{reprieve.dev/restart-delay: 1s}}\n      spec:", 1)
        done = self.reprieve("validate", self.write(text))
        self.assertIn("spec.replicatedJobs[0].template.metadata.annotations[reprieve.dev/restart-delay] has no effect here",
                      done.stderr)

    def test_what_can_make_no_difference_here_is_said(self):
        done = self.reprieve("run", self.write(jobset("js", "true", pod="            schedulingGates: [{name: a.b/c}]")))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("nothing here lifts a scheduling gate", done.stderr)
        done = self.reprieve("run", self.write(jobset("js", "true", pod="            schedulerName: mine\n"
                                                      "            runtimeClassName: gvisor\n            priorityClassName: high")))
        self.assertEqual(done.returncode, 0, done.stderr)
        for field in ("schedulerName", "runtimeClassName", "priorityClassName"):
            self.assertRegex(done.stderr, rf"Warning: job.yaml:\d+: spec.*\.{field} has no effect: ")

    def test_errors_of_a_jobset_stand_at_their_places(self):
        text = jobset("js", "true", spec="  failurePolicy:\n    rules:\n    - action: Restart\n  coordinater: {}")
        done = self.reprieve("validate", self.write(text, "js.yaml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("js.yaml:8:15: spec.failurePolicy.rules[0].action", done.stdout)
        self.assertIn("Did you mean RestartJobSet?", done.stdout)
        self.assertIn("js.yaml:9:3: spec.coordinater", done.stdout)

    def test_a_jobs_own_errors_are_found_before_it_is_made(self):
        text = jobset("js", "true", job="        parallelism: -1")
        done = self.reprieve("validate", self.write(text, "js.yaml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("spec.replicatedJobs[0].template.spec.parallelism", done.stdout)

    def test_an_expression_that_does_not_compile_is_a_warning(self):
        spec = "  failurePolicy:\n    rules:\n    - action: FailJobSet\n      onJobFailureMessagePatterns: ['a(b']"
        done = self.reprieve("validate", self.write(jobset("js", "true", spec=spec), "js.yaml"))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"Warning: js.yaml:9: spec.failurePolicy.rules\[0\].onJobFailureMessagePatterns\[0\] ")

    def test_gates_are_asked_for(self):
        done = self.reprieve("validate", example("restart-job.yaml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("RestartJob feature gate is disabled", done.stdout)
        self.assertIn("--feature-gates RestartJob=true", done.stdout)
        self.assertRegex(done.stdout, r"spec.failurePolicy.rules\[\d\].action")
        done = self.reprieve("validate", "--feature-gates", "RestartJobs=true", example("restart-job.yaml"))
        self.assertIn("did you mean RestartJob?", done.stderr)


    def test_what_never_ends_is_refused(self):
        for text in (jobset("js", "true", members="    replicas: 0"),
                     jobset("js", "true", job="        parallelism: 0")):
            done = self.reprieve("run", self.write(text))
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("never ends", done.stderr)
            self.assertFalse((self.cwd / "reprieve-state").exists())

    def test_names_in_rules_list_what_there_is(self):
        spec = ("  failurePolicy:\n    rules:\n    - action: FailJobSet\n      onJobFailureReasons: [PodFailurePolcy]\n"
                "      targetReplicatedJobs: [v]")
        done = self.reprieve("validate", self.write(jobset("js", "true", spec=spec)))
        self.assertIn("Did you mean PodFailurePolicy?", done.stdout)
        self.assertIn("not one of the replicated jobs, w", done.stdout)


class Interruption(Reprieve):
    def test_ctrl_c_ends_the_whole_group(self):
        manifest = self.write(jobset("js", f"exec sleep {mark()}", members="    replicas: 3"))
        with subprocess.Popen([binary(), "run", manifest], cwd=self.cwd, text=True, stdout=subprocess.PIPE) as run:
            seen = ""
            while seen.count(" runs on ") < 3:
                seen += run.stdout.readline()
            run.send_signal(signal.SIGINT)
            rest = run.stdout.read()
            self.assertEqual(run.wait(), 130, rest)
        self.assertIn("JobSet js was interrupted", rest)
        self.assert_gone(mark())


if __name__ == "__main__":
    main()
