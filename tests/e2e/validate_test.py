#!/usr/bin/env python3
"""What people are told about manifests with errors, by the real binary: `reprieve validate`, and `run` before it starts.

Usage: validate_test.py REPRIEVE [TEST...]
"""
import json

from harness import HERE, Reprieve, main

CASES = HERE / "cases"

JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: %s}
spec:
  template:
    spec:
      restartPolicy: %s
      containers: [{name: main, image: none, command: ["true"]}]
"""


class Errors(Reprieve):
    def errors(self, *files):
        """All errors of `validate`, as JSON; they must come in one round, in the order of files and lines."""
        done = self.reprieve("validate", "-o", "json", *map(str, files))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, *args):
        done = self.reprieve("run", *map(str, args))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("nothing was started", done.stderr)
        return done.stderr


class Places(Errors):
    def test_a_name_that_is_taken_names_the_other_file_and_line(self):
        self.write(JOB % ("a", "Never"), "one.yaml")
        self.write("# a comment\n" + JOB % ("a", "Never"), "two.yaml")
        (error,) = self.errors("one.yaml", "two.yaml")
        self.assertEqual((error["file"], error["line"]), ("two.yaml", 4))
        self.assertIn("there is a Job a already, at one.yaml:3", error["message"])

    def test_a_taken_name_is_told_together_with_what_else_is_wrong(self):
        self.write(JOB % ("a", "Never"), "one.yaml")
        self.write(JOB % ("a", "never"), "two.yaml")
        self.assertEqual([(error["file"], error["field"]) for error in self.errors("one.yaml", "two.yaml")],
                         [("two.yaml", "metadata.name"), ("two.yaml", "spec.template.spec.restartPolicy")])

    def test_errors_stand_in_the_order_of_the_files(self):
        self.write(JOB % ("z", "never"), "z.yaml")
        self.write("a:\n\tb: 1\n", "m.yaml")
        self.write(JOB % ("a", "never"), "a.yaml")
        self.assertEqual([error["file"] for error in self.errors("z.yaml", "m.yaml", "a.yaml")],
                         ["z.yaml", "m.yaml", "a.yaml"])

    def test_errors_of_run_itself_stand_among_the_others(self):
        self.write(JOB % ("first", "Never") + "  suspend: true\n", "a.yaml")
        self.write(JOB % ("second", "never"), "b.yaml")
        told = self.refused("b.yaml", "a.yaml")
        self.assertLess(told.index("b.yaml:"), told.index("a.yaml:"))
        self.assertIn("a suspended Job never ends", told)

    def test_a_jobset_and_its_jobs_are_told_in_one_round(self):
        text = """apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  successPolicy: {operator: Some}
  replicatedJobs:
  - name: a
    template:
      spec:
        template:
          spec:
            containers: [{name: A_B, image: none}]
"""
        self.assertEqual([(error["line"], error["field"]) for error in self.errors(self.write(text))],
                         [(5, "spec.successPolicy.operator"),
                          (12, "spec.replicatedJobs[0].template.spec.template.spec.containers[0].name")])


class Yaml(Errors):
    def test_a_tab_is_called_a_tab_and_the_line_is_shown(self):
        told = self.refused(self.write("apiVersion: batch/v1\nkind: Job\nmetadata:\n\tname: a\n"))
        self.assertIn("job.yaml:4:1", told)
        self.assertIn("4 |  name: a", told)
        self.assertIn("a tab: YAML is indented with blanks only", told)

    def test_a_template_is_called_a_template(self):
        for text, line in (("kind: Job\nmetadata: {name: {{ .Values.name }}}\n", 2),
                           ("kind: Job\nspec:\n{{- if .Values.x }}\n  a: b\n{{- end }}\n", 3),
                           ("kind: {{ .Values.kind }}\n", 1)):
            (error,) = self.errors(self.write(text))
            self.assertEqual(error["line"], line)
            self.assertIn("template", error["message"])
            self.assertIn("Render the template first", error["advice"])

    def test_advice_quotes_what_was_written(self):
        advice = [error.get("advice") for error in self.errors(CASES / "quote.yaml")]
        self.assertEqual(advice, [f'Quote it: "{word}".' for word in
                                  ("1.10", "yes", "0644", "1e-4", "12345678901234567890", "0xFF", "1_000")])
        advice = [error.get("advice") for error in self.errors(CASES / "yaml-advice.yaml")]
        self.assertEqual(advice, [f'Quote it: "{word}".' for word in
                                  ("1.10", "1e10", "0777", "off", "Y", "on", "12e5", "0x1F", "3.10")])


class Words(Errors):
    def test_a_secret_with_an_error_is_not_called_missing(self):
        told = self.refused(CASES / "badb64.yaml")
        self.assertIn("data[b]", told)
        self.assertIn("1 error in ", told)
        self.assertNotIn("missing", told)

    def test_a_restart_policy_is_told_once(self):
        (error,) = self.errors(self.write(JOB % ("a", "never")))
        self.assertEqual(error["field"], "spec.template.spec.restartPolicy")
        self.assertEqual(error["message"], "not one of OnFailure, Never")
        self.assertEqual(error["advice"], "Did you mean Never?")

    def test_an_unknown_feature_gate_names_those_that_there_are(self):
        done = self.reprieve("validate", "--feature-gates", "foo", self.write(JOB % ("a", "Never")))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ElasticJobSet, InPlaceRestart, RestartJob and AllAlpha", done.stdout + done.stderr)


class Kinds(Errors):
    """What stands beside Jobs in a manifest."""

    CRON_JOB = """apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "%s"
  timeZone: %s
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: none, command: ["true"]}]
"""
    POD = """apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  containers: [{name: main, image: none, command: ["true"]}]
