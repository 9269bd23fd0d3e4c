"""The recipes for CI of docs/TEST.md and docs/LINT.md, as they are printed there: what each does with a good and a bad policy."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from harness import HERE, Reprieve, binary, main

DOCS = HERE.parent.parent / "docs"

GOOD = """apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 86400
  podFailurePolicy:
    rules:
    - {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}
    - {action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: train, command: [train]}]
"""
# The rule fails the Job at the first preemption (RP005).
BAD = GOOD.replace("""    - {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}\n""", "").replace("In, values: [42]", "NotIn, values: [143]")
TEST = """kind: PolicyTest
manifests: [train.yaml]
cases:
- name: a drained node is forgiven
  when: [node n1 is drained at 10s]
  expect: [Job train completes]
"""


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)


def block(page, kind, word):
    [found] = [text for text in blocks(page, kind) if word in text]
    return found


class Recipes(Reprieve):
    def setUp(self):
        super().setUp()
        # Recipes say `reprieve`, whatever the binary's name is here.
        self.path = tempfile.TemporaryDirectory()
        self.addCleanup(self.path.cleanup)
        os.symlink(binary(), os.path.join(self.path.name, "reprieve"))
        for folder in ("policies", "manifests"):
            (self.cwd / folder).mkdir()
        self.policy(GOOD)
        self.write(TEST, "policies/train-test.yaml")

    def policy(self, text):
        for folder in ("policies", "manifests"):
            self.write(text, f"{folder}/train.yaml")

    def sh(self, script):
        environment = {**os.environ, "PATH": f"{self.path.name}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null"}
        # As GitHub runs a step.
        return subprocess.run(["sh", "-e", "-c", script], cwd=self.cwd, text=True, capture_output=True, timeout=60, env=environment)

    def commands(self, workflow):
        return re.findall(r"^ *- run: (.*)$", workflow, re.M)

    def test_the_workflow_of_test_writes_junit_and_fails_with_its_cases(self):
        [command] = self.commands(block("TEST.md", "yaml", "jobs:"))
        for text, code, failures in ((GOOD, 0, "0"), (BAD, 1, "1")):
            self.policy(text)
            done = self.sh(command)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            root = xml.etree.ElementTree.parse(self.cwd / "policies.xml").getroot()
            self.assertEqual({suite.get("failures") for suite in root.iter("testsuite")}, {failures})

    def test_the_script_ends_with_the_first_failure(self):
        script = block("TEST.md", "sh", "reprieve test")
        self.assertEqual(self.sh(script).returncode, 0)
        self.policy(BAD)
        self.assertEqual(self.sh(script).returncode, 1)
        self.policy("kind: [")
        self.assertEqual(self.sh(script).returncode, 2)

    def test_the_hook_of_the_pre_commit_framework_takes_the_files_that_it_names(self):
        text = block("TEST.md", "yaml", "repos:")
        entry = re.search(r"entry: (.*)", text).group(1)
        pattern = re.search(r"files: (.*)", text).group(1)
        files = sorted(str(path.relative_to(self.cwd)) for path in self.cwd.rglob("*.yaml") if re.search(pattern, str(path)))
        self.assertEqual(files, ["policies/train-test.yaml"])
        self.assertEqual(self.sh(f"{entry} {' '.join(files)}").returncode, 0)
        self.policy(BAD)
        self.assertEqual(self.sh(f"{entry} {' '.join(files)}").returncode, 1)

    @unittest.skipUnless(shutil.which("pre-commit"), "pre-commit is not installed: its hook is run without it only")
    def test_pre_commit_runs_the_hook(self):
        self.write(block("TEST.md", "yaml", "repos:"), ".pre-commit-config.yaml")
        self.assertEqual(self.sh("git init -q . && git add -A && pre-commit run --all-files").returncode, 0)
        self.policy(BAD)
        self.assertNotEqual(self.sh("git add -A && pre-commit run --all-files").returncode, 0)

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_the_hook_of_git_refuses_a_commit(self):
        self.sh("git init -q .")
        hook = pathlib.Path(self.cwd / ".git/hooks/pre-commit")
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(block("LINT.md", "sh", "git diff"))
        hook.chmod(0o755)
        commit = "git -c user.name=a -c user.email=a@example.org commit -q -m x"
        done = self.sh(f"git add manifests/train.yaml && {commit}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.write(BAD, "manifests/with space.yaml")
        done = self.sh(f"git add -A manifests && {commit}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("manifests/with space.yaml:", done.stdout + done.stderr)
        # What has no manifest in it is none of the hook's business.
        self.write("text", "notes.txt")
        done = self.sh(f"git reset -q && git add notes.txt && {commit}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_workflows_of_lint_annotate_and_write_sarif(self):
        annotate, sarif = [command for text in blocks("LINT.md", "yaml") for command in self.commands(text)]
        self.assertEqual(self.sh(annotate).returncode, 0)
        self.policy(BAD)
        done = self.sh(annotate)
        self.assertEqual(done.returncode, 1)
        self.assertIn("::error file=manifests/train.yaml,line=", done.stdout)
        self.assertEqual(self.sh(sarif).returncode, 0)
        results = json.loads((self.cwd / "reprieve.sarif").read_text())["runs"][0]["results"]
        self.assertIn("RP005", {result["ruleId"] for result in results})

    def test_what_a_template_engine_prints_is_linted_from_standard_input(self):
        command = block("LINT.md", "sh", "helm").strip()
        template, _, lint = command.partition(" | ")
        self.assertEqual(template, "helm template ./chart")
        for text, code in ((GOOD, 0), (BAD, 1)):
            self.policy(text)
            self.assertEqual(self.sh(f"cat manifests/train.yaml | {lint}").returncode, code)


if __name__ == "__main__":
    main()
