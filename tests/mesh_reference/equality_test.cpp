// The fast engine equals the SystemC reference in every cycle, count and value, whatever order it visits rows
// in.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <systemc>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wafersim/base/random.hpp"
#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/kernel/mesh/ws_gemm.hpp"
#include "wafersim/mesh/fold.hpp"
#include "wafersim/wafer/reference/reference_mesh.hpp"

#include "mesh_reference/random_layout.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kWatchedCycles = 300;  // compared one by one; then both run to their end
constexpr std::uint64_t kLastCycle = 20'000;

void fill_memory(MeshEngine& engine, std::uint64_t seed) {
  const GridSize grid = engine.plan().grid;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) {
      Random random{seed + y * 1000 + x};
      std::vector<std::uint32_t> words(engine.plan().program_at({x, y}).memory_bytes / 4);
      for (std::uint32_t& word : words) {
        const std::uint64_t bits = random.bits();
        word = static_cast<std::uint32_t>(bits) & (bits >> 62U == 0 ? 0x3fff0000U : 0x3fff3fffU);
      }
      engine.write_memory({x, y}, 0, words);
    }
  }
}

std::string describe(const PeState& state) {
  std::string text = "task " + (state.task ? std::to_string(static_cast<int>(*state.task)) : "none") +
                     " pending " + std::to_string(state.pending) + ";";
  for (const auto& thread : state.threads) {
    text += " thread " + std::to_string(thread.thread) + " did " + std::to_string(thread.done) + " of " +
            std::to_string(thread.length) + ";";
  }
  for (const auto& color : state.colors) {
    text += " color " + std::to_string(number_of(color.color)) + ":";
    for (const auto* queue : {&color.output, &color.router, &color.input}) {
      text += " [";
      for (const auto& wavelet : *queue)
        text += " " + std::to_string(wavelet.value) + (wavelet.control ? "!" : "");
      text += " ]";
    }
  }
  return text;
}

template <class Same>
bool everywhere(const MeshPlan& plan, const char* what, std::uint64_t cycle, Same&& same) {
  for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
    for (std::uint32_t x = 0; x < plan.grid.columns; ++x) {
      if (same(PeAt{x, y})) continue;
      std::cerr << what << " differs at PE " << to_string(PeAt{x, y}) << ", cycle " << cycle << "\n";
      return false;
    }
  }
  return true;
}

std::vector<EdgePort> ports_of(const MeshPlan& plan) {
  std::vector<EdgePort> ports;
  for (const auto* uses : {&plan.inputs, &plan.outputs}) {
    for (const EdgeUse& use : *uses) ports.push_back(use.port);
  }
  return ports;
}

bool same_edges(MeshEngine& a, MeshEngine& b, std::uint64_t cycle) {
  for (const EdgePort port : ports_of(a.plan())) {
    if (a.outside(port) == b.outside(port) && a.take_departures(port) == b.take_departures(port) &&
        a.take_crossings(port) == b.take_crossings(port)) {
      continue;
    }
    std::cerr << "the " << name_of(port.side) << " edge of row " << port.row << " differs, cycle " << cycle
              << "\n";
    return false;
  }
  return true;
}

void inject_all(MeshEngine& engine, const RandomMesh& mesh) {
  for (const auto& [port, wavelets] : mesh.injections) engine.inject(port, wavelets);
}

bool same_end(const MeshEngine& a, const MeshEngine& b, std::uint64_t cycle) {
  const MeshPlan& plan = a.plan();
  if (a.counts() != b.counts()) {
    std::cerr << "counts differ: hops " << a.counts().link_hops << " " << b.counts().link_hops << ", tasks "
              << a.counts().tasks << " " << b.counts().tasks << "\n";
    return false;
  }
  return everywhere(plan, "activity", cycle, [&](PeAt at) { return a.activity(at) == b.activity(at); }) &&
         everywhere(plan, "state", cycle, [&](PeAt at) { return a.state(at) == b.state(at); }) &&
         everywhere(plan, "memory", cycle, [&](PeAt at) {
           const std::uint32_t words = plan.program_at(at).memory_bytes / 4;
           return a.read_memory(at, 0, words) == b.read_memory(at, 0, words);
         });
}

