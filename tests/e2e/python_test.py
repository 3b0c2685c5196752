#!/usr/bin/python3
"""The Python module: results, errors, caching, sweeps, and its examples."""
import csv
import io
import subprocess
import sys
import unittest

from wafersim import CS2, SOURCE, UserTest

TINY = """
name: tiny
model: {model_type: gpt2, vocab_size: 256, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 2, n_inner: 128}
sequence_length: 64
tokens_per_node: 4096
"""
# The helpers of these tests are called wafersim too.
del sys.modules["wafersim"]
sys.path.insert(0, str(SOURCE / "tools" / "python"))
import wafersim  # noqa: E402


class PythonTest(UserTest):
    def setUp(self):
        super().setUp()
        self.tiny = self.write("tiny.yaml", TINY)


class Simulate(PythonTest):
    def test_gives_dataclasses_whose_parts_sum_to_the_step(self):
        result = wafersim.simulate(CS2, self.tiny, cluster__nodes=4)
        self.assertEqual(sum(part.cycles for part in result.attribution), result.step.cycles)
        self.assertEqual(sum(layer.forward_cycles + layer.backward_cycles for layer in result.layers), result.step.cycles)
        self.assertEqual(result.document["plan"]["nodes"], 4)

    def test_raises_what_the_program_says(self):
        with self.assertRaisesRegex(wafersim.InputError, "did you mean 'nodes'"):
            wafersim.simulate(CS2, self.tiny, cluster__ndoes=4)
        with self.assertRaisesRegex(wafersim.DoesNotFit, "the SRAM of a PE is too small"):
            wafersim.simulate(CS2, self.tiny, settings={"workload.tokens_per_node": 64 * 10**7, "workload.micro_batch": 10**7})

    def test_runs_the_same_inputs_once(self):
        cache = self.folder / "cache"
        first = wafersim.simulate(CS2, self.tiny, cache=cache, workload__sparsity__level=0.5)
        files = list(cache.iterdir())
        self.assertEqual(len(files), 1)
        # The same inputs, spelled in another way.
        self.assertEqual(wafersim.simulate(CS2, self.tiny, cache=cache, workload__sparsity__level="50 %"), first)
        self.assertEqual(list(cache.iterdir()), files)
        files[0].write_text(files[0].read_text(encoding="utf-8").replace(str(first.step.cycles), "1"), encoding="utf-8")
        self.assertEqual(wafersim.simulate(CS2, self.tiny, cache=cache, workload__sparsity__level=0.5).step.cycles, 1)

    def test_runs_many_side_by_side_in_their_order(self):
        results = wafersim.simulate_all(CS2, self.tiny, [{"cluster.nodes": nodes} for nodes in (4, 1, 2)])
        self.assertEqual([result.document["plan"]["nodes"] for result in results], [4, 1, 2])


class Sweep(PythonTest):
    def test_gives_points_with_their_errors(self):
        points = wafersim.sweep(CS2, self.tiny, {"cluster.nodes": [1, 4]}, folder=self.folder / "s",
                                list=[{"workload.micro_batch": 1, "workload.tokens_per_node": 4096},
                                      {"workload.micro_batch": 10**7, "workload.tokens_per_node": 64 * 10**7}])
        self.assertEqual([point.step is None for point in points], [False, True, False, True])
        self.assertIn("too small", points[1].error)
        self.assertEqual(points.values("cluster.nodes"), ["1", "4"])
        self.assertEqual(points[0].step, wafersim.simulate(CS2, self.tiny, workload__micro_batch=1).step)
        self.assertTrue((self.folder / "s" / "results.csv").exists())
        self.assertEqual(len(list(csv.DictReader(io.StringIO(points.csv())))), 4)
        with self.assertRaisesRegex(wafersim.InputError, "sweep.cluster.nodes: expected"):
            wafersim.sweep(CS2, self.tiny, {"cluster.nodes": ["many"]})

    def test_makes_a_frame_where_pandas_is(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("pandas is not installed")
        frame = wafersim.sweep(CS2, self.tiny, {"cluster.nodes": [1, 4]}).frame()
        self.assertEqual(list(frame["cluster.nodes"]), ["1", "4"])
        self.assertTrue((frame["cycles"] > 0).all())


class Examples(PythonTest):
    def test_run_and_end_in_pictures(self):
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            self.skipTest("matplotlib is not installed")
        for name in ("scaling", "sparsity"):
            subprocess.run([SOURCE / "tools" / "python" / "examples" / f"{name}.py", self.folder], check=True, stdout=subprocess.DEVNULL)
            for suffix in (".svg", ".png"):
                self.assertGreater((self.folder / (name + suffix)).stat().st_size, 10_000)


if __name__ == "__main__":
    unittest.main()
