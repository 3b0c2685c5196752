#!/usr/bin/python3
"""Wrong input ends with exit code 2 and one line that names the place; nothing is left behind."""
import unittest

from wafersim import CS2, GPT2, UserTest, wafersim

MODEL = '{"model_type": "%s", "n_embd": 64, "n_layer": 2, "n_head": 2, "n_positions": 64, "vocab_size": 100}'

CYCLE = """sequence_length: 8
graph:
  - { name: e, op: embedding, rows: 10, features: 8 }
  - { name: a, op: linear, input: b, features: 8 }
  - { name: b, op: linear, input: a, features: 8 }
  - { name: s, op: residual, inputs: [e, b] }
  - { name: loss, op: loss }
"""

MISMATCH = """sequence_length: 8
graph:
  - { name: e, op: embedding, rows: 10, features: 8 }
  - { name: wide, op: linear, features: 16 }
  - { name: sum, op: residual, inputs: [e, wide] }
  - { name: loss, op: loss }
"""


class Errors(UserTest):
    def complaint(self, machine, workload, *more):
        """The one line that a run prints, without the end of the line."""
        text = self.refuses(2, "run", machine, workload, "-o", "result.json", "--trace", "trace.json", *more)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.endswith("\n"))
        for word in ("terminate", "what()", "Error:", "core dumped"):
            self.assertNotIn(word, text)
        return text[:-1]

    def of_machine(self, text):
        self.write("m.yaml", f"base: {CS2}\n{text}")
        return self.complaint("m.yaml", GPT2)

    def of_workload(self, text, name="w.yaml"):
        self.write(name, text)
        return self.complaint(CS2, name)

    def test_unknown_key(self):
        self.assertEqual(self.of_machine("wafer:\n  clokc: 1 GHz\n"),
                         "m.yaml:3:3: wafer.clokc: unknown key (did you mean 'clock'?)")

    def test_duplicate_key(self):
        self.assertRegex(self.of_machine("wafer:\n  clock: 1 GHz\n  clock: 2 GHz\n"),
                         r"^m\.yaml:4:3: wafer\.clock: .*line 3$")

    def test_wrong_unit(self):
        self.assertRegex(self.of_machine("wafer: { clock: 3 KiB }\n"), r"^m\.yaml:2:17: wafer\.clock: .*'3 KiB'")

    def test_negative_number(self):
        self.assertRegex(self.of_machine("cluster: { nodes: -3 }\n"), r"^m\.yaml:2:19: cluster\.nodes: .*-3")

    def test_overflowing_number(self):
        self.assertRegex(self.of_machine("cluster: { nodes: 99999999999999999999999 }\n"),
                         r"^m\.yaml:2:19: cluster\.nodes: ")

    def test_zero_nodes(self):
        self.assertRegex(self.of_machine("cluster: { nodes: 0 }\n"), r"^m\.yaml:2:19: cluster\.nodes: .*got 0$")

    def test_missing_file(self):
        self.assertEqual(self.complaint("none.yaml", GPT2), "none.yaml: no such file")

    def test_missing_base(self):
        self.write("b.yaml", "base: none.yaml\n")
        self.assertEqual(self.complaint("b.yaml", GPT2), "b.yaml:1:7: base: 'none.yaml' no such file")

    def test_directory(self):
        self.assertEqual(self.complaint("/tmp", GPT2), "/tmp: is a directory, expected a file")

    def test_empty_file(self):
        self.assertEqual(self.of_workload(""), "w.yaml: is empty, expected YAML")

    def test_not_yaml(self):
        self.assertRegex(self.of_workload("model: [1, 2\nname: x\n"), r"^w\.yaml:\d+:\d+: ")

    def test_binary(self):
        (self.folder / "w.yaml").write_bytes(bytes(range(256)))
        self.assertRegex(self.complaint(CS2, "w.yaml"), r"^w\.yaml:1:1: ")

    def test_base_loop(self):
        self.write("a.yaml", "base: b.yaml\n")
        self.write("b.yaml", "base: a.yaml\n")
        self.assertEqual(self.complaint("a.yaml", GPT2),
                         "b.yaml:1:7: base: files inherit from each other in a loop: a.yaml -> b.yaml -> a.yaml")

    def test_cyclic_graph(self):
        self.assertRegex(self.of_workload(CYCLE), r"^w\.yaml:\d+:\d+: .*(a.*b|b.*a)")

    def test_shape_mismatch_names_both(self):
        self.assertRegex(self.of_workload(MISMATCH), r"^w\.yaml:5:\d+: .*('e'.*'wide'|'wide'.*'e')")

    def test_unknown_model_type_lists_the_known(self):
        self.assertRegex(self.of_workload(MODEL % "mamba", "config.json"),
                         r"^config\.json:1:\d+: .*model_type: .*'mamba'.*gpt2, llama, .*vit$")

    def test_truncated_config_json(self):
        self.assertRegex(self.of_workload((MODEL % "gpt2")[:60], "config.json"), r"^config\.json:\d+:\d+: ")

    def test_setting(self):
        self.assertEqual(self.complaint(CS2, GPT2, "--set", "wafer.clock=3 B"),
                         "--set wafer.clock=3 B: wafer.clock: expected a frequency such as '1.1 GHz', got '3 B'")
        self.assertEqual(self.complaint(CS2, GPT2, "--set", "workload.optimizr=adam"),
                         "--set workload.optimizr=adam: workload.optimizr: unknown key "
                         "(did you mean 'optimizer'?)")
        self.assertEqual(self.complaint(CS2, GPT2, "--set", "nonsense"),
                         "--set: expected KEY=VALUE, got 'nonsense'")

    def test_batch_that_cannot_be_shared(self):
        self.assertIn("7", self.complaint(CS2, GPT2, "--set", "workload.global_batch=7", "--set",
                                          "cluster.nodes=2"))

    def test_files_that_are_swapped(self):
        self.assertEqual(wafersim("run", GPT2, CS2).stderr,
                         f"{GPT2}: is a workload, expected a machine\n{CS2}: is a machine, expected a workload\n")

    def test_all_errors_of_both_files_come_at_once(self):
        self.write("m.yaml", f"base: {CS2}\nwafer: {{ clokc: 1 GHz }}\ncluster: {{ nodes: 0 }}\n")
        text = self.refuses(2, "run", "m.yaml", GPT2, "--set", "workload.recompute=some")
        self.assertEqual(text.count("\n"), 3, text)

    def test_output_that_cannot_be_written(self):
        self.assertEqual(self.refuses(2, "run", CS2, GPT2, "-o", "no/such/folder.json"),
                         "no/such/folder.json: there is no folder 'no/such'\n")
        self.assertIn("No space left", self.refuses(2, "run", CS2, GPT2, "-o", "/dev/full"))

    def test_memory_that_does_not_fit_says_what_would(self):
        text = self.refuses(3, "run", CS2, GPT2, "--set", "workload.micro_batch=100000", "--set",
                            "workload.global_batch=100000", "-o", "result.json")
        self.assertRegex(text, r"the largest micro_batch that fits is \d+")
        small = ("memoryx.dram.capacity=70 GiB", "memoryx.flash.capacity=1 MB")
        settings = [word for setting in small for word in ("--set", setting)]
        brain = GPT2.replace("gpt2.yaml", "brain-120t.yaml")
        self.assertIn("MemoryX", self.refuses(3, "run", CS2, brain, *settings))


if __name__ == "__main__":
    unittest.main()
