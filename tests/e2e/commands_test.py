#!/usr/bin/python3
"""Command lines, formats, and results that can be run again."""
import csv
import io
import json
import unittest

from wafersim import CONFIGS, CS2, GPT2, UserTest, wafersim

FIXED = ["schema", "version", "inputs", "step", "layers", "stations", "attribution", "memory", "sparsity"]


class Commands(UserTest):
    def test_help_of_every_command(self):
        overview = self.succeeds("--help")
        for command in ("run", "describe", "sweep", "layer"):
            self.assertIn(f"  {command} ", overview)
            text = self.succeeds(command, "--help")
            self.assertTrue(text.startswith(f"usage: wafersim {command} "), text)
            self.assertIn("examples:\n", text)

    def test_version(self):
        self.assertRegex(self.succeeds("--version"), r"^wafersim \d+\.\d+\.\d+( \([0-9a-f]+\))?\n$")

    def test_wrong_command_lines(self):
        cases = {("rnu",): "command line: unknown command 'rnu' (did you mean 'run'?)\n",
                 (): "command line: no command (see wafersim --help)\n",
                 ("run", "--frmat", "x"): "--frmat: unknown option (did you mean '--format'?)\n",
                 ("run", "--format", "xml", CS2, GPT2):
                     "--format: expected one of 'text', 'json', 'csv', got 'xml'\n",
                 ("sweep", "x.yaml", "-j", "0"): "--jobs: expected a number from 1 to 4096, got '0'\n",
                 ("describe", GPT2, "--set", "cluster.nodes=2"):
                     "--set cluster.nodes=2: there is no machine on this command line; keys of the workload "
                     "begin with 'workload.'\n"}
        for arguments, complaint in cases.items():
            self.assertEqual(self.refuses(2, *arguments), complaint)
        self.assertIn("WORKLOAD is missing", self.refuses(2, "run", CS2))
        self.assertIn("'x' is one too many", self.refuses(2, "run", CS2, GPT2, "x"))

    def test_layer(self):
        size = ("layer", CS2, "--size", "480x480", "--tokens", "1920", "--set", "wafer.grid=24x30")
        text = self.succeeds(*size)
        self.assertRegex(text, r"dense +\d+ +[\d,]+ +1\.00 +1\.0 ")
        levels = json.loads(self.succeeds(*size, "--sparsity", "0.9", "--fidelity", "sampled", "--format", "json"))["levels"]
        self.assertEqual([level["kept"] for level in levels], [230400, 23040])
        for level in levels:
            self.assertEqual(sum(level["parts"].values()), level["cycles"])
        for wrong, complaint in (
                (("--sparsity", "0.5,1"), "--sparsity: expected shares from 0 to below 1, such as 0.5,0.9, got '1'\n"),
                (("--size", "480"), "--size: expected OUTxIN, each from 1 to 1000000, such as 12288x12288, got '480'\n"),
                (("--mask", "diagonal"), "--mask: expected uniform, block:SIZE or N:M, got 'diagonal'\n"),
                (("--mask", "block:0"), "--mask: expected block:SIZE such as 'block:4', got 'block:0'\n"),
                (("--mask", "5:4"), "--mask: keeps 5 of 4 weights: N of N:M must be at most M\n"),
                (("--mask", "2:7"), "layer: the mask 2:7 needs inputs that are a multiple of 7, such as 483, got 480\n"),
                (("--tokens", "0"), "--tokens: expected a whole number from 1 to 1000000000, got '0'\n"),
                (("--fidelity", "wavelet"), "--fidelity: expected one of 'flow', 'sampled', 'folded', got 'wavelet'\n")):
            options = {"--size": "480x480", "--tokens": "9", **dict([wrong])}
            words = [word for option in options.items() for word in option]
            self.assertEqual(self.refuses(2, "layer", CS2, *words), complaint)
        self.assertIn("--size: is missing", self.refuses(2, "layer", CS2))
        self.assertIn("leave --sparsity out", self.refuses(2, *size, "--mask", "2:4", "--sparsity", "0.5"))
        masked = json.loads(self.succeeds(*size, "--mask", "2:4", "--set", "wafer.pe.skip_block=4", "--format", "json"))
        self.assertEqual((masked["mask"], masked["skip_block"], masked["accumulate"]), ("2:4", 4, "mixed"))
        self.assertEqual([(level["kept"], level["sent"]) for level in masked["levels"]],
                         [(230400, 230400), (115200, 230400)])
        self.assertRegex(self.succeeds(*size, "--set", "wafer.pe.skip_block=4"), "overhead +zeros +uneven")
        self.assertIn("need", self.refuses(3, "layer", CS2, "--size", "480x480", "--tokens", "900000000"))

    def test_zeros_of_activations(self):
        model = ("{model_type: opt, vocab_size: 100, hidden_size: 512, num_hidden_layers: 1, num_attention_heads: 4, "
                 "ffn_dim: 2048, max_position_embeddings: 64}")
        opt = self.folder / "opt.yaml"
        opt.write_text(f"model: {model}\nglobal_batch: 16\nmicro_batch: 16\n")
        run = ("run", CS2, opt, "--set", "wafer.grid=64x64", "--set", "wafer.mapping.groups=1", "--format", "json")
        none = json.loads(self.succeeds(*run))
        self.assertNotIn("zeros", none)
        most = json.loads(self.succeeds(*run, "--set", "workload.sparsity.activations=0.9"))
        (zeros,) = most["zeros"]
        self.assertEqual((zeros["relu"], zeros["share"], zeros["layer"], zeros["why_not"]),
                         ("layers.0.mlp.act", 0.9, "layers.0.fc1", ""))
        self.assertGreater(zeros["saved_cycles"], 0)
        self.assertLess(most["step"]["cycles"], none["step"]["cycles"])
        self.assertIn("sparsity.activations: the model has no relu",
                      self.refuses(2, "run", CS2, GPT2, "--set", "workload.sparsity.activations=0.5"))

    def test_describe(self):
        machine = self.succeeds("describe", CS2)
        self.assertRegex(machine, r"cores +850,584 +850,000")
        both = json.loads(self.succeeds("describe", CS2, GPT2, "--format", "json"))
        self.assertEqual(both["model"]["parameters"], 124439808)
        self.assertEqual(both["inputs"]["machine"]["name"], "CS-2")
        for name, parameters in (("gpt2-xl", "1,557,611,200"), ("llama2-7b", "6,738,415,616"),
                                 ("llama2-70b", "68,976,648,192"), ("bert-large", "335,141,888")):
            text = self.succeeds("describe", CONFIGS / "workload" / f"{name}.yaml")
            self.assertIn(parameters, text, name)


