// The walk of one PE through a gradient pass: what its tasks take, and what other threads add to that.
#pragma once

#include <algorithm>
#include <cstdint>

#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/parameters.hpp"

#include "kernel/flow_common.hpp"

namespace wafersim::flow {

// Beats of other threads beside a task. They use the cycles in which the
// datapath is free, and take turns with the task's own beats, which go first;
// then each of them delays the task.
struct Guests {
  std::uint64_t left;
  std::uint64_t delay = 0;

  void meet(std::uint64_t free, std::uint64_t beats) {
    left -= std::min(free, left);
    const std::uint64_t between = std::min(beats - std::min<std::uint64_t>(beats, 1), left);
    left -= between;
    delay += between;
  }
};

// What one PE does between two output features, in cycles.
class GradientWalk {
 public:
  GradientWalk(const FlowContext& c, const MatrixShape& shape)
      : costs_{c.wafer.pe},
        tokens_{c.layout.tokens_per_pe()},
        features_{c.layout.features_per_pe(shape.in)},
        in_wavelet_{c.wafer.fabric.wavelet.count() / operand_bytes(c.arithmetic)},
        deltas_{wavelets(c, tokens_, operand_bytes(c.arithmetic))},
        row_beats_{vector_cycles(c, features_)},
        row_cycles_{c.arithmetic == Arithmetic::fp32 ? fp32_sum_cycles(row_beats_, features_) : row_beats_},
        sums_{wavelets(c, features_, accumulator_bytes(c.arithmetic))},
        dot_beats_{vector_cycles(c, tokens_)},
        copy_beats_{divide_up(tokens_, c.arithmetic == Arithmetic::fp32 ? 1 : c.wafer.pe.fmacs_fp16)} {}

  // By delta: a task for each wavelet; the last one hands the sums over, then
  // clears the next ones, unless it is the only one and need not add to
  // anything.
  [[nodiscard]] std::uint64_t by_delta() const {
    if (deltas_ == 1)
      return costs_.repeat + costs_.issue + row_beats_ + (tokens_ - 1) * (costs_.issue + row_cycles_) +
             costs_.commit;
    return 2 * costs_.dispatch + (deltas_ - 2) * costs_.repeat + tokens_ * (costs_.issue + row_cycles_) +
           costs_.commit + costs_.issue + row_beats_;
  }
  [[nodiscard]] std::uint64_t beats_by_delta() const { return tokens_ * row_beats_; }
  // What the sums of one output feature on their way south add to that, from
  // when they are handed over.
  [[nodiscard]] std::uint64_t delay_by_delta() const {
    Guests sums{sums_};
    if (deltas_ > 1) sums.meet(costs_.issue, row_beats_);
    for (std::uint64_t k = 0; k < tokens_ && sums.left > 0; ++k) {
      const bool begins = k % in_wavelet_ == 0;
      const bool other_task = deltas_ > 1 && (k == 0 || k == (deltas_ - 1) * in_wavelet_);
      sums.meet(costs_.issue + (!begins ? 0 : other_task ? costs_.dispatch : costs_.repeat), row_beats_);
    }
    sums.meet(costs_.commit, 0);
    return sums.delay + sums.left;
  }

  // By delta, of which so many, one at least, come indexed while zeros stay
  // behind at the sender: a task for each.
  [[nodiscard]] std::uint64_t by_filtered_delta(std::uint64_t deltas) const {
    const std::uint64_t clear = tokens_ == 1 ? 0 : costs_.issue + row_beats_;
    return costs_.dispatches(deltas, deltas == 1) + deltas * (costs_.issue + row_cycles_) + costs_.commit +
           clear;
  }
  [[nodiscard]] std::uint64_t beats_by_deltas(std::uint64_t deltas) const { return deltas * row_beats_; }
  // What sums on their way add to that in the owner of the output feature,
  // which sends its deltas at the same time, a wavelet each.
  [[nodiscard]] std::uint64_t delay_by_filtered_delta(std::uint64_t deltas) const {
    Guests sums{sums_ + tokens_};
    if (tokens_ > 1) sums.meet(costs_.issue, row_beats_);
    for (std::uint64_t k = 0; k < deltas && sums.left > 0; ++k)
      sums.meet(costs_.issue + (deltas > 1 && (k == 0 || k + 1 == deltas) ? costs_.dispatch : costs_.repeat),
                row_beats_);
    sums.meet(costs_.commit, 0);
    return sums.delay + sums.left;
  }
  // How long the owner takes to send the deltas of an output feature, zeros
  // too, so no faster does a relay read them: the beats of its own products and
  // sums take turns with them.
  [[nodiscard]] std::uint64_t sending_to_filter(std::uint64_t deltas) const {
    return tokens_ + std::min(tokens_, (deltas + 1) * row_beats_ + sums_);
  }

