// Forward in order; loss; backward in reverse, block by block run again first where the plan says so.
#include "wafersim/cluster/step_program.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/config/derived.hpp"
#include "wafersim/wafer/layer_traffic.hpp"

namespace wafersim {

namespace {

OptimizerCost cost_of(const TrainingPlan& plan, std::uint64_t contributions, std::uint64_t index) {
  return optimizer_cost(optimizer_kind(plan.optimizer), weight_bytes(plan), index, contributions);
}

class Builder {
 public:
  Builder(const MachineSpec& machine, const Workload& workload, const WaferPlan& plan, MaskLibrary& masks,
          ProductTimer* timer)
      : machine_{machine},
        store_{lane_store(machine.memoryx)},
        workload_{workload},
        plan_{plan},
        masks_{masks},
        timer_{timer} {}

  PlannedStep build() {
    store();
    step_.saved.resize(layers().size());
    for (std::size_t i = 0; i < plan_.micro_batches.size(); ++i) micro_batch(static_cast<std::uint32_t>(i));
    count_contributions();
    store_work();
    return std::move(step_);
  }

 private:
  [[nodiscard]] const std::vector<Layer>& layers() const { return workload_.graph.layers; }

  [[nodiscard]] std::uint32_t owner_of(std::uint32_t id) const { return layers()[id].tied_to.value_or(id); }

  void store() {
    for (const Layer& layer : layers()) {
      const std::uint64_t matrix = layer.tied_to ? 0 : kept_of(layer, workload_.plan);
      step_.program.stored.push_back(
          {.weights = matrix + layer.vector_weights, .in_flash = false, .contributions = 0});
    }
    step_.placement = place_layers(stored_bytes(workload_), {.shards = store_.shards,
                                                             .dram = store_.dram.capacity,
                                                             .flash = store_.flash.capacity,
                                                             .read_ahead = store_.flash.read_ahead,
                                                             .pins = store_.placement});
  }

  void micro_batch(std::uint32_t index) {
    const std::uint64_t sequences = plan_.micro_batches[index];
    const TokenLayout layout{machine_.wafer.grid, plan_.mapping, sequences * workload_.plan.sequence_length};
    // Micro-batches have at most two sizes; each size has its own costs.
    auto found =
        costs_
            .try_emplace(sequences, machine_.wafer, workload_.plan, layout, masks_,
                         working_nodes(machine_.cluster), Estimate::exact, timer_, plan_.filter_zeros)
            .first;
    current_ = &found->second;
    micro_batch_ = index;
    const auto count = static_cast<std::uint32_t>(layers().size());
    for (std::uint32_t id = 0; id < count; ++id) forward(id, Pass::forward);
    if (workload_.plan.mode == StepMode::evaluate) return;
    std::uint32_t again = 0;  // the block that has been run again
    for (std::uint32_t id = count; id-- > 0;) {
      const std::uint32_t block = layers()[id].block;
      if (workload_.plan.recompute == Recompute::layer && block != 0 && block != again) {
        again = block;
        for (std::uint32_t other = 0; other <= id; ++other) {
          if (layers()[other].block == block) forward(other, Pass::recompute);
        }
      }
      backward(id);
    }
  }

  void forward(std::uint32_t id, Pass pass) {
    const Layer& layer = layers()[id];
    StepOp op = operation(id, pass, current_->of(layer).forward);
    op.weights = weights_now(layer);
    emit(op);
  }

  void backward(std::uint32_t id) {
    const Layer& layer = layers()[id];
    const LayerCost& cost = current_->of(layer);
    const bool own_gradient_kernel = has_matrix(layer.kind);
    if (own_gradient_kernel) {
      StepOp op = operation(id, Pass::gradient, cost.gradient);
      op.gradients = gradients_now(layer);
      emit(op);
    }
    // Nothing lies below an embedding; everything else hands a delta on, and needs its weights once more for
    // it.
    if (layer.kind == OpKind::embedding || layer.kind == OpKind::input) return;
    StepOp op = operation(id, Pass::delta, cost.delta);
    op.weights = weights_now(layer);
    if (!own_gradient_kernel) op.gradients = gradients_now(layer);
    emit(op);
  }

  [[nodiscard]] StepOp operation(std::uint32_t id, Pass pass, const KernelCost& cost) {
    step_.work.fmacs += cost.fmacs;
    step_.work.fmacs_of_zeros += cost.fmacs_of_zeros;
    step_.work.fmacs_filtered += cost.fmacs_filtered;
    step_.saved[id] += cost.saved;
    step_.work.wavelet_hops += cost.wavelet_hops;
    step_.work.sram_bytes += cost.sram_accesses;
    return {.layer = id,
            .pass = pass,
            .micro_batch = micro_batch_,
            .compute = cost.compute,
            .fabric = cost.fabric,
            .hidden = cost.hidden,
            .fill = cost.fill,
            .weights = {},
            .gradients = {},
            .owner = owner_of(id)};
  }

