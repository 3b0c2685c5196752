// The fast engine, as one sees it from within the room: row by row.
#pragma once

#include <memory>

#include "wafersim/mesh/engine.hpp"

#include "link_comparison.hpp"

namespace wafersim::fast {

// What a row has been through so far.
struct RowRecord {
  MeshCounts counts;
  std::uint64_t end{};  // first cycle from which it does nothing
};
// A time in which a row would have done nothing any more, had nothing arrived from the north.
struct Rest {
  std::uint64_t until{};  // that arrival
  std::uint64_t since{};
  bool first = false;  // nothing had arrived before
};
inline constexpr std::size_t kMostRests = 64;  // of a row that are remembered: its pace changes early

class RowEngine : public MeshEngine {
 public:
  [[nodiscard]] virtual RowRecord record(std::uint32_t row) const = 0;
  // If it was asked for before the run.
  [[nodiscard]] virtual const std::vector<Rest>& rests(std::uint32_t row) const = 0;
  virtual void remember_rests() = 0;
  // Compares what happens on the links into two rows from the north, of which neither is the first. Before
  // the run; a row can be the upper one of one comparison, and the lower one of one.
  virtual void compare(std::uint32_t upper, std::uint32_t lower, LinkComparison& comparison) = 0;
};

[[nodiscard]] std::unique_ptr<RowEngine> make_row_engine(MeshPlan plan, const FastEngineOptions& options);

}  // namespace wafersim::fast
