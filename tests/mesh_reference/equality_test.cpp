// The fast engine equals the SystemC reference in every cycle, count and value, whatever order it visits rows
// in.
#include <cstdlib>
#include <iostream>
#include <systemc>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wafersim/base/random.hpp"
#include "wafersim/kernel/mesh/collective.hpp"
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
      for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random.bits()) & 0x3fff3fffU;
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

bool equal_in_every_cycle(const MeshPlan& plan, std::uint64_t seed, const FastEngineOptions& options) {
  const auto reference = make_reference_engine(plan);
  const auto fast = make_fast_engine(plan, options);
  const auto free_running = make_fast_engine(plan, options);
  for (MeshEngine* engine : {reference.get(), fast.get(), free_running.get()}) fill_memory(*engine, seed);
  for (std::uint64_t cycle = 1; cycle <= kWatchedCycles; ++cycle) {
    const MeshOutcome expected = reference->advance(Cycles{cycle});
    const MeshOutcome found = fast->advance(Cycles{cycle});
    const auto same_state = [&](PeAt at) {
      if (reference->state(at) == fast->state(at)) return true;
      std::cerr << "reference: " << describe(reference->state(at))
                << "\nfast:      " << describe(fast->state(at)) << "\n";
      return false;
    };
    if (!everywhere(plan, "state", cycle, same_state)) return false;
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
  return same_end(*reference, *fast, kLastCycle) && same_end(*reference, *free_running, kLastCycle);
}

// SystemC elaborates once per process, so each case is a process.
template <class MakePlan>
bool holds_in_a_child(MakePlan&& make_plan, std::uint64_t seed, const FastEngineOptions& options) {
  const pid_t child = fork();
  if (child == 0) {
    bool holds = false;
    try {
      holds = equal_in_every_cycle(make_plan(), seed, options);
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
    ASSERT_TRUE(holds_in_a_child([&] { return random_plan(seed); }, seed, options)) << "seed " << seed;
  }
}

TEST_P(FastEngine, EqualsTheReferenceInEveryKernel) {
  for (const std::string& kernel : collective_names()) {
    const auto plan = [&] { return make_collective({.kernel = kernel, .grid = {6, 3}, .length = 9}).plan; };
    EXPECT_TRUE(holds_in_a_child(plan, 1, {.order = GetParam()})) << kernel;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryOrder, FastEngine,
                         testing::Values(VisitOrder::automatic, VisitOrder::lockstep, VisitOrder::reversed,
                                         VisitOrder::skewed));

}  // namespace
}  // namespace wafersim
