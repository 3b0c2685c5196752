// The laws: conservation, no station over 100 %, no negative wait, parts that sum to the whole.
#include "wafersim/cluster/ledger.hpp"

#include <fmt/format.h>

namespace wafersim {

namespace {

using Broken = std::vector<std::string>;

void check_equal(Broken& broken, const std::string& what, const StreamCount& expected,
                 const StreamCount& found) {
  if (expected.weights != found.weights) {
    broken.push_back(
        fmt::format("{}: {} weights expected, {} counted", what, expected.weights, found.weights));
  }
  if (expected.bytes != found.bytes) {
    broken.push_back(
        fmt::format("{}: {} bytes expected, {} counted", what, expected.bytes.count(), found.bytes.count()));
  }
}

void check_conservation(Broken& broken, const RunLedger& ledger) {
  for (std::size_t lane = 0; lane < ledger.lanes.size(); ++lane) {
    const LaneLedger& counts = ledger.lanes[lane];
    check_equal(broken, fmt::format("weights out of MemoryX on lane {}", lane), counts.expected_down,
                counts.sent_down);
    check_equal(broken, fmt::format("gradients into MemoryX on lane {}", lane), counts.expected_up,
                counts.received_up);
    if (counts.contributions_up != counts.trains_up * ledger.nodes) {
      broken.push_back(
          fmt::format("gradients into MemoryX on lane {}: {} contributions in {} trains from {} nodes", lane,
                      counts.contributions_up, counts.trains_up, ledger.nodes));
    }
  }
  for (std::size_t node = 0; node < ledger.node_counts.size(); ++node) {
    const NodeLedger& counts = ledger.node_counts[node];
    check_equal(broken, fmt::format("weights into node {}", node), ledger.expected_at_node, counts.received);
    check_equal(broken, fmt::format("gradients out of node {}", node), ledger.expected_from_node,
                counts.sent);
  }
}

void check_flops(Broken& broken, const RunLedger& ledger) {
  if (ledger.flops_expected == ledger.flops_counted) return;
  broken.push_back(fmt::format("{} floating-point operations expected, {} counted",
                               to_decimal(ledger.flops_expected), to_decimal(ledger.flops_counted)));
}

void check_busy(Broken& broken, const RunLedger& ledger) {
  for (const BusyLedger& station : ledger.busy) {
    if (station.busy <= station.elapsed) continue;
    broken.push_back(fmt::format("{} was busy for {} ps of {} ps", station.station, station.busy.count(),
                                 station.elapsed.count()));
  }
}

void check_waits(Broken& broken, const RunLedger& ledger) {
  for (const WaitLedger& wait : ledger.waits) {
    if (wait.busy + wait.waited == wait.total) continue;
    broken.push_back(fmt::format("{}: {} cycles busy and {} waiting do not make {}", wait.operation,
                                 wait.busy.count(), wait.waited.count(), wait.total.count()));
  }
}

void check_parts(Broken& broken, const RunLedger& ledger) {
  Cycles sum;
  for (const Cycles part : ledger.parts) sum += part;
  if (sum != ledger.step) {
    broken.push_back(
        fmt::format("the parts sum to {} cycles, the step has {}", sum.count(), ledger.step.count()));
  }
  for (const Part part : kAllParts) {
    Cycles over_layers;
    for (const auto& layer : ledger.layer_parts) over_layers += layer[index_of(part)];
    if (over_layers == ledger.parts[index_of(part)]) continue;
    broken.push_back(fmt::format("{}: the layers sum to {} cycles, the step has {}", to_string(part),
                                 over_layers.count(), ledger.parts[index_of(part)].count()));
  }
}

}  // namespace

std::vector<std::string> violations(const RunLedger& ledger) {
  Broken broken;
  check_conservation(broken, ledger);
  check_flops(broken, ledger);
  check_busy(broken, ledger);
  check_waits(broken, ledger);
  check_parts(broken, ledger);
  return broken;
}

}  // namespace wafersim
