// All points of all tables in one simulation, each beside the two runs that say what limits it.
#include "wafersim/cluster/scale.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <numeric>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/time.hpp"
#include "wafersim/config/derived.hpp"

#include "cluster/accounting.hpp"
#include "cluster/repetition.hpp"
#include "cluster/simulation.hpp"

namespace wafersim {

namespace {

constexpr std::array kStream{Part::io, Part::swarmx, Part::dram, Part::flash, Part::update};
constexpr std::array kWafer{Part::compute, Part::fabric};
// For the knee: so many sizes of a step, evenly up to so many tokens, in PEs whose memory is no limit.
constexpr std::uint64_t kSizes = 32;
constexpr std::uint64_t kMostTokens = 131'072;
constexpr Bytes kAmpleSram{1ULL << 30U};

// A machine and workload of one point, and what was simulated of it.
struct Trial {
  MachineSpec machine;
  PlannedRun run;
  std::vector<Repetition> repetitions;  // in all three
  const Cluster* real{};
  const Cluster* fast_wafer{};
  const Cluster* fast_stream{};
};

template <std::size_t N>
Part largest_of(const std::array<Part, N>& parts, const CyclesByPart& cycles) {
  return *std::max_element(parts.begin(), parts.end(),
                           [&](Part a, Part b) { return cycles[index_of(a)] < cycles[index_of(b)]; });
}

Cycles step_of(const Cluster& cluster, const Trial& trial) {
  return trial.repetitions.empty() ? steady_step(cluster) : lengthen(cluster, trial.repetitions).total;
}

ScalePoint point_of(const Trial& trial) {
  ScalePoint point;
  point.nodes = working_nodes(trial.machine.cluster);
  point.sequences_per_node = trial.run.wafer.sequences();
  const std::uint64_t length = trial.run.workload.plan.sequence_length;
  point.tokens_per_node = point.sequences_per_node * length;
  point.tokens_at_a_time = trial.run.wafer.micro_batches.front() * length;
  const WholeStep real = lengthen(*trial.real, trial.repetitions);
  point.step = real.total;
  const auto seconds = static_cast<double>(time_of(point.step, trial.machine.wafer.clock).count()) * 1e-12;
  if (seconds > 0)
    point.samples_per_second = static_cast<double>(point.nodes * point.sequences_per_node) / seconds;
  point.step_if_wafer_infinite = step_of(*trial.fast_wafer, trial);
  point.step_if_stream_infinite = step_of(*trial.fast_stream, trial);
  point.streaming = point.step_if_stream_infinite < point.step_if_wafer_infinite;
  point.limit = to_string(point.streaming ? largest_of(kStream, real.parts) : largest_of(kWafer, real.parts));
  return point;
}

class Scaling {
 public:
  Scaling(const MachineSpec& machine, const Workload& workload) : machine_{machine}, workload_{workload} {}

  // A point on so many nodes; `change` makes the plan and may change the machine.
  template <class Change>
  const Trial& add(std::uint64_t nodes, const Change& change) {
    Workload workload = workload_;
    workload.plan.global_batch.reset();
    workload.plan.tokens_per_node.reset();
    trials_.push_back(
        {.machine = machine_, .run = {}, .repetitions = {}, .real = {}, .fast_wafer = {}, .fast_stream = {}});
    Trial& trial = trials_.back();
    trial.machine.cluster.nodes = nodes;
    change(trial.machine, workload.plan);
    plan(trial, workload);
    const auto simulate = [&](std::string_view what, const std::vector<Part>& infinite) {
      const Trail::Mode explain = infinite.empty()            ? Trail::Mode::record
                                  : trial.repetitions.empty() ? Trail::Mode::ignore
                                                              : Trail::Mode::times;
      return &simulation_.add(trial.machine, trial.run.workload.plan, trial.run.step.program,
                              {.name = fmt::format("point{}_{}", trials_.size(), what),
                               .infinite = infinite,
                               .explain = explain});
    };
    trial.real = simulate("real", {});
    trial.fast_wafer = simulate("fast_wafer", {kWafer.begin(), kWafer.end()});
    trial.fast_stream = simulate("fast_stream", {kStream.begin(), kStream.end()});
    return trial;
  }
  void run(const Progress& progress) { simulation_.run(progress); }

 private:
  // Equal micro-batches are simulated a few times only; jitter makes no two of them equal.
  void plan(Trial& trial, const Workload& workload) {
    trial.run.workload = workload;
    trial.run.wafer = plan_wafer(trial.machine.wafer, workload, trial.machine.cluster.nodes, masks_);
    WaferPlan simulated = trial.run.wafer;
    if (trial.machine.cluster.jitter == Fraction{}) {
      ShortenedStep step = shorten(simulated.micro_batches);
      simulated.micro_batches = std::move(step.micro_batches);
      trial.repetitions = std::move(step.repetitions);
    }
    trial.run.step = plan_step(trial.machine, workload, simulated, masks_);
  }