  // By weight: the task that fetches an output feature's deltas, and those of
  // its weights.
  [[nodiscard]] std::uint64_t fetch(bool follows_itself) const {
    return (follows_itself ? costs_.repeat : costs_.dispatch) + costs_.issue + copy_beats_;
  }
  [[nodiscard]] std::uint64_t dots(std::uint64_t weights) const {
    if (weights == 0) return 0;
    return costs_.dispatch + (weights - 1) * costs_.repeat + weights * (3 * costs_.issue + 2 + dot_beats_);
  }
  [[nodiscard]] std::uint64_t dot_at_least() const {
    return costs_.repeat + 3 * costs_.issue + 2 + dot_beats_;
  }
  [[nodiscard]] std::uint64_t beats_by_weight(std::uint64_t weights) const { return weights * dot_beats_; }
  // What so many beats of deltas that come in for later output features, or
  // that an owner sends, add to an output feature with so many weights. The
  // first place is free when the first delta has been fetched.
  [[nodiscard]] std::uint64_t delay_by_weight(std::uint64_t weights, std::uint64_t beats) const {
    Guests deltas{beats};
    deltas.meet(0, copy_beats_);
    for (std::uint64_t i = 0; i < weights && deltas.left > 0; ++i) {
      deltas.meet((i == 0 ? costs_.dispatch : costs_.repeat) + costs_.issue, 1);
      deltas.meet(costs_.issue, dot_beats_);
      deltas.meet(costs_.issue, 1);
    }
    deltas.meet((weights == 0 ? costs_.repeat : costs_.dispatch) + costs_.issue, 0);
    return deltas.delay + deltas.left;
  }

  // Beats of the tasks of an output feature with so many weights.
  [[nodiscard]] std::uint64_t task_beats(std::uint64_t weights) const {
    return copy_beats_ + weights * (2 + dot_beats_);
  }
  // How long an owner takes to send the deltas of the `turn`-th output feature
  // of its block, so no faster do they arrive anywhere: they come back to it as
  // well, and its tasks take their turns, if they have as many beats to do. What
  // fits the queues behind its core left in advance, and of the first owner also
  // what fits those before the relay.
  [[nodiscard]] std::uint64_t sending(std::uint64_t to_do, std::uint64_t turn, bool first) const {
    constexpr MeshParameters kMesh{};
    const std::uint64_t behind = kMesh.output_queue_depth + kMesh.ramp_cycles + kMesh.router_queue_depth;
    const std::uint64_t before = kMesh.input_queue_depth + kMesh.ramp_cycles + kMesh.router_queue_depth;
    const std::uint64_t queued = behind + (first ? before : 0);
    const std::uint64_t left = deltas_ - std::min(deltas_, queued - std::min(queued, turn * deltas_));
    const std::uint64_t beats = 2 * deltas_ + std::min(deltas_, to_do);
    return std::max(deltas_, multiply_divide_up(beats, left, deltas_));
  }
  // Output features whose deltas fit the queue before the core.
  [[nodiscard]] std::uint64_t waiting() const {
    constexpr MeshParameters kMesh{};
    return (kMesh.input_queue_depth + kMesh.ramp_cycles) / deltas_;
  }

  [[nodiscard]] std::uint64_t features() const { return features_; }
  [[nodiscard]] std::uint64_t deltas() const { return deltas_; }  // wavelets of one output feature
  [[nodiscard]] std::uint64_t sums() const { return sums_; }

 private:
  TaskCosts costs_;
  std::uint64_t tokens_, features_, in_wavelet_, deltas_;
  std::uint64_t row_beats_, row_cycles_, sums_;
  std::uint64_t dot_beats_, copy_beats_;
};

// The first relay waits for the deltas of the owners, tells the others to
// begin, and sends them to the first column.
inline std::uint64_t delta_entry(const FlowContext& c) {
  const FabricSpec& fabric = c.wafer.fabric;
  return gradient_prelude({}) + 2 * c.wafer.pe.instruction_startup + 1 + (2 * fabric.ramp_latency + 1) +
         (c.layout.feature_columns() + 1) * fabric.hop_latency;
}

}  // namespace wafersim::flow
