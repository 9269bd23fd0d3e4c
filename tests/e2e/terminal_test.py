"""What people see on a terminal: screens of a pseudo-terminal."""
import re
import subprocess
import unittest

from harness import Reprieve, binary, main
from screen import Screen, Terminal

SIZES = [(80, 24), (40, 15), (120, 40)]


def job(name, script, spec="  backoffLimit: 0"):
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
{spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 2
      containers:
      - name: main
        image: none
        command: [sh, -c, {script!r}]
---
"""


class OnATerminal(Reprieve):
    def start(self, manifest, *flags, size=(80, 24), **environment):
        terminal = Terminal([binary(), "run", *flags, self.write(manifest)], *size, self.cwd, **environment)
        self.addCleanup(terminal.close)
        return terminal

    def block(self, screen):
        """The lines at the bottom that are about Jobs as a whole."""
        return [line for line in screen.text() if re.match(r"Job |JobSet |…", line)]


class TheBlock(OnATerminal):
    def test_more_jobs_than_rows_leave_history_readable_and_nothing_stale(self):
        for columns, rows in SIZES:
            with self.subTest(f"{columns}x{rows}"):
                count = rows + 10
                text = "".join(job(f"train-{i:02}", "sleep 60") for i in range(count))
                text += job("bad", "sleep 0.5; exit 3") + job("again", "exit 4", spec="  backoffLimit: 3")
                terminal = self.start(text, "--backoff", "60s", size=(columns, rows))
                terminal.until(lambda screen: any("bad failed: " in line for line in screen.history()))
                terminal.settle(1)
                block = self.block(terminal.screen)
                self.assertLessEqual(len(block), rows // 2)
                # What matters most comes first, the rest is counted.
                self.assertRegex(block[0], r"^Job bad .*1 failed")
                self.assertRegex(block[1], r"^Job again .*retry in \d+s")
                self.assertRegex(block[-1], r"^… \d+ more: \d+ (waiting|running)")
                self.assertEqual(len(block) - 1 + int(re.search(r"\d+", block[-1])[0]), count + 2)
                self.assertEqual([line for line in terminal.screen.scrollback if re.match(r"Job train|…", line)], [])
                self.assertTrue(all(len(line) < columns for line in block), block)
                terminal.type("\x03")
                self.assertEqual(terminal.end(), 130)
                # History: each pod's start once, no line of the block.
                history = terminal.screen.history()
                starts = [line for line in history if "runs on" in line and "train-" in line]
                self.assertEqual(len(starts), len(set(starts)))
                before = history[:next(i for i, line in enumerate(history) if "Ending" in line)]
                self.assertEqual([line for line in before if re.match(r"Job |…", line)], [])

    def test_the_status_line_says_when_the_next_retry_comes(self):
        for columns, rows in SIZES:
            with self.subTest(f"{columns}x{rows}"):
                text = job("a-job-with-a-name-of-some-length", "exit 3",
                           spec="  completions: 4\n  parallelism: 4\n  completionMode: Indexed\n  backoffLimit: 9")
                terminal = self.start(text, "--backoff", "60s", size=(columns, rows))
                terminal.until(lambda screen: any("4 failed" in line for line in self.block(screen)))
                line = self.block(terminal.screen)[0]
                self.assertRegex(line, r"4 failed .*retry in \d+")
                self.assertLess(len(line), columns)
                if columns >= 80:
                    self.assertIn("next retry in", line)

    def test_it_follows_the_size_of_the_terminal(self):
        terminal = self.start("".join(job(f"train-{i}", "sleep 30") for i in range(8)))
        terminal.until(lambda screen: len(self.block(screen)) == 8 and
                       sum("runs on" in line for line in screen.text()) == 8)
        terminal.settle(0.3)
        for columns, rows in [(40, 15), (120, 40), (30, 10), (80, 24)]:
            terminal.resize(columns, rows)
            terminal.settle(0.8)
            block = self.block(terminal.screen)
            self.assertEqual(len(block), min(8, rows // 2), terminal.screen.text())
            self.assertTrue(all(len(line) < columns for line in block), block)
            # Nothing is left of the block of another size: above it is history, broken by the terminal.
            text = terminal.screen.text()
            above = text[:text.index(block[0])]
            self.assertEqual([line for line in above if "active" in line or "succeeded" in line or "█" in line], [])

    def test_ctrl_c_does_not_garble_the_next_line(self):
        for columns, rows in SIZES:
            with self.subTest(f"{columns}x{rows}"):
                terminal = self.start(job("a", "sleep 30") + job("b", "sleep 30"), size=(columns, rows))
                terminal.until(lambda screen: sum("runs on" in line for line in screen.text()) == 2)
                terminal.settle(0.3)
                terminal.type("\x03")
                self.assertEqual(terminal.end(), 130)
                history = "\n".join(terminal.screen.history())
                self.assertRegex(history, r"(?m)^Ending 2 pods; ")
                self.assertNotRegex(history, r"(?m)^(Jo|Job .*)Ending")
                self.assertNotIn("^C", history)
                self.assertRegex(history, r"(?m)^Nothing is left behind")


class Lines(OnATerminal):
    def test_words_are_not_broken(self):
        terminal = self.start(job("x", "exit 3"), size=(40, 15))
        self.assertEqual(terminal.end(), 1)
        history = terminal.screen.history()
        words = re.sub(r"\s+", " ", " ".join(history))
        for whole in ("exited 3 in container main", "BackoffLimitExceeded (Job has reached the specified backoff limit)"):
            self.assertIn(whole, words)
        # Only a path may be longer than the screen is wide.
        for line in history:
            self.assertTrue(len(line) < 40 or "/" in line or line.count(" ") < 3 or len(line) == 40, line)
        for word in ("BackoffLimitExceeded", "container", "specified", "attempts", "succeeded"):
            self.assertTrue(any(re.search(rf"\b{word}\b", line) for line in history), f"{word} in {history}")

    def test_a_dumb_terminal_gets_no_escape_sequence(self):
        for term in ("dumb", ""):
            terminal = self.start(job("x", "echo hello; exit 3"), "--logs", term=term)
            self.assertEqual(terminal.end(), 1)
            self.assertNotIn(b"\x1b", terminal.raw)
            self.assertIn(b"exited 3 in container main", terminal.raw)

    def test_no_control_character_of_a_pod_reaches_the_terminal(self):
        script = r"printf 'a\033]0;title\007b\033[2Jc\n'; printf '\033[31mred\033[0m\n'; printf '10%%\r20%%\n'; " \
                 r"printf '\302\233Kx\377\n'; exit 3"
        terminal = self.start(job("x", script.replace("'", '"')), "--logs", "--color", "never")
        self.assertEqual(terminal.end(), 1)
        history = "\n".join(terminal.screen.history())
        # Both as it comes and in the last lines of the log.
        for shown in (r"a\x1b]0;title\x07b\x1b[2Jc", r"\xc2\x9bKx\xff"):
            self.assertEqual(history.count(shown), 2, history)
        self.assertEqual(len(re.findall(r"(?m)[ :]red$", history)), 2, history)
        self.assertEqual(len(re.findall(r"(?m)[ :]20%$", history)), 2, history)
        self.assertNotIn(b"\x07", terminal.raw)
        self.assertNotIn(b"\x1b]", terminal.raw)
        self.assertNotIn(b"\x1b[2J", terminal.raw)
        # Elsewhere the bytes are the program's own.
        done = subprocess.run([binary(), "run", "--logs", "job.yaml"], cwd=self.cwd, capture_output=True, timeout=60)
        self.assertIn(b"a\x1b]0;title\x07b\x1b[2Jc", done.stdout)

    def test_a_message_of_a_pod_can_not_steer_the_terminal(self):
        text = job("x", "true").replace("command: [sh, -c, 'true']", r'command: ["/no/such\x1b[2Jprogram"]')
        terminal = self.start(text, "--color", "never")
        self.assertEqual(terminal.end(), 1)
        self.assertNotIn(b"\x1b[2J", terminal.raw)


class TheScreenItself(unittest.TestCase):
    """The emulator is code too."""

    def test_it_scrolls_wraps_and_erases(self):
        screen = Screen(10, 3)
        screen.feed("one\r\ntwo\r\nthree\r\n")
        self.assertEqual((screen.scrollback, screen.text()), (["one"], ["two", "three", ""]))
        screen.feed("\x1b[1A\x1b[J12345678901")
        self.assertEqual(screen.text(), ["two", "1234567890", "1"])
        screen.resize(20, 3)
        self.assertEqual(screen.text(), ["two", "12345678901"])
        screen.resize(5, 3)
        self.assertEqual((screen.scrollback, screen.text()), (["one", "two"], ["12345", "67890", "1"]))
        with self.assertRaises(AssertionError):
            screen.feed("\x1b[5;5H")


if __name__ == "__main__":
    main()
