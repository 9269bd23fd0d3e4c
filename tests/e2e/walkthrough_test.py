"""docs/WALKTHROUGH.md, command by command: what each verb says of the same mistake."""
import re
import shutil
import unittest

from harness import EXAMPLES, HERE, Reprieve, main

FILES = EXAMPLES / "walkthrough"


class Walkthrough(Reprieve):
    def setUp(self):
        super().setUp()
        shutil.copytree(FILES, self.cwd, dirs_exist_ok=True)

    def test_lint_finds_it(self):
        done = self.reprieve("lint", "train.yaml")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("train.yaml:16:21: error RP005", done.stdout)
        self.assertIn("137", done.stdout)
        self.assertEqual(self.reprieve("lint", "mended.yaml").returncode, 0)

    def test_test_shows_it(self):
        done = self.reprieve("test", "train-test.yaml")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("  FAIL  a preempted pod is forgiven\n", done.stdout)
        self.assertRegex(done.stdout, r"actual    Job train fails at \w+ because PodFailurePolicy")
        self.assertEqual(self.reprieve("test", "mended-test.yaml").returncode, 0)

    def test_simulate_prices_it(self):
        done = self.reprieve("simulate", "scenario.yaml", "--compare", "train.yaml", "--compare", "mended.yaml", "--runs", "10")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"mended.yaml wins: more of its runs complete \(")

    def test_explain_tells_it(self):
        done = self.reprieve("explain", "objects.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"exited 137 in container main\n +→ rule 2 FailJob \(objects.yaml:91\)\n +→ Job policy failed: PodFailurePolicy")

    def test_the_page_shows_what_is_printed(self):
        page = (HERE.parent.parent / "docs" / "WALKTHROUGH.md").read_text()
        shown = re.findall(r"\$ reprieve ([^\n]*)\n", page)
        self.assertGreaterEqual(len(shown), 4)
        for command in shown:
            done = self.reprieve(*command.split())
            block = page.split(f"$ reprieve {command}\n", 1)[1].split("```", 1)[0]
            # Names of pods have characters of chance in a run of their own.
            lines = [line for line in block.splitlines() if line.strip() and line.strip() != "..."]
            for line in lines:
                self.assertIn(line, done.stdout + done.stderr, f"reprieve {command}")


if __name__ == "__main__":
    main()
