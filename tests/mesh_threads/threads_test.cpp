// Any number of threads gives the same cycles, counts and values. Free of SystemC, so that the thread
// sanitizer can look at all of it.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "wafersim/base/random.hpp"
#include "wafersim/kernel/mesh/collective.hpp"

#include "mesh_reference/random_layout.hpp"

namespace wafersim {
namespace {

constexpr std::uint32_t kMostThreads = 4;

// Everything that a run of a kernel leaves behind.
struct Left {
  CollectiveResult result;
  std::vector<PeActivity> activities;
  std::vector<std::vector<std::uint32_t>> memories;
};

Left run(const Collective& collective, std::uint32_t threads) {
  // Short windows, so that threads start and end often.
  const auto engine = make_fast_engine(collective.plan, {.threads = threads, .window = 16});
  load_initial_values(collective, *engine);
  Left left{run_collective(collective, *engine), {}, {}};
  const GridSize grid = collective.plan.grid;
  for (std::uint32_t y = 0; y < grid.rows; ++y) {
    for (std::uint32_t x = 0; x < grid.columns; ++x) {
      left.activities.push_back(engine->activity({x, y}));
      left.memories.push_back(engine->read_memory({x, y}, 0, collective.words));
    }
  }
  return left;
}

TEST(Threads, ChangeNothingInAnyKernel) {
  for (const std::string& kernel : collective_names()) {
    const Collective collective = make_collective({.kernel = kernel, .grid = {9, 7}, .length = 6});
    const Left expected = run(collective, 1);
    EXPECT_TRUE(expected.result.values_match) << kernel;
    for (std::uint32_t threads = 2; threads <= kMostThreads; ++threads) {
      const Left found = run(collective, threads);
      EXPECT_EQ(found.result.outcome, expected.result.outcome) << kernel;
      EXPECT_EQ(found.result.counts, expected.result.counts) << kernel;
      EXPECT_EQ(found.activities, expected.activities) << kernel;
      EXPECT_EQ(found.memories, expected.memories) << kernel;
    }
  }
}

TEST(Threads, ChangeNothingOnRandomLayoutsWithTrafficOverTheEdge) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RandomMesh mesh = random_mesh(seed);
    const auto one = make_fast_engine(mesh.plan);
    const auto many =
        make_fast_engine(mesh.plan, {.threads = 2 + static_cast<std::uint32_t>(seed % 3), .window = 7});
    for (MeshEngine* engine : {one.get(), many.get()}) {
      for (const auto& [port, wavelets] : mesh.injections) engine->inject(port, wavelets);
    }
    ASSERT_EQ(one->run(), many->run()) << "seed " << seed;
    ASSERT_EQ(one->counts(), many->counts()) << "seed " << seed;
    for (std::uint32_t y = 0; y < mesh.plan.grid.rows; ++y) {
      for (const Port side : {Port::west, Port::east}) {
        ASSERT_EQ(one->outside({y, side}), many->outside({y, side})) << "seed " << seed;
        ASSERT_EQ(one->take_departures({y, side}), many->take_departures({y, side})) << "seed " << seed;
      }
      for (std::uint32_t x = 0; x < mesh.plan.grid.columns; ++x)
        ASSERT_EQ(one->state({x, y}), many->state({x, y})) << "seed " << seed;
    }
  }
}

TEST(Threads, CanBeStoppedByAnother) {
  const Collective collective = make_collective({.kernel = "reduce.star", .grid = {300, 20}, .length = 3000});
  std::atomic<bool> stop{false};
  std::atomic<int> reports{0};
  FastEngineOptions options{.threads = 2, .stop = &stop};
  // The first report of progress comes long before the end, some 900,000 cycles away.
  options.progress = [&](double) { ++reports; };
  const auto engine = make_fast_engine(collective.plan, options);
  std::thread other{[&] {
    while (reports == 0) std::this_thread::yield();
    stop = true;
  }};
  EXPECT_EQ(engine->run().status, MeshStatus::interrupted);
  other.join();
}

}  // namespace
}  // namespace wafersim
