// The walk and the recursion.
#include "wafersim/kernel/ws_flow.hpp"

#include <algorithm>
#include <vector>

#include "wafersim/mesh/parameters.hpp"

#include "kernel/flow_common.hpp"
#include "kernel/ws_memory.hpp"

namespace wafersim {

using namespace flow;

FeatureWalk::FeatureWalk(const FlowContext& c, const MatrixShape& shape)
    : pairs_{shape.weights_per_wavelet == 2}, costs_{c.wafer.pe} {
  const std::uint64_t t = c.layout.tokens_per_pe();
  beats_ = cycles_ = vector_cycles(c, t);
  if (c.arithmetic == Arithmetic::fp32) cycles_ = fp32_sum_cycles(beats_, t);
  slot_ = wavelets(c, t, accumulator_bytes(c.arithmetic));
}

std::uint64_t FeatureWalk::first_wavelet(std::uint64_t products) const {
  return pairs_ && products % 2 == 0 ? 2 : 1;
}

std::uint64_t FeatureWalk::free_before(std::uint64_t product, std::uint64_t products) const {
  const std::uint64_t first = first_wavelet(products);
  const bool begins_a_wavelet = product >= first && (!pairs_ || (product - first) % 2 == 0);
  if (!begins_a_wavelet) return costs_.issue;
  return costs_.issue + (product == first ? costs_.dispatch : costs_.repeat);
}

std::uint64_t FeatureWalk::beats(std::uint64_t weights) const {
  return std::max<std::uint64_t>(weights, 1) * beats_;
}

std::uint64_t FeatureWalk::products(std::uint64_t weights, bool follows_itself) const {
  const std::uint64_t products = std::max<std::uint64_t>(weights, 1);  // an empty feature meets a zero
  const std::uint64_t arrivals = 1 + (products - first_wavelet(products)) / (pairs_ ? 2 : 1);
  // The first product only multiplies.
  return costs_.dispatches(arrivals, follows_itself) + costs_.commit + products * costs_.issue + beats_ +
         (products - 1) * cycles_;
}

std::uint64_t FeatureWalk::delay(std::uint64_t weights, std::uint64_t beats) const {
  // They begin as soon as the sums are handed over, use the free cycles, and take turns with the products,
  // which go first.
  const std::uint64_t products = std::max<std::uint64_t>(weights, 1);
  std::uint64_t left = beats;
  std::uint64_t hidden = 0;
  for (std::uint64_t i = 0; i < products && left > 0; ++i) {
    const std::uint64_t free = std::min(free_before(i, products), left);
    hidden += free;
    left -= free;
    left -= std::min(beats_ - 1, left);
  }
  return beats - hidden - std::min(left, costs_.dispatch + costs_.commit);
}

std::uint64_t FeatureWalk::chain_step(std::uint64_t pending, bool receives) const {
  return (receives ? 2 : 1) * slot_ + std::min(slot_, pending);
}

std::uint64_t FeatureWalk::queued() {
  constexpr MeshParameters kMesh{};
  return kMesh.output_queue_depth + kMesh.router_queue_depth + kMesh.input_queue_depth +
         2 * kMesh.ramp_cycles + kMesh.router_queue_depth;  // and one more router on the way back
}

namespace {

// How the output features are dealt to the columns of a group.
struct Owners {
  std::uint64_t columns;
  std::uint64_t block;
  std::uint64_t remote;  // features that travel back; the last column, the end of the chain, keeps the others