"""
    SERVICE = """apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: %s}]
"""

    def test_what_is_right_is_silent(self):
        self.write("---\n".join([self.CRON_JOB % ("0 5 * * mon-fri", "Europe/Berlin"), self.POD % "p", self.SERVICE % 80]))
        done = self.reprieve("validate", "job.yaml")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_schedules_and_time_zones_are_read_as_the_server_reads_them(self):
        errors = self.errors(self.write(self.CRON_JOB % ("0 25 * * *", "Europe/Berlim")))
        self.assertEqual([(error["line"], error["field"]) for error in errors], [(5, "spec.schedule"), (6, "spec.timeZone")])
        self.assertIn("end of range (25) above maximum (23): 25", errors[0]["message"])
        self.assertIn("unknown time zone Europe/Berlim", errors[1]["message"])

    def test_all_kinds_are_told_in_one_round_with_their_own_fields(self):
        cron_job = self.CRON_JOB.replace("timeZone", "timezone") % ("@daily", "UTC")
        self.write("---\n".join([cron_job, self.POD % "P", self.SERVICE % "'80'"]))
        errors = self.errors("job.yaml")
        self.assertEqual([(error["line"], error["field"]) for error in errors],
                         [(6, "spec.timezone"), (16, "metadata.name"), (24, "spec.ports[0].port")])
        self.assertEqual(errors[0]["advice"], "Did you mean timeZone?")

    def test_versions_are_followed(self):
        pod = self.POD % "p" + "  hostnameOverride: q\n"
        self.write("---\n".join([pod, self.CRON_JOB.replace("          restartPolicy", "          hostnameOverride: q\n"
                                                                      "          restartPolicy") % ("@daily", "UTC")]))
        done = self.reprieve("validate", "--kubernetes-version", "1.33", "-o", "json", "job.yaml")
        self.assertEqual([json.loads(line)["field"] for line in done.stdout.splitlines()],
                         ["spec.hostnameOverride", "spec.jobTemplate.spec.template.spec.hostnameOverride"])
        self.assertEqual(self.reprieve("validate", "job.yaml").returncode, 0)

    def test_run_passes_over_what_it_does_not_run(self):
        self.write("---\n".join([JOB % ("a", "Never"), self.CRON_JOB % ("@daily", "UTC"), self.SERVICE % 80]))
        done = self.reprieve("run", "job.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"(?m)^Skipped CronJob \S+ \(job.yaml:\d+\): --cronjob \S+ runs its Job once$")
        self.assertRegex(done.stderr, r"(?m)^Warning: skipped Service \S+ \(job.yaml:\d+\): only headless ones")

    def test_a_kind_in_another_version_is_told(self):
        (error,) = self.errors(self.write((self.CRON_JOB % ("@daily", "UTC")).replace("batch/v1", "batch/v1beta1")))
        self.assertEqual(error["advice"], "The apiVersion of a CronJob is batch/v1.")


class Exported(Errors):
    def test_what_a_server_has_added_is_refused_and_the_flag_is_named(self):
        errors = self.errors(CASES / "exported.yaml")
        fields = [error["field"] for error in errors]
        self.assertIn("metadata.resourceVersion", fields)
        self.assertIn("spec.selector", fields)
        self.assertIn("spec.template.metadata.labels[controller-uid]", fields)
        for error in errors:
            self.assertIn("--exported", error["advice"])
            self.assertGreater(error["line"], 1)

    def test_each_error_has_its_own_line(self):
        (error,) = self.errors(CASES / "x2-plain.yaml")
        self.assertEqual((error["line"], error["field"]), (28, "metadata.resourceVersion"))
        self.assertIn("--exported", error["advice"])

    def test_without_it_the_job_runs_and_completes(self):
        for case in ("exported.yaml", "x2-plain.yaml"):
            done = self.reprieve("run", "--exported", str(CASES / case))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("Job demo completed", done.stdout)
            self.assertEqual(self.reprieve("validate", "--exported", str(CASES / case)).returncode, 0)


class Versions(Errors):
    """What the named versions of Kubernetes and JobSet make of fields that not all of them serve."""

    QUEUED = (JOB % ("a", "Never")).replace("spec:\n", "spec:\n  managedBy: example.com/queue\n", 1)
    RENAMED = (JOB % ("a", "Never")).replace("      restartPolicy", "      hostnameOverride: b\n      restartPolicy")
    JOBSET = """apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  replicatedJobs:
  - name: a
    groupName: g
    template:
      spec:
        template:
          spec:
            hostnameOverride: b
            containers: [{name: c, image: none, command: ["true"]}]
