#!/usr/bin/python3
"""Every machine, workload and study that is shipped runs."""
import json
import unittest

from wafersim import CONFIGS, CS2, GPT2, UserTest


class Shipped(UserTest):
    def test_every_workload_on_one_cs2(self):
        for workload in sorted((CONFIGS / "workload").glob("*.yaml")):
            with self.subTest(workload=workload.name):
                result = json.loads(self.succeeds("run", CS2, workload, "--format", "json"))
                self.assertGreater(result["step"]["cycles"], 0)
                self.assertTrue(result["step"]["steady"])

    def test_every_machine_with_gpt2(self):
        for machine in sorted((CONFIGS / "machine").glob("*.yaml")):
            with self.subTest(machine=machine.name):
                result = json.loads(self.succeeds("run", machine, GPT2, "--format", "json"))
                self.assertGreater(result["step"]["samples_per_second"], 0)

    def test_every_description(self):
        for file in sorted(CONFIGS.glob("[mw]*/*.yaml")):
            with self.subTest(file=file.name):
                self.succeeds("describe", file)

    def test_every_study(self):
        for study in sorted((CONFIGS / "study").glob("*.yaml")):
            with self.subTest(study=study.name):
                if "thousand" in study.name:  # a measure of speed (docs/performance.md): its points are looked at
                    self.assertEqual(len(self.succeeds("sweep", study, "--list").splitlines()), 1000)
                    continue
                for line in self.succeeds("sweep", study, "--format", "jsonl").splitlines():
                    point = json.loads(line)
                    self.assertEqual(point["exit_code"], 0)
                    self.assertLessEqual(point["efficiency"], 1.000001)


if __name__ == "__main__":
    unittest.main()