  const MachineSpec& machine_;
  const Workload& workload_;
  MaskLibrary masks_;
  std::deque<Trial> trials_;  // addresses stay valid
  Simulation simulation_;
};

std::vector<ScalePoint> table_of(const std::vector<const Trial*>& trials) {
  std::vector<ScalePoint> points;
  for (const Trial* trial : trials) points.push_back(point_of(*trial));
  for (ScalePoint& point : points) {
    const ScalePoint& first = points.front();
    point.efficiency = point.samples_per_second / static_cast<double>(point.nodes) /
                       (first.samples_per_second / static_cast<double>(first.nodes));
  }
  return points;
}

std::optional<std::uint64_t> knee_of(const std::vector<ScalePoint>& points) {
  std::optional<std::uint64_t> tokens;
  for (auto point = points.rbegin(); point != points.rend() && !point->streaming; ++point)
    tokens = point->tokens_per_node;
  return tokens;
}

std::string conclusion_of(const ScaleReport& report) {
  const ScalePoint& last = report.weak.back();
  std::string text = fmt::format(
      "With {} tokens on each wafer at a time, {} nodes keep {:.1f} % of the throughput that "
      "{} had for each, limited by {}",
      last.tokens_at_a_time, last.nodes, 100 * last.efficiency, report.weak.front().nodes, last.limit);
  const Knee& knee = report.knee;
  if (!knee.tokens) {
    return text + fmt::format("; streaming is the limit up to {} tokens, the most that were tried",
                              knee.points.back().tokens_per_node);
  }
  if (*knee.tokens == knee.points.front().tokens_per_node)
    return text + fmt::format("; the wafers are the limit from {} tokens on, the least that were tried",
                              *knee.tokens);
  return text +
         fmt::format(
             "; streaming is the limit below {} tokens at a time, the wafers from there on, and {} fit",
             *knee.tokens, knee.fitting_tokens);
}

}  // namespace

std::uint64_t default_batch(const std::vector<std::uint64_t>& nodes) {
  std::uint64_t shared = 1;
  for (const std::uint64_t count : nodes) shared = narrow(Wide{shared} / std::gcd(shared, count) * count);
  return shared;
}

ScaleReport scale(const MachineSpec& machine, const Workload& workload, const ScaleRequest& request,
                  const Progress& progress) {
  if (workload.plan.execution == Execution::pipelined) {
    throw InputError{
        {.at = {},
         .key = "workload.execution",
         .message = "pipelined execution is for one node, and does not scale; weight_streaming would do"}};
  }
  const std::uint64_t length = workload.plan.sequence_length;
  Scaling scaling{machine, workload};
  std::vector<const Trial*> weak;
  std::vector<const Trial*> strong;
  std::vector<const Trial*> knee;
  const std::uint64_t batch = request.global_batch.value_or(default_batch(request.nodes));
  for (const std::uint64_t nodes : request.nodes) {
    weak.push_back(&scaling.add(
        nodes, [&](MachineSpec&, TrainingPlan& plan) { plan.tokens_per_node = request.tokens_per_node; }));
    strong.push_back(
        &scaling.add(nodes, [&](MachineSpec&, TrainingPlan& plan) { plan.global_batch = batch; }));
  }
  MaskLibrary masks;
  Workload as_many = workload;
  as_many.plan.micro_batch.reset();
  as_many.plan.global_batch.reset();
  as_many.plan.tokens_per_node.reset();
  const std::uint64_t fitting = plan_wafer(machine.wafer, as_many, 1, masks).sequences();
  const std::uint64_t stride = divide_up(kMostTokens, length * kSizes);
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const std::uint64_t sequences = size * stride;
    knee.push_back(&scaling.add(request.nodes.back(), [&](MachineSpec& changed, TrainingPlan& plan) {
      changed.wafer.pe.sram = kAmpleSram;
      plan.tokens_per_node = sequences * length;
      plan.micro_batch = sequences;
    }));
  }
  scaling.run(progress);
  ScaleReport report{.weak = table_of(weak), .strong = table_of(strong), .knee = {}, .conclusion = {}};
  report.knee = {.points = table_of(knee), .tokens = {}, .fitting_tokens = fitting * length};
  report.knee.tokens = knee_of(report.knee.points);
  report.conclusion = conclusion_of(report);
  return report;
}

}  // namespace wafersim