"""

    def validated(self, code, *args):
        done = self.reprieve("validate", *map(str, args))
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_what_is_dropped_is_a_warning_at_its_line(self):
        done = self.validated(0, "--kubernetes-version", "1.31", self.write(self.QUEUED))
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr,
                         "Warning: job.yaml:5: spec.managedBy: Kubernetes 1.31 drops this field unless the gate JobManagedBy "
                         "is on (alpha there, off by default, on from 1.32)\n")
        self.assertEqual(self.validated(0, "--kubernetes-version", "1.32", "job.yaml").stderr, "")
        self.assertEqual(self.validated(0, "job.yaml").stderr, "")

    def test_what_is_dropped_must_be_of_its_type_all_the_same(self):
        self.write(self.QUEUED.replace("example.com/queue", "1"))
        done = self.validated(2, "--kubernetes-version", "1.31", "job.yaml")
        self.assertIn("^ 1, a number where text was expected", done.stdout)
        self.assertIn("drops this field", done.stderr)

    def test_a_dropped_field_is_an_object_in_json(self):
        done = self.validated(0, "--kubernetes-version", "v1.31.14", "-o", "json", self.write(self.QUEUED))
        (warning,) = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((warning["type"], warning["line"], warning["column"], warning["field"]),
                         ("warning", 5, 14, "spec.managedBy"))
        self.assertIn("JobManagedBy", warning["message"])

    def test_what_is_unknown_is_an_error(self):
        done = self.validated(2, "--kubernetes-version", "1.33", self.write(self.RENAMED))
        self.assertIn("job.yaml:7:25: spec.template.spec.hostnameOverride", done.stdout)
        self.assertIn("^ Kubernetes 1.33 does not know this field; it came with 1.34", done.stdout)
        self.assertIn("1 error in", done.stdout)

    def test_a_refused_value_is_told_once(self):
        text = (JOB % ("a", "Never")).replace(
            "      restartPolicy", "      tolerations: [{key: a, operator: Lt, value: '1'}]\n      restartPolicy")
        (error,) = self.errors(self.write(text))
        self.assertIn("Kubernetes 1.37 refuses this value unless the gate TaintTolerationComparisonOperators is on",
                      error["message"])

    def test_a_jobset_meets_two_versions(self):
        self.write(self.JOBSET)
        done = self.validated(2, "--jobset-version", "0.8", "-o", "json", "job.yaml")
        self.assertEqual([(error["line"], error["message"].partition(":")[0]) for error in
                          map(json.loads, done.stdout.splitlines())],
                         [(7, "JobSet 0.8 does not know this field; it came with 0.9"),
                          (12, "JobSet 0.8 does not know this field")])
        done = self.validated(0, "--jobset-version", "0.10", "--kubernetes-version", "1.33", "job.yaml")
        self.assertIn("job.yaml:12: ", done.stderr)
        self.assertIn("the JobSet's Jobs lose it", done.stderr)

    def test_unknown_versions_are_refused_with_the_known_ones(self):
        self.write(self.QUEUED)
        for verb in ("validate", "run"):
            done = self.reprieve(verb, "--kubernetes-version", "1.30", "job.yaml")
            self.assertEqual(done.returncode, 2)
            self.assertIn('unknown version of Kubernetes "1.30"; known are 1.31 to 1.37', done.stdout + done.stderr)
            done = self.reprieve(verb, "--jobset-version", "1", "job.yaml")
            self.assertEqual(done.returncode, 2)
            self.assertIn('unknown version of JobSet "1"; known are 0.8 to 0.13', done.stdout + done.stderr)

    def test_run_runs_without_what_the_server_drops(self):
        # `run` refuses pods with user namespaces; 1.32 drops the field.
        text = (JOB % ("a", "Never")).replace("      restartPolicy", "      hostUsers: false\n      restartPolicy")
        self.assertIn("spec.template.spec.hostUsers", self.refused(self.write(text)))
        done = self.reprieve("run", "--kubernetes-version", "1.32", "job.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("job.yaml:7: spec.template.spec.hostUsers: Kubernetes 1.32 drops this field", done.stderr)


if __name__ == "__main__":
    main()