  // The same weights go to every node.
  [[nodiscard]] Parcel weights_now(const Layer& layer) const {
    return weights_of(layer, workload_.plan,
                      plan_.micro_batches[micro_batch_] * working_nodes(machine_.cluster),
                      sent_weights(layer, workload_.plan.sparsity, machine_.wafer.pe.skip_block, masks_));
  }

  // On-wafer sums leave with the last micro-batch.
  [[nodiscard]] Parcel gradients_now(const Layer& layer) const {
    if (plan_.gradient_sums == GradientSums::on_wafer && micro_batch_ + 1 < plan_.micro_batches.size())
      return {};
    return gradients_of(layer, workload_.plan);
  }

  void emit(const StepOp& op) {
    if (step_.program.ops.size() == kMostOperations) refuse();
    step_.program.ops.push_back(op);
  }

  // Every operation is kept and simulated: about 1 KB and 10 microseconds each over all what-if runs.
  static constexpr std::size_t kMostOperations = 2'000'000;
  [[noreturn]] void refuse() const {
    const std::uint64_t each = divide_up(kMostOperations, micro_batch_ + 1);
    const std::uint64_t most = std::max<std::uint64_t>(1, kMostOperations / each);
    throw DoesNotFit{
        fmt::format("{}: a step of {} micro-batches has more than the {} operations that can be simulated; "
                    "at most about {} "
                    "micro-batches would do: a larger micro_batch, or fewer tokens per node",
                    workload_.graph.name, plan_.micro_batches.size(), kMostOperations, most)};
  }

  void count_contributions() {
    for (const StepOp& op : step_.program.ops) {
      if (!op.gradients.empty()) ++step_.program.stored[op.owner].contributions;
    }
  }

  // What streaming and updating each layer means for a server.
  void store_work() {
    StoreWorks works{store_};
    for (std::size_t id = 0; id < step_.program.stored.size(); ++id) {
      StoredLayer& stored = step_.program.stored[id];
      if (stored.weights == 0) continue;
      const TensorTiers& tiers = step_.placement.tiers[id];
      stored.in_flash = tiers.weights == Tier::flash;
      stored.stream = works.stream(tiers.weights);
      stored.update = works.update(cost_of(workload_.plan, stored.contributions, 0), tiers);
      if (stored.contributions > 1) stored.accumulate = works.accumulate(tiers);
    }
    step_.dram_patterns = works.used();
  }

  const MachineSpec& machine_;
  const MemoryXSpec store_;  // of a lane
  const Workload& workload_;
  const WaferPlan& plan_;
  MaskLibrary& masks_;
  ProductTimer* timer_;
  std::map<std::uint64_t, LayerCosts> costs_;
  LayerCosts* current_{};
  std::uint32_t micro_batch_{};
  PlannedStep step_;
};

}  // namespace

OptimizerKind optimizer_kind(Optimizer optimizer) {
  switch (optimizer) {
    case Optimizer::sgd:
      return OptimizerKind::sgd;
    case Optimizer::momentum:
      return OptimizerKind::momentum;
    case Optimizer::adam:
      return OptimizerKind::adam;
    case Optimizer::adafactor:
      return OptimizerKind::adafactor;
  }
  return OptimizerKind::adam;
}

std::vector<ByTensor<Bytes>> stored_bytes(const Workload& workload) {
  std::vector<ByTensor<Bytes>> stored;
  for (const Layer& layer : workload.graph.layers) {
    const std::uint64_t matrix = layer.tied_to ? 0 : kept_of(layer, workload.plan);
    const OptimizerCost for_matrix =
        cost_of(workload.plan, 1, index_bytes(workload.plan, is_sparse(layer, workload.plan)));
    const BytesByTensor& of_matrix = for_matrix.stored;
    BytesByTensor of_vector = cost_of(workload.plan, 1, 0).stored;
    of_vector.optimizer += for_matrix.vector_bytes;
    const std::uint64_t lines = matrix == 0 ? 0 : layer.in_features + layer.out_features;
    const auto all = [&](std::uint64_t BytesByTensor::*kind) {
      return Bytes{matrix} * (of_matrix.*kind) + Bytes{layer.vector_weights} * (of_vector.*kind);
    };
    stored.push_back({.weights = all(&BytesByTensor::weights),
                      .gradients = all(&BytesByTensor::gradients),
                      .optimizer = all(&BytesByTensor::optimizer) + Bytes{lines} * for_matrix.line_bytes});
  }
  return stored;
}

PlannedStep plan_step(const MachineSpec& machine, const Workload& workload, const WaferPlan& plan,
                      MaskLibrary& masks, ProductTimer* timer) {
  return Builder{machine, workload, plan, masks, timer}.build();
}

}  // namespace wafersim
