// Broadcasts, reductions and all-reductions on the mesh: programs, the values they must give, and their
// closed forms.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/mesh/engine.hpp"

namespace wafersim {

struct CollectiveRequest {
  std::string kernel;  // "broadcast", "reduce.tree.2d" …: see collective_names()
  GridSize grid;
  std::uint32_t length = 1;  // elements a PE, B
  // f32; f16: two elements a wavelet, each sum rounded to FP16; mixed: FP16 elements that each PE first
  // widens, summed up and sent in FP32.
  Precision precision = Precision::f32;
  std::uint32_t group = 0;  // PEs a group of two_phase; 0: the square root of the line's length
  MeshParameters parameters{};
};

// What the cycles of the closed form are spent on, along the way that decides its end.
struct CycleShares {
  std::uint64_t link{};
  std::uint64_t ramp{};
  std::uint64_t datapath{};
  std::uint64_t tasks{};  // scalar code, dispatch, instruction start-up
  [[nodiscard]] std::uint64_t sum() const { return link + ramp + datapath + tasks; }
  CycleShares& operator+=(const CycleShares& more) {
    link += more.link;
    ramp += more.ramp;
    datapath += more.datapath;
    tasks += more.tasks;
    return *this;
  }
};

// A program on the grid with all that is needed to run it and to judge the result.
struct Collective {
  MeshPlan plan;
  std::uint32_t words{};                                     // of a result, at address 0
  std::uint32_t initial_address{};                           // where a PE's own vector lies at the start
  std::function<std::vector<std::uint32_t>(PeAt)> initial;   // its words
  std::vector<PeAt> results;                                 // PEs whose vector must be right at the end
  std::function<std::vector<std::uint32_t>(PeAt)> expected;  // bit for bit, in the order of the algorithm
  std::vector<PeAt> last;                                    // PEs whose end is the end of the collective
  std::uint64_t closed_form{};                               // cycles of the program as it is written
  // Of these: what cores spend on scalar code, dispatch and instruction start-up along the way that decides
  // the end. The published models leave it out; they are compared with the rest, the body.
  std::uint64_t pe_costs{};
  std::optional<CycleShares> shares;  // of the closed form
  std::optional<double> published;    // the published model of the body
};

[[nodiscard]] const std::vector<std::string>& collective_names();
// Throws InputError if the name or a size is wrong, DoesNotFit if a vector exceeds a PE's memory.
[[nodiscard]] Collective make_collective(const CollectiveRequest& request);

// Each PE starts with its own vector; the same values everywhere, and such that the order of additions shows.
void load_initial_values(const Collective& collective, MeshEngine& engine);

struct CollectiveResult {
  MeshOutcome outcome;
  std::uint64_t cycles{};  // from the start of the first task to the end of the last one that matters
  bool values_match = false;
  MeshCounts counts;
  PeActivity root;  // where the cycles of the PE that ends last went
};
// Runs it to its end on an engine that was made from its plan and loaded with its values.
[[nodiscard]] CollectiveResult run_collective(const Collective& collective, MeshEngine& engine);

}  // namespace wafersim
