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


if __name__ == "__main__":
    main()
