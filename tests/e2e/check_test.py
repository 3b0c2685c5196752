#!/usr/bin/python3
"""check, compare and sensitivity: what changed, and where it came from."""
import json
import re
import unittest
import xml.etree.ElementTree

from wafersim import CS2, UserTest, wafersim

TINY = """
name: tiny
model: {model_type: gpt2, vocab_size: 256, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 2, n_inner: 128}
sequence_length: 64
tokens_per_node: 4096
"""


class CheckTest(UserTest):
    def setUp(self):
        super().setUp()
        self.write("tiny.yaml", TINY)

    def result(self, name, *settings):
        options = [word for setting in settings for word in ("--set", setting)]
        self.succeeds("run", CS2, "tiny.yaml", "--format", "json", "-o", name, *options)
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def edit(self, name, change):
        document = json.loads((self.folder / name).read_text(encoding="utf-8"))
        change(document)
        self.write(name, json.dumps(document, indent=1))

    def check(self, *arguments):
        done = wafersim("check", *arguments, folder=self.folder)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout


class Check(CheckTest):
    def test_holds_what_did_not_change(self):
        self.result("a.json")
        self.assertEqual(self.check("a.json"), (0, "a.json: same\n1 of 1 baselines hold\n"))

    def test_fails_on_one_cycle_and_says_where_it_came_from(self):
        self.result("a.json")

        def one_cycle_less(document):
            layer = next(layer for layer in document["layers"] if layer["name"] == "h.1.mlp.c_fc")
            layer["forward_cycles"] -= 1
            layer["parts"]["fabric"] -= 1
            next(row for row in document["attribution"] if row["part"] == "fabric")["cycles"] -= 1
            document["step"]["cycles"] -= 1

        self.edit("a.json", one_cycle_less)
        code, text = self.check("a.json", "--junit", "a.xml")
        self.assertEqual(code, 1)
        self.assertIn("Most of it: +1 cycles at wafer.fabric, first of all in h.*.mlp.c_fc.", text)
        self.assertRegex(text, r"h\.\*\.mlp\.c_fc +\+1 +\+1\n +step +\+1 +\+1\n")
        suite = xml.etree.ElementTree.parse(self.folder / "a.xml").getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "1"))
        self.assertIn("wafer.fabric", suite[0][0].text)

    def test_names_the_station_of_a_planted_parameter(self):
        for key, old, new, station in (("lane_rate", "12500 MB/s", "10 GB/s", "node.io"),
                                       ("link_rate", "12500 MB/s", "5 GB/s", "swarmx.level0"),
                                       ("clock", "1100 MHz", "900 MHz", "wafer.compute")):
            self.result("a.json", "cluster.nodes=4")
            text = (self.folder / "a.json").read_text(encoding="utf-8")
            planted = text.replace(f'"{key}": "{old}"', f'"{key}": "{new}"', 1)
            if key == "lane_rate":
                planted = planted.replace('"port_rate": "1250 MB/s"', '"port_rate": "1 GB/s"', 1)
            self.assertNotEqual(planted, text)
            self.write("a.json", planted)
            code, text = self.check("a.json")
            self.assertEqual(code, 1)
            self.assertRegex(text, rf"The peak changed of: [^.]*{re.escape(station)}|{re.escape(station)}")
            self.sums(text)

    def sums(self, text):
        """The parts of every row, and the rows of every column, sum to the difference of the step."""
        step = int(re.search(r"cycles, ([+-]?[\d,]+) \(", text)[1].replace(",", ""))
        table = text.partition("spent on\n")[2].partition("\n\n")[0].splitlines()[1:]
        rows = [[int(cell.replace(",", "")) for cell in re.findall(r"(?<=\s)[+-]?\d[\d,]*(?=\s|$)", line)] for line in table]
        self.assertGreater(len(rows), 1)
        for row in rows:
            self.assertEqual(sum(row[:-1]), row[-1])
        self.assertEqual([sum(column) for column in zip(*rows[:-1])], rows[-1])
        self.assertEqual(rows[-1][-1], step)

    def test_keeps_to_tolerances(self):
        cycles = self.result("a.json")["step"]["cycles"]

        def off(document):
            document["step"]["cycles"] = cycles + 1000

        self.edit("a.json", off)
        exact = 100.0 * 1000 / (cycles + 1000)
        self.assertEqual(self.check("a.json", "--tolerance", f"step.cycles={exact * 0.999:.6f}%")[0], 1)
        self.assertEqual(self.check("a.json", "--tolerance", f"step.cycles={exact * 1.001:.6f}%")[0], 0)
        self.assertEqual(self.check("a.json", "--tolerance", "layers.*=50%")[0], 1)
        self.edit("a.json", lambda document: document.update(tolerance={"step.*": "50 %"}))
        self.assertIn("a.json: within tolerance\n", self.check("a.json")[1])

    def test_updates_and_shows_what_it_changed(self):
        self.result("a.json")
        before = (self.folder / "a.json").read_bytes()
        self.edit("a.json", lambda document: document["step"].update(cycles=1))
        code, text = self.check("a.json", "--update")
        self.assertEqual(code, 0)
        self.assertIn("a.json: CHANGED, baseline updated", text)
        self.assertIn("step.cycles: 1 -> ", text)
        self.assertEqual((self.folder / "a.json").read_bytes(), before)

    def test_refuses_what_is_no_baseline(self):
        self.write("x.json", '{"schema": "wafersim.kernel/1"}')
        self.assertIn("x.json:1:12: schema: expected a result of 'wafersim run --format json'",
                      self.refuses(2, "check", "x.json"))


