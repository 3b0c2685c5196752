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
Weights causes_of_waiting(const Weights& found) {
  Weights causes = found;
  for (const Part own : {Part::compute, Part::fabric}) {
    causes[index_of(Part::fill)] += causes[index_of(own)];
    causes[index_of(own)] = 0;
  }
  return causes;
}

std::uint64_t sum_of(const Weights& weights) {
  return std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
}

OpShare share_of(const StepOp& op, const OpRecord& record, Cycles total) {
  OpShare share;
  share.total = total;
  share.waited = total - record.busy;
  const Weights stream = causes_of_waiting(record.stream_wait);
  const Weights gradient = causes_of_waiting(record.gradient_wait);

  // First between the two kinds of waiting, then each among its causes.
  const std::uint64_t all = sum_of(stream) + sum_of(gradient);
  share.reduce_wait =
      all == 0 ? Cycles{} : Cycles{multiply_divide_down(share.waited.count(), sum_of(gradient), all)};
  const CyclesByPart for_gradients = split(share.reduce_wait, gradient, Part::fill);
  const CyclesByPart for_weights = split(share.waited - share.reduce_wait, stream, Part::fill);
  share.update_wait = for_weights[index_of(Part::update)];
  share.stream_wait = share.waited - share.reduce_wait - share.update_wait;

  for (const Part part : kAllParts) {
    share.parts[index_of(part)] = for_gradients[index_of(part)] + for_weights[index_of(part)];
  }
  share.parts[index_of(Part::compute)] += op.compute;
  share.parts[index_of(Part::fabric)] += op.fabric;
  share.parts[index_of(Part::fill)] += op.fill;
  return share;
}

}  // namespace

CyclesByPart split(Cycles whole, const Weights& weights, Part fallback) {
  CyclesByPart shares{};
  const std::uint64_t all = sum_of(weights);
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

StepShares share_out(const StepProgram& program, const std::vector<OpRecord>& records, const Instant& began,
                     const WaferClock& clock) {
  StepShares step;
  Cycles before;  // boundaries are rounded from the step's start, so the operations sum to the step
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Cycles until = clock.between(began, records[i].ended);
    step.ops.push_back(share_of(program.ops[i], records[i], until - before));
    before = until;
  }
  step.total = before;
  return step;
}

StepShares share_out(const StepProgram& program, const Wafer& wafer) {
  const std::vector<Instant>& ends = wafer.step_ends();
  return share_out(program, wafer.records(), ends[ends.size() - 2], wafer.clock());
}

CyclesByPart StepShares::parts() const {
  CyclesByPart sum{};
  for (const OpShare& op : ops) {
    for (const Part part : kAllParts) sum[index_of(part)] += op.parts[index_of(part)];
  }
  return sum;
}

}  // namespace wafersim
