// The walk of a PE through the gradient pass, and what the columns of a row
// cost each other.
#include <algorithm>
#include <vector>

#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/parameters.hpp"

#include "kernel/flow_common.hpp"
#include "kernel/ws_memory.hpp"

namespace wafersim {

using namespace flow;

namespace {

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
  // fits the queues behind its core left in advance.
  [[nodiscard]] std::uint64_t sending(std::uint64_t to_do, std::uint64_t turn) const {
    constexpr MeshParameters kMesh{};
    const std::uint64_t queued = kMesh.output_queue_depth + kMesh.ramp_cycles + kMesh.router_queue_depth;
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

// The first relay waits for the deltas of the owners, tells the others to begin, and sends them to the first
// column.
std::uint64_t entry(const FlowContext& c) {
  const FabricSpec& fabric = c.wafer.fabric;
  return gradient_prelude({}) + 2 * c.wafer.pe.instruction_startup + 1 + (2 * fabric.ramp_latency + 1) +
         (c.layout.feature_columns() + 1) * fabric.hop_latency;
}

RowTime time_by_delta(const FlowContext& c, const MatrixShape& shape) {
  const GradientWalk walk{c, shape};
  // Where two groups are added up, both sums of a pair come down the same ramp.
  const std::uint64_t adding = c.layout.mapping().groups > 1 ? 2 * walk.sums() : 0;
  return {.total = entry(c) + shape.out * std::max(walk.by_delta() + walk.delay_by_delta(), adding),
          .products = shape.out * walk.by_delta(),
          .mean_beats = shape.out * walk.beats_by_delta(),
          .overhead = shape.out * (walk.by_delta() - walk.beats_by_delta()),
          .chain = shape.out * std::max(walk.sums(), adding)};
}

// Deltas reach all columns of a row together, and a column holds those of
// `ahead` output features: so far may it run ahead of the slowest.
class ByWeight {
 public:
  ByWeight(const FlowContext& c, const MatrixShape& shape, std::uint64_t first_index)
      : walk_{c, shape},
        mask_{shape.mask},
        columns_in_row_{c.layout.feature_columns()},
        block_{c.layout.features_per_pe(shape.out)},
        loaded_{divide_up(shape.in, walk_.features())},
        ahead_{c.wafer.pe.accumulators + walk_.waiting()},
        outputs_{shape.out},
        rows_{mask_ != nullptr ? mask_->rows() : std::min(shape.out, MaskSample::kRows)},
        start_{std::max(first_index, entry(c))},
        dense_(loaded_, walk_.features()),
        columns_(loaded_, Column{.done = start_, .own = 0, .fetch = walk_.fetch(false)}),
        fetched_(rows_),
        known_(walk_.features() + 1),
        arrived_{entry(c)} {
    // Columns of a dense matrix that own none of these features are all alike:
    // the first one stands for them.
    const std::uint64_t first_owner = columns_in_row_ - std::min(columns_in_row_, divide_up(rows_, block_));
    if (mask_ == nullptr) skipped_ = std::min(first_owner, loaded_) - std::min<std::uint64_t>(1, first_owner);
  }

  RowTime run() {
    for (std::uint64_t row = 0; row < rows_; ++row) step(row);
    const auto scaled = [&](std::uint64_t value) { return multiply_divide_up(value, outputs_, rows_); };
    std::uint64_t done = 0;
    std::uint64_t fullest = 0;
    std::uint64_t all = 0;
    for (const Column& column : columns_) {
      done = std::max(done, column.done);
      fullest = std::max(fullest, column.own);
      all += column.own;
    }
    const std::uint64_t looked_at = loaded_ - skipped_;
    RowTime time{.total = start_ + scaled(done - start_),
                 .products = scaled(fullest),
                 .mean_beats = scaled(divide_up(walk_.beats_by_weight(kept_), looked_at)),
                 .chain = outputs_ * walk_.deltas()};
    const std::uint64_t mean = scaled(divide_up(all, looked_at));
    time.overhead = mean - std::min(mean, time.mean_beats);
    return time;
  }

 private:
  struct Column {
    std::uint64_t done;   // with the present output feature
    std::uint64_t own;    // cycles of its tasks so far
    std::uint64_t fetch;  // cycles to fetch the next deltas: a task that had no weights is followed by itself
  };
  // An output feature with so many weights: cycles of its tasks and, with what the deltas add, until the next
  // one; those of an owner also go out. Columns ask again and again, so each is found once.
  struct Known {
    std::uint64_t dots, passing, owning, fetch;
  };
  const Known& known(std::uint64_t weights) {
    Known& known = known_[weights];
    if (known.fetch == 0) {
      const std::uint64_t dots = walk_.dots(weights);
      known = {.dots = dots,
               .passing = dots + walk_.delay_by_weight(weights, walk_.deltas()),
               .owning = dots + walk_.delay_by_weight(weights, 2 * walk_.deltas()),
               .fetch = walk_.fetch(weights == 0)};
    }
    return known;
  }

  void step(std::uint64_t row) {
    const std::vector<std::uint64_t>& kept_here =
        mask_ != nullptr ? mask_->kept_per_column(row, walk_.features()) : dense_;
    const std::uint64_t owner = columns_in_row_ - 1 - row / block_;
    // What its tasks could not do in their turns they do beside the next output feature.
    to_do_ = (row % block_ == 0 ? 0 : to_do_) + walk_.task_beats(owner < loaded_ ? kept_here[owner] : 0);
    const std::uint64_t pace = walk_.sending(to_do_, row % block_);
    to_do_ -= std::min(to_do_, walk_.deltas());
    arrived_ = std::max(arrived_ + pace, (row >= ahead_ ? fetched_[row - ahead_] : 0) + walk_.deltas());
    std::uint64_t fetched = 0;
    for (std::uint64_t x = 0; x < loaded_; x += x == 0 ? 1 + skipped_ : 1) {
      const std::uint64_t weights = kept_here[x];
      const Known& here = known(weights);
      Column& column = columns_[x];
      const std::uint64_t begun = std::max(column.done + column.fetch, arrived_);
      fetched = std::max(fetched, begun);
      column = {.done = begun + (x == owner ? here.owning : here.passing),
                .own = column.own + column.fetch + here.dots,
                .fetch = here.fetch};
      kept_ += weights;
    }
    fetched_[row] = fetched;
  }

  GradientWalk walk_;
  const MaskSample* mask_;
  std::uint64_t columns_in_row_, block_, loaded_, ahead_, outputs_, rows_;
  std::uint64_t start_;  // the first delta and the first index are there; deltas may have been sooner
  std::vector<std::uint64_t> dense_;  // weights of an output feature without a mask, by column
  std::vector<Column> columns_;
  std::vector<std::uint64_t> fetched_;  // when all columns have taken an output feature out of the queue
  std::vector<Known> known_;            // by weights of an output feature
  std::uint64_t skipped_{};             // columns behind the first one
  std::uint64_t arrived_;               // all deltas of an output feature
  std::uint64_t to_do_{};               // beats of the tasks of the present owner
  std::uint64_t kept_{};
};

}  // namespace

RowTime gradient_time(const FlowContext& c, const MatrixShape& shape, GradientStyle style,
                      std::uint64_t first_index) {
  if (style == GradientStyle::by_delta) return time_by_delta(c, shape);
  const auto walk = [&] { return ByWeight{c, shape, first_index}.run(); };
  if (first_index != 0) return walk();
  static Answers& columns = Answers::to("gradient_time");
  return remembered(columns, c, shape, walk);
}

// Rows get different numbers of deltas, and the slots of sums bind them
// together: none may run ahead of the slowest by more than those.
RowTime gradient_time_filtered(const FlowContext& c, const MatrixShape& shape,
                               const std::vector<std::vector<std::uint32_t>>& deltas) {
  const GradientWalk walk{c, shape};
  const std::uint64_t adding = c.layout.mapping().groups > 1 ? 2 * walk.sums() : 0;
  const std::uint64_t ahead = c.wafer.pe.accumulators;
  std::vector<std::uint64_t> done(deltas.size());     // with the products of the present output feature
  std::vector<std::uint64_t> arrived(deltas.size());  // its last delta
  std::vector<std::uint64_t> summed(shape.out);       // when it has passed all rows
  RowTime time{.chain = shape.out * std::max(walk.sums(), adding)};
  for (std::uint64_t turn = 0; turn < shape.out; ++turn) {
    const std::uint64_t released = turn >= ahead ? summed[turn - ahead] : 0;
    if (turn > 0) summed[turn] = summed[turn - 1] + std::max(walk.sums(), adding);
    for (std::size_t row = 0; row < deltas.size(); ++row) {
      const std::uint64_t count = deltas[row][turn];
      const std::uint64_t own = walk.by_filtered_delta(count) + walk.delay_by_filtered_delta(count);
      arrived[row] = std::max(arrived[row] + walk.sending_to_filter(count), done[row]);
      done[row] = std::max(std::max(done[row], released) + own, arrived[row]);
      summed[turn] = std::max(summed[turn], done[row]);
    }
  }
  time.total = entry(c) + summed.back();
  return time;
}

GradientPlan gradient_plan(const FlowContext& c, const MatrixShape& shape) {
  const RowTime by_delta = gradient_time(c, shape, GradientStyle::by_delta);
  const RowTime by_weight = gradient_time(c, shape, GradientStyle::by_weight);
  return by_weight.total < by_delta.total ? GradientPlan{GradientStyle::by_weight, by_weight}
                                          : GradientPlan{GradientStyle::by_delta, by_delta};
}

std::uint64_t gradient_time_at_least(const FlowContext& c, const MatrixShape& shape) {
  const GradientWalk walk{c, shape};
  const std::uint64_t features = walk.features();
  const std::uint64_t fetches = shape.out * std::min(walk.fetch(false), walk.fetch(true));
  // The fullest column has at least as many weights as the mean.
  const std::uint64_t dots = shape.mask == nullptr
                                 ? shape.out * walk.dots(features)
                                 : divide_up(shape.kept, divide_up(shape.in, features)) * walk.dot_at_least();
  return std::min(time_by_delta(c, shape).total, entry(c) + fetches + dots);
}

std::uint64_t gradient_tail(const FlowContext& c, const MatrixShape& shape, GradientStyle style) {
  const FabricSpec& fabric = c.wafer.fabric;
  const std::uint64_t groups = c.layout.mapping().groups;
  const std::uint64_t columns = c.layout.feature_columns();
  const std::uint64_t last = style == GradientStyle::by_delta ? GradientWalk{c, shape}.sums() : 1;
  // Rows and groups begin one after the other, each two hops later than sums need on their way: down the
  // rows, then, below, from group to group, with a relay between two.
  const std::uint64_t step = chain_step(fabric) + 2 * fabric.hop_latency;
  return step * (c.layout.token_rows() - 1) + last + 2 * fabric.ramp_latency +
         (groups - 1) * (step + columns * fabric.hop_latency);
}

}  // namespace wafersim