class Compare(CheckTest):
    def test_two_results(self):
        self.result("a.json")
        self.result("b.json", "wafer.clock=900 MHz")
        text = self.succeeds("compare", "a.json", "b.json")
        self.assertRegex(text, r"Inputs that differ\n.*\n  wafer\.clock  1100 MHz  900 MHz\n")
        self.assertRegex(text, r"wafer\.compute +7\.49 PFLOP/s +6\.12 PFLOP/s")
        self.assertEqual(self.succeeds("compare", "a.json", "a.json"), "no difference\n")

    def sweep(self, name, axes, clock="1.1 GHz", more=""):
        self.write("fast.yaml", f"base: {CS2}\nwafer: {{clock: {clock}}}\n")
        self.write("s.yaml", f"machine: fast.yaml\nworkload: tiny.yaml\nsweep: {{{axes}}}\n{more}")
        self.succeeds("sweep", "s.yaml", "-q", "-o", name)

    def cycles_of(self, name, nodes):
        rows = (self.folder / name / "results.jsonl").read_text(encoding="utf-8").splitlines()
        points = {row["set"]["cluster.nodes"]: row["step"]["cycles"] for row in map(json.loads, rows)}
        return points[str(nodes)]

    def test_two_sweeps(self):
        self.sweep("a", "cluster.nodes: [1, 4]")
        self.sweep("b", "cluster.nodes: [1, 4]", clock="0.9 GHz")
        text = self.succeeds("compare", "a", "b")
        self.assertIn("2 points in both, 2 differ; 0 only in a, 0 only in b\n"
                      "2 take fewer cycles, 0 take more\n", text)  # what does not wait for the clock takes fewer of it
        self.assertRegex(text, r"Inputs that differ\n.*\n  wafer\.clock  1100 MHz  900 MHz\n\n")
        self.assertRegex(text, r"wafer\.compute +29\.9 PFLOP/s +24\.5 PFLOP/s")  # of 4 nodes
        self.assertEqual(self.succeeds("compare", "a", "a"), "2 points in both, 0 differ; 0 only in a, 0 only in a\n")

    def test_explains_one_point_of_two_sweeps_as_it_explains_two_results(self):
        self.sweep("a", "cluster.nodes: [1, 4]")
        self.sweep("b", "cluster.nodes: [1, 4]", clock="0.9 GHz")
        for name, clock in (("a.json", "1.1 GHz"), ("b.json", "0.9 GHz")):
            self.result(name, "cluster.nodes=4", f"wafer.clock={clock}")
        tables = self.succeeds("compare", "a.json", "b.json").split("\nInputs that differ")[0]
        self.assertTrue(self.succeeds("compare", "a", "b", "--point", "nodes=4").endswith("\nnodes=4\n" + tables))
        before, after = (json.loads((self.folder / name / "results.jsonl").read_text(encoding="utf-8").splitlines()[1])
                         for name in ("a", "b"))
        for key in (before["key"], after["key"]):
            self.assertTrue(self.succeeds("compare", "a", "b", "--point", key).endswith("\nnodes=4\n" + tables))

    def test_explains_the_point_that_changed_most(self):
        self.sweep("a", "cluster.nodes: [1, 2, 4]")
        self.sweep("b", "cluster.nodes: [1, 2, 4]", clock="0.9 GHz")
        change = {nodes: abs(self.cycles_of("b", nodes) / self.cycles_of("a", nodes) - 1) for nodes in (1, 2, 4)}
        most = max(change, key=change.get)
        text = self.succeeds("compare", "a", "b")
        self.assertIn(f"\nnodes={most}, which changed most\nstep: {self.cycles_of('a', most):,} -> ", text)

    def test_names_points_that_only_one_sweep_has(self):
        self.sweep("a", "cluster.nodes: [1, 2, 4]")
        self.sweep("b", "cluster.nodes: [4, 8]")
        self.assertEqual(self.succeeds("compare", "a", "b"),
                         "1 points in both, 0 differ; 2 only in a, 1 only in b\n\n"
                         "Points only in a\n  nodes=1\n  nodes=2\n\nPoints only in b\n  nodes=8\n")

    def test_names_what_only_one_study_holds_or_sets(self):
        self.sweep("a", "cluster.nodes: [1, 4]")
        self.sweep("b", "cluster.nodes: [1, 4]", more="hold: {tokens_per_node: 8192}\n")
        self.sweep("c", "cluster.nodes: [1, 4], wafer.clock: [1.1 GHz]")
        self.assertRegex(self.succeeds("compare", "a", "b"), r"\n  workload\.tokens_per_node +4096 +8192\n")
        self.assertRegex(self.succeeds("compare", "a", "c"), r"\n  wafer\.clock +1100 MHz +set by the points\n")

    def test_says_when_a_folder_does_not_know_its_inputs(self):
        self.sweep("a", "cluster.nodes: [1]")
        self.sweep("b", "cluster.nodes: [1]")
        (self.folder / "b" / "inputs.json").unlink()
        self.assertIn("\nb does not say what its inputs were: ", self.succeeds("compare", "a", "b"))

    def test_names_another_model_version(self):
        self.sweep("a", "cluster.nodes: [1]")
        self.sweep("b", "cluster.nodes: [1]")
        self.edit("b/inputs.json", lambda document: document.update(model="another"))
        self.assertRegex(self.succeeds("compare", "a", "b"), r"\n  \(model version\) +\S+ +another\n")

    def test_has_no_tables_of_a_point_that_failed_in_one_sweep(self):
        self.sweep("a", "cluster.nodes: [1, 4]")
        # A slower clock, so the store answers in fewer cycles; and a batch with nothing for three of four nodes.
        self.sweep("b", "cluster.nodes: [1, 4]", clock="0.9 GHz", more="hold: {global_batch: 1}\n")
        text = self.succeeds("compare", "a", "b")
        self.assertIn("1 take fewer cycles, 0 take more, 1 failed in one of the two\n", text)
        self.assertRegex(text, r"\n  nodes=4 +[0-9,]+ +failed\n")
        self.assertIn("\nnodes=1, which changed most\n", text)
        self.assertIn("'nodes=4' failed in one of the sweeps",
                      self.refuses(2, "compare", "a", "b", "--point", "nodes=4"))

    def test_refuses_points_that_are_not_there(self):
        self.sweep("a", "cluster.nodes: [1, 4]")
        self.result("a.json")
        self.assertIn("'nodes=2' is not a point of both sweeps: they have 'nodes=1'",
                      self.refuses(2, "compare", "a", "a", "--point", "nodes=2"))
        self.assertIn("--point: is for two folders of sweeps", self.refuses(2, "compare", "a.json", "a.json", "--point", "x"))


class Sensitivity(CheckTest):
    def test_sorts_parameters_by_their_effect(self):
        found = json.loads(self.succeeds("sensitivity", CS2, "tiny.yaml", "--format", "json", "-q"))
        elasticities = [effect["elasticity"] for effect in found["effects"]]
        self.assertEqual(elasticities, sorted(elasticities, reverse=True))
        effects = {effect["key"]: effect for effect in found["effects"]}
        # A step that only the wafer's clock times would gain 1 - 1 / 1.1 from 10 % more of it.
        self.assertAlmostEqual(effects["wafer.clock"]["gain"], 1 - 1 / 1.1, delta=0.01)
        self.assertEqual(effects["wafer.clock"]["better"], "1210 MHz")
        # It only scales the peak that the table of stations shows.
        self.assertIn("wafer.pe.sram_read_per_cycle", found["without_effect"])
        untried = [key.split()[0] for key in found["untried"]]
        self.assertIn("memoryx.shards", untried)


if __name__ == "__main__":
    unittest.main()
