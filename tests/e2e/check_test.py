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

    def test_two_sweeps(self):
        for name, clock in (("a", "1.1"), ("b", "0.9")):
            self.write("fast.yaml", f"base: {CS2}\nwafer: {{clock: {clock} GHz}}\n")
            self.write("s.yaml", "machine: fast.yaml\nworkload: tiny.yaml\nsweep: {cluster.nodes: [1, 4]}\n")
            self.succeeds("sweep", "s.yaml", "-o", name)
        text = self.succeeds("compare", "a", "b")
        self.assertIn("2 points in both, 2 differ; 0 only in a, 0 only in b\n", text)
        self.assertEqual(self.succeeds("compare", "a", "a"), "2 points in both, 0 differ; 0 only in a, 0 only in a\n")


class Sensitivity(CheckTest):
    def test_sorts_parameters_by_their_effect(self):
        found = json.loads(self.succeeds("sensitivity", CS2, "tiny.yaml", "--format", "json", "-q"))
        elasticities = [effect["elasticity"] for effect in found["effects"]]
        self.assertEqual(elasticities, sorted(elasticities, reverse=True))
        effects = {effect["key"]: effect for effect in found["effects"]}
        # A step that only the wafer's clock times would gain 1 - 1 / 1.1 from 10 % more of it.
        self.assertAlmostEqual(effects["wafer.clock"]["gain"], 1 - 1 / 1.1, delta=0.01)
        self.assertEqual(effects["wafer.clock"]["better"], "1210 MHz")
        # The accumulators are mixed, not FP32.
        self.assertIn("wafer.pe.fmacs_fp32", found["without_effect"])
        untried = [key.split()[0] for key in found["untried"]]
        self.assertIn("memoryx.shards", untried)


if __name__ == "__main__":
    unittest.main()
