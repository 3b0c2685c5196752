// Busy cycles belong to the wafer's own parts; waiting belongs to whatever was waited for.
#include "wafersim/cluster/attribution.hpp"

#include <algorithm>
#include <numeric>

#include "wafersim/base/wide.hpp"

namespace wafersim {

namespace {

using Weights = std::array<std::uint64_t, kParts>;

// While a wafer waits, a path through compute or fabric means that another operation (or another wafer) had
// to finish first: for this one it is the pipeline between them that fills.
Weights causes_of(const Waits& waits) {
  Weights causes = waits.by_part;
  for (const Part own : {Part::compute, Part::fabric}) {
    causes[index_of(Part::fill)] += causes[index_of(own)];
    causes[index_of(own)] = 0;
  }
  return causes;
}

// `whole` in the proportion of `part` to `all`, rounded down.
Cycles proportion(Cycles whole, std::uint64_t part, std::uint64_t all) {
  return all == 0 ? Cycles{} : Cycles{multiply_divide_down(whole.count(), part, all)};
}

OpShare share_of(const OpRecord& record, Cycles total) {
  OpShare share;
  share.total = total;
  share.compute = record.compute;
  share.fabric = record.fabric;
  share.fill = record.fill;
  share.waited = total - record.busy();
  // First between the two kinds of waiting, then each among its causes.
  const std::uint64_t stream = record.stream_wait.sum();
  const std::uint64_t gradient = record.gradient_wait.sum();
  share.reduce_wait = proportion(share.waited, gradient, stream + gradient);
  const Cycles for_weights = share.waited - share.reduce_wait;
  share.update_wait = proportion(for_weights, record.stream_wait.for_updates, stream);
  share.stream_wait = for_weights - share.update_wait;
  const CyclesByPart gradient_parts = split(share.reduce_wait, causes_of(record.gradient_wait), Part::fill);
  const CyclesByPart weight_parts = split(for_weights, causes_of(record.stream_wait), Part::fill);

  for (const Part part : kAllParts) {
    share.parts[index_of(part)] = gradient_parts[index_of(part)] + weight_parts[index_of(part)];
  }
  share.parts[index_of(Part::compute)] += record.compute;
  share.parts[index_of(Part::fabric)] += record.fabric;
  share.parts[index_of(Part::fill)] += record.fill;
  return share;
}

}  // namespace

CyclesByPart split(Cycles whole, const Weights& weights, Part fallback) {
  CyclesByPart shares{};
  const std::uint64_t all = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  if (all == 0) {
    shares[index_of(fallback)] = whole;
    return shares;
  }
  std::array<std::uint64_t, kParts> remainders{};
  std::array<std::size_t, kParts> order{};
  Cycles given;
  for (std::size_t i = 0; i < kParts; ++i) {
    const Wide product = static_cast<Wide>(whole.count()) * weights[i];
    shares[i] = Cycles{narrow(product / all)};
    remainders[i] = static_cast<std::uint64_t>(product % all);
    given += shares[i];
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < whole; ++i, given += Cycles{1}) shares[order[i % kParts]] += Cycles{1};
  return shares;
}

StepShares share_out(const std::vector<OpRecord>& records, const Instant& began, const WaferClock& clock) {
  StepShares step;
  Cycles before;  // boundaries are rounded from the step's start, so the operations sum to the step
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Cycles until = clock.between(began, records[i].ended);
    step.ops.push_back(share_of(records[i], until - before));
    before = until;
  }
  step.total = before;
  return step;
}

StepShares share_out(const Wafer& wafer) {
  const std::vector<Instant>& ends = wafer.step_ends();
  return share_out(wafer.records(), ends[ends.size() - 2], wafer.clock());
}

CyclesByPart StepShares::parts() const {
  CyclesByPart sum{};
  for (const OpShare& op : ops) {
    for (const Part part : kAllParts) sum[index_of(part)] += op.parts[index_of(part)];
  }
  return sum;
}

}  // namespace wafersim
