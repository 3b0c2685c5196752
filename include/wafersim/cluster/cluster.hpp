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
  bool equal_nodes{false};  // no stragglers, no jitter
  bool equal_links{false};  // no slow links
};

// A node that is simulated, and how many equal ones it stands for.
struct NodeClass {
  std::unique_ptr<Wafer> wafer;
  std::uint64_t multiplicity{};
  std::uint64_t number{};  // of the first of them
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
  // The one that needs the most cycles for its own work (of equals the first): it keeps the records.
  [[nodiscard]] const NodeClass& busiest_node() const { return nodes_[busiest_]; }
  [[nodiscard]] const TreeNode& tree() const { return tree_; }
  // Lanes without a failed link; the simulated ones of them carry what those numbers would.
  [[nodiscard]] std::uint64_t working_lanes() const { return lane_names_.size(); }
  [[nodiscard]] const std::vector<std::uint64_t>& simulated_lanes() const { return simulated_lanes_; }

 private:
  void choose_lanes();
  [[nodiscard]] TreeNode plan_tree() const;
  void make_nodes(const TreeNode& tree, std::uint64_t multiplicity);
  void make_lane(std::uint64_t lane);
  void connect(OutPort& down, InPort& up, const TreeNode& tree, std::uint64_t level,
               std::uint64_t multiplicity);
  [[nodiscard]] bool infinite(Part part) const;
  [[nodiscard]] BytesPerSecond rate(Part part, BytesPerSecond normal) const;
  // The link into `to` on a lane, with what is left of its rate.
  [[nodiscard]] StationSpec link_into(const TreeNode& to, std::uint64_t lane) const;
  [[nodiscard]] StationSpec swarmx_link() const;
  [[nodiscard]] StationSpec node_link() const;
  [[nodiscard]] StationSpec adder() const;
  [[nodiscard]] ShardSpec shard_spec(std::uint64_t lane) const;
  [[nodiscard]] WaferModuleSpec wafer_spec(const TreeNode& leaf) const;

  const MachineSpec& machine_;
  const TrainingPlan& plan_;
  const StepProgram& program_;
  Scenario scenario_;
  Faults& faults_;
  Trail trail_;
  std::vector<std::uint64_t> lane_names_;       // of the machine, of those that work
  std::vector<std::uint64_t> simulated_lanes_;  // indices of lane_names_
  TreeNode tree_;
  std::vector<NodeClass> nodes_;
  std::size_t busiest_{};
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<SwitchClass> switches_;
  std::size_t lane_{};       // being built, of the simulated ones
  std::size_t next_node_{};  // to be connected to it
};

}  // namespace wafersim
