#!/usr/bin/python3
"""`wafersim kernel` as a user runs it: results, refusals, waveforms, and Ctrl-C."""
import json
import os
import signal
import subprocess
import time
import unittest

from wafersim import PROGRAM, UserTest


class Kernel(UserTest):
    def test_text_and_json_say_the_same(self):
        command = ("kernel", "reduce.chain", "--grid", "16x2", "--size", "8")
        text = self.succeeds(*command)
        result = json.loads(self.succeeds(*command, "--format", "json"))
        self.assertEqual(result["schema"], "wafersim.kernel/1")
        self.assertEqual((result["kernel"], result["grid"], result["size"]), ("reduce.chain", "16x2", 8))
        self.assertTrue(result["values_match"])
        counts = result["counts"]
        self.assertEqual(counts["landings"], counts["link_hops"] + counts["ramp_injections"])
        self.assertEqual(sum(result["closed_form_shares"].values()), result["closed_form_cycles"])
        self.assertRegex(text, rf"cycles +{result['cycles']}\n")
        self.assertRegex(text, rf"closed form +{result['closed_form_cycles']} ")

    def test_both_engines_and_any_number_of_threads_agree(self):
        results = []
        for options in ((), ("--threads", "2"), ("--engine", "systemc")):
            result = json.loads(self.succeeds("kernel", "allreduce.tree", "--grid", "8x4", "--size", "6",
                                              "--format", "json", *options))
            result.pop("engine")
            results.append(result)
        self.assertEqual(results[0], results[1])
        self.assertEqual(results[0], results[2])

    def test_matrix_kernels_say_what_is_compute_and_what_communication(self):
        command = ("kernel", "gemm.mesh", "--grid", "4x4", "--size", "9x8x7", "--set", "kernel.values=fractions")
        result = json.loads(self.succeeds(*command, "--format", "json"))
        self.assertEqual(result["size"], [9, 8, 7])
        self.assertTrue(result["values_match"])
        self.assertEqual(result["compute_cycles"] + result["communication_cycles"], result["cycles"])
        self.assertRegex(self.succeeds(*command), rf"compute +{result['compute_cycles']} ")

    def test_masks_of_every_pattern_give_right_values(self):
        for settings in (("kernel.mask=2:4",), ("kernel.mask=block:8", "kernel.sparsity=0.9"),
                         ("kernel.sparsity=0.9", "kernel.skip_block=8")):
            options = [word for setting in settings for word in ("--set", setting)]
            if "kernel.skip_block=8" not in settings:
                result = json.loads(self.succeeds("kernel", "spmm", "--grid", "4x2", "--size", "16x64x4",
                                                  "--format", "json", *options))
                self.assertTrue(result["values_match"], settings)
            for kernel in ("ws.forward", "ws.gradient"):
                result = json.loads(self.succeeds("kernel", kernel, "--grid", "4x2", "--size", "12x64x16",
                                                  "--format", "json", *options))
                self.assertTrue(result["values_match"], (kernel, settings))

    def test_zero_deltas_are_filtered_where_they_travel_alone(self):
        gradient = ("kernel", "ws.gradient", "--grid", "4x2", "--size", "16x64x16", "--format", "json")
        cycles = []
        for zeros in ("0", "0.5", "90 %"):
            result = json.loads(self.succeeds(*gradient, "--set", f"kernel.zeros={zeros}"))
            self.assertTrue(result["values_match"])
            cycles.append(result["cycles"])
        self.assertEqual(cycles, sorted(cycles, reverse=True))
        self.assertEqual(
            self.refuses(2, "kernel", "ws.forward", "--grid", "4x2", "--size", "8", "--set", "kernel.zeros=0.5"),
            "kernel.zeros: ws.forward moves weights past activations that stay in their PEs: nothing that is zero is "
            "sent there; ws.gradient sends deltas\n")

    def test_masks_that_mean_nothing_are_refused(self):
        for settings, complaint in (
                (("kernel.mask=5:4",), "kernel.mask: keeps 5 of 4 weights: N of N:M must be at most M\n"),
                (("kernel.mask=block:0", "kernel.sparsity=0.5"),
                 "kernel.mask: expected block:SIZE such as 'block:4', got 'block:0'\n"),
                (("kernel.skip_block=0",), "kernel.skip_block: expected a number from 1 to 1000000000, got '0'\n"),
                (("kernel.mask=2:4", "kernel.sparsity=0.5"),
                 "kernel.sparsity: the mask 2:4 has a level of its own\n"),
                (("kernel.mask=diagonal",),
                 "kernel.mask: expected uniform, block:SIZE or N:M, got 'diagonal'; or file:PATH\n")):
            options = [word for setting in settings for word in ("--set", setting)]
            self.assertEqual(self.refuses(2, "kernel", "ws.forward", "--grid", "4x1", "--size", "8", *options),
                             complaint)

    def both_gradients(self, *settings):
        command = ("kernel", "ws.gradient", "--grid", "4x40", "--size", "160x23x17", *settings, "--format", "json")
        return (json.loads(self.succeeds(*command)), json.loads(self.succeeds(*command, "--fidelity", "folded")))

    def test_a_few_rows_of_a_gradient_stand_for_all(self):
        for entry in ("ports", "edge"):
            whole, folded = self.both_gradients("--set", "kernel.entry=" + entry)
            for key in ("cycles", "counts"):
                self.assertEqual(folded[key], whole[key], key)
            self.assertEqual((whole["values_match"], folded["values_match"]), (True, None))
            self.assertLess(folded["rows_simulated"], whole["rows_simulated"] // 2)

    def test_a_gradient_whose_rows_differ_in_their_zeros_runs_them_all_and_says_so(self):
        whole, folded = self.both_gradients("--set", "kernel.zeros=0.5")
        for key in ("fidelity", "cycles", "counts", "rows_simulated", "values_match"):
            self.assertEqual(folded[key], whole[key], key)

    def test_one_slow_pe_costs_cycles_and_no_values(self):
        command = ("kernel", "ws.forward", "--grid", "4x4", "--size", "16x24x16", "--format", "json")
        slow = ("--set", "kernel.slow_pe=1,2", "--set", "kernel.slow_cycles=50")
        result = json.loads(self.succeeds(*command, *slow))
        self.assertTrue(result["values_match"])
        # Each of 16 output features has 6 weights in a column, 2 a wavelet: 48 tasks.
        self.assertGreater(result["cycles"], 48 * 50)
        self.assertEqual(json.loads(self.succeeds(*command, *slow, "--fidelity", "folded"))["cycles"],
                         result["cycles"])
        for settings, complaint in (
                (("kernel.slow_pe=4,2", "kernel.slow_cycles=1"),
                 "kernel.slow_pe: PE 4,2 is not among the 4x4 that compute: from 0,0 to 3,3\n"),
                (("kernel.slow_pe=1,2",),
                 "kernel.slow_pe: needs kernel.slow_cycles, and that needs kernel.slow_pe: which PE, how slow\n"),
                (("kernel.slow_pe=4", "kernel.slow_cycles=1"),
                 "kernel.slow_pe: expected X,Y, as in 0,3, got '4'\n")):
            options = [word for setting in settings for word in ("--set", setting)]
            self.assertEqual(self.refuses(2, *command, *options), complaint)

    def test_matrix_kernels_refuse_what_cannot_be(self):
        cases = {
            (2, "gemm.mesh", "--grid", "4x4", "--size", "9x8"): "--size: gemm.mesh takes MxKxN, got '9x8'\n",
            (2, "gemm.mesh", "--grid", "4x5", "--size", "9"):
                "--grid: gemm.mesh needs as many rows as columns, got 4x5\n",
            (2, "fft.cube", "--grid", "8x4", "--size", "8"):
                "--grid: fft.cube with 8 points along each axis needs 8 x 8 PEs, got 8x4\n",
            (2, "fft.plane", "--grid", "12x1", "--size", "12"):
                "--size: fft.plane needs a power of two from 2 on, got 12\n",
            (3, "fft.cube", "--grid", "128x128", "--size", "128"):
                "each PE of fft.cube has a program of its own, so it runs with up to 64 x 64 PEs, got 128x128; "
                "--fidelity flow gives the closed form, and fft.plane runs one row\n",
            (2, "gemm.mesh", "--grid", "2x2", "--size", "9"):
                "--grid: gemm.mesh needs at least 3x3 PEs, got 2x2\n",
            (2, "spmm", "--grid", "4x1", "--size", "9", "--set", "kernel.sparsity=1"):
                "kernel.sparsity: expected a share from 0 to below 1, got 1\n",
            (2, "spmm", "--grid", "4x1", "--size", "9", "--set", "kernel.dtype=bf16"):
                "kernel.dtype: the core has no such arithmetic: 'bf16' (it has f16, f32 and mixed)\n",
            (2, "gemv.ktree", "--grid", "4x1", "--size", "9", "--set", "kernel.dtype=mixed"):
                "kernel.dtype: gemv.ktree computes in f16 only, got 'mixed'\n",
            (3, "gemv.ktree", "--grid", "2x1", "--size", "400x400"):
                "a tile of 200 x 400 FP16 and its vectors need 161200 bytes in a PE, which holds 49152 less 4096 "
                "for code: 45056 at most; use more PEs\n"}
        for (code, *arguments), complaint in cases.items():
            self.assertEqual(self.refuses(code, "kernel", *arguments), complaint, arguments)

    def test_folding_gives_the_cycles_and_counts_of_the_whole_grid(self):
        command = ("kernel", "reduce.two_phase", "--grid", "20x12", "--size", "7", "--format", "json")
        whole = json.loads(self.succeeds(*command))
        folded = json.loads(self.succeeds(*command, "--fidelity", "folded"))
        self.assertEqual((whole["rows_simulated"], folded["rows_simulated"]), (12, 1))
        for key in ("cycles", "closed_form_cycles", "values_match", "counts"):
            self.assertEqual(folded[key], whole[key], key)
        self.assertIn("of the 1 of 12 rows that run", self.succeeds(*command[:-2], "--fidelity", "folded"))
        flow = json.loads(self.succeeds(*command, "--fidelity", "flow"))
        self.assertEqual((flow["cycles"], flow["values_match"]), (whole["closed_form_cycles"], None))
        self.assertIn("nothing was simulated", self.succeeds(*command[:-2], "--fidelity", "flow"))

    def test_help_and_list(self):
        self.assertIn("examples:\n", self.succeeds("kernel", "--help"))
        self.assertIn("reduce.two_phase.2d\n", self.succeeds("kernel", "--list"))

    def test_wrong_command_lines(self):
        cases = {
            (): "command line: NAME is missing; wafersim kernel --list shows all\n",
            ("reduce.chian",): "kernel: unknown kernel 'reduce.chian' (did you mean 'reduce.chain'?)\n",
            ("broadcast", "--gird", "4x4"): "--gird: unknown option (did you mean '--grid'?)\n",
            ("broadcast", "--grid", "4"): "--grid: expected a grid such as '854x996' (columns x rows), got '4'\n",
            ("broadcast", "--size", "0"): "--size: expected a number from 1 to 1000000000, got '0'\n",
            ("broadcast", "--engine", "slow"): "--engine: expected one of 'fast', 'systemc', got 'slow'\n",
            ("broadcast", "--fidelity", "folded", "--engine", "systemc"):
                "--fidelity: the SystemC engine runs every PE: expected wavelet, got folded\n",
            ("broadcast", "--set", "kernel.gruop=4"):
                "--set kernel.gruop=4: unknown key (known: kernel.dtype, kernel.group)\n",
            ("reduce.chain", "--set", "kernel.dtype=f64"): "kernel.dtype: expected f32, f16 or mixed, got 'f64'\n",
            ("broadcast", "--set", "kernel.dtype=mixed"):
                "kernel.dtype: a broadcast adds nothing up: expected f16 or f32, got mixed\n",
            ("broadcast", "--trace", "x.vcd", "--engine", "fast"):
                "--trace: only the systemc engine writes waveforms (--engine systemc)\n",
            ("broadcast", "--trace", "x.vcd", "--trace-area", "4x4+1"):
                "--trace-area: expected WxH+X+Y, got '4x4+1'\n",
            ("broadcast", "--grid", "8x1", "--trace", "x.vcd", "--trace-area", "4x1+6+0"):
                "trace: the area to trace leaves the grid of 8x1\n"}
        for arguments, complaint in cases.items():
            self.assertEqual(self.refuses(2, "kernel", *arguments), complaint, arguments)

    def test_what_this_computer_cannot_hold_is_refused_at_once(self):
        begun = time.monotonic()
        self.assertRegex(self.refuses(3, "kernel", "broadcast", "--grid", "1000000x1000000"),
                         r"^1000000000000 PEs need 2\d{5}\.\d GiB, this computer has [\d.]+ GiB: about \d+ PEs would fit\n$")
        self.assertIn("up to 20000 PEs", self.refuses(3, "kernel", "broadcast", "--grid", "854x996",
                                                      "--engine", "systemc"))
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_waveform_shows_the_chosen_pes(self):
        self.succeeds("kernel", "broadcast", "--grid", "6x3", "--size", "4", "--trace", "wave.vcd",
                      "--trace-area", "2x1+1+1")
        self.assertEqual(self.files(), ["wave.vcd"])
        wave = (self.folder / "wave.vcd").read_text()
        self.assertIn("pe_1_1", wave)
        self.assertNotIn("pe_3_1", wave)

    def test_a_long_run_says_what_it_takes_and_ends_with_ctrl_c(self):
        command = [PROGRAM, "kernel", "reduce.star", "--grid", "300x60", "--size", "4000"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        announcement = run.stderr.readline()
        self.assertRegex(announcement, r"^18000 PEs for about \d+ cycles: about \d+ s of CPU time and [\d.]+ GiB$")
        time.sleep(3)
        self.assertIsNone(run.poll())
        asked = time.monotonic()
        os.kill(run.pid, signal.SIGINT)
        out, _ = run.communicate(timeout=60)
        self.assertLess(time.monotonic() - asked, 20)  # a second on an idle computer
        self.assertEqual(out, "")
        self.assertIn(run.returncode, (130, -signal.SIGINT))


if __name__ == "__main__":
    unittest.main()
