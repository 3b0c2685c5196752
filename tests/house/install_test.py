#!/usr/bin/python3
"""Installs a build into a folder of its own and uses it from there: install_test.py CMAKE BUILD-FOLDER"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv.pop(1), sys.argv.pop(1)


def output_of(*command, **options):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          **options).stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name, "usr")
        cls.elsewhere = pathlib.Path(cls.folder.name, "elsewhere")
        cls.elsewhere.mkdir()
        output_of(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def wafersim(self, *arguments):
        return output_of(self.prefix / "bin/wafersim", *arguments, cwd=self.elsewhere)

    def completions(self, *words):
        """What bash offers in place of the last word."""
        script = ('source "$0/share/bash-completion/completions/wafersim"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
                  '_wafersim "$0/bin/wafersim" 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"')
        return output_of("bash", "-c", script, self.prefix, "wafersim", *words,
                         cwd=self.prefix / "share/wafersim").split()

    def test_puts_everything_in_its_usual_place(self):
        for name in ("bin/wafersim", "share/wafersim/configs/machine/cs2.yaml", "share/wafersim/configs/workload/gpt2.yaml",
                     "share/man/man1/wafersim.1", "share/bash-completion/completions/wafersim",
                     "share/zsh/site-functions/_wafersim", "share/doc/wafersim/LICENSE", "share/doc/wafersim/README.md"):
            self.assertTrue((self.prefix / name).is_file(), name)

    def test_runs_from_any_folder(self):
        configs = self.prefix / "share/wafersim/configs"
        text = self.wafersim("run", configs / "machine/cs2.yaml", configs / "workload/gpt2.yaml")
        self.assertRegex(text, r"step +[0-9,]+ cycles")

    def test_follows_base_files_where_they_were_installed(self):
        text = self.wafersim("describe", self.prefix / "share/wafersim/configs/machine/cs2-sdk.yaml")
        self.assertRegex(text, "cores +753,972 ")  # 757 x 996

    def test_has_every_command_in_the_manual(self):
        manual = (self.prefix / "share/man/man1/wafersim.1").read_text(encoding="utf-8")
        for command in self.completions(""):
            self.assertIn(command.replace("-", "\\-"), manual)

    def test_has_a_python_module_that_finds_the_program(self):
        script = ("import pathlib, sys, wafersim; configs = pathlib.Path(sys.argv[1]);"
                  "result = wafersim.simulate(configs / 'machine/cs2.yaml', configs / 'workload/gpt2.yaml');"
                  "print(wafersim.__file__, result.step.cycles)")
        # Nothing but where it was installed tells Python of the module, and the module of the program.
        environment = {"PYTHONUSERBASE": str(self.prefix), "PATH": "/usr/bin:/bin"}
        configs = self.prefix / "share/wafersim/configs"
        module, cycles = output_of("/usr/bin/python3", "-B", "-c", script, configs, cwd=self.elsewhere,
                                   env=environment).split()
        self.assertTrue(pathlib.Path(module).is_relative_to(self.prefix.resolve()), module)
        text = self.wafersim("run", configs / "machine/cs2.yaml", configs / "workload/gpt2.yaml")
        self.assertIn(f"{int(cycles):,} cycles", text)

    def test_completes_commands_and_options(self):
        self.assertEqual(self.completions("desc"), ["describe"])
        self.assertEqual(self.completions("run", "--for"), ["--format"])
        self.assertEqual(self.completions("run", "--format", "j"), ["json"])

    def test_completes_files(self):
        self.assertEqual(self.completions("run", "configs/machine/cs3"), ["configs/machine/cs3.yaml"])

    def test_completes_keys_of_the_files_on_the_line(self):
        files = ("configs/machine/cs2-192.yaml", "configs/workload/gpt2.yaml")
        self.assertEqual(self.completions("run", *files, "--set", "cluster.n"), ["cluster.nodes="])
        self.assertEqual(self.completions("run", *files, "--set", "workload.sparsity.l"), ["workload.sparsity.level="])


if __name__ == "__main__":
    unittest.main()
