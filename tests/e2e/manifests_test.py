#!/usr/bin/env python3
"""Manifests as people have them: what charts and overlays render, what servers print, and what is written in the wrong place.

Usage: manifests_test.py REPRIEVE [TEST...]
"""
import json
import unittest

from harness import HERE, Reprieve, job, main
from machine import needs_mounts

TREES = HERE / "trees"

CRON_JOB = """apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, uid: 1-2-3, resourceVersion: "7"}
spec:
  schedule: "@daily"
  jobTemplate:
    metadata: {labels: {team: a}}
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: b, command: [sh, -c, "echo the night has come"]}]
status: {}
"""

POD = """apiVersion: v1
kind: Pod
metadata: {name: alone%s}
spec:
  restartPolicy: Never
%s
  containers:
  - name: main
    image: b
    command: [sh, -c, "%s"]
"""


class Manifests(Reprieve):
    def ends(self, code, *args):
        done = self.reprieve("run", "--logs", *args)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done


class Trees(Manifests):
    def tree(self, name, *args):
        return self.ends(0, *args, str(TREES / name))

    @needs_mounts
    def test_a_chart_with_a_subchart(self):
        done = self.tree("etl")
        self.assertIn("loaded 3 rows", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^Warning: skipped Deployment demo-cache \(apps/v1; .*all.yaml:\d+\): what it serves "
                                      r"will not be there$")
        self.assertRegex(done.stderr, r"(?m)^Skipped ServiceAccount demo-etl \(.*\): it plays no part on one machine$")
        self.assertRegex(done.stderr, r"(?m)^Skipped RoleBinding demo-etl ")
        self.assertRegex(done.stderr, r"(?m)^Warning: skipped Service demo-cache ")
        self.assertEqual(done.stderr.count("Skipped Role demo-etl"), 1)

    @needs_mounts
    def test_an_overlay_whose_cron_job_is_named(self):
        done = self.tree("nightly", "--cronjob", "prod-report")
        self.assertIn("report of 7 days", done.stdout)
        self.assertIn("Job reports/prod-report-manual completed", done.stdout)

    def test_without_its_name_nothing_of_it_runs_and_the_flag_is_told(self):
        done = self.ends(2, str(TREES / "nightly"))
        self.assertIn("--cronjob prod-report runs its Job once", done.stderr)

    def test_a_job_set_with_its_queues(self):
        done = self.tree("training", "--network", "host")
        self.assertIn("working as rank 1", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^Skipped ClusterQueue gpu \(kueue.x-k8s.io/v1beta1; ")
        self.assertRegex(done.stderr, r"(?m)^Skipped PodDisruptionBudget train ")

    def test_a_migration_before_its_database(self):
        done = self.tree("migration")
        self.assertIn("on app-db", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^Warning: skipped StatefulSet app-db ")
        self.assertRegex(done.stderr, r"(?m)^Skipped ServiceMonitor app \(monitoring.coreos.com/v1; ")

    def test_a_list_with_a_pod(self):
        done = self.tree("smoke")
        self.assertIn("asked from smoke-test", done.stdout)
        self.assertIn("Pod smoke-test completed: PodSucceeded", done.stdout)


class Kinds(Manifests):
    def test_many_of_one_kind_are_one_line(self):
        text = "".join(f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: a{i}}}\n---\n" for i in range(5))
        done = self.ends(0, self.write(text + job("j", "true")))
        self.assertRegex(done.stderr, r"^Skipped 5 ServiceAccounts \(v1; job.yaml:1, job.yaml:5, job.yaml:9, ...\): they play no part on "
                                      r"one machine\n$")

    def test_a_kind_of_ours_in_another_group_is_named_with_its_own(self):
        for kind, wrong, right in (("Job", "apps/v1", "batch/v1"), ("Job", "v1", "batch/v1"), ("JobSet", "batch/v1", "jobset.x-k8s.io/v1alpha2"),
                                   ("Pod", "batch/v1", "v1"), ("CronJob", "batch/v1beta1", "batch/v1"),
                                   ("JobSet", "jobset.x-k8s.io/v1", "jobset.x-k8s.io/v1alpha2")):
            with self.subTest(f"{wrong} {kind}"):
                done = self.ends(2, self.write(f"apiVersion: {wrong}\nkind: {kind}\nmetadata: {{name: a}}\n"))
                self.assertIn(f"The apiVersion of a {kind} is {right}.", done.stderr)

    def test_that_of_other_people_is_skipped(self):
        done = self.ends(0, self.write("apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: v}\n---\n" + job("j", "true")))
        self.assertIn("Skipped Job v (batch.volcano.sh/v1alpha1; job.yaml:1)", done.stderr)

    def test_a_misspelt_one_is_not(self):
        done = self.ends(2, self.write("apiVersion: batch/v1\nkind: Jobb\nmetadata: {name: a}\n"))
        self.assertIn("Did you mean Job?", done.stderr)

    def test_nothing_to_run_is_an_error(self):
        done = self.ends(2, self.write("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"))
        self.assertIn("has no Job, no JobSet and no Pod in it", done.stderr)

    def test_templates_that_were_not_rendered_are_told(self):
        for text in ("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-job\n",
                     "{{- if .Values.on }}\napiVersion: batch/v1\nkind: Job\n{{- end }}\n",
                     "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: \"{{ .Release.Name }}\"\n"):
            with self.subTest(text):
                done = self.ends(2, self.write(text))
                self.assertIn("part of a template", done.stderr)
                self.assertIn("helm template", done.stderr)

    def test_braces_of_other_languages_are_no_templates(self):
        done = self.ends(0, self.write(job("j", "echo '{{ .Values.x }}' \"{{item}}\"").replace("echo", "echo")))
        self.assertIn("{{item}}", done.stdout)


class CronJobs(Manifests):
    def test_its_job_runs_once(self):
        done = self.ends(0, "--exported", "--cronjob", "nightly", self.write(CRON_JOB))
        self.assertIn("the night has come", done.stdout)
        self.assertIn("Job nightly-manual completed", done.stdout)

    def test_one_that_is_not_there_is_an_error(self):
        done = self.ends(2, "--exported", "--cronjob", "daily", self.write(CRON_JOB))
        self.assertIn("there is no CronJob daily in the manifests", done.stderr)

    def test_beside_a_job_it_is_skipped_with_a_line(self):
        done = self.ends(0, "--exported", self.write(CRON_JOB + "---" + job("j", "true")))
        self.assertEqual(done.stderr, "Skipped CronJob nightly (job.yaml:1): --cronjob nightly runs its Job once\n")


class BarePods(Manifests):
    def test_it_runs_under_its_own_name(self):
        done = self.ends(0, self.write(POD % ("", "", "echo I am $HOSTNAME")))
        self.assertIn("I am alone", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^\S+ +alone runs on n1$")
        self.assertIn("Pod alone completed: PodSucceeded (all containers succeeded)", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^alone completed after ")

    def test_its_failure_is_the_runs(self):
        done = self.ends(1, self.write(POD % ("", "", "echo why; exit 3")))
        self.assertIn("Pod alone failed: PodFailed (exited 3 in container main)", done.stdout)
        self.assertRegex(done.stdout, r"(?s)logs +\S*/default_alone/main/0.log.*why")
        done, events = self.events("job.yaml")
        summary = events[-1]
        self.assertEqual((summary["type"], summary["pod"], summary["result"]), ("summary", "alone", "Failed"))

    def test_its_deadline_is_its_end(self):
        text = POD % ("", "  activeDeadlineSeconds: 1\n  terminationGracePeriodSeconds: 1", "exec sleep 30")
        done = self.ends(1, self.write(text))
        self.assertIn("Pod alone failed: DeadlineExceeded (Pod was active on the node longer than the specified deadline)",
                      done.stdout)
        done, events = self.events("job.yaml")
        ended = next(event for event in events if event["type"] == "pod" and event["phase"] == "Failed")
        self.assertEqual(ended["end"], "failed: DeadlineExceeded")

    def test_it_restarts_as_its_policy_says(self):
        done = self.ends(0, "--backoff", "10ms", self.write((POD % ("", "", "test -e again || { touch again; exit 1; }")).replace("Never", "OnFailure")))
        self.assertIn("container main exited 1, restarted in place (1)", done.stdout)

    def test_an_exported_one_runs(self):
        text = POD % (", uid: 1-2, resourceVersion: '5', ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, uid: 2-3, controller: true}], "
                      "finalizers: [batch.kubernetes.io/job-tracking]", """  nodeName: worker-17
  priority: 0
  tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}]
  volumes:
  - name: kube-api-access-x7d2p
    projected: {sources: [{serviceAccountToken: {path: token}}]}""", "echo fine") + \
            "    volumeMounts: [{name: kube-api-access-x7d2p, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}]\n" + \
            "status: {phase: Running, podIP: 10.0.0.1}\n"
        done = self.ends(0, "--exported", self.write(text))
        self.assertIn("fine", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_incidents_find_it(self):
        done = self.ends(1, "--inject", "pod alone is killed at 0.3s", self.write(POD % ("", "", "sleep 30")))
        self.assertIn("exited 137", done.stdout)


class Suspended(Manifests):
    TEXT = job("s", "echo went on", spec="  suspend: true")

    def test_it_is_refused_with_the_way_on(self):
        done = self.ends(2, self.write(self.TEXT))
        self.assertIn("a suspended Job never ends", done.stderr)
        self.assertIn("--resume", done.stderr)

    def test_resume_runs_it(self):
        self.assertIn("went on", self.ends(0, "--resume", self.write(self.TEXT)).stdout)

    def test_an_incident_may_resume_it(self):
        self.assertIn("went on", self.ends(0, "--inject", "Job s is resumed at 0.3s", self.write(self.TEXT)).stdout)

    def test_a_job_set_too(self):
        text = """apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  suspend: true
  replicatedJobs:
  - name: w
    template: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b, command: [echo, went on]}]}}}}
"""
        self.assertIn("--resume", self.ends(2, self.write(text)).stderr)
        self.assertIn("went on", self.ends(0, "--resume", "job.yaml").stdout)
        self.assertIn("went on", self.ends(0, "--inject", "JobSet js is resumed at 0.3s", "job.yaml").stdout)


class Misplaced(Manifests):
    def told(self, text):
        return self.ends(2, self.write(text)).stderr

    def test_fields_of_a_job_under_its_pods(self):
        for field in ("backoffLimit: 3", "ttlSecondsAfterFinished: 5", "podFailurePolicy: {rules: []}"):
            with self.subTest(field):
                self.assertIn(f"It belongs to spec.{field.partition(':')[0]}.", self.told(job("j", "true", pod=f"      {field}")))

    def test_fields_of_a_pod_beside_its_template(self):
        self.assertIn("It belongs to spec.template.spec.restartPolicy.", self.told(job("j", "true", spec="  restartPolicy: Never")))
        self.assertIn("It belongs to spec.backoffLimit.", self.told(job("j", "true").replace("spec:\n", "backoffLimit: 1\nspec:\n", 1)))

    def test_fields_of_a_replicated_job_under_the_job_set(self):
        told = self.told("""apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  replicas: 2
  template: {spec: {template: {spec: {containers: [{name: a, image: b, command: ["true"]}]}}}}
""")
        self.assertIn("It belongs to spec.replicatedJobs[0].replicas.", told)
        self.assertIn("It belongs to spec.replicatedJobs[0].template.", told)


class Secrets(Manifests):
    def test_each_type_has_its_keys(self):
        done = self.reprieve("validate", str(HERE / "cases" / "secret-types.yaml"))
        self.assertEqual(done.returncode, 2)
        for field in ("data[tls.key]", "data[ssh-privatekey]", "data[.dockerconfigjson]", "data[username]", "data[password]"):
            self.assertRegex(done.stdout + done.stderr, r"secret-types.yaml:\d+(:\d+)?: " + field.replace("[", r"\[").replace("]", r"\]"))


class YamlAdvice(Manifests):
    def test_it_keeps_what_was_written(self):
        done = self.reprieve("validate", str(HERE / "cases" / "yaml-advice.yaml"))
        self.assertEqual(done.returncode, 2)
        for written in ('"1.10"', '"1e10"', '"0777"', '"off"', '"on"', '"12e5"', '"0x1F"', '"3.10"', '"Y"'):
            self.assertIn(written, done.stdout)


if __name__ == "__main__":
    main()
