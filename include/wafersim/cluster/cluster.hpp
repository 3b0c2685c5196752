// The whole machine as SystemC modules: MemoryX's shards, SwarmX's trees, the wafers, and the wires between
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/memoryx/shard.hpp"
#include "wafersim/stream/faults.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/swarmx/switch.hpp"
#include "wafersim/swarmx/tree.hpp"
#include "wafersim/wafer/wafer.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim {

// One way to run a step: as the machine is, or with some parts of it infinitely fast.
struct Scenario {
  std::string name;
  std::vector<Part> infinite;
  Trail::Mode explain{Trail::Mode::ignore};
};

// A node that is simulated, and how many equal ones it stands for.
struct NodeClass {
  std::unique_ptr<Wafer> wafer;
  std::uint64_t multiplicity{};
};

// A switch that is simulated: where it is, and how many equal ones it stands for on its lane.
struct SwitchClass {
  std::unique_ptr<Switch> module;
  std::uint64_t level{};  // 0 is the root
  std::uint64_t multiplicity{};
  bool feeds_nodes{};
};

class Cluster final : public sc_core::sc_module {
 public:
  Cluster(const sc_core::sc_module_name& name, const MachineSpec& machine, const TrainingPlan& plan,
          const StepProgram& program, const Scenario& scenario, Faults& faults);

  [[nodiscard]] bool finished() const;
  [[nodiscard]] double progress() const { return shards_.front()->progress(); }
  [[nodiscard]] std::string waiting_for() const;

  [[nodiscard]] const Scenario& scenario() const { return scenario_; }
  [[nodiscard]] const StepProgram& program() const { return program_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  [[nodiscard]] const std::vector<SwitchClass>& switches() const { return switches_; }
  [[nodiscard]] const std::vector<NodeClass>& nodes() const { return nodes_; }

 private:
  void make_nodes(const TreeNode& tree, std::uint64_t multiplicity);
  void make_lane(std::uint64_t lane, const TreeNode& tree);
  void connect(OutPort& down, InPort& up, const TreeNode& tree, std::uint64_t level,
               std::uint64_t multiplicity);
  [[nodiscard]] bool infinite(Part part) const;
  [[nodiscard]] BytesPerSecond rate(Part part, BytesPerSecond normal) const;
  [[nodiscard]] StationSpec swarmx_link() const;
  [[nodiscard]] StationSpec node_link() const;
  [[nodiscard]] ShardSpec shard_spec(std::uint64_t lane, bool direct) const;
  [[nodiscard]] WaferModuleSpec wafer_spec() const;

  const MachineSpec& machine_;
  const TrainingPlan& plan_;
  const StepProgram& program_;
  Scenario scenario_;
  Faults& faults_;
  Trail trail_;
  std::vector<NodeClass> nodes_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<SwitchClass> switches_;
  std::uint64_t lane_{};     // being built
  std::size_t next_node_{};  // to be connected to it
};

}  // namespace wafersim
