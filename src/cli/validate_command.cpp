// `wafersim validate`: published numbers beside the simulator's, with error, tolerance and source.
#include <cmath>
#include <iostream>

#include <fmt/format.h>

#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/kernel/mesh/single_pe.hpp"

#include "cli/mesh_commands.hpp"

namespace wafersim {
namespace {

constexpr const char* kSimulated = "HPDC'24, vendor's simulator";
constexpr const char* kModel = "HPDC'24, model";
constexpr const char* kSpmm = "SpMM on CS-2, measured";

// Prints rows and remembers whether all held.
class Table {
 public:
  Table() {
    std::cout << fmt::format("{:<44} {:>10} {:>10} {:>9} {:>9}  {}\n", "what", "published", "simulated",
                             "error", "allowed", "source");
  }
  void row(const std::string& what, double published, double simulated, double tolerance,
           const char* source) {
    const double error = published == 0 ? 0 : 100 * (simulated / published - 1);
    const bool holds = std::abs(error) <= tolerance + 1e-9;
    all_hold_ = all_hold_ && holds;
    std::cout << fmt::format("{:<44} {:>10.0f} {:>10.0f} {:>+8.2f}% {:>8.1f}%  {}{}\n", what, published,
                             simulated, error, tolerance, source, holds ? "" : "  OUT OF TOLERANCE");
  }
  // A deviation that docs/validation.md explains: shown, with the bound that it must keep.
  void known_gap(const std::string& what, double published, double simulated, double bound,
                 const char* source) {
    row(what + " *", published, simulated, bound, source);
  }
  [[nodiscard]] bool all_hold() const { return all_hold_; }

 private:
  bool all_hold_ = true;
};

struct Run {
  double cycles{};
  double body{};
  double landings{};
  double published{};
};

Run run(const std::string& kernel, GridSize grid, std::uint32_t length) {
  const Collective collective = make_collective({.kernel = kernel, .grid = grid, .length = length});
  const auto engine = make_fast_engine(collective.plan);
  load_initial_values(collective, *engine);
  const CollectiveResult result = run_collective(collective, *engine);
  if (!result.values_match) throw InternalFault{kernel + " gave wrong values"};
  return {static_cast<double>(result.cycles), static_cast<double>(result.cycles - collective.fixed),
          static_cast<double>(result.counts.landings()), collective.published.value_or(0)};
}

void simulated_points(Table& table) {
  table.row("chain reduce, 4 PEs, B 16", 95, run("reduce.chain", {4, 1}, 16).cycles, 2, kSimulated);
  for (const std::uint32_t b : {1, 16, 256, 1024, 8192}) {
    table.row(fmt::format("chain reduce, 512 PEs, B {}", b), b + 3127,
              run("reduce.chain", {512, 1}, b).cycles, 2, kSimulated);
  }
  struct Point {
    std::uint32_t b;
    double cycles;
  };
  for (const Point& p :
       {Point{1, 742}, {16, 832}, {128, 1646}, {256, 2681}, {512, 4977}, {1024, 9585}, {8192, 74097}}) {
    table.row(fmt::format("tree reduce, 512 PEs, B {}", p.b), p.cycles,
              run("reduce.tree", {512, 1}, p.b).cycles, 3, kSimulated);
  }
  table.known_gap("tree reduce, 512 PEs, B 64", 1155, run("reduce.tree", {512, 1}, 64).cycles, 3.5,
                  kSimulated);
  table.row("broadcast, 512 PEs, B 175, body", 691, run("broadcast", {512, 1}, 175).body, 1.4, kSimulated);
  table.row("broadcast, 128 PEs, B 1, body", 133, run("broadcast", {128, 1}, 1).body, 7.5, kSimulated);
  table.row("landings, chain, 4 PEs, B 16", 96, run("reduce.chain", {4, 1}, 16).landings, 0, kSimulated);
  table.row("landings, broadcast, 512 PEs, B 175", 89'600, run("broadcast", {512, 1}, 175).landings, 0,
            kSimulated);
  table.row("landings, tree, 512 PEs, B 128", 360'320, run("reduce.tree", {512, 1}, 128).landings, 0,
            kSimulated);
}

void models(Table& table) {
  for (const std::uint32_t p : {4, 64, 512}) {
    for (const std::uint32_t b : {1, 256, 4096}) {
      for (const char* kernel : {"broadcast", "reduce.chain", "reduce.star", "reduce.two_phase"}) {
        if (std::uint64_t{p} * b > 300'000 && std::string_view{kernel} == "reduce.star") continue;
        const Run it = run(kernel, {p, 1}, b);
        const std::string what = fmt::format("{}, {} PEs, B {}, body", kernel, p, b);
        // One cycle of the star and six of two_phase are not in the model: they show only where it is short.
        const double slack = std::string_view{kernel} == "reduce.star"        ? 100.0 / it.published
                             : std::string_view{kernel} == "reduce.two_phase" ? 700.0 / it.published
                                                                              : 0.0;
        if (slack > 4) {
          table.known_gap(what, it.published, it.body, slack, kModel);
        } else {
          table.row(what, it.published, it.body, 4, kModel);
        }
      }
    }
  }
  const Run ring = run("allreduce.ring", {512, 1}, 4096);
  table.row("allreduce.ring, 512 PEs, B 4096, body", ring.published, ring.body, 4, kModel);
  for (const char* kernel : {"broadcast.2d", "reduce.chain.2d", "reduce.chain.snake"}) {
    const Run it = run(kernel, {64, 64}, 256);
    table.row(fmt::format("{}, 64x64 PEs, B 256, body", kernel), it.published, it.body, 4, kModel);
  }
}

void single_pe(Table& table) {
  table.row("FP32 vector instruction, 1028 elements", 1034,
            static_cast<double>(vector_cycles(1028, Banks::apart)), 0, kSpmm);
  table.row("the same with a bank conflict", 2062, static_cast<double>(vector_cycles(1028, Banks::together)),
            0, kSpmm);
  table.row("FP32 vector instruction, 5124 elements", 5130,
            static_cast<double>(vector_cycles(5124, Banks::apart)), 0, kSpmm);
  struct Point {
    std::uint32_t length;
    double cycles;
  };
  for (const Point& p : {Point{8, 38}, {32, 87}, {64, 155}, {128, 294}}) {
    table.row(fmt::format("FP32 accumulate in memory, {} elements", p.length), p.cycles,
              static_cast<double>(accumulate_cycles(p.length)), 5, kSpmm);
  }
}

}  // namespace

int run_validate_command(std::span<const std::string> args) {
  for (const std::string& arg : args) {
    if (arg == "--help") {
      std::cout << "usage: wafersim validate\n\nPublished numbers beside the simulator's; exits 1 when one "
                   "is out of its "
                   "tolerance.\n";
      return 0;
    }
    throw InputError{Problem{{}, arg, "unexpected argument"}};
  }
  Table table;
  simulated_points(table);
  models(table);
  single_pe(table);
  std::cout << "\n* a deviation that docs/validation.md explains, with the bound that it keeps\n";
  return table.all_hold() ? 0 : 1;
}

}  // namespace wafersim
