#!/usr/bin/env python3
"""`reprieve lint` by the real binary: every page's manifests, settings, suppressions, the forms of output.

Usage: lint_test.py REPRIEVE [TEST...]
"""
import json
import os
import re
import subprocess

from harness import HERE, Reprieve, binary, main
from lint_pages import PAGES, arguments, manifests, marked_line


class Lint(Reprieve):
    def lint(self, *args, code=None, stdin=None):
        done = self.reprieve("lint", "-o", "json", *map(str, args), stdin=stdin)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def codes(self, *args, **more):
        return [(found["code"], found["severity"]) for found in self.lint(*args, **more)]


class Pages(Lint):
    def test_every_code_has_a_page_with_its_title_and_severity(self):
        table = (HERE.parent.parent / "docs" / "LINT.md").read_text()
        for page in PAGES:
            told = self.reprieve("lint", "--explain", page.stem)
            self.assertEqual(told.stdout, page.read_text(), page.name)
            title, severity = re.match(rf"# {page.stem}: (.*)\n\nSeverity: (\w+)\n", told.stdout).groups()
            self.assertIn(f"| [{page.stem}](lint/{page.name}) | {severity} | {title} |", table)
        self.assertIn(f"RP001 to {PAGES[-1].stem}", self.reprieve("lint", "--explain", "RP999").stderr)

    def test_the_bad_manifest_of_each_page_has_its_finding_and_no_other(self):
        for page in PAGES:
            with self.subTest(page.stem):
                bad = manifests(page)["Bad"]
                found = self.lint(self.write(bad), *arguments(page), "--fail-on", "info", code=1)
                self.assertEqual([(each["code"], each["line"]) for each in found],
                                 [(page.stem, marked_line(page.stem, bad))])
                severity = re.search(r"^Severity: (\w+)$", page.read_text(), re.M)[1]
                self.assertEqual(found[0]["severity"], severity)

    def test_the_good_manifest_of_each_page_has_no_finding_at_all(self):
        for page in PAGES:
            with self.subTest(page.stem):
                self.assertEqual(self.lint(self.write(manifests(page)["Good"]), *arguments(page), code=0), [])

    def test_each_finding_says_why_and_what_to_change_in_one_sentence_each(self):
        for page in PAGES:
            (found,) = self.lint(self.write(manifests(page)["Bad"]), *arguments(page))
            for text in (found["message"], found["change"]):
                self.assertRegex(text, r"[.?]$", page.stem)
                self.assertLessEqual(len(re.findall(r"[.?](?= [A-Z])", text)), 0, f"{page.stem}: {text}")


TTL = """apiVersion: batch/v1
kind: Job
metadata:
  name: %s%s
spec:
  ttlSecondsAfterFinished: 0%s
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: none, command: ["true"]}]
"""


def job(name="train", annotations="", comment=""):
    """A Job with one finding, RP022 at line 6 (7 with annotations)."""
    return TTL % (name, annotations and "\n  annotations: {%s}" % annotations, comment)


