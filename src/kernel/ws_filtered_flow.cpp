// The gradient by delta where relays filter zeros: rows get different numbers of deltas.
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "wafersim/base/random.hpp"
#include "wafersim/kernel/ws_flow.hpp"

#include "kernel/gradient_walk.hpp"
#include "kernel/ws_memory.hpp"

namespace wafersim {

using namespace flow;

namespace {

using Counts = std::vector<std::vector<std::uint32_t>>;  // by row of any group and turn of an output feature

constexpr std::uint64_t kTurns = 256;   // output features that the walk over drawn zeros looks at
constexpr std::uint64_t kFewRows = 64;  // that are walked for a bound

// Rows whose deltas are counted. The slots of sums bind them together: none may run ahead of the slowest by
// more than those.
class FilteredRows {
 public:
  FilteredRows(const FlowContext& c, const MatrixShape& shape, std::uint64_t rows)
      : walk_{c, shape},
        ahead_{c.wafer.pe.accumulators},
        // Where two groups are added up, both sums of a pair come down the same ramp.
        chain_{c.layout.mapping().groups > 1 ? 2 * walk_.sums() : walk_.sums()},
        known_(c.layout.tokens_per_pe() + 1),
        rows_(rows) {}

  void turn(const Counts& deltas, std::uint64_t turn) {
    const std::uint64_t released = turn >= ahead_ ? summed_[turn - ahead_] : 0;
    std::uint64_t latest = turn > 0 ? summed_[turn - 1] + chain_ : 0;
    for (std::size_t y = 0; y < rows_.size(); ++y) {
      const Known& here = known(deltas[y][turn]);
      Row& row = rows_[y];
      row.arrived = std::max(row.arrived + here.sending, row.done);
      row.done = std::max(std::max(row.done, released) + here.busy, row.arrived);
      row.tasks += here.tasks;
      row.beats += here.beats;
      latest = std::max(latest, row.done);
    }
    summed_.push_back(latest);
  }

  // Of so many turns.
  [[nodiscard]] RowTime time(std::uint64_t turns) const {
    std::uint64_t fullest = 0;
    std::uint64_t tasks = 0;
    std::uint64_t beats = 0;
    for (const Row& row : rows_) {
      fullest = std::max(fullest, row.tasks);
      tasks += row.tasks;
      beats += row.beats;
    }
    return {.total = summed_.back(),
            .products = fullest,
            .mean_beats = beats / rows_.size(),
            .overhead = (tasks - beats) / rows_.size(),
            .chain = turns * chain_};
  }

 private:
  struct Row {
    std::uint64_t done;     // with the products of the present output feature
    std::uint64_t arrived;  // its last delta
    std::uint64_t tasks;    // cycles of its tasks so far
    std::uint64_t beats;    // of these, multiply-adds
  };
  // An output feature with so many deltas, as the slowest of a row, its owner, takes it.
  struct Known {
    std::uint64_t busy, tasks, beats, sending;
  };
  const Known& known(std::uint64_t deltas) {
    Known& known = known_[deltas];
    if (known.busy == 0) {
      const std::uint64_t tasks = walk_.by_filtered_delta(deltas);
      known = {.busy = tasks + walk_.delay_by_filtered_delta(deltas),
               .tasks = tasks,
               .beats = walk_.beats_by_deltas(deltas),
               .sending = walk_.sending_to_filter(deltas)};
    }
    return known;
  }

  GradientWalk walk_;
  std::uint64_t ahead_, chain_;
  std::vector<Known> known_;  // by deltas
  std::vector<Row> rows_;
  std::vector<std::uint64_t> summed_;  // by turn: when it has passed all rows
};

RowTime walk(const FlowContext& c, const MatrixShape& shape, const Counts& deltas) {
  FilteredRows rows{c, shape, deltas.size()};
  const std::uint64_t turns = deltas.front().size();
  for (std::uint64_t turn = 0; turn < turns; ++turn) rows.turn(deltas, turn);
  return rows.time(turns);
}

// The probabilities, in parts of 2^64, that at most 0, 1, .. `drawn` of so many deltas are no zeros. Whole
// numbers, rounded such that more zeros never lower any of them.
std::vector<std::uint64_t> distribution(std::uint64_t drawn, Fraction zeros) {
  constexpr unsigned kBits = 32;
  const auto passes =
      static_cast<std::uint64_t>((Wide{Fraction::kOne - zeros.billionths} << kBits) / Fraction::kOne);
  std::vector<std::uint64_t> at_most(drawn + 1, std::numeric_limits<std::uint64_t>::max());
  for (std::uint64_t i = 0; i < drawn; ++i) {
    for (std::uint64_t k = drawn + 1; k-- > 0;) {
      const std::uint64_t exactly = at_most[k] - (k > 0 ? at_most[k - 1] : 0);
      at_most[k] -= static_cast<std::uint64_t>((Wide{exactly} * passes) >> kBits);
    }
  }
  return at_most;
}

// How many deltas pass in each row: the last one always does. Each row has numbers of its own, the same for
// every share, so that more zeros never leave more deltas.
Counts draw(const FlowContext& c, const DeltaZeros& zeros, std::uint64_t rows, std::uint64_t turns) {
  const std::vector<std::uint64_t> at_most = distribution(c.layout.tokens_per_pe() - 1, zeros.share);
  Counts counts(rows);
  for (std::uint64_t y = 0; y < rows; ++y) {
    Random random{zeros.seed + y};
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
      const auto above = std::upper_bound(at_most.begin(), at_most.end() - 1, random.bits());
      counts[y].push_back(static_cast<std::uint32_t>(1 + (above - at_most.begin())));
    }
  }
  return counts;
}

RowTime draw_and_walk(const FlowContext& c, const MatrixShape& shape, std::uint64_t rows) {
  const std::uint64_t turns = std::min(shape.out, kTurns);
  RowTime time = walk(c, shape, draw(c, shape.zeros, rows, turns));
  for (std::uint64_t* part : {&time.total, &time.products, &time.mean_beats, &time.overhead, &time.chain})
    *part = multiply_divide_up(*part, shape.out, turns);
  time.total += delta_entry(c);
  return time;
}

RowTime filtered(const FlowContext& c, const MatrixShape& shape, std::uint64_t rows) {
  MatrixShape question = shape;
  question.mask = nullptr;  // by delta, all positions are computed
  static Answers& answers = Answers::to("gradient_time_filtered");
  return remembered(answers, c, question, [&] { return draw_and_walk(c, question, rows); },
                    {rows, shape.zeros.share.billionths, shape.zeros.seed});
}

std::uint64_t all_rows(const FlowContext& c) {
  return c.layout.token_rows() * c.layout.mapping().groups;
}

}  // namespace

RowTime gradient_time_filtered(const FlowContext& c, const MatrixShape& shape,
                               const std::vector<std::vector<std::uint32_t>>& deltas) {
  RowTime time = walk(c, shape, deltas);
  time.total += delta_entry(c);
  return time;
}

RowTime gradient_time_filtered(const FlowContext& c, const MatrixShape& shape) {
  return filtered(c, shape, all_rows(c));
}

std::uint64_t filtered_time_at_least(const FlowContext& c, const MatrixShape& shape) {
  // The same without some rows that may hold the others up.
  return filtered(c, shape, std::min(all_rows(c), kFewRows)).total;
}

}  // namespace wafersim
