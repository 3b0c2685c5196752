// How long the weight-streaming programs take: the walk of one PE through an output feature, and the
// recursion over the columns of a row. docs/model.md has the equations and what they leave out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "wafersim/kernel/flow.hpp"
#include "wafersim/mesh/parameters.hpp"

namespace wafersim {

// Cycles of a core beside the beats of the products that wavelets bring. What a machine gives as the overhead
// of a wavelet is the dispatch of its task, which ran just before, and the issue of its first product.
struct TaskCosts {
  std::uint64_t dispatch;    // of another task
  std::uint64_t repeat;      // of the same task again
  std::uint64_t issue;       // of an instruction whose descriptors are loaded
  std::uint64_t commit = 1;  // handing sums over

  explicit TaskCosts(const PeSpec& pe)
      : dispatch{pe.task_dispatch},
        repeat{pe.wavelet_overhead > 1 ? pe.wavelet_overhead - 1 : 0},
        issue{std::min<std::uint64_t>(pe.wavelet_overhead, 1)} {}

  // Dispatches of so many wavelets, one at least, of which one at an end starts a control task: after another
  // task, or after itself.
  [[nodiscard]] std::uint64_t dispatches(std::uint64_t wavelets, bool follows_itself) const {
    return (follows_itself ? repeat : dispatch) + (wavelets > 1 ? dispatch + (wavelets - 2) * repeat : 0);
  }
};

// One PE's walk through one output feature: wavelets start tasks, tasks start products, and while a task is
// dispatched or an instruction issued the datapath is free for the reduction.
class FeatureWalk {
 public:
  FeatureWalk(const FlowContext& context, const MatrixShape& shape);

  // Cycles of the products of a feature with `weights` stored weights, with all that surrounds them. A
  // control task that follows itself, because the feature before had only one wavelet, is dispatched faster.
  [[nodiscard]] std::uint64_t products(std::uint64_t weights, bool follows_itself) const;
  // Cycles that every single weight of a feature takes at least.
  [[nodiscard]] std::uint64_t product_at_least() const {
    return costs_.issue + costs_.repeat + std::min(beats_, cycles_);
  }
  // Of these, cycles of the datapath.
  [[nodiscard]] std::uint64_t beats(std::uint64_t weights) const;
  // Cycles that so many beats of other threads add to the products, because both want the datapath.
  [[nodiscard]] std::uint64_t delay(std::uint64_t weights, std::uint64_t beats) const;
  // Cycles between two features of the chain in a PE with so many beats of products pending, that also
  // receives finished sums, or does not.
  [[nodiscard]] std::uint64_t chain_step(std::uint64_t pending, bool receives) const;
  // Whether a feature of so many weights is one wavelet, so that only its control task runs.
  [[nodiscard]] bool is_single(std::uint64_t weights) const {
    return weights <= (pairs_ && weights == 2 ? 2 : 1);
  }
  // Wavelets of the chain that lie in the queues between two neighbours: when the next block's owner takes
  // over, so many have passed it already.
  [[nodiscard]] static std::uint64_t queued();

  [[nodiscard]] std::uint64_t slot() const { return slot_; }  // beats of one feature's partial sums

 private:
  // Of so many products, those that the feature's first wavelet brings.
  [[nodiscard]] std::uint64_t first_wavelet(std::uint64_t products) const;
  // Cycles before a product in which the datapath is free.
  [[nodiscard]] std::uint64_t free_before(std::uint64_t product, std::uint64_t products) const;

  bool pairs_;  // two weights a wavelet
  TaskCosts costs_;
  std::uint64_t beats_{};   // of one product
  std::uint64_t cycles_{};  // of one product
  std::uint64_t slot_{};
};

// Where the cycles of a row go, in total over all output features.
struct RowTime {
  std::uint64_t total{};
  std::uint64_t products{};    // of the fullest column: products with their overhead
  std::uint64_t mean_beats{};  // of the mean column: products alone
  std::uint64_t overhead{};    // of the mean column: dispatch and issue
  std::uint64_t chain{};       // of the reduction, if no PE had products to do
};
// All columns of a group together, with `ahead` output features in flight.
[[nodiscard]] RowTime row_time(const FlowContext& context, const MatrixShape& shape);

// Cycles that row_time(...).total never goes below, without the walk over all columns: what a search needs to
// leave a mapping alone that cannot be the best.
[[nodiscard]] std::uint64_t row_time_at_least(const FlowContext& context, const MatrixShape& shape);

// From the last product to the last result in its owner's memory.
[[nodiscard]] std::uint64_t reduction_tail(const FlowContext& context, const MatrixShape& shape);

// How a gradient pass multiplies: each arriving delta scales the PE's row of features, all of them; or each
// kept weight, named by an index that streams in, is one dot product over the PE's tokens.
enum class GradientStyle { by_delta, by_weight };
// The gradient pass dW = sum over the tokens of dY x X, until the northernmost PE has its last sum.
// `products` and `overhead` as in the forward pass. By weight, the first index is there from cycle
// `first_index` on; deltas that come sooner wait in their queues.
[[nodiscard]] RowTime gradient_time(const FlowContext& context, const MatrixShape& shape, GradientStyle style,
                                    std::uint64_t first_index = 0);
// The same by delta, where relays filter zeros: by row of any group and turn of an output feature, the
// indexed deltas that are sent on (the last one always is). `products` is of the row with the most.
[[nodiscard]] RowTime gradient_time_filtered(const FlowContext& context, const MatrixShape& shape,
                                             const std::vector<std::vector<std::uint32_t>>& deltas);
// The same for deltas of which `shape.zeros` are zero, any as likely as any other: all rows are drawn, for
// some hundred output features. More zeros are never slower.
[[nodiscard]] RowTime gradient_time_filtered(const FlowContext& context, const MatrixShape& shape);
// As row_time_at_least, of its total.
[[nodiscard]] std::uint64_t filtered_time_at_least(const FlowContext& context, const MatrixShape& shape);
// The style that takes fewer cycles, and these. A filter of `shape.zeros` is one of those that are compared,
// with what it adds behind the last row.
struct GradientPlan {
  GradientStyle style;
  RowTime time;
  std::uint64_t saved{};  // cycles, by filtering zeros; 0: nothing is filtered
};
[[nodiscard]] GradientPlan gradient_plan(const FlowContext& context, const MatrixShape& shape);
// As row_time_at_least.
[[nodiscard]] std::uint64_t gradient_time_at_least(const FlowContext& context, const MatrixShape& shape);
// Cycles that the first relay waits, until the first deltas fill the queues between the owners and their
// relays: then each row begins in the same state.
[[nodiscard]] constexpr std::uint32_t gradient_prelude(const MeshParameters& mesh) {
  return mesh.instruction_startup + mesh.output_queue_depth + mesh.router_queue_depth +
         mesh.input_queue_depth + 2 * mesh.ramp_cycles;
}
// From there to the last sum below its column.
[[nodiscard]] std::uint64_t gradient_tail(const FlowContext& context, const MatrixShape& shape,
                                          GradientStyle style);

}  // namespace wafersim
