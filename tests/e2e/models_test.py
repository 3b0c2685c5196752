#!/usr/bin/python3
"""Models as users have them: the same network in three formats, ResNet-50 in training, and files that are wrong."""
import io
import json
import os
import struct
import subprocess
import unittest
import zipfile

from wafersim import CONFIGS, CS2, PROGRAM, SOURCE, UserTest, wafersim

SCALE_SIM = """Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
first, 34, 34, 3, 3, 3, 16, 1,
second, 34, 34, 3, 3, 16, 32, 1,
third, 32, 32, 2, 2, 32, 24, 2,
"""

YAML = """graph:
  - { name: pixels, op: input, features: 3, size: 34x34 }
  - { name: first, op: convolution, features: 16, kernel: 3x3 }
  - { name: second, op: convolution, features: 32, kernel: 3x3, padding: 1 }
  - { name: third, op: convolution, features: 24, kernel: 2x2, stride: 2x2 }
  - { name: loss, op: loss }
"""


class Models(UserTest):
    def make(self, net):
        file = self.folder / f"{net}.onnx"
        subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tools" / "make_onnx.py", net, file], check=True)
        return file.name

    def result(self, machine, model, *more):
        return json.loads(self.succeeds("run", machine, model, "--format", "json", "--quiet", *more))

    def test_one_network_in_three_formats_takes_the_same_cycles(self):
        self.write("net.csv", SCALE_SIM)
        self.write("net.yaml", YAML)
        plan = ("--set", "workload.global_batch=64")
        results = [self.result(CS2, self.make("plain"), "--bind", "batch=1", *plan),
                   self.result(CS2, "net.yaml", *plan), self.result(CS2, "net.csv", *plan)]
        self.assertEqual(len({result["step"]["cycles"] for result in results}), 1)
        for result in results[1:]:
            self.assertEqual([layer["forward_cycles"] for layer in result["layers"]],
                             [layer["forward_cycles"] for layer in results[0]["layers"]])

    def test_convert_writes_what_runs_the_same(self):
        model = self.make("squeezenet")
        self.succeeds("convert", model, "--bind", "batch=1", "-o", "net.yaml")
        plan = ("--set", "workload.global_batch=32")
        self.assertEqual(self.result(CS2, "net.yaml", *plan)["step"],
                         self.result(CS2, model, "--bind", "batch=1", *plan)["step"])

    def test_resnet50_trains_on_one_and_on_sixteen_wafers(self):
        model = self.make("resnet50")
        one = self.result(CS2, model, "--bind", "batch=1")
        many = self.result(CS2, model, "--bind", "batch=1", "--set", "cluster.nodes=16")
        self.assertEqual(one["plan"]["parameters"], 25_557_032)
        # 2 FLOP for each of 4,089,184,256 multiply-adds forward, 4 backward, for every image.
        images = one["plan"]["sequences_per_node"]
        self.assertEqual(one["step"]["flops_done"], 6 * 4_089_184_256 * images)
        self.assertEqual(many["step"]["flops_done"], 16 * one["step"]["flops_done"])
        self.assertGreaterEqual(many["step"]["cycles"], one["step"]["cycles"])
        report = self.succeeds("run", CS2, model, "--bind", "batch=1", "--quiet")
        self.assertIn("Layers that use the wafer badly", report)
        # Of 359 images, the first convolution has so many positions that no layer uses the wafer better.
        self.assertRegex(report, r"The others reach .* \(conv1\)")
        # 359 images of 7 x 7 are fewer positions than PEs, so that a weight's overhead outweighs its products.
        self.assertRegex(report, r"layer4\.\*\.conv2 .* positions: a weight that arrives meets 1 in a PE")

    def test_early_convolutions_of_few_images_say_that_they_have_few_channels(self):
        model = self.make("resnet50")
        # 16 images on each wafer of Andromeda; 3 channels of 49 taps lie on 147 columns.
        report = self.succeeds("run", str(CONFIGS / "machine" / "andromeda.yaml"), model, "--bind", "batch=1",
                               "--quiet", "--set", "workload.global_batch=256")
        badly = " ".join(report.partition("Layers that use the wafer badly")[2].partition("\n\n")[0].split())
        self.assertRegex(badly, r" conv1 4\.\d % [^%]* positions: its kernels fill \(\d+ %\); "
                                r"3 channels over 147 columns: sums and neighbours")
        self.assertRegex(badly, r"layer1\.\*\.conv3 2\.\d % .* 64 channels: work for 64 of 284 columns of PEs")
        for stage in range(1, 5):
            for part in ("conv1", "conv2", "conv3"):
                self.assertRegex(badly, rf"layer{stage}\.\*\.{part} \d\.\d % ")

    def test_unknown_operators_stop_or_are_listed(self):
        import onnx  # Debian's, as this script runs with Debian's Python
        from onnx import TensorProto, helper
        tensor = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 8]) for name in "xy"]
        graph = helper.make_graph([helper.make_node("Fancy", ["x"], ["a"], name="new", domain="some.where"),
                                   helper.make_node("Relu", ["a"], ["y"], name="old")], "g", tensor[:1], tensor[1:])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13),
                                                          helper.make_opsetid("some.where", 1)]),
                  self.folder / "fancy.onnx")
        complaint = self.refuses(2, "run", CS2, "fancy.onnx", "--bind", "batch=1")
        self.assertIn("operator 'some.where.Fancy' of node 'new' is not known", complaint)
        skipping = ("run", CS2, "fancy.onnx", "--bind", "batch=1", "--unknown=skip")
        report = wafersim(*skipping, folder=self.folder)
        self.assertEqual(report.returncode, 0, report.stderr)
        for told in (report.stderr, report.stdout):
            self.assertIn("operator 'some.where.Fancy' of node 'new'", told)
        result = json.loads(wafersim(*skipping, "--quiet", "--format", "json", folder=self.folder).stdout)
        self.assertEqual(result["inputs"]["workload"]["not_modelled"], ["operator 'some.where.Fancy' of node 'new'"])

    def test_masks_save_what_they_count(self):
        self.write("net.yaml", YAML + "masks: pruned.mtx\n")
        entries = [(row, column) for row in range(1, 25) for column in range(1, 129) if (row * column) % 8 == 0]
        self.write("pruned.mtx", f"%%MatrixMarket matrix coordinate pattern general\n24 128 {len(entries)}\n" +
                   "".join(f"{row} {column}\n" for row, column in entries))
        done = wafersim("run", CS2, "net.yaml", "--format", "json", folder=self.folder)
        self.assertIn("no layer is called like the tensor 'pruned'", done.stderr)
        self.write("net.yaml", YAML + f"sparsity: {{ kept: [ {{ layer: third, weights: {len(entries)} }} ] }}\n"
                   "global_batch: 64\n")
        result = self.result(CS2, "net.yaml")
        pruned = 24 * 128 - len(entries)
        self.assertEqual(result["sparsity"]["weights_skipped"], pruned)
        self.assertEqual(result["sparsity"]["flops_skipped"], 6 * pruned * 16 * 16 * 64)
        third = next(layer for layer in result["layers"] if layer["name"] == "third")
        self.assertEqual(third["nonzero_weights"], len(entries))

    def test_describe_says_what_the_store_of_a_run_holds(self):
        model = ("plain.onnx", "--bind", "batch=1", "--format", "json")
        self.make("plain")
        needs = json.loads(self.succeeds("describe", *model))["model"]["memoryx_bytes"]
        memory = json.loads(self.succeeds("run", CS2, *model, "--quiet"))["memory"]
        self.assertEqual(needs["total"], sum(row["used_bytes"] for row in memory if row["name"].startswith("memoryx")))

    def test_a_gigabyte_of_weights_is_counted_in_little_memory(self):
        self.write("net.yaml", "graph:\n  - { name: words, op: embedding, rows: 9, features: 16384 }\n"
                   "  - { name: up, op: linear, features: 8192 }\n  - { name: loss, op: loss }\nsequence_length: 1\n")
        header = json.dumps({"up.weight": {"dtype": "F64", "shape": [8192, 16384], "data_offsets": [0, 2**30]}}).encode()
        file = self.folder / "big.safetensors"
        file.write_bytes(len(header).to_bytes(8, "little") + header)
        with open(file, "r+b") as stream:  # zeros that take no room on disk, and one weight at their end
            stream.truncate(8 + len(header) + 2**30)
            stream.seek(-8, os.SEEK_END)
            stream.write(struct.pack("<d", 0.5))
        with subprocess.Popen([PROGRAM, "describe", "net.yaml", "--set", "workload.masks=big.safetensors", "--format",
                               "json"], cwd=self.folder, stdout=subprocess.PIPE, text=True) as started:
            output = started.stdout.read()
            _, status, usage = os.wait4(started.pid, 0)
            started.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(started.returncode, 0)
        self.assertEqual(json.loads(output)["inputs"]["workload"]["sparsity"]["kept"], [{"layer": "up", "weights": 1}])
        self.assertLess(usage.ru_maxrss * 1024, 2**28)  # a quarter of the file; measured: 30 MB

    def test_wrong_files_of_every_format_end_with_exit_code_2(self):
        self.write("net.yaml", "graph:\n  - { name: words, op: embedding, rows: 9, features: 6 }\n"
                   "  - { name: up, op: linear, features: 8 }\n  - { name: loss, op: loss }\nsequence_length: 1\n")
        self.make("plain")
        header = json.dumps({"up.weight": {"dtype": "F32", "shape": [8, 6], "data_offsets": [0, 192]}}).encode()
        array = b"\x93NUMPY\x01\x00" + struct.pack("<H", 64) + b"{'descr': '<f4', 'shape': (8, 6), }".ljust(63) + b"\n"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as entries:
            entries.writestr("up.npy", array + bytes(192))
        good = {"m.onnx": (self.folder / "plain.onnx").read_bytes(), "t.csv": SCALE_SIM.encode(),
                "g.yaml": YAML.encode(), "c.json": b'{"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 2, '
                                                    b'"n_positions": 8, "vocab_size": 90}',
                "up.npy": array + bytes(192), "m.npz": archive.getvalue(),
                "m.safetensors": len(header).to_bytes(8, "little") + header + bytes(192),
                "m.safetensors.index.json": b'{"weight_map": {"up.weight": "m.safetensors"}}',
                "up.mtx": b"%%MatrixMarket matrix coordinate real general\n8 6 2\n1 1 0.5\n8 6 1\n"}

        def arguments(name):
            if name in ("m.onnx", "t.csv", "g.yaml", "c.json"):
                return ("describe", name, *(("--bind", "batch=1") if name == "m.onnx" else ()))
            return ("describe", "net.yaml", "--set", f"workload.masks={name}")

        noise = bytes((i * i * 7919 + i * 31 + 128) % 251 for i in range(500))
        for name, content in good.items():
            (self.folder / name).write_bytes(content)
            self.assertEqual(wafersim(*arguments(name), folder=self.folder).returncode, 0, name)
            for wrong in (content[:len(content) // 2], noise, b""):
                (self.folder / name).write_bytes(wrong)
                self.assertIn(name, self.refuses(2, *arguments(name)), (name, wrong[:20]))
            (self.folder / name).write_bytes(content)

        # A header that lies about its offsets, an archive that would swell, a mask of another shape.
        lie = header.replace(b"[0, 192]", b"[64, 256]")
        (self.folder / "lie.safetensors").write_bytes(len(lie).to_bytes(8, "little") + lie + bytes(192))
        self.assertIn("its data would lie from 64 to 256 of 192 bytes", self.refuses(2, *arguments("lie.safetensors")))
        with zipfile.ZipFile(self.folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as entries:
            entries.writestr("up.npy", array + bytes(2**28))
        self.assertIn("its shape needs 266 bytes, but it has", self.refuses(2, *arguments("bomb.npz")))
        (self.folder / "up.npy").write_bytes(array.replace(b"(8, 6)", b"(8, 7)") + bytes(224))
        self.assertIn("has the shape 8 x 7, but linear 'up' needs 8 x 6 or 6 x 8", self.refuses(2, *arguments("up.npy")))

    def test_graphs_that_go_in_circles_or_end_nowhere_are_refused(self):
        import onnx  # Debian's, as this script runs with Debian's Python
        from onnx import TensorProto, helper
        tensor = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "xy"]

        def refused(*nodes, inputs=tensor[:1], outputs=tensor[1:]):
            graph = helper.make_graph([helper.make_node("Add", list(taken), [made], name=f"to_{made}")
                                       for taken, made in nodes], "g", inputs, outputs)
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), self.folder / "g.onnx")
            return self.refuses(2, "describe", "g.onnx")

        self.assertIn("takes 'y', which is made only later: the graph has a cycle", refused(("xy", "a"), ("xa", "y")))
        self.assertIn("takes 'q', which nothing makes", refused(("xq", "y")))
        self.assertIn("nothing makes 'y'", refused(("xx", "a")))
        self.assertIn("to_z: no layer takes its output", refused(("xx", "y"), ("xx", "z")))
        two = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "xwyz"]
        self.assertIn("'w': nothing connects it with 'x': the graph falls apart",
                      refused(("xx", "y"), ("ww", "z"), inputs=two[:2], outputs=two[2:]))

    def test_wrong_models_end_with_exit_code_2(self):
        (self.folder / "cut.onnx").write_bytes((self.folder / self.make("alexnet")).read_bytes()[:1000])
        (self.folder / "noise.onnx").write_bytes(bytes(range(255, 0, -1)))
        (self.folder / "big.onnx").touch()
        os.truncate(self.folder / "big.onnx", 2**31 + 1)
        self.write("bad.csv", "Layer, M, N, K,\nA, 8, x, 4,\n")
        for file, words in (("cut.onnx", "cut short"), ("noise.onnx", "not an ONNX model"), ("big.onnx", "2 GiB"),
                            ("bad.csv", "bad.csv:2:7: expected a whole number, got 'x'"),
                            ("alexnet.onnx", "unbound symbolic dimension 'batch'"),
                            ("nothing.onnx", "nothing.onnx: is not a file that can be read")):
            self.assertIn(words, self.refuses(2, "describe", file))
        complaint = self.refuses(2, "describe", "alexnet.onnx", "--bind", "batch")
        self.assertIn("workload.bind: expected NAME=SIZE,NAME=SIZE such as batch=1,sequence=2048, got 'batch'", complaint)


if __name__ == "__main__":
    unittest.main()
