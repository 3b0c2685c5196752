// What the columns of a row cost each other in the gradient pass, and which way of multiplying is faster.
#include <algorithm>
#include <vector>

#include "wafersim/kernel/ws_flow.hpp"

#include "kernel/gradient_walk.hpp"
#include "kernel/ws_memory.hpp"

namespace wafersim {

using namespace flow;

namespace {

RowTime time_by_delta(const FlowContext& c, const MatrixShape& shape) {
  const GradientWalk walk{c, shape};
  // Where two groups are added up, both sums of a pair come down the same ramp.
  const std::uint64_t adding = c.layout.mapping().groups > 1 ? 2 * walk.sums() : 0;
  return {.total = delta_entry(c) + shape.out * std::max(walk.by_delta() + walk.delay_by_delta(), adding),
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
        start_{std::max(first_index, delta_entry(c))},
        dense_(loaded_, walk_.features()),
        columns_(loaded_, Column{.done = start_, .own = 0, .fetch = walk_.fetch(false)}),
        fetched_(rows_),
        known_(walk_.features() + 1),
        arrived_{delta_entry(c)} {
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
    const std::uint64_t pace = walk_.sending(to_do_, row % block_, row < block_);
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

namespace {

GradientPlan unfiltered_plan(const FlowContext& c, const MatrixShape& shape) {
  const RowTime by_delta = gradient_time(c, shape, GradientStyle::by_delta);
  const RowTime by_weight = gradient_time(c, shape, GradientStyle::by_weight);
  return by_weight.total < by_delta.total ? GradientPlan{GradientStyle::by_weight, by_weight}
                                          : GradientPlan{GradientStyle::by_delta, by_delta};
}

// An index and an FP32 delta do not share a wavelet.
bool can_filter(const FlowContext& c, const MatrixShape& shape) {
  return shape.zeros.share.billionths > 0 && c.arithmetic != Arithmetic::fp32;
}

}  // namespace

GradientPlan gradient_plan(const FlowContext& c, const MatrixShape& shape) {
  const GradientPlan plain = unfiltered_plan(c, shape);
  if (!can_filter(c, shape)) return plain;
  const auto to_the_last_sum = [&](const GradientPlan& plan) {
    return plan.time.total + gradient_tail(c, shape, plan.style);
  };
  GradientPlan filtered{GradientStyle::by_delta, gradient_time_filtered(c, shape)};
  if (to_the_last_sum(filtered) >= to_the_last_sum(plain)) return plain;
  filtered.saved = to_the_last_sum(plain) - to_the_last_sum(filtered);
  return filtered;
}

std::uint64_t gradient_time_at_least(const FlowContext& c, const MatrixShape& shape) {
  const GradientWalk walk{c, shape};
  const std::uint64_t features = walk.features();
  const std::uint64_t fetches = shape.out * std::min(walk.fetch(false), walk.fetch(true));
  // The fullest column has at least as many weights as the mean.
  const std::uint64_t dots = shape.mask == nullptr
                                 ? shape.out * walk.dots(features)
                                 : divide_up(shape.kept, divide_up(shape.in, features)) * walk.dot_at_least();
  const std::uint64_t plain = std::min(time_by_delta(c, shape).total, delta_entry(c) + fetches + dots);
  return can_filter(c, shape) ? std::min(plain, filtered_time_at_least(c, shape)) : plain;
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