class Results(UserTest):
    def test_json_has_the_fixed_names_and_parts_that_sum_up(self):
        result = json.loads(self.succeeds("run", CS2, GPT2, "--format", "json"))
        self.assertEqual(list(result)[:len(FIXED)], FIXED)
        self.assertEqual(sum(row["cycles"] for row in result["attribution"]), result["step"]["cycles"])
        for layer in result["layers"]:
            self.assertEqual(sum(layer["parts"].values()), layer["forward_cycles"] + layer["backward_cycles"])

    def test_the_same_command_gives_the_same_bytes(self):
        arguments = ("run", CS2, GPT2, "--set", "workload.sparsity.level=0.5", "--format", "json")
        self.assertEqual(self.succeeds(*arguments), self.succeeds(*arguments))

    def test_a_result_reproduces_itself(self):
        settings = ("--set", "cluster.nodes=6", "--set", "workload.sparsity.level=0.9", "--set",
                    "workload.tokens_per_node=131072", "--set", "wafer.clock=0.9 GHz")
        first = json.loads(self.succeeds("run", CS2, GPT2, *settings, "--format", "json"))
        self.write("machine.json", json.dumps(first["inputs"]["machine"]))
        self.write("workload.json", json.dumps(first["inputs"]["workload"]))
        again = json.loads(self.succeeds("run", "machine.json", "workload.json", "--format", "json"))
        self.assertEqual(again, first)

    def test_output_file_holds_what_stdout_would(self):
        for form in ("text", "json", "csv"):
            self.assertEqual(self.succeeds("run", CS2, GPT2, "--format", form, "-o", "result"), "")
            self.assertEqual((self.folder / "result").read_text(), self.succeeds("run", CS2, GPT2, "--format", form))
        self.assertEqual(self.files(), ["result"])

    def test_text_fits_a_terminal(self):
        for line in self.succeeds("run", CS2, GPT2, "--set", "workload.sparsity.level=0.9").splitlines():
            self.assertLessEqual(len(line), 100, line)

    def test_csv_has_a_row_per_layer(self):
        rows = list(csv.DictReader(io.StringIO(self.succeeds("run", CS2, GPT2, "--format", "csv"))))
        result = json.loads(self.succeeds("run", CS2, GPT2, "--format", "json"))
        self.assertEqual([row["name"] for row in rows], [layer["name"] for layer in result["layers"]])
        self.assertEqual(sum(int(row["forward_cycles"]) for row in rows),
                         sum(layer["forward_cycles"] for layer in result["layers"]))

    def test_trace_is_json_with_named_tracks(self):
        self.succeeds("run", CS2, GPT2, "--trace", "trace.json")
        events = json.loads((self.folder / "trace.json").read_text())["traceEvents"]
        self.assertTrue(any(event["ph"] == "M" for event in events))
        self.assertTrue(all(event["dur"] >= 0 for event in events if event["ph"] == "X"))


