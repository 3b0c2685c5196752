// Thread count, visiting order and window change no cycle, count or value; a stop comes at once.
#include <thread>

#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"

namespace wafersim {
namespace {

struct Facts {
  std::uint64_t cycles{};
  MeshCounts counts;
  std::vector<PeActivity> activities;
  friend bool operator==(const Facts&, const Facts&) = default;
};

Facts run(const std::string& kernel, const FastEngineOptions& options) {
  const Collective collective = make_collective({.kernel = kernel, .grid = {70, 9}, .length = 33});
  const auto engine = make_fast_engine(collective.plan, options);
  load_initial_values(collective, *engine);
  const CollectiveResult result = run_collective(collective, *engine);
  EXPECT_TRUE(result.values_match);
  Facts facts{result.cycles, result.counts, {}};
  for (std::uint32_t y = 0; y < 9; ++y) {
    for (std::uint32_t x = 0; x < 70; ++x) facts.activities.push_back(engine->activity({x, y}));
  }
  return facts;
}

TEST(Schedule, ChangesNothing) {
  for (const char* kernel :
       {"reduce.tree", "reduce.chain.2d", "allreduce.two_phase.2d", "broadcast", "allreduce.ring"}) {
    const Facts expected = run(kernel, {.order = VisitOrder::lockstep});
    EXPECT_EQ(run(kernel, {.order = VisitOrder::reversed}), expected) << kernel;
    EXPECT_EQ(run(kernel, {.order = VisitOrder::skewed}), expected) << kernel;
    for (const std::uint32_t threads : {1, 2, 5}) {
      for (const std::uint32_t window : {1, 17, 2048}) {
        EXPECT_EQ(run(kernel, {.threads = threads, .window = window}), expected) << kernel << threads;
      }
    }
  }
}

TEST(Schedule, StopsWhenAsked) {
  const Collective collective = make_collective({.kernel = "reduce.star", .grid = {64, 20}, .length = 8192});
  std::atomic<bool> stop{false};
  const auto engine = make_fast_engine(collective.plan, {.threads = 2, .stop = &stop});
  std::thread timer{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    stop.store(true);
  }};
  const MeshOutcome outcome = engine->run();
  timer.join();
  EXPECT_EQ(outcome.status, MeshStatus::interrupted);
}

}  // namespace
}  // namespace wafersim
