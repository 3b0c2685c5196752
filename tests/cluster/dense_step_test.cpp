// What is remembered of a dense twin: the same step for the same machine and program, and for no other.
#include "cluster/dense_step.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "wafersim/base/answers.hpp"
#include "wafersim/cluster/run.hpp"

#include "support/inputs.hpp"

namespace wafersim {
namespace {

StepProgram small_program() {
  const Parcel parcel{.matrix = 100, .vector = 4, .bytes_per_matrix = 2, .bytes_per_vector = 4};
  const StoreWork work{.dram_clocks = {.of = 3, .per = 2}, .passing_clocks = {}, .dram_bytes = 5};
  return {
      .ops = {{.compute = Cycles{7},
               .fabric = Cycles{1},
               .fill = Cycles{2},
               .weights = parcel,
               .gradients = parcel,
               .owner = 0}},
      .stored = {{.weights = 104, .contributions = 1, .stream = work, .update = work, .accumulate = work}}};
}

using Change = std::function<void(MachineSpec& machine, StepProgram& program)>;

TEST(DenseStep, IsAskedForByEveryNumberOfMachineAndProgram) {
  const auto question = [](const Change& change) {
    MachineSpec machine = test::machine("cs2");
    StepProgram program = small_program();
    change(machine, program);
    return DenseSteps{machine, program}.question();
  };
  const Answers::Numbers plain = question([](MachineSpec&, StepProgram&) {});
  EXPECT_EQ(question([](MachineSpec&, StepProgram&) {}), plain);
  const std::vector<Change> changes{
      [](MachineSpec& machine, StepProgram&) { ++machine.cluster.nodes; },
      [](MachineSpec& machine, StepProgram&) { machine.wafer.io.lane_rate += BytesPerSecond{1}; },
      [](MachineSpec&, StepProgram& program) { program.ops.push_back(program.ops.front()); },
      [](MachineSpec&, StepProgram& program) { program.stored.push_back(program.stored.front()); },
      [](MachineSpec&, StepProgram& program) { program.ops[0].layer = 1; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].pass = Pass::delta; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].micro_batch = 1; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].compute += Cycles{1}; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].fabric += Cycles{1}; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].hidden += Cycles{1}; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].fill += Cycles{1}; },
      [](MachineSpec&, StepProgram& program) { ++program.ops[0].weights.matrix; },
      [](MachineSpec&, StepProgram& program) { ++program.ops[0].gradients.matrix; },
      [](MachineSpec&, StepProgram& program) { ++program.ops[0].gradients.bytes_per_vector; },
      [](MachineSpec&, StepProgram& program) { program.ops[0].owner = 1; },
      [](MachineSpec&, StepProgram& program) { program.stored[0].in_flash = true; },
      [](MachineSpec&, StepProgram& program) { ++program.stored[0].contributions; },
      [](MachineSpec&, StepProgram& program) { ++program.stored[0].stream.dram_clocks.per; },
      [](MachineSpec&, StepProgram& program) { ++program.stored[0].update.flash_writes; },
      [](MachineSpec&, StepProgram& program) { program.stored[0].accumulate.needs_whole = true; },
  };
  std::vector<Answers::Numbers> all{plain};
  for (const Change& change : changes) all.push_back(question(change));
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(all[i], all[k]) << i << " and " << k;
  }
}

// The twin that is looked up gives what the twin that is simulated gives. A process elaborates once, so the
// first run is asked for its news, as the pool asks a process.
TEST(DenseStep, IsTheSameFromMemory) {
  const Workload sparse = test::workload("gpt2", {{"sparsity.level", "0.5"}, {"tokens_per_node", "1024"}});
  (void)Answers::take_news();
  const Outcome simulated = run_training_step(test::machine("cs2"), sparse).outcome;
  const std::string news = Answers::take_news();
  const std::string known = "dense_step:";
  const std::size_t begin = news.find(known);
  ASSERT_NE(begin, std::string::npos);
  // One question of two numbers; the answer begins with the cycles of the dense step.
  const std::size_t answer = news.find("= ", begin) + 2;
  EXPECT_EQ(news.substr(answer, news.find(' ', answer) - answer),
            std::to_string(simulated.sparsity->dense_step_cycles.count()));
}

}  // namespace
}  // namespace wafersim
