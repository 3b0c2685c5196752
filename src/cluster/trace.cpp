// The steady step as spans of time: the wafer's operations, and every station on the first lane.
#include <algorithm>

#include <fmt/format.h>

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

class Tracer {
 public:
  Tracer(const PlannedRun& run, const Cluster& cluster)
      : graph_{run.workload.graph}, program_{run.step.program}, wafer_{*cluster.busiest_node().wafer} {
    const auto& ends = wafer_.step_ends();
    began_ = wafer_.clock().time(ends[ends.size() - 2]);
    ended_ = wafer_.clock().time(ends.back());
  }

  void operations() {
    const std::vector<OpRecord>& records = wafer_.records();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const StepOp& op = program_.ops[i];
      const std::string name = fmt::format("{} {}", graph_.layers[op.layer].name, to_string(op.pass));
      span("wafer", name, wafer_.clock().time(records[i].began), wafer_.clock().time(records[i].ended));
    }
  }
  void station(const std::string& track, const Station& station) {
    for (const Span& one : station.spans())
      span(track, graph_.layers[program_.ops[one.op].layer].name, one.begin, one.end);
  }

  std::vector<TraceSpan> spans;

 private:
  // What overlaps the step, cut to it.
  void span(const std::string& track, const std::string& name, Picoseconds begin, Picoseconds end) {
    if (end <= began_ || begin >= ended_) return;
    spans.push_back({.track = track,
                     .name = name,
                     .begin = std::max(begin, began_) - began_,
                     .end = std::min(end, ended_) - began_});
  }

  const Graph& graph_;
  const StepProgram& program_;
  const Wafer& wafer_;
  Picoseconds began_;
  Picoseconds ended_;
};

}  // namespace

std::vector<TraceSpan> trace_of(const PlannedRun& run, const Cluster& cluster) {
  Tracer tracer{run, cluster};
  const Shard& shard = *cluster.shards().front();
  tracer.station("memoryx.flash (weights)", shard.flash_stream());
  tracer.station("memoryx.flash (update reads)", shard.flash_read());
  tracer.station("memoryx.flash (update writes)", shard.flash_write());
  tracer.station("memoryx.dram (weights)", shard.dram_stream());
  tracer.station("memoryx.dram (update)", shard.dram_update());
  tracer.station("memoryx.update", shard.arithmetic());
  const bool direct = cluster.switches().empty();
  tracer.station(direct ? "node.io (down)" : "swarmx.level0 (down)", shard.link());
  std::uint64_t next_level = 0;  // switches come in depth-first order: the first of each level is on one path
  for (const SwitchClass& one : cluster.switches()) {
    if (one.level != next_level) continue;
    tracer.station(fmt::format("swarmx.level{} (up)", one.level), one.module->link_up());
    const std::string below = one.feeds_nodes ? "node.io" : fmt::format("swarmx.level{}", one.level + 1);
    tracer.station(below + " (down)", one.module->link_down(0));
    ++next_level;
  }
  tracer.station("node.io (up)", cluster.busiest_node().wafer->link_up(0));
  tracer.operations();
  return std::move(tracer.spans);
}

}  // namespace wafersim
