// A small run made by hand: two repeated layers and a lonely one.
#pragma once

#include "wafersim/report/run_report.hpp"

namespace wafersim::test {

inline LayerOutcome layer(std::string name, std::uint64_t forward, std::uint64_t backward) {
  LayerOutcome row;
  row.name = std::move(name);
  row.kind = "linear";
  row.forward_cycles = Cycles{forward};
  row.backward_cycles = Cycles{backward};
  row.compute_cycles = Cycles{forward};
  row.fabric_cycles = Cycles{backward};
  row.weights = 1000;
  row.nonzero_weights = 1000;
  row.bytes_in = Bytes{4000};
  row.bytes_out = Bytes{2000};
  row.parts[index_of(Part::compute)] = Cycles{forward};
  row.parts[index_of(Part::fabric)] = Cycles{backward};
  return row;
}

inline Outcome outcome() {
  Outcome outcome;
  outcome.nodes = 2;
  outcome.sequences_per_node = 5;
  outcome.tokens_per_node = 5120;
  outcome.bytes_per_parameter = 20;
  outcome.parameters = 3000;
  outcome.plan.mapping = {.groups = 4, .bands = 1};
  outcome.plan.micro_batches = {3, 2};
  outcome.plan.sram.items = {{"activations", Bytes{30'000}}, {"code", Bytes{8192}}};
  outcome.plan.sram.capacity = Bytes{49'152};
  outcome.plan.runners_up = {{{.groups = 1, .bands = 2}, Cycles{12'345}, Bytes{40'000}}};
  outcome.step.cycles = Cycles{1000};
  outcome.step.time = Picoseconds{909'091};
  outcome.step.first_step_cycles = Cycles{1100};
  outcome.step.steady = true;
  outcome.step.samples_per_second = 11e6;
  outcome.step.tokens_per_second = 11.264e9;
  outcome.step.flops_done = Wide{1} << 100U;
  outcome.step.utilization = 0.25;
  outcome.step.energy_joules = 0.5;
  outcome.step.bottleneck = "bound by compute: it takes 60.0 % of the step";
  outcome.layers = {layer("h.0.fc", 200, 100), layer("h.1.fc", 200, 100), layer("head", 200, 200)};
  outcome.stations = {{.name = "memoryx.dram",
                       .bytes = 5000,
                       .flops = {},
                       .peak_flops_per_second = {},
                       .achieved_bytes_per_second = 5.5e9,
                       .peak_bytes_per_second = 11e9,
                       .busy_fraction = 0.5}};
  for (const Part part : kAllParts)
    outcome.attribution.push_back({.part = part, .cycles = {}, .step_cycles_if_infinite = Cycles{1000}});
  outcome.attribution[index_of(Part::compute)] = {Part::compute, Cycles{600}, Cycles{400}};
  outcome.attribution[index_of(Part::fabric)] = {Part::fabric, Cycles{400}, Cycles{600}};
  outcome.step_cycles_if_stream_infinite = Cycles{990};
  outcome.memory = {{"wafer.sram", Bytes{38'192}, Bytes{49'152}, "activations"}};
  return outcome;
}

inline Tree named(const std::string& name) {
  Tree tree = make_tree(Tree::Kind::map);
  tree.entries.push_back({.key = "name", .key_at = {}, .value = make_text(name)});
  return tree;
}

inline RunReport report() {
  return {.version = "9.9.9",
          .machine = named("Toy"),
          .workload = named("Tiny"),
          .seed = 7,
          .outcome = outcome()};
}

}  // namespace wafersim::test
