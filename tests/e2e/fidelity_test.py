#!/usr/bin/python3
"""Whole steps and whole layers on the mesh, beside their closed forms: minutes, so only by hand."""
import json
import unittest

from wafersim import CONFIGS, CS2, UserTest

ALLOWED = 0.05  # of a step; the ladder's allowance for long tiles


class Fidelity(UserTest):
    def test_gpt2_xl_with_its_linear_layers_on_the_mesh_takes_what_closed_forms_say(self):
        outcome = json.loads(self.succeeds("run", CS2, CONFIGS / "workload" / "gpt2-xl.yaml", "--quiet", "--set",
                                           "wafer.fidelity=sampled", "--format", "json"))
        flow = outcome["fidelity"]["flow_step_cycles"]
        self.assertLess(abs(flow / outcome["step"]["cycles"] - 1), ALLOWED)
        for product in outcome["fidelity"]["products"]:
            self.assertGreater(product["outputs_run"], 0, product)

    def test_a_layer_of_12288_takes_on_the_mesh_what_closed_forms_say(self):
        question = ("layer", CS2, "--size", "12288x12288", "--tokens", "65536", "--quiet", "--format", "json")
        flow, folded = (json.loads(self.succeeds(*question, "--fidelity", fidelity))["levels"]
                        for fidelity in ("flow", "folded"))
        for cheap, detailed in zip(flow, folded, strict=True):
            self.assertEqual(detailed["outputs_run"], 12288)
            self.assertLess(abs(cheap["cycles"] / detailed["cycles"] - 1), ALLOWED, detailed["pruned"])


if __name__ == "__main__":
    unittest.main()