  Owners(const FlowContext& c, const MatrixShape& shape)
      : columns{c.layout.feature_columns()},
        block{c.layout.features_per_pe(shape.out)},
        remote{std::min(shape.out, (columns - 1) * block)} {}
  [[nodiscard]] std::uint64_t of(std::uint64_t feature) const {
    return feature < remote ? columns - 2 - feature / block : columns - 1;
  }
  [[nodiscard]] bool ends_block(std::uint64_t feature) const { return (feature + 1) % block == 0; }
};

// Output features that the recursion looks at: those of the mask's sample; or all, or enough for the steady
// state, some hundreds and a few blocks.
std::uint64_t row_sample(const MatrixShape& shape, const Owners& owners) {
  if (shape.mask != nullptr) return shape.mask->rows();
  return std::min(shape.out, std::max<std::uint64_t>(MaskSample::kRows, 2 * owners.block));
}

// done(x, r): column x has the products of output feature r; reduced(r): r has passed the whole chain.
class Recursion {
 public:
  Recursion(const FlowContext& c, const MatrixShape& shape)
      : walk_{c, shape},
        owners_{c, shape},
        mask_{shape.mask},
        features_{c.layout.features_per_pe(shape.in)},
        loaded_{divide_up(shape.in, features_)},
        ahead_{c.wafer.pe.accumulators},
        outputs_{shape.out},
        rows_{row_sample(shape, owners_)},
        dense_(loaded_, features_),
        columns_(loaded_),
        receivers_(rows_),
        reduced_(rows_),
        known_(features_ + 1) {
    // Columns of a dense matrix that own none of these features are all alike: the first one stands for them.
    const std::uint64_t owners = divide_up(rows_, owners_.block) + 1;
    if (mask_ == nullptr && owners < loaded_) skipped_ = loaded_ - 1 - owners;
  }

  RowTime run() {
    for (std::uint64_t row = 0; row < rows_; ++row) step(row);
    const auto scaled = [&](std::uint64_t value) { return multiply_divide_up(value, outputs_, rows_); };
    std::uint64_t mean = 0;
    std::uint64_t fullest = 0;
    for (const Column& column : columns_) {
      mean += column.products;
      fullest = std::max(fullest, column.products);
    }
    const std::uint64_t looked_at = loaded_ - skipped_;
    RowTime time{.total = scaled(reduced_[rows_ - 1]),
                 .products = scaled(fullest),
                 .mean_beats = scaled(divide_up(kept_ * walk_.beats(1), looked_at)),
                 .chain = scaled(chain_alone_)};
    const std::uint64_t products = scaled(divide_up(mean, looked_at));
    time.overhead = products - std::min(products, time.mean_beats);
    return time;
  }

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  struct Column {
    std::uint64_t done;      // with the products of the present output feature
    std::uint64_t products;  // cycles of products so far
    std::uint64_t passed;    // output features of the chain that took their cycles here
    bool single;             // the feature before had one wavelet
  };
  struct Known {
    std::uint64_t products, repeated, delay, receiving;
  };
  const Known& known(std::uint64_t weights) {
    Known& known = known_[weights];
    if (known.products == 0) {
      known = {.products = walk_.products(weights, false),
               .repeated = walk_.products(weights, true),
               .delay = walk_.delay(weights, walk_.slot()),
               .receiving = walk_.delay(weights, 2 * walk_.slot())};
    }
    return known;
  }

