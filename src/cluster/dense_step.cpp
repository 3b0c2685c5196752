// What a cluster does is a function of its machine and its program: their numbers, digested, are the
// question.
#include "cluster/dense_step.hpp"

#include <string>

#include "wafersim/config/machine.hpp"

#include "cluster/accounting.hpp"

namespace wafersim {

namespace {

// All but certain to differ if any number of a sequence does: two halves of 64 bits, each mixed by its own
// multiplications (those of SplitMix64 and MurmurHash3). The bindings name every field, so that none that is
// added can be forgotten.
class Digest {
 public:
  [[nodiscard]] Answers::Numbers numbers() const { return {first_, second_}; }

  void add(std::uint64_t number) {
    first_ = mixed(first_ ^ number, 0xBF58476D1CE4E5B9U, 0x94D049BB133111EBU);
    second_ = mixed(second_ + number, 0xFF51AFD7ED558CCDU, 0xC4CEB9FE1A85EC53U);
  }
  void add(const std::string& text) {
    for (const char letter : text) add(static_cast<unsigned char>(letter));
    add(text.size());
  }
  void add(const Ratio& ratio) {
    const auto& [of, per] = ratio;
    add(of);
    add(per);
  }
  void add(const Parcel& parcel) {
    const auto& [matrix, vector, bytes_per_matrix, bytes_per_vector] = parcel;
    for (const std::uint64_t number : {matrix, vector, bytes_per_matrix, bytes_per_vector}) add(number);
  }
  void add(const StoreWork& work) {
    const auto& [dram_clocks, passing_clocks, dram_bytes, flash_reads, flash_writes, flops, needs_whole] =
        work;
    add(dram_clocks);
    add(passing_clocks);
    for (const std::uint64_t number : {dram_bytes, flash_reads, flash_writes, flops}) add(number);
    add(std::uint64_t{needs_whole});
  }
  void add(const StoredLayer& layer) {
    const auto& [weights, in_flash, contributions, stream, update, accumulate] = layer;
    for (const std::uint64_t number : {weights, std::uint64_t{in_flash}, contributions}) add(number);
    for (const StoreWork* work : {&stream, &update, &accumulate}) add(*work);
  }
  void add(const StepOp& op) {
    const auto& [layer, pass, micro_batch, compute, fabric, hidden, fill, weights, gradients, owner] = op;
    for (const std::uint64_t number :
         {std::uint64_t{layer}, static_cast<std::uint64_t>(pass), std::uint64_t{micro_batch}, compute.count(),
          fabric.count(), hidden.count(), fill.count(), std::uint64_t{owner}})
      add(number);
    add(weights);
    add(gradients);
  }
  void add(const StepProgram& program) {
    const auto& [ops, stored] = program;
    add(ops.size());
    for (const StepOp& op : ops) add(op);
    for (const StoredLayer& layer : stored) add(layer);
  }

 private:
  static std::uint64_t mixed(std::uint64_t bits, std::uint64_t once, std::uint64_t twice) {
    bits = (bits ^ (bits >> 33U)) * once;
    bits = (bits ^ (bits >> 29U)) * twice;
    return bits ^ (bits >> 32U);
  }

  std::uint64_t first_{1};
  std::uint64_t second_{2};
};

}  // namespace

DenseSteps::DenseSteps(const MachineSpec& machine, const StepProgram& program)
    : answers_{Answers::to("dense_step")} {
  Digest all;
  all.add(to_json(to_tree(machine)));
  all.add(program);
  question_ = all.numbers();
}

std::optional<DenseStep> DenseSteps::known() const {
  const Answers::Numbers* const answer = answers_.known(question_);
  if (answer == nullptr) return std::nullopt;
  DenseStep step{.cycles = Cycles{answer->front()}};
  for (std::size_t i = 0; i < kParts; ++i) step.parts[i] = Cycles{(*answer)[i + 1]};
  return step;
}

DenseStep DenseSteps::take(const Cluster& cluster) {
  const DenseStep step{.cycles = steady_step(cluster),
                       .parts = share_out(*cluster.busiest_node().wafer).parts()};
  Answers::Numbers answer{step.cycles.count()};
  for (const Cycles part : step.parts) answer.push_back(part.count());
  answers_.add(question_, answer);
  return step;
}

}  // namespace wafersim
