"""A pseudo-terminal and what a person would see on it: enough of a VT100 for what Reprieve prints, and no more.

An escape sequence that it does not know is an error, so that a new one can't pass unseen. Rows that scroll off the top
are kept in `scrollback`. When it becomes narrower it breaks long lines again, as most terminals do.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[]]  # of each row: one string per column
        self.joined = [False]  # the row goes on in the next one
        self.scrollback = []
        self.row = self.column = 0
        self.pending = ""

    def text(self):
        return [self.line(row) for row in self.cells]

    @staticmethod
    def line(cells):
        return "".join(cells).rstrip()

    def history(self):
        return self.scrollback + self.text()

    def feed(self, text):
        text = self.pending + text
        self.pending = ""
        while text:
            if text[0] != "\x1b":
                self.put(text[0])
                text = text[1:]
                continue
            sequence = re.match(r"\x1b\[([0-9;?]*)([A-Za-z])", text)
            if sequence is None:
                if len(text) < 12 and re.fullmatch(r"\x1b(\[[0-9;?]*)?", text):
                    self.pending = text
                    return
                raise AssertionError(f"an escape sequence that the screen does not know: {text[:20]!r}")
            self.control(*sequence.groups())
            text = text[sequence.end():]

    def control(self, arguments, command):
        count = int(arguments) if arguments.isdigit() else 1
        if command == "A":
            self.row = max(self.row - count, 0)
        elif command == "J" and arguments in ("", "0"):
            del self.cells[self.row][self.column:]
            del self.cells[self.row + 1:], self.joined[self.row:]
            self.joined.append(False)
        elif command != "m":
            raise AssertionError(f"an escape sequence that the screen does not know: ESC [ {arguments} {command}")

    def put(self, character):
        if character == "\n":
            self.down(False)
        elif character == "\r":
            self.column = 0
        elif character == "\t":
            self.column = min(self.column // 8 * 8 + 8, self.columns - 1)
        elif unicodedata.category(character) == "Cc":
            raise AssertionError(f"a control character: {character!r}")
        else:
            if self.column == self.columns:
                self.down(True)
                self.column = 0
            cells = self.cells[self.row]
            cells.extend(" " * (self.column + 1 - len(cells)))
            cells[self.column] = character
            self.column += 1

    def down(self, goes_on):
        self.joined[self.row] = goes_on
        self.row += 1
        if self.row == len(self.cells):
            self.cells.append([])
            self.joined.append(False)
        self.scroll()

    def scroll(self):
        while len(self.cells) > self.rows:
            self.scrollback.append(self.line(self.cells.pop(0)))
            self.joined.pop(0)
            self.row -= 1

    def resize(self, columns, rows):
        lines, cursor_line = [[]], 0
        for number, row in enumerate(self.cells):
            lines[-1].extend(row)
            if number == self.row:
                cursor_line = len(lines) - 1
            if not self.joined[number] and number + 1 < len(self.cells):
                lines.append([])
        self.columns, self.rows = columns, rows
        self.cells, self.joined = [], []
        for number, line in enumerate(lines):
            if number == cursor_line:
                self.row = len(self.cells)
            for begin in range(0, max(len(line), 1), columns):
                self.cells.append(line[begin:begin + columns])
                self.joined.append(begin + columns < len(line))
        self.column = min(self.column, columns - 1)
        self.scroll()


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, argv, columns, rows, cwd, term="xterm-256color", **environment):
        self.screen = Screen(columns, rows)
        self.raw = b""
        self.code = None
        self.decoder = __import__("codecs").getincrementaldecoder("utf-8")("backslashreplace")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(cwd)
            kept = {name: value for name, value in os.environ.items()
                    if name not in ("NO_COLOR", "STY", "XTERM_VERSION", "TERM")}
            os.execve(argv[0], argv, {**kept, **({"TERM": term} if term else {}), **environment})

    def read(self, seconds):
        """Takes in what comes within so many seconds. False: the program has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.raw += data
        self.screen.feed(self.decoder.decode(data))
        if data:
            return True
        if self.code is None:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return False

    def until(self, seen, timeout=30):
        """`seen`: a text on the screen or above it, or a function of the screen."""
        shown = seen if callable(seen) else lambda screen: any(seen in line for line in screen.history())
        deadline = time.monotonic() + timeout
        while not shown(self.screen):
            left = deadline - time.monotonic()
            if left <= 0 or not self.read(left):
                if shown(self.screen):
                    return
                raise AssertionError(f"never seen: {seen}\n" + "\n".join(self.screen.history()))

    def settle(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.read(left):
            pass

    def end(self, timeout=60):
        deadline = time.monotonic() + timeout
        while self.read(max(deadline - time.monotonic(), 0)):
            if time.monotonic() > deadline:
                raise AssertionError("it did not end\n" + "\n".join(self.screen.history()))
        return self.code

    def type(self, text):
        os.write(self.fd, text.encode())

    def resize(self, columns, rows):
        self.settle(0.05)
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
