// Laws that every step obeys, over random machines and graphs and over everything that is shipped.
#include <array>
#include <functional>

#include <gtest/gtest.h>

#include "wafersim/cluster/attribution.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/workload/summary.hpp"

#include "support/cluster_bench.hpp"
#include "support/inputs.hpp"

namespace wafersim {
namespace {

using test::ClusterBench;

// A small wafer so that every part of the machine gets to be the bottleneck now and then.
MachineSpec random_machine(Random& random) {
  MachineSpec m = test::machine("cs2");
  const auto between = [&](std::uint64_t low, std::uint64_t high) {
    return low + random.below(high - low + 1);
  };
  m.wafer.grid = {between(4, 40), between(4, 40)};
  m.wafer.pe.sram = Bytes{1ULL << 40U};  // memory is not what these laws are about
  m.wafer.clock = Hertz{between(1, 3000) * 1'000'000};
  m.wafer.receive_buffer = Bytes{between(1, 4000)};
  m.wafer.gradient_buffer = Bytes{between(1, 4000)};
  m.wafer.io.lane_rate = BytesPerSecond{between(1, 20'000) * 1'000'000};
  m.wafer.io.latency = Picoseconds{between(0, 3'000'000)};
  m.swarmx.link_rate = BytesPerSecond{between(1, 20'000) * 1'000'000};
  m.swarmx.chunk = Bytes{between(64, 20'000)};
  m.swarmx.buffer = m.swarmx.chunk * between(2, 6);
  m.swarmx.fanout = between(2, 6);
  m.swarmx.forwarding = random.below(2) == 0 ? Forwarding::cut_through : Forwarding::store_and_forward;
  // 128 B a clock at best; small rows and frequent refreshes, so that its steady state is found quickly.
  m.memoryx.dram.clock = Hertz{between(10, 50'000) * 7812};
  m.memoryx.dram.page = Bytes{64};
  m.memoryx.dram.ranks = 1;
  m.memoryx.dram.banks = 2;
  m.memoryx.dram.batch = 8;
  m.memoryx.dram.timing.refi = 2500;
  m.memoryx.dram.capacity = Bytes{between(1, 200) * 100'000};
  m.memoryx.flash.interface = BytesPerSecond{between(10, 20'000) * 1'000'000};
  m.memoryx.flash.channel_rate = BytesPerSecond{between(10, 20'000) * 1'000'000};
  m.memoryx.flash.channels = 1;
  m.memoryx.flash.read_ahead = Bytes{between(1, 100) * 1000};
  m.memoryx.optimizer_flops = between(1, 20'000) * 10'000'000;
  m.cluster.nodes = between(1, 12);
  return m;
}

Picoseconds at_least(Bytes bytes, BytesPerSecond rate) {
  return transfer_time(bytes, rate);
}

TEST(StepLaws, NoStepIsFasterThanItsBounds) {
  ClusterBench bench;
  std::vector<const ClusterBench::Entry*> entries;
  Random random{11};
  for (int i = 0; i < 60; ++i) entries.push_back(&bench.add(random_machine(random), test::small_gpt(random)));
  bench.run();
  for (const auto* entry : entries) {
    const MachineSpec& m = entry->machine;
    const Hertz clock = m.wafer.clock;
    Cycles busy;
    Bytes down;
    Bytes up;
    for (const StepOp& op : entry->step.program.ops) {
      busy += op.compute + op.fabric + op.fill;
      down += op.weights.on_lane(0, m.wafer.io.lanes).bytes();
      up += op.gradients.on_lane(0, m.wafer.io.lanes).bytes();
    }
    EXPECT_GE(entry->step_cycles(), busy);
    // Rates, over all steps: latencies are beside the point, and every byte must have passed.
    const Picoseconds run = entry->run_time();
    const std::uint64_t steps = m.cluster.steps;
    EXPECT_GE(run, at_least(down * steps, m.wafer.io.lane_rate));
    EXPECT_GE(run, time_of(busy * steps, clock));
    if (m.cluster.nodes > 1) {
      EXPECT_GE(run, at_least(down * steps, m.swarmx.link_rate));
    }
    // The last step's gradients may leave after the wafer is done; those of the steps before must be gone.
    EXPECT_GE(run, at_least(up * (steps - 1), m.wafer.io.lane_rate));
  }
}

// Adds the machine and a better one; after the run no better one may end later.
class Better {
 public:
  void add(const MachineSpec& machine, const Workload& workload,
           const std::function<void(MachineSpec&)>& improve) {
    MachineSpec improved = machine;
    improve(improved);
    pairs_.emplace_back(&bench_.add(machine, workload), &bench_.add(improved, workload));
  }
  void expect_never_slower() {
    bench_.run();
    for (const auto& [plain, better] : pairs_) {
      EXPECT_LE(better->run_time(), plain->run_time());
      // In the steady state the distance between steps obeys the same law, to the cycle that rounding may
      // cost.
      EXPECT_LE(better->step_time(), plain->step_time() + time_of(Cycles{1}, better->machine.wafer.clock));
    }
  }

 private:
  ClusterBench bench_;
  std::vector<std::pair<const ClusterBench::Entry*, const ClusterBench::Entry*>> pairs_;
};

std::uint64_t more(Random& random, std::uint64_t value) {
  return value + 1 + random.below(value * 2);
}

TEST(StepLaws, MoreBandwidthNeverMakesItSlower) {
  Better better;
  Random random{21};
  for (int i = 0; i < 12; ++i) {
    const MachineSpec machine = random_machine(random);
    const Workload workload = test::small_gpt(random);
    const auto faster = [&](BytesPerSecond rate) { return BytesPerSecond{more(random, rate.count())}; };
    better.add(machine, workload,
               [&](MachineSpec& m) { m.wafer.io.lane_rate = faster(m.wafer.io.lane_rate); });
    better.add(machine, workload, [&](MachineSpec& m) { m.swarmx.link_rate = faster(m.swarmx.link_rate); });
    better.add(machine, workload, [&](MachineSpec& m) {
      m.memoryx.dram.clock = Hertz{more(random, m.memoryx.dram.clock.count())};
    });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.memoryx.dram.channels = more(random, m.memoryx.dram.channels); });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.memoryx.flash.interface = faster(m.memoryx.flash.interface); });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.memoryx.flash.channel_rate = faster(m.memoryx.flash.channel_rate); });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.memoryx.flash.dies = more(random, m.memoryx.flash.dies); });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.memoryx.optimizer_flops = more(random, m.memoryx.optimizer_flops); });
  }
  better.expect_never_slower();
}

TEST(StepLaws, AFasterClockNeverMakesItSlower) {
  Better better;
  Random random{22};
  for (int i = 0; i < 40; ++i) {
    better.add(random_machine(random), test::small_gpt(random),
               [&](MachineSpec& m) { m.wafer.clock = Hertz{more(random, m.wafer.clock.count())}; });
  }
  better.expect_never_slower();
}

TEST(StepLaws, LargerBuffersNeverMakeItSlower) {
  Better better;
  Random random{23};
  for (int i = 0; i < 15; ++i) {
    const MachineSpec machine = random_machine(random);
    const Workload workload = test::small_gpt(random);
    const auto larger = [&](Bytes size) { return Bytes{more(random, size.count())}; };
    better.add(machine, workload,
               [&](MachineSpec& m) { m.wafer.receive_buffer = larger(m.wafer.receive_buffer); });
    better.add(machine, workload,
               [&](MachineSpec& m) { m.wafer.gradient_buffer = larger(m.wafer.gradient_buffer); });
    better.add(machine, workload, [&](MachineSpec& m) { m.swarmx.buffer = larger(m.swarmx.buffer); });
  }
  better.expect_never_slower();
}

TEST(StepLaws, UpdatesByTheChunkAreNeverSlowerThanByTheLayer) {
  Better better;
  Random random{25};
  for (int i = 0; i < 40; ++i) {
    better.add(random_machine(random), test::small_gpt(random),
               [](MachineSpec& m) { m.memoryx.update_granularity = UpdateGranularity::chunk; });
  }
  better.expect_never_slower();
}

// Where nothing moves to another tier: what lies where is first come, first served.
TEST(StepLaws, MoreGroupsOfServersNeverMakeItSlower) {
  Better better;
  Random random{26};
  for (int i = 0; i < 40; ++i) {
    MachineSpec machine = random_machine(random);
    machine.memoryx.dram.capacity = Bytes{1ULL << 40U};
    const auto pin = [&] { return random.below(2) == 0 ? Tier::dram : Tier::flash; };
    machine.memoryx.placement = {.weights = pin(), .gradients = pin(), .optimizer = pin()};
    better.add(machine, test::small_gpt(random),
               [&](MachineSpec& m) { m.memoryx.groups = 2 + random.below(3); });
  }
  better.expect_never_slower();
}

std::uint64_t levels_of(const MachineSpec& machine) {
  return tree_fanouts(machine.swarmx, machine.cluster.nodes).size();
}

// Fewer nodes are the better machine: the same work on each.
TEST(StepLaws, MoreNodesUnderAsManyLevelsAreNeverFasterThanLinear) {
  Better better;
  Random random{24};
  for (int i = 0; i < 40; ++i) {
    MachineSpec machine = random_machine(random);
    machine.cluster.nodes = 2 + random.below(60);
    better.add(machine, test::small_gpt(random), [&](MachineSpec& m) {
      const std::uint64_t levels = levels_of(m);
      const std::uint64_t most = m.cluster.nodes;
      do {
        m.cluster.nodes = 1 + random.below(most);
      } while (levels_of(m) != levels);
    });
  }
  better.expect_never_slower();
}

// A deeper tree holds more on the way, which can make up for small buffers at the wafer: for trees of other
// depths the law holds once the wafers under fewer switches can hold as much themselves: for each switch its
// buffer, the chunk that is on its way to it, and the one by which a credit may come early (docs/model.md,
// section 6).
TEST(StepLaws, MoreLevelsAreNeverFasterThanTheirBuffersAtTheWafer) {
  Better better;
  Random random{24};
  for (int i = 0; i < 40; ++i) {
    MachineSpec machine = random_machine(random);
    machine.cluster.nodes = 2 + random.below(60);
    better.add(machine, test::small_gpt(random), [&](MachineSpec& m) {
      const std::uint64_t levels = levels_of(m);
      m.cluster.nodes = 1 + random.below(m.cluster.nodes - 1);
      const Bytes each = m.swarmx.buffer + m.swarmx.chunk * 2;
      const Bytes buffers = each * (levels - levels_of(m)) * m.wafer.io.lanes;
      const Bytes per_pe{divide_up(buffers.count(), m.wafer.grid.columns * m.wafer.grid.rows)};
      m.wafer.receive_buffer += per_pe;
      m.wafer.gradient_buffer += per_pe;
    });
  }
  better.expect_never_slower();
}

TEST(StepLaws, ADeeperTreeCanBeFasterThroughItsBuffers) {
  ClusterBench bench;
  std::vector<std::pair<const ClusterBench::Entry*, const ClusterBench::Entry*>> pairs;
  Random random{24};
  for (int i = 0; i < 40; ++i) {
    MachineSpec machine = random_machine(random);
    const Workload workload = test::small_gpt(random);
    machine.cluster.nodes = 1;
    const auto* one = &bench.add(machine, workload);
    machine.cluster.nodes = 2 + random.below(60);
    pairs.emplace_back(one, &bench.add(machine, workload));
  }
  bench.run();
  EXPECT_TRUE(std::any_of(pairs.begin(), pairs.end(), [](const auto& pair) {
    return pair.second->step_time() < pair.first->step_time();
  })) << "the law above then needs no allowance for buffers";
}

// Stragglers, jitter, nodes that have failed, links that are slow or have failed.
MachineSpec uneven_machine(Random& random) {
  MachineSpec m = random_machine(random);
  m.cluster.fold_nodes = m.cluster.fold_lanes = false;
  m.cluster.nodes = 2 + random.below(11);
  const auto some_node = [&] { return random.below(m.cluster.nodes); };
  const auto share = [&] { return Fraction{Fraction::kOne / 10 * (1 + random.below(9))}; };
  if (random.below(2) == 0) m.cluster.stragglers = {{.node = some_node(), .speed = share()}};
  if (random.below(2) == 0) m.cluster.jitter = share();
  if (random.below(2) == 0) m.cluster.failed_nodes = {some_node()};
  for (std::uint64_t fault = random.below(4); fault > 0; --fault) {
    m.swarmx.link_faults.push_back({.lane = random.below(m.wafer.io.lanes),
                                    .level = levels_of(m),
                                    .index = some_node(),
                                    .rate = random.below(2) == 0 ? Fraction{} : share()});
  }
  return m;
}

TEST(Conservation, EachByteReachesEachNodeOnceAndEachGradientCountsOnceHoweverUnevenTheMachineIs) {
  ClusterBench bench;
  std::vector<const ClusterBench::Entry*> entries;
  Random random{51};
  for (int i = 0; i < 40; ++i) entries.push_back(&bench.add(uneven_machine(random), test::small_gpt(random)));
  bench.run();
  for (const auto* entry : entries) {
    const std::uint64_t steps = entry->machine.cluster.steps;
    std::uint64_t weights = 0;
    std::uint64_t gradients = 0;
    Bytes down;
    Bytes up;
    for (const StepOp& op : entry->step.program.ops) {
      weights += op.weights.weights() * steps;
      gradients += op.gradients.weights() * steps;
      down += op.weights.bytes() * steps;
      up += op.gradients.bytes() * steps;
    }
    const std::uint64_t nodes = working_nodes(entry->machine.cluster);
    ASSERT_EQ(entry->cluster->nodes().size(), nodes);
    for (const NodeClass& node : entry->cluster->nodes()) {
      EXPECT_EQ(node.wafer->stats().weights_received, weights);
      EXPECT_EQ(node.wafer->stats().weight_bytes_received, down);
      EXPECT_EQ(node.wafer->stats().gradients_sent, gradients);
    }
    std::uint64_t summed = 0;
    Bytes summed_bytes;
    for (const auto& shard : entry->cluster->shards()) {
      summed += shard->stats().gradients_received;
      summed_bytes += shard->stats().gradient_bytes_received;
      EXPECT_EQ(shard->stats().contributions_received, shard->stats().trains_received * nodes);
    }
    EXPECT_EQ(summed, gradients);
    EXPECT_EQ(summed_bytes, up);
  }
}

// Found by hand: the first lane's last byte once made one chunk more of a tensor than the other lanes had,
// and a lane that carries nothing for a small layer once waited for the next layer's weights.
TEST(Folding, IsExactWhereAShareStraddlesAChunkAndWhereALaneCarriesNothing) {
  const std::string straddle =
      "graph:\n  - { name: embed, op: embedding, rows: 12, features: 1597 }\n  - repeat: 6\n    name: b\n"
      "    layers:\n      - { name: up, op: linear, input: $in, features: 1597 }\n";
  const std::string nothing =
      "graph:\n  - { name: embed, op: embedding, rows: 120, features: 2 }\n  - { name: a, op: linear, "
      "features: 3 }\n"
      "  - { name: b, op: linear, features: 200000 }\n  - { name: c, op: linear, features: 3 }\n";
  ClusterBench bench;
  std::vector<std::pair<const ClusterBench::Entry*, const ClusterBench::Entry*>> pairs;
  for (const auto& [graph, chunk] : {std::pair{straddle, "212534 B"}, std::pair{nothing, "256 KiB"}}) {
    const std::string text = "name: small\nsequence_length: 16\ntokens_per_node: 16\nrecompute: none\n" +
                             graph + "  - { name: loss, op: loss }\n";
    const Workload workload = read_workload(parse_tree(text, "small.yaml"), "small").workload;
    const auto with = [&, chunk_size = chunk](const char* fold) {
      return &bench.add(test::machine("cs2", {{"swarmx.chunk", chunk_size}, {"cluster.fold_lanes", fold}}),
                        workload);
    };
    pairs.emplace_back(with("true"), with("false"));
  }
  bench.run();
  for (const auto& [folded, unfolded] : pairs) {
    EXPECT_EQ(folded->run_time(), unfolded->run_time());
    EXPECT_EQ(share_out(folded->wafer()).parts(), share_out(unfolded->wafer()).parts());
  }
}

TEST(Folding, NodesAndLanesGiveTheSameCyclesEverywhere) {
  ClusterBench bench;
  std::vector<std::array<const ClusterBench::Entry*, 4>> quartets;
  Random random{31};
  for (int i = 0; i < 25; ++i) {
    MachineSpec machine = random_machine(random);
    const Workload workload = test::small_gpt(random);
    std::array<const ClusterBench::Entry*, 4> quartet{};
    for (std::size_t k = 0; k < 4; ++k) {
      machine.cluster.fold_nodes = (k & 1U) == 0;
      machine.cluster.fold_lanes = (k & 2U) == 0;
      quartet[k] = &bench.add(machine, workload);
    }
    quartets.push_back(quartet);
  }
  bench.run();
  for (const auto& quartet : quartets) {
    for (const auto* entry : quartet) {
      for (const NodeClass& node : entry->cluster->nodes()) {
        const auto& expected = quartet[0]->wafer().step_ends();
        const auto& found = node.wafer->step_ends();
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t step = 0; step < found.size(); ++step) {
          EXPECT_EQ(node.wafer->clock().time(found[step]), node.wafer->clock().time(expected[step]));
        }
      }
    }
  }
}

}  // namespace
}  // namespace wafersim