bool equal_in_every_cycle(const RandomMesh& mesh, std::uint64_t seed, const FastEngineOptions& options) {
  const MeshPlan& plan = mesh.plan;
  const auto reference = make_reference_engine(plan);
  const auto fast = make_fast_engine(plan, options);
  const auto free_running = make_fast_engine(plan, options);
  for (MeshEngine* engine : {reference.get(), fast.get(), free_running.get()}) {
    fill_memory(*engine, seed);
    inject_all(*engine, mesh);
  }
  for (std::uint64_t cycle = 1; cycle <= kWatchedCycles; ++cycle) {
    const MeshOutcome expected = reference->advance(Cycles{cycle});
    const MeshOutcome found = fast->advance(Cycles{cycle});
    const auto same_state = [&](PeAt at) {
      if (reference->state(at) == fast->state(at)) return true;
      std::cerr << "reference: " << describe(reference->state(at))
                << "\nfast:      " << describe(fast->state(at)) << "\n";
      return false;
    };
    if (!everywhere(plan, "state", cycle, same_state) || !same_edges(*reference, *fast, cycle)) return false;
    if (expected.status != found.status && found.status == MeshStatus::running)
      continue;  // quiet one look later
    if (expected.status == MeshStatus::running) continue;
    break;
  }
  const MeshOutcome expected = reference->advance(Cycles{kLastCycle});
  const MeshOutcome found = fast->advance(Cycles{kLastCycle});
  const MeshOutcome unwatched = free_running->advance(Cycles{kLastCycle});
  if (expected != found || expected != unwatched) {
    std::cerr << "outcomes differ: " << static_cast<int>(expected.status) << " at " << expected.cycles.count()
              << ", " << static_cast<int>(found.status) << " at " << found.cycles.count() << ", "
              << static_cast<int>(unwatched.status) << " at " << unwatched.cycles.count() << "\n";
    return false;
  }
  return same_edges(*reference, *fast, kLastCycle) && same_end(*reference, *fast, kLastCycle) &&
         same_end(*reference, *free_running, kLastCycle);
}

