// Max-plus algebra: what decided the period twice decides it for ever.
#include "cluster/repetition.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

#include "cluster/stations.hpp"

namespace wafersim {

namespace {

// Of a run of equal micro-batches: the first ones fill the buffers, the last one may send gradients and cause
// updates. The one before the last stands for those that are left out.
constexpr std::uint64_t kSimulated = 8;

// Operations of one micro-batch: all have equally many.
class MicroBatches {
 public:
  explicit MicroBatches(const StepProgram& program)
      : size_{program.ops.size() / (program.ops.back().micro_batch + 1)} {}
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t first(std::uint32_t micro_batch) const { return micro_batch * size_; }

 private:
  std::size_t size_;
};

// How the times of the last step move from one micro-batch to the next.
class Shift {
 public:
  Shift(const Cluster& cluster, std::uint32_t micro_batch)
      : wafer_{*cluster.busiest_node().wafer},
        batches_{cluster.program()},
        first_{batches_.first(micro_batch)},
        period_{ended(first_ + batches_.size() - 1) - ended(first_ - 1)},
        rounding_{time_of(Cycles{1}, wafer_.clock().frequency())} {}

  // Every operation ends one period later, up to a cycle's rounding.
  [[nodiscard]] bool holds_for_wafer() const {
    for (std::size_t i = first_; i < first_ + batches_.size(); ++i) {
      const Picoseconds before = ended(i - batches_.size());
      if (!is_at_most_a_period(before, ended(i)) || !is_a_period(before, ended(i))) return false;
    }
    return true;
  }

  // For each time of the station whether it is a whole period later; nothing if one is later than that.
  [[nodiscard]] std::optional<std::vector<bool>> of(const Station& station) const {
    std::map<std::uint32_t, Span> last;  // by operation: spans of later steps replace those of earlier ones
    for (const Span& span : station.spans()) last.insert_or_assign(span.op, span);
    std::vector<bool> exact;
    for (std::size_t i = first_; i < first_ + batches_.size(); ++i) {
      const auto here = last.find(static_cast<std::uint32_t>(i));
      const auto before = last.find(static_cast<std::uint32_t>(i - batches_.size()));
      if ((here == last.end()) != (before == last.end())) return std::nullopt;
      if (here == last.end()) continue;
      for (const auto time : {&Span::begin, &Span::end}) {
        if (!is_at_most_a_period(before->second.*time, here->second.*time)) return std::nullopt;
        exact.push_back(is_a_period(before->second.*time, here->second.*time));
      }
    }
    return exact;
  }

 private:
  [[nodiscard]] Picoseconds ended(std::size_t op) const {
    return wafer_.clock().time(wafer_.records()[op].ended);
  }
  [[nodiscard]] bool is_at_most_a_period(Picoseconds before, Picoseconds after) const {
    return after <= before + period_ + rounding_;
  }
  [[nodiscard]] bool is_a_period(Picoseconds before, Picoseconds after) const {
    return after + rounding_ >= before + period_;
  }

  const Wafer& wafer_;
  MicroBatches batches_;
  std::size_t first_;
  Picoseconds period_;
  Picoseconds rounding_;
};

[[noreturn]] void refuse(const std::string& what) {
  throw DoesNotFit{fmt::format(
      "the step has too many micro-batches to simulate them all, and they do not repeat: {} does not do the "
      "same in each; fewer micro-batches would do: more nodes, or a smaller --global-batch",
      what)};
}

// Two periods in a row: no time moves by more than the period, the wafer's move by just that, and so does in
// the second whatever did in the first.
void check(const Cluster& cluster, std::uint32_t micro_batch) {
  const Shift before{cluster, micro_batch - 1};
  const Shift here{cluster, micro_batch};
  if (!before.holds_for_wafer() || !here.holds_for_wafer()) refuse("the wafer");
  for (const auto& [name, station] : stations_of(cluster)) {
    const auto first = before.of(*station);
    const auto second = here.of(*station);
    if (!first || !second || first->size() != second->size()) refuse(name);
    for (std::size_t i = 0; i < first->size(); ++i) {
      if ((*first)[i] && !(*second)[i]) refuse(name);
    }
  }
}

}  // namespace

ShortenedStep shorten(const std::vector<std::uint64_t>& micro_batches) {
  ShortenedStep step;
  for (std::size_t begin = 0; begin < micro_batches.size();) {
    const std::uint64_t sequences = micro_batches[begin];
    std::size_t end = begin;
    while (end < micro_batches.size() && micro_batches[end] == sequences) ++end;
    const std::uint64_t simulated = std::min<std::uint64_t>(end - begin, kSimulated);
    step.micro_batches.insert(step.micro_batches.end(), simulated, sequences);
    if (simulated < end - begin) {
      step.repetitions.push_back({.micro_batch = static_cast<std::uint32_t>(step.micro_batches.size() - 2),
                                  .others = end - begin - simulated});
    }
    begin = end;
  }
  return step;
}

WholeStep lengthen(const Cluster& cluster, const std::vector<Repetition>& repetitions) {
  const StepShares shares = share_out(*cluster.busiest_node().wafer);
  WholeStep step{.total = shares.total, .parts = shares.parts()};
  const MicroBatches batches{cluster.program()};
  for (const Repetition& repetition : repetitions) {
    check(cluster, repetition.micro_batch);
    const std::size_t first = batches.first(repetition.micro_batch);
    for (std::size_t i = first; i < first + batches.size(); ++i) {
      step.total += shares.ops[i].total * repetition.others;
      for (const Part part : kAllParts) {
        const std::size_t at = index_of(part);
        step.parts[at] += shares.ops[i].parts[at] * repetition.others;
      }
    }
  }
  return step;
}

}  // namespace wafersim