class Suppressions(Lint):
    def test_a_comment_with_a_reason_on_the_line_or_above_it_suppresses(self):
        self.assertEqual(self.lint(self.write(job(comment="  # reprieve:ignore RP022 the logs are kept")), code=0), [])
        above = job().replace("  ttl", "  # reprieve:ignore RP001,RP022 the logs are kept\n  # more\n  ttl")
        self.assertEqual(self.codes(self.write(above), code=0), [("RP027", "info")])
        self.assertEqual(self.codes(self.write(above.replace("RP001,", "")), code=0), [])

    def test_a_comment_without_a_reason_suppresses_nothing_and_says_so(self):
        found = self.lint(self.write(job(comment="  # reprieve:ignore RP022")), code=1)
        self.assertEqual([each["code"] for each in found], ["RP022", "RP027"])
        self.assertIn("without a reason", found[1]["message"])

    def test_a_code_that_does_not_exist_names_the_nearest(self):
        found = self.lint(self.write(job(comment="  # reprieve:ignore RP0222 all right")), code=1)
        self.assertEqual([each["code"] for each in found], ["RP022", "RP027"])
        self.assertIn("RP022", found[1]["change"])

    def test_a_comment_on_another_line_or_inside_quotes_suppresses_nothing(self):
        self.assertEqual(self.codes(self.write("# reprieve:ignore RP022 not here\n" + job()), code=1),
                         [("RP027", "info"), ("RP022", "warning")])
        self.assertEqual(self.codes(self.write(job(annotations="a: ' # reprieve:ignore RP022 no'")), code=1),
                         [("RP022", "warning")])

    def test_an_annotation_suppresses_in_the_whole_object(self):
        self.assertEqual(self.lint(self.write(job(annotations='reprieve.dev/lint-ignore: "RP022: kept; RP001: x"')),
                                   code=0), [])
        found = self.codes(self.write(job(annotations='reprieve.dev/lint-ignore: "RP022"')), code=1)
        self.assertEqual(sorted(found), [("RP022", "warning"), ("RP027", "warning")])

    def test_the_annotation_means_nothing_to_the_other_verbs(self):
        name = self.write(job(annotations='reprieve.dev/lint-ignore: "RP022: kept"'))
        done = self.reprieve("validate", name)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_an_annotation_of_a_replicated_job_holds_for_it_alone(self):
        jobs = "".join(f"""
  - name: {name}
    template:
      metadata: {{annotations: {{{annotation}}}}}
      spec:
        ttlSecondsAfterFinished: 0
        template:
          spec:
            restartPolicy: Never
            containers: [{{name: main, image: none}}]"""
                       for name, annotation in [("a", 'reprieve.dev/lint-ignore: "RP028: kept"'), ("b", "")])
        text = f"""apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {{name: js}}
spec:
  replicatedJobs:{jobs}
"""
        found = self.lint(self.write(text), code=1)
        self.assertEqual([each["field"] for each in found],
                         ["spec.replicatedJobs[1].template.spec.ttlSecondsAfterFinished"])


class Settings(Lint):
    def test_the_command_line_disables_and_sets_the_threshold(self):
        name = self.write(job())
        self.assertEqual(self.codes(name, code=1), [("RP022", "warning")])
        self.assertEqual(self.codes(name, "--disable", "rp001,RP022", code=0), [])
        self.assertEqual(self.codes(name, "--fail-on", "error", code=0), [("RP022", "warning")])
        self.assertEqual(self.codes(name, "--fail-on", "never", code=0), [("RP022", "warning")])
        done = self.reprieve("lint", name, "--disable", "RP0022")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Did you mean RP002?", done.stderr)

    def test_settings_are_found_in_the_nearest_folder_above(self):
        (self.cwd / ".git").mkdir()
        self.write("severity: {RP022: error}\nfail-on: never\n", ".reprieve-lint.yaml")
        (self.cwd / "deep" / "er").mkdir(parents=True)
        self.write(job(), "deep/er/job.yaml")
        top, self.cwd = self.cwd, self.cwd / "deep" / "er"
        self.assertEqual(self.codes("job.yaml", code=0), [("RP022", "error")])
        self.assertEqual(self.codes("job.yaml", "--fail-on", "error", code=1), [("RP022", "error")])
        (top / "deep" / ".git").mkdir()
        self.assertEqual(self.codes("job.yaml", code=1), [("RP022", "warning")])

    def test_settings_name_versions_and_gates_and_the_command_line_wins(self):
        text = job().replace("ttlSecondsAfterFinished: 0", "managedBy: example.com/mine")
        self.write(text)
        self.write("kubernetes-version: 1.31\n", "my.yaml")
        found = self.lint("job.yaml", "--config", "my.yaml", code=1)
        self.assertEqual([(each["code"], each["line"], each["object"]) for each in found], [("RP026", 6, "Job train")])
        self.assertEqual(self.codes("job.yaml", "--config", "my.yaml", "--kubernetes-version", "1.37", code=0), [])
        self.write(job(annotations="reprieve.dev/lint-ignore: 'RP026: until the upgrade'").replace("ttlSecondsAfterFinished: 0", "managedBy: example.com/mine"))
        self.assertEqual(self.codes("job.yaml", "--config", "my.yaml", code=0), [])

    def test_wrong_settings_are_told_all_at_once_with_their_lines(self):
        self.write(job())
        self.write("disabled: [RP001]\nseverity: {RP099: error, RP001: bad}\nfail-on: sometimes\n"
                   "kubernetes-version: 1.2\ndisable: RP001\n", ".reprieve-lint.yaml")
        done = self.reprieve("lint", "job.yaml")
        self.assertEqual(done.returncode, 2)
        for said in (".reprieve-lint.yaml:1:1", "Did you mean disable?", "severity.RP099", "severity.RP001", ":3:10", ":4:21",
                     "expected a list of codes"):
            self.assertIn(said, done.stderr)
        self.assertEqual(self.reprieve("lint", "job.yaml", "--config", "none.yaml").returncode, 2)


