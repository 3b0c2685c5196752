// Many clusters in one elaboration, since SystemC allows only one per process: add them all, run once,
// compare.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "wafersim/base/time.hpp"
#include "wafersim/cluster/cluster.hpp"
#include "wafersim/cluster/step_program.hpp"
#include "wafersim/wafer/mapper.hpp"

namespace wafersim::test {

class ClusterBench {
 public:
  struct Entry {
    MachineSpec machine;
    Workload workload;
    WaferPlan plan;
    PlannedStep step;
    std::unique_ptr<Cluster> cluster;

    [[nodiscard]] const Wafer& wafer() const { return *cluster->nodes().front().wafer; }
    [[nodiscard]] Cycles step_cycles() const {
      const auto& ends = wafer().step_ends();
      return wafer().clock().between(ends[ends.size() - 2], ends.back());
    }
    // End of the whole run: a time, so that machines of different clocks can be compared.
    [[nodiscard]] Picoseconds run_time() const { return wafer().clock().time(wafer().step_ends().back()); }
    [[nodiscard]] Picoseconds step_time() const { return time_of(step_cycles(), machine.wafer.clock); }
  };

  const Entry& add(const MachineSpec& machine, const Workload& workload,
                   Trail::Mode explain = Trail::Mode::ignore) {
    return add(machine, workload, plan_wafer(machine.wafer, workload, machine.cluster.nodes, masks_),
               explain);
  }
  const Entry& add(const MachineSpec& machine, const Workload& workload, const WaferPlan& plan,
                   Trail::Mode explain) {
    entries_.push_back({.machine = machine, .workload = workload, .plan = plan, .step = {}, .cluster = {}});
    Entry& entry = entries_.back();
    entry.step = plan_step(entry.machine, entry.workload, entry.plan, masks_);
    const std::string name = "cluster" + std::to_string(entries_.size());
    entry.cluster =
        std::make_unique<Cluster>(name.c_str(), entry.machine, entry.workload.plan, entry.step.program,
                                  Scenario{.name = name, .infinite = {}, .explain = explain}, faults_);
    return entry;
  }

  void run() {
    sc_core::sc_start();
    faults_.rethrow_if_any();
    for (const Entry& entry : entries_) {
      if (!entry.cluster->finished()) throw std::runtime_error{entry.cluster->waiting_for()};
    }
  }

 private:
  MaskLibrary masks_;
  Faults faults_;
  std::deque<Entry> entries_;
};

}  // namespace wafersim::test
