#!/usr/bin/python3
"""Sweeps: the same bytes however they are run, and nothing lost whatever interrupts them."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import unittest

from wafersim import CS2, PROGRAM, UserTest, wafersim

TINY = """
name: tiny
model: {model_type: gpt2, vocab_size: 256, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 2, n_inner: 128}
sequence_length: 64
"""
KEPT = {}
RESULTS = ("results.jsonl", "results.csv", "results.sqlite", "inputs.json")


class SweepTest(UserTest):
    def setUp(self):
        super().setUp()
        self.write("tiny.yaml", TINY)
        # 3 x 4 points, of which a quarter fails: no wafer holds a million sequences.
        self.study = self.study_of("sweep:\n  cluster.nodes: [1, 2, 4]\n"
                                   "  workload.micro_batch: [1, 2, 1000000, 4]\n")

    def study_of(self, text, name="s.yaml"):
        return self.write(name, f"machine: {CS2}\nworkload: tiny.yaml\n{text}")

    def sweep(self, *arguments, study=None):
        return wafersim("sweep", study or self.study, "-q", *arguments, folder=self.folder)

    def finish(self, *arguments, **options):
        done = self.sweep(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def results(self, folder):
        return {name: (self.folder / folder / name).read_bytes() for name in RESULTS}

    def undisturbed(self):
        """Results and journal of a run of self.study that nothing went wrong in; kept for the other tests."""
        if not KEPT:
            self.finish("-j1", "-o", "undisturbed")
            KEPT.update(self.results("undisturbed"))
            KEPT["journal"] = (self.folder / "undisturbed" / "journal-1-of-1.jsonl").read_bytes()
        return {name: KEPT[name] for name in RESULTS}

    def journal_lines(self, folder):
        return [line for file in sorted((self.folder / folder).glob("journal-*"))
                for line in file.read_text(encoding="utf-8").splitlines()[1:]]

    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, "sweep", self.study, "-q", *arguments], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        return process

    def wait_for_lines(self, folder, count, process):
        while process.poll() is None and len(self.journal_lines(folder)) < count:
            time.sleep(0.002)

    def resume(self, folder):
        before = self.journal_lines(folder)
        self.finish("-j2", "-o", folder, "--resume")
        after = self.journal_lines(folder)
        self.assertEqual(after[:len(before)], before, "a finished point was run again or changed")
        for line in after:
            json.loads(line)


class SameBytes(SweepTest):
    def test_however_many_processes_and_shards(self):
        expected = self.undisturbed()
        self.finish("-j2", "-o", "two")
        self.assertEqual(self.results("two"), expected)
        for shard in (5, 1, 7, 2, 3, 6, 4):
            self.finish("-j2", "-o", "seven", "--shard", f"{shard}/7")
        self.assertEqual(self.finish("--merge", "-o", "seven").stdout, self.finish("--merge", "-o", "two").stdout)
        self.assertEqual(self.results("seven"), expected)

    def test_whether_an_earlier_point_had_the_same_dense_twin_or_not(self):
        def rows(levels):
            study = self.study_of(f"sweep: {{workload.sparsity.level: [{levels}], workload.micro_batch: [2]}}\n", "l.yaml")
            return [json.loads(line) for line in self.finish("--format", "jsonl", study=study).stdout.splitlines()]
        together = rows("0.5, 0.75, 0.9")
        for row, level in zip(together, ("0.5", "0.75", "0.9")):
            alone = rows(level)[0]
            self.assertGreater(row["sparsity"]["speedup"], 0)
            self.assertEqual({**row, "efficiency": 1.0, "reason": ""}, {**alone, "reason": ""})

    def test_without_a_folder_standard_output_has_the_same_rows(self):
        expected = self.undisturbed()
        self.assertEqual(self.finish("--format", "jsonl").stdout.encode(), expected["results.jsonl"])
        self.assertEqual(self.finish("--format", "csv").stdout.encode(), expected["results.csv"])

    def test_a_failed_point_is_a_row_with_its_error(self):
        rows = [json.loads(line) for line in self.undisturbed()["results.jsonl"].splitlines()]
        self.assertEqual(len(rows), 12)
        failed = [row for row in rows if row["exit_code"] != 0]
        self.assertEqual({(row["set"]["workload.micro_batch"], row["exit_code"]) for row in failed}, {("1000000", 3)})
        self.assertTrue(all("the SRAM of a PE is too small" in row["error"] for row in failed))
        self.write("results.sqlite", "").write_bytes(KEPT["results.sqlite"])
        database = sqlite3.connect(self.folder / "results.sqlite")
        self.addCleanup(database.close)
        self.assertEqual(database.execute("SELECT count(*), count(step_cycles) FROM points").fetchone(), (12, 9))


class Interrupted(SweepTest):
    def test_by_kill_9_of_the_sweep(self):
        expected = self.undisturbed()
        for lines in (0, 1, 5):
            process = self.start("-j2", "-o", f"k{lines}")
            self.wait_for_lines(f"k{lines}", lines, process)
            process.kill()
            process.wait()
            self.resume(f"k{lines}")
            self.assertEqual(self.results(f"k{lines}"), expected)

    def test_by_kill_9_of_a_worker(self):
        expected = self.undisturbed()
        process = self.start("-j1", "-o", "w")
        self.wait_for_lines("w", 1, process)
        killed = 0
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and killed == 0:
            try:
                for child in children.read_text(encoding="utf-8").split():
                    os.kill(int(child), signal.SIGKILL)
                    killed += 1
            except (ProcessLookupError, FileNotFoundError):
                pass
        _, complaint = process.communicate()
        if b"signal 9" not in complaint:
            self.skipTest("every worker was faster than the signal")
        self.assertEqual(process.returncode, 4)
        self.assertIn(b"points were lost with their processes, as their rows say; go on with --resume", complaint)
        self.expect_lost_rows("w", expected)
        # A merge says the same.
        merged = self.sweep("--merge", "-o", "w")
        self.assertEqual(merged.returncode, 4)
        self.assertIn("points were lost with their processes", merged.stderr)
        self.expect_lost_rows("w", expected)
        self.resume("w")
        self.assertEqual(self.results("w"), expected)

    def expect_lost_rows(self, folder, expected):
        """A point whose process was killed is a row with its error; the others are what they should be."""
        rows = [json.loads(line) for line in self.results(folder)["results.jsonl"].splitlines()]
        lost = [row for row in rows if row["exit_code"] == 4]
        self.assertGreater(len(lost), 0)
        self.assertEqual({row["error"] for row in lost}, {"signal 9 (SIGKILL) ended the process"})
        wanted = [json.loads(line) for line in expected["results.jsonl"].splitlines()]
        self.assertEqual([row["set"] for row in rows], [row["set"] for row in wanted])
        gone = [row["set"] for row in lost]
        # Efficiencies are relative to the first point, which may be one that is lost.
        relative = ("efficiency", "reason")
        for row, want in zip(rows, wanted):
            if row["set"] not in gone:
                self.assertEqual({k: v for k, v in row.items() if k not in relative},
                                 {k: v for k, v in want.items() if k not in relative})

    def test_by_ctrl_c(self):
        expected = self.undisturbed()
        process = self.start("-j2", "-o", "c")
        self.wait_for_lines("c", 2, process)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate()
        if process.returncode == 0:
            self.skipTest("the sweep was faster than the signal")
        self.assertEqual(process.returncode, 130)
        self.assertRegex(complaint.decode(), r"stopped: \d+ of 12 points are finished; go on with --resume")
        self.resume("c")
        self.assertEqual(self.results("c"), expected)

    def test_by_a_cut_in_the_middle_of_a_line(self):
        expected = self.undisturbed()
        (self.folder / "cut").mkdir()
        (self.folder / "cut" / "journal-1-of-1.jsonl").write_bytes(KEPT["journal"][:-100])
        self.finish("-o", "cut", "--resume")
        self.assertEqual(self.results("cut"), expected)

    def mount(self, name, size):
        place = self.folder / name
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest("this user cannot mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", place], check=True)
        return place

    def test_by_a_full_disk(self):
        expected = self.undisturbed()
        place = self.mount("small", "8k")
        done = self.sweep("-j2", "-o", "small/out")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"No space left on device; \d+ finished points are kept: go on with --resume")
        kept = self.journal_lines("small/out")
        self.assertGreater(len(kept), 0)
        for line in kept:
            json.loads(line)
        subprocess.run(["mount", "-o", "remount,size=4m", place], check=True)
        self.resume("small/out")
        self.assertEqual(self.results("small/out"), expected)

    def test_by_a_disk_that_only_the_results_do_not_fit(self):
        expected = self.undisturbed()
        place = self.mount("tight", f"{(len(KEPT['journal']) // 4096 + 3) * 4}k")
        done = self.sweep("-j2", "-o", "tight/out")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be written", done.stderr)
        self.assertEqual(sorted(file.name for file in (place / "out").iterdir()), ["journal-1-of-1.jsonl"])
        subprocess.run(["mount", "-o", "remount,size=4m", place], check=True)
        self.finish("-o", "tight/out", "--merge")
        self.assertEqual(self.results("tight/out"), expected)

    def test_by_a_read_only_folder(self):
        expected = self.undisturbed()
        place = self.mount("ro", "4m")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        done = self.sweep("-o", "ro/out")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Read-only file system", done.stderr)
        self.assertEqual(list(place.iterdir()), [])
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)
        self.finish("-o", "ro/out")
        self.assertEqual(self.results("ro/out"), expected)


class Resumed(SweepTest):
    def test_a_changed_study_runs_only_what_is_new(self):
        self.study_of("sweep: {cluster.nodes: [1, 2]}\n")
        self.finish("-o", "out")
        before = self.journal_lines("out")
        self.study_of("sweep: {cluster.nodes: [4, 2, 1]}\n")
        self.finish("-o", "out", "--resume")
        after = self.journal_lines("out")
        self.assertEqual((after[:2], len(after)), (before, 3))
        self.finish("-o", "fresh")
        self.assertEqual(self.results("out"), self.results("fresh"))

    def test_never_by_accident_and_never_from_another_study(self):
        self.finish("-o", "out")
        self.assertIn("go on with --resume, or choose another folder", self.sweep("-o", "out").stderr)
        other = self.study_of("sweep: {cluster.nodes: [1]}\n", "other.yaml")
        for option in ("--resume", "--merge"):
            done = self.sweep("-o", "out", option, study=other)
            self.assertEqual(done.returncode, 2)
            self.assertIn("out/journal-1-of-1.jsonl:1:1: was written by another study: 's' (cs2.yaml, tiny.yaml), "
                          "not 'other'", done.stderr)

    def test_a_merge_says_what_is_missing(self):
        self.finish("-o", "out", "--shard", "1/3")
        done = self.sweep("-o", "out", "--merge")
        self.assertEqual(done.returncode, 1)
        self.assertIn("out: 8 of 12 points are not there yet", done.stderr)


class Refused(SweepTest):
    def refused(self, *arguments, study=None):
        return self.refuses(2, "sweep", study or self.study, *arguments)

    def test_before_the_first_point(self):
        for text, place in (("sweep: {cluster.ndoes: [1]}\n", "s.yaml:3:9: sweep.cluster.ndoes: unknown key"),
                            ("sweep: {cluster.nodes: [one]}\n", "s.yaml:3:25: sweep.cluster.nodes: expected"),
                            ("sweep: {cluster.nodes: []}\n", "s.yaml:3:24: sweep.cluster.nodes: expected a list"),
                            ("sweep: {cluster.nodes: [1]}\nwhere: nodes > 1\n", "s.yaml:4:8: where: no point"),
                            ("sweep: {cluster.nodes: [1]}\nzip: {cluster.nodes: [1]}\n",
                             "s.yaml:4:7: zip.cluster.nodes: is set by"),
                            ("random: {points: 1000001, seed: 1, keys: {cluster.nodes: [1, 2]}}\n",
                             "s.yaml:3:43: random.cluster.nodes: the study has more than 1000000 points: this key makes "
                             "them 1000001 times as many (add --yes if they are meant)")):
            self.assertIn(place, self.refused("-o", "out", study=self.study_of(text)))

    def test_shards_that_do_not_exist(self):
        self.assertIn("--shard: there are shards 1/7 to 7/7, not 8/7", self.refused("--shard", "8/7"))
        self.assertIn("--shard: there are shards 1/7 to 7/7, not 0/7", self.refused("--shard", "0/7"))
        self.assertIn("--shard: expected I/N", self.refused("--shard", "3"))

    def test_options_that_do_not_go_together(self):
        self.assertIn("--resume: needs the folder of the sweep: -o DIR", self.refused("--resume"))
        self.assertIn("--dry-run: only goes with --slurm", self.refused("--dry-run"))
        self.assertIn("--merge: does not go with --list", self.refused("--list", "--merge", "-o", "out"))

    def test_a_folder_that_somebody_writes(self):
        process = self.start("-j1", "-o", "out")
        self.wait_for_lines("out", 1, process)
        process.send_signal(signal.SIGSTOP)
        done = self.sweep("-o", "out", "--resume")
        process.kill()
        process.wait()
        self.assertIn("another sweep is writing it", done.stderr)


class Shown(SweepTest):
    def test_the_points_without_running_them(self):
        self.assertEqual(self.succeeds("sweep", self.study, "--list").splitlines()[5],
                         "     5  cluster.nodes=2 workload.micro_batch=2")
        self.assertEqual(len(self.succeeds("sweep", self.study, "--list", "--format", "jsonl").splitlines()), 12)

    def test_a_plot_of_the_keys_that_vary(self):
        one = self.study_of("sweep: {cluster.nodes: [1, 2], workload.micro_batch: [1], wafer.io.lane_rate: [50 Gb/s]}\n", "one.yaml")
        self.assertIn("\n\ncycles\n\n  nodes   cycles\n", self.finish("--plot", study=one).stdout)
        three = self.study_of("sweep: {cluster.nodes: [1, 2], workload.micro_batch: [1, 2], wafer.io.lane_rate: [100 Gb/s, 50 Gb/s]}\n",
                              "three.yaml")
        self.assertIn("--plot: draws one or two keys, this study has 3 with more than one value",
                      self.refuses(2, "sweep", three, "--plot", "-o", "never"))
        self.assertFalse((self.folder / "never").exists())

    def test_the_script_for_slurm(self):
        script = self.finish("-o", "out", "--slurm", "--dry-run", "--shards", "3", "-j2", "--account", "me",
                             "--partition", "sim", "--time", "1:00:00").stdout
        self.assertEqual(script, (self.folder / "out" / "sweep.sbatch").read_text(encoding="utf-8"))
        for line in ("#SBATCH --array=1-3", "#SBATCH --cpus-per-task=2", "#SBATCH --account=me",
                     "#SBATCH --partition=sim", "#SBATCH --time=1:00:00"):
            self.assertIn(line + "\n", script)
        # What an array's task would do, task by task.
        for task in ("1", "2", "3"):
            subprocess.run(["bash", self.folder / "out" / "sweep.sbatch"], check=True, stdin=subprocess.DEVNULL,
                           env={**os.environ, "SLURM_ARRAY_TASK_ID": task})
        self.finish("-o", "out", "--merge")
        self.assertEqual(self.results("out"), self.undisturbed())


if __name__ == "__main__":
    unittest.main()