class Sweeps(UserTest):
    def study(self, rest):
        return self.write("study.yaml", f"machine: {CS2}\nworkload: {GPT2}\n{rest}")

    def test_points_come_in_the_order_of_the_grid_whatever_the_number_of_processes(self):
        self.study("sweep:\n  cluster.nodes: [4, 1]\n  workload.sparsity.level: [0, 0.9]\n"
                   "hold: { tokens_per_node: 65536 }\n")
        lines = [json.loads(line) for line in self.succeeds("sweep", "study.yaml", "--format", "jsonl").splitlines()]
        self.assertEqual([line["set"]["cluster.nodes"] for line in lines], ["4", "4", "1", "1"])
        one = self.succeeds("sweep", "study.yaml", "-j1", "--format", "csv")
        self.assertEqual(one, self.succeeds("sweep", "study.yaml", "-j", "3", "--format", "csv"))
        run = json.loads(self.succeeds("run", CS2, GPT2, "--format", "json", "--set", "cluster.nodes=4", "--set",
                                       "workload.tokens_per_node=65536"))
        self.assertEqual(run["step"]["cycles"], lines[0]["step"]["cycles"])

    def test_a_point_that_fails_is_a_row(self):
        self.study("sweep: { workload.micro_batch: [60], wafer.pe.sram: [48 KiB, 16 KiB] }\n")
        text = self.succeeds("sweep", "study.yaml")
        self.assertRegex(text, r"60 +48 KiB +[0-9]")
        self.assertRegex(text, r"60 +16 KiB +failed")
        self.assertIn("the largest micro_batch that fits", text)

    def test_a_wrong_study_is_refused_before_it_runs(self):
        self.study("sweep: { cluster.nodes: [1, two] }\n")
        self.assertRegex(self.refuses(2, "sweep", "study.yaml", "-o", "x.csv"),
                         r"^study\.yaml:3:29: sweep\.cluster\.nodes: .*'two'\n$")

    def test_when_every_point_fails_so_does_the_study(self):
        self.study("sweep: { workload.micro_batch: [100000] }\n")
        self.assertEqual(wafersim("sweep", "study.yaml", folder=self.folder).returncode, 3)


if __name__ == "__main__":
    unittest.main()