class Input(Lint):
    def test_other_kinds_are_passed_over_and_names_may_come_twice(self):
        self.write(job() + "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 1}]}\n"
                   "---\napiVersion: example.com/v1\nkind: Job\n---\nreplicas: 3\n---\n# nothing\n", "a.yaml")
        self.write(job(), "b.yaml")
        self.assertEqual([each["file"] for each in self.lint(".", code=1)], ["./a.yaml", "./b.yaml"])

    def test_the_jobs_that_a_cronjob_makes_are_looked_at(self):
        indented = "".join(f"    {line}\n" for line in job().split("spec:\n", 1)[1].splitlines())
        text = ("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec:\n  schedule: '0 1 * * *'\n"
                f"  jobTemplate:\n    spec:\n{indented}")
        (found,) = self.lint(self.write(text), code=1)
        self.assertEqual((found["code"], found["line"], found["object"], found["field"]),
                         ("RP022", 8, "CronJob nightly", "spec.jobTemplate.spec.ttlSecondsAfterFinished"))
        # One that the server refuses is told as validate tells it.
        for wrong in (text.replace("Never", "never"), text.replace("'0 1 * * *'", "'61 * * * *'")):
            done = self.reprieve("lint", self.write(wrong))
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertNotEqual(done.stderr + done.stdout, "")

    def test_standard_input_as_helm_prints_it(self):
        text = "---\n# Source: chart/templates/job.yaml\n" + job()
        self.assertEqual([(each["file"], each["line"]) for each in self.lint("-", stdin=text, code=1)], [("<stdin>", 8)])

    def test_manifests_that_are_not_valid_are_told_as_validate_tells_them_and_the_others_are_looked_at(self):
        bad = job("bad").replace("Never", "never")
        self.write(bad + "---\n" + job(), "job.yaml")
        validate = self.reprieve("validate", "-o", "json", "job.yaml")
        found = self.reprieve("lint", "-o", "json", "job.yaml")
        self.assertEqual((found.returncode, validate.returncode), (2, 2))
        lines = found.stdout.splitlines()
        self.assertEqual(lines[:1], validate.stdout.splitlines())
        self.assertEqual([json.loads(line)["code"] for line in lines[1:]], ["RP022"])

    def test_a_job_that_is_misspelt_is_not_passed_over(self):
        self.write(job().replace("kind: Job", "kind: job"))
        self.assertIn("Did you mean Job?", self.reprieve("lint", "job.yaml").stdout)
        self.write(job().replace("apiVersion: batch/v1", "apiVersion: jobset.x-k8s.io/v1alpha1").replace("kind: Job", "kind: JobSet"))
        self.assertIn("The apiVersion of a JobSet is", self.reprieve("lint", "job.yaml").stdout)

    def test_what_a_version_refuses_is_a_finding(self):
        self.write(job().replace("ttlSecondsAfterFinished: 0", "scheduling: {}"))
        found = self.lint("job.yaml", "--kubernetes-version", "1.31", code=1)
        self.assertEqual([(each["code"], each["severity"], each["line"]) for each in found], [("RP026", "error", 6)])

    def test_no_file_and_no_findings(self):
        self.assertEqual(self.reprieve("lint").returncode, 2)
        done = self.reprieve("lint", self.write(job().replace("After", "After").replace(": 0", ": 604800")))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Outputs(Lint):
    def test_text_shows_the_line_the_reason_and_the_change(self):
        done = self.reprieve("lint", self.write(job()))
        self.assertEqual(done.stdout, """job.yaml:6:28: warning RP022: spec.ttlSecondsAfterFinished
    6 |   ttlSecondsAfterFinished: 0
      |                            ^ The Job, its pods and their logs are deleted as soon as it ends, before anyone has looked at a failure.
  Set it to at least a working day (86400), or collect logs and status elsewhere.

1 warning in job.yaml. `reprieve lint --explain CODE` explains each.
""")

    def test_github_commands_are_escaped(self):
        done = self.reprieve("lint", "-o", "github", self.write(job(), "a,b%.yaml"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^::warning file=a%2Cb%25\.yaml,line=6,col=28,title=RP022 A TTL [^:]*::The Job, .*\n$")

    def test_sarif_has_what_readers_need(self):
        self.write(job(), "a b.yaml")
        self.write(job("bad").replace("Never", "never"), "bad.yaml")
        done = self.reprieve("lint", "-o", "sarif", "./a b.yaml", "bad.yaml")
        self.assertEqual(done.returncode, 2)
        sarif = json.loads(done.stdout)
        self.assertEqual(sarif["version"], "2.1.0")
        (run,) = sarif["runs"]
        (result,) = run["results"]
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        self.assertEqual((rule["id"], result["ruleId"], result["level"]), ("RP022", "RP022", "warning"))
        self.assertIn("## Bad", rule["help"]["markdown"])
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "a%20b.yaml")
        self.assertEqual(place["region"], {"startLine": 6, "startColumn": 28})
        (invocation,) = run["invocations"]
        self.assertFalse(invocation["executionSuccessful"])
        (told,) = invocation["toolExecutionNotifications"]
        self.assertIn("restartPolicy", told["message"]["text"])

    def test_sarif_of_nothing_is_a_run_without_results(self):
        self.write(job(comment="  # reprieve:ignore RP022 kept"))
        sarif = json.loads(self.reprieve("lint", "-o", "sarif", "job.yaml").stdout)
        self.assertEqual(sarif["runs"][0]["results"], [])
        self.assertEqual(sarif["runs"][0]["invocations"], [{"executionSuccessful": True}])


class Recipes(Lint):
    """What docs/LINT.md shows is what happens."""
    DOC = (HERE.parent.parent / "docs" / "LINT.md").read_text()

    def on_path(self, *command):
        folder = self.cwd / "bin"
        folder.mkdir(exist_ok=True)
        if not (folder / "reprieve").exists():
            (folder / "reprieve").symlink_to(binary())
        return subprocess.run(command, cwd=self.cwd, text=True, capture_output=True, timeout=60,
                              env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null"})

    def block(self, kind, holds):
        (found,) = [block for block in re.findall(rf"^```{kind}\n(.*?)^```", self.DOC, re.M | re.S) if holds in block]
        return found

    def test_the_first_example_is_what_is_printed(self):
        bad = manifests([page for page in PAGES if page.stem == "RP005"][0])["Bad"].replace("  # RP005", "")
        done = self.reprieve("lint", self.write(bad, "train.yaml"))
        shown = self.DOC.split("    $ reprieve lint train.yaml\n")[1].split("\n\n`reprieve lint` needs")[0]
        self.assertEqual([line[4:] for line in shown.splitlines()], done.stdout.splitlines())

    def test_the_settings_are_read(self):
        self.write(self.block("yaml", "disable:"), ".reprieve-lint.yaml")
        done = self.reprieve("lint", self.write(job()))
        self.assertEqual((done.returncode, done.stderr), (1, ""))

    def test_the_workflows_find_what_there_is_to_find(self):
        (self.cwd / "manifests").mkdir()
        self.write(job(), "manifests/job.yaml")
        commands = re.findall(r"- run: (reprieve lint .*)", self.DOC)
        self.assertEqual(len(commands), 2)
        annotated = self.on_path("sh", "-ec", commands[0])
        self.assertEqual(annotated.returncode, 1)
        self.assertIn("::warning file=manifests/job.yaml,line=6", annotated.stdout)
        scanned = self.on_path("sh", "-ec", commands[1])
        self.assertEqual(scanned.returncode, 0, scanned.stderr)
        self.assertEqual(len(json.loads((self.cwd / "reprieve.sarif").read_text())["runs"][0]["results"]), 1)

    def test_the_hook_stops_a_commit_with_findings(self):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
        if self.on_path(*git, "init", "-q", ".").returncode != 0:
            self.skipTest("there is no git on this machine")
        hook = self.cwd / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(self.block("sh", "git diff"))
        hook.chmod(0o755)
        self.write("hello", "readme.txt")
        self.on_path(*git, "add", "readme.txt")
        self.assertEqual(self.on_path(*git, "commit", "-qm", "no manifests").returncode, 0)
        self.write(job())
        self.on_path(*git, "add", "job.yaml")
        stopped = self.on_path(*git, "commit", "-qm", "bad")
        self.assertEqual(stopped.returncode, 1)
        self.assertIn("RP022", stopped.stdout + stopped.stderr)
        self.write(job().replace("Finished: 0", "Finished: 604800"))
        self.on_path(*git, "add", "job.yaml")
        self.assertEqual(self.on_path(*git, "commit", "-qm", "good").returncode, 0)


if __name__ == "__main__":
    main()