  void step(std::uint64_t row) {
    const std::uint64_t released = row >= ahead_ ? reduced_[row - ahead_] : 0;
    const std::uint64_t owner = owners_.of(row);
    const bool travels = row < owners_.remote;
    std::uint64_t latest = 0;
    std::uint64_t owner_weights = 1;
    const std::vector<std::uint64_t>& kept_here =
        mask_ != nullptr ? mask_->kept_per_column(row, features_) : dense_;
    receivers_[row] = travels ? owner : kNone;
    for (std::uint64_t x = 0; x < loaded_; x += x == 0 ? 1 + skipped_ : 1) {
      const std::uint64_t weights = kept_here[x];
      const Known& known = this->known(weights);
      Column& column = columns_[x];
      const std::uint64_t own = column.single ? known.repeated : known.products;
      if (x == owner) owner_weights = weights;
      const std::uint64_t start = std::max(column.done, released);
      const bool idles = released > column.done;  // and finds the datapath free for what passes meanwhile
      std::uint64_t passed = column.passed;
      while (idles && passed < row && reduced_[passed] + walk_.slot() <= start) ++passed;
      std::uint64_t done = start + own;
      for (; passed < row && reduced_[passed] <= done; ++passed)
        done += receivers_[passed] == x ? known.receiving : known.delay;
      column = {.done = done,
                .products = column.products + own,
                .passed = passed,
                .single = walk_.is_single(weights)};
      kept_ += weights;
      latest = std::max(latest, done);
    }
    // The owner's products go on; in turns with the chain they get as many beats as that, if they have them.
    pending_ = row % owners_.block == 0
                   ? walk_.beats(owner_weights)
                   : pending_ - std::min(pending_, walk_.slot()) + walk_.beats(owner_weights);
    chain_alone_ += walk_.chain_step(0, travels);
    std::uint64_t chain = row > 0 ? reduced_[row - 1] + walk_.chain_step(pending_, travels) : 0;
    if (row > 0 && travels && owners_.ends_block(row)) {
      chain -= std::min({FeatureWalk::queued(), owners_.block * walk_.slot(), chain - reduced_[row - 1]});
    }
    reduced_[row] = std::max(latest, chain);
  }

  FeatureWalk walk_;
  Owners owners_;
  const MaskSample* mask_;
  std::uint64_t features_, loaded_, ahead_, outputs_, rows_;
  std::vector<std::uint64_t> dense_;  // weights of an output feature without a mask, by column
  std::vector<Column> columns_;
  std::vector<std::uint64_t> receivers_;  // of finished sums, by output feature; or kNone
  std::vector<std::uint64_t> reduced_;
  std::vector<Known> known_;  // by weights of a feature
  std::uint64_t skipped_{};   // columns behind the first one
  std::uint64_t kept_{};
  std::uint64_t chain_alone_{};
  std::uint64_t pending_{};  // beats of products that the present owner is behind with
};

}  // namespace

std::uint64_t row_time_at_least(const FlowContext& c, const MatrixShape& shape) {
  const FeatureWalk walk{c, shape};
  const Owners owners{c, shape};
  const std::uint64_t features = c.layout.features_per_pe(shape.in);
  const std::uint64_t products =
      shape.mask == nullptr
          ? shape.out * std::min(walk.products(features, false), walk.products(features, true))
          : walk.product_at_least() *
                shape.mask->slowest_column(features, c.wafer.pe.accumulators, shape.out);
  // Each feature follows the one before by a step of the chain; of the walk's sample the first one does not,
  // and each change of owners saves what lies in the queues.
  const std::uint64_t steps =
      owners.remote * walk.chain_step(0, true) + (shape.out - owners.remote) * walk.chain_step(0, false);
  const std::uint64_t sample = row_sample(shape, owners);
  const std::uint64_t first = multiply_divide_up(walk.chain_step(0, true), shape.out, sample);
  const std::uint64_t saved =
      multiply_divide_up((sample / owners.block + 1) * FeatureWalk::queued(), shape.out, sample);
  return std::max(products, steps - std::min(steps, first + saved));
}

RowTime row_time(const FlowContext& c, const MatrixShape& shape) {
  static Answers& rows = Answers::to("row_time");
  return remembered(rows, c, shape, [&] { return Recursion{c, shape}.run(); });
}

std::uint64_t reduction_tail(const FlowContext& c, const MatrixShape& shape) {
  const FeatureWalk walk{c, shape};
  const std::uint64_t columns = c.layout.feature_columns();
  const FabricSpec& fabric = c.wafer.fabric;
  // Down the chain, and back to the first column, which owns the last features that travel.
  const bool back = Owners{c, shape}.remote == shape.out;
  return chain_step(fabric) * (columns - 1) + walk.slot() +
         (back ? (columns - 1) * fabric.hop_latency + 2 * fabric.ramp_latency + 1 : 0);
}

}  // namespace wafersim
