"""The real program, run as a user would, in a folder that is thrown away."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["WAFERSIM"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = SOURCE / "configs"
CS2 = str(CONFIGS / "machine" / "cs2.yaml")
PROGRESS = re.compile(r"(simulating|sweep|sensitivity): \d+ %.* s left$")
GPT2 = str(CONFIGS / "workload" / "gpt2.yaml")


def wafersim(*arguments, folder=None, timeout=300):
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=folder, capture_output=True, text=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, check=False)


class UserTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="wafersim-e2e-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def succeeds(self, *arguments):
        """What the command prints; nothing but progress, which a slow machine brings, may go to stderr."""
        done = wafersim(*arguments, folder=self.folder)
        messages = [line for line in done.stderr.splitlines() if not PROGRESS.match(line)]
        self.assertEqual((done.returncode, messages), (0, []), arguments)
        return done.stdout

    def refuses(self, code, *arguments):
        """What the command complains about; nothing may go to stdout or be left behind."""
        before = self.files()
        done = wafersim(*arguments, folder=self.folder)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), before)
        return done.stderr