// SystemC elaborates once per process, so each case is a process.
template <class Holds>
bool holds_in_a_child(Holds&& check) {
  const pid_t child = fork();
  if (child == 0) {
    bool holds = false;
    try {
      holds = check();
    } catch (const std::exception& error) {
      std::cerr << error.what() << "\n";
    }
    std::cerr.flush();
    _exit(holds ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::uint64_t cases() {
  const char* wanted = std::getenv("WAFERSIM_RANDOM_CASES");
  return wanted == nullptr ? 40 : std::strtoull(wanted, nullptr, 10);
}

class FastEngine : public testing::TestWithParam<VisitOrder> {};

TEST_P(FastEngine, EqualsTheReferenceOnRandomLayoutsAndPrograms) {
  for (std::uint64_t i = 0; i < cases(); ++i) {
    const std::uint64_t seed = 1000 * (1 + static_cast<std::uint64_t>(GetParam())) + i;
    const FastEngineOptions options{.order = GetParam(), .window = static_cast<std::uint32_t>(1 + seed % 40)};
    ASSERT_TRUE(holds_in_a_child([&] { return equal_in_every_cycle(random_mesh(seed), seed, options); }))
        << "seed " << seed;
  }
}

TEST(RandomMeshes, BringWaveletsInLetThemOutAndHoldThemBack) {
  int with_arrivals = 0;
  int with_departures = 0;
  int held_back = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const RandomMesh mesh = random_mesh(seed);
    const auto engine = make_fast_engine(mesh.plan);
    inject_all(*engine, mesh);
    (void)engine->advance(Cycles{60});
    for (const auto& injection : mesh.injections) {
      const auto line = engine->outside(injection.port);
      if (line.empty() || line.front().cycle + Cycles{5} > engine->now()) continue;
      ++held_back;
      break;
    }
    (void)engine->run();
    with_arrivals += engine->counts().edge_arrivals > 0 ? 1 : 0;
    with_departures += engine->counts().edge_departures > 0 ? 1 : 0;
  }
  EXPECT_GT(with_arrivals, 20);
  EXPECT_GT(with_departures, 20);
  EXPECT_GT(held_back, 5);
}

TEST_P(FastEngine, EqualsTheReferenceInEveryKernel) {
  for (const std::string& kernel : collective_names()) {
    EXPECT_TRUE(holds_in_a_child([&] {
      const Collective collective = make_collective({.kernel = kernel, .grid = {6, 3}, .length = 9});
      return equal_in_every_cycle({collective.plan, {}}, 1, {.order = GetParam()});
    })) << kernel;
  }
}

TEST_P(FastEngine, EqualsTheReferenceInWeightStreaming) {
  for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
    EXPECT_TRUE(holds_in_a_child([&] {
      WsRequest request{.grid = {6, 4}, .tokens = 72, .in = 30, .out = 20, .arithmetic = arithmetic};
      if (arithmetic != Arithmetic::fp32)
        request.mask = std::make_shared<MaskSample>(30, 20, Fraction{800'000'000}, 2);
      return equal_in_every_cycle({make_ws_gemm(request).kernel.plan, {}}, 1, {.order = GetParam()});
    }));
  }
}

TEST_P(FastEngine, EqualsTheReferenceInTheGradient) {
  for (const GradientStyle style : {GradientStyle::by_delta, GradientStyle::by_weight}) {
    EXPECT_TRUE(holds_in_a_child([&] {
      const WsRequest request{.kernel = "ws.gradient",
                              .grid = {6, 3},
                              .tokens = 72,
                              .in = 15,
                              .out = 20,
                              .groups = 2,
                              .mask = std::make_shared<MaskSample>(15, 20, Fraction{500'000'000}, 2),
                              .gradient = style};
      return equal_in_every_cycle({make_ws_gemm(request).kernel.plan, {}}, 1, {.order = GetParam()});
    }));
  }
}

TEST_P(FastEngine, EqualsTheReferenceWhereZerosAreFiltered) {
  for (const std::uint32_t tokens : {3, 72}) {
    EXPECT_TRUE(holds_in_a_child([&] {
      const WsRequest request{.kernel = "ws.gradient",
                              .grid = {6, 3},
                              .tokens = tokens,
                              .in = 15,
                              .out = 20,
                              .groups = 2,
                              .zeros = Fraction{},  // a quarter of the words that the test puts into memory
                              .gradient = GradientStyle::by_delta};
      return equal_in_every_cycle({make_ws_gemm(request).kernel.plan, {}}, 1, {.order = GetParam()});
    }));
  }
}

// Hands over what arrives before `until`, as late as is allowed, in pieces of any size.
class LateHand {
 public:
  explicit LateHand(const RandomMesh& mesh) : mesh_{mesh}, next_(mesh.injections.size()) {}
  void inject(MeshEngine& engine, Cycles until) {
    for (std::size_t i = 0; i < next_.size(); ++i) {
      const auto& [port, wavelets] = mesh_.injections[i];
      const auto first = wavelets.begin() + static_cast<std::ptrdiff_t>(next_[i]);
      const auto last = std::find_if(first, wavelets.end(), [&](auto& it) { return it.cycle >= until; });
      engine.inject(port, std::vector<EdgeWavelet>{first, last});
      next_[i] = static_cast<std::size_t>(last - wavelets.begin());
    }
  }

 private:
  const RandomMesh& mesh_;
  std::vector<std::size_t> next_;
};

// What crossed the edge at all ports, taken at any time.
class Traffic {
 public:
  void take(MeshEngine& engine) {
    for (const EdgePort port : ports_of(engine.plan())) {
      const auto more = engine.take_departures(port);
      out_[port].insert(out_[port].end(), more.begin(), more.end());
      const auto in = engine.take_crossings(port);
      in_[port].insert(in_[port].end(), in.begin(), in.end());
    }
  }
  friend bool operator==(const Traffic&, const Traffic&) = default;

 private:
  std::map<EdgePort, std::vector<EdgeWavelet>> out_;
  std::map<EdgePort, std::vector<Cycles>> in_;
};

bool cutting_changes_nothing(MeshEngine& whole, MeshEngine& cut, const RandomMesh& mesh, std::uint64_t seed) {
  for (MeshEngine* engine : {&whole, &cut}) fill_memory(*engine, seed);
  Traffic expected;
  Traffic found;
  inject_all(whole, mesh);
  const MeshOutcome end = whole.advance(Cycles{kLastCycle});
  expected.take(whole);
  LateHand hand{mesh};
  Random random{seed};
  while (cut.now() < Cycles{4000}) {
    const Cycles until = cut.now() + Cycles{random.below(3) == 0 ? random.below(200) : random.below(5)};
    hand.inject(cut, until);
    if (random.below(4) == 0) {
      (void)cut.advance_to_departure(until);
    } else {
      (void)cut.advance(until);
    }
    if (random.below(2) == 0) found.take(cut);
  }
  hand.inject(cut, Cycles::max());
  const MeshOutcome cut_end = cut.advance(Cycles{kLastCycle});
  found.take(cut);
  return end == cut_end && expected == found && same_end(whole, cut, kLastCycle);
}

TEST_P(FastEngine, GivesTheSameHoweverItsRunIsCut) {
  for (std::uint64_t i = 0; i < 2 * cases(); ++i) {
    const std::uint64_t seed = 100'000 * (1 + static_cast<std::uint64_t>(GetParam())) + i;
    const RandomMesh mesh = random_mesh(seed);
    const auto whole = make_fast_engine(mesh.plan, {.order = GetParam()});
    const auto cut = make_fast_engine(
        mesh.plan, {.order = GetParam(), .window = static_cast<std::uint32_t>(1 + seed % 40)});
    ASSERT_TRUE(cutting_changes_nothing(*whole, *cut, mesh, seed)) << "seed " << seed;
  }
}

TEST(ReferenceEngine, GivesTheSameHoweverItsRunIsCut) {
  for (std::uint64_t seed = 1; seed <= cases() / 2; ++seed) {
    ASSERT_TRUE(holds_in_a_child([&] {
      const RandomMesh mesh = random_mesh(seed);
      const auto whole = make_fast_engine(mesh.plan);
      const auto cut = make_reference_engine(mesh.plan);
      return cutting_changes_nothing(*whole, *cut, mesh, seed);
    })) << "seed "
        << seed;
  }
}

std::vector<MatrixRequest> small_matrix_kernels() {
  return {{.kernel = "gemv.pipeline", .grid = {5, 2}, .k = 11, .n = 6},
          {.kernel = "gemv.ktree", .grid = {9, 2}, .k = 18, .n = 6},
          {.kernel = "gemm.summa", .grid = {3, 3}, .m = 8, .k = 9, .n = 6},
          {.kernel = "gemm.cannon", .grid = {4, 4}, .m = 8, .k = 12, .n = 11},
          {.kernel = "gemm.mesh", .grid = {5, 5}, .m = 15, .k = 10, .n = 15},
          {.kernel = "attention", .grid = {3, 3}, .m = 8, .k = 5},
          {.kernel = "fft.plane", .grid = {8, 2}, .m = 8},
          {.kernel = "fft.cube", .grid = {4, 4}, .m = 4},
          {.kernel = "layernorm", .grid = {3, 2}, .m = 5, .k = 8},
          {.kernel = "stencil.7pt", .grid = {3, 4}, .m = 5},
          {.kernel = "stencil.25pt", .grid = {6, 7}, .m = 9},
          {.kernel = "spmm", .grid = {4, 2}, .m = 5, .k = 12, .n = 3, .sparsity = 0.4}};
}

TEST_P(FastEngine, EqualsTheReferenceInEveryMatrixKernel) {
  for (const MatrixRequest& request : small_matrix_kernels()) {
    ASSERT_TRUE(holds_in_a_child([&] {
      const MeshKernel kernel = make_matrix_kernel(request);
      const auto reference = make_reference_engine(kernel.plan);
      const auto fast = make_fast_engine(kernel.plan, {.order = GetParam()});
      const MeshKernelResult expected = run_mesh_kernel(kernel, *reference);
      const MeshKernelResult found = run_mesh_kernel(kernel, *fast);
      return expected.values_match && found.values_match && expected.outcome == found.outcome &&
             same_end(*reference, *fast, found.cycles);
    })) << request.kernel;
  }
}

bool folding_changes_nothing(const RandomMesh& mesh, std::uint64_t seed) {
  const auto whole = make_fast_engine(mesh.plan);
  const auto folded = make_folded_engine(mesh.plan);
  Traffic expected;
  Traffic found;
  for (MeshEngine* engine : {whole.get(), folded.get()}) {
    fill_memory(*engine, seed);
    inject_all(*engine, mesh);
  }
  bool same = whole->run() == folded->run() && whole->counts() == folded->counts();
  const GridSize grid = mesh.plan.grid;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x)
      same = same && whole->activity({x, y}) == folded->activity({x, y});
  }
  if (folded->rows_run() < grid.rows) return same;  // values that leave are those of representatives
  expected.take(*whole);
  found.take(*folded);
  return same && expected == found;
}

TEST(FoldedEngine, EqualsTheFastEngineOnRandomLayoutsAndInTallKernels) {
  for (std::uint64_t seed = 1; seed <= 4 * cases(); ++seed)
    ASSERT_TRUE(folding_changes_nothing(random_mesh(seed), seed)) << "seed " << seed;
  for (MatrixRequest request : small_matrix_kernels()) {
    if (request.grid.columns != request.grid.rows) request.grid.rows += 7;
    EXPECT_TRUE(folding_changes_nothing({make_matrix_kernel(request).plan, {}}, 1)) << request.kernel;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryOrder, FastEngine,
                         testing::Values(VisitOrder::automatic, VisitOrder::lockstep, VisitOrder::reversed,
                                         VisitOrder::skewed));

}  // namespace
}  // namespace wafersim
