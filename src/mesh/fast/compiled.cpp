// Unfolds programs.
#include "compiled.hpp"

#include <algorithm>

namespace wafersim::fast {
namespace {

class Compiler {
 public:
  Compiler(const Program& program, const MeshPlan& plan) : program_{program}, plan_{plan} {}

  CompiledProgram run() {
    out_.fifos = program_.fifos;
    out_.memory_words = program_.memory_bytes / 4;
    out_.thread_slot.assign(1 + plan_.parameters.microthreads, kNoColor);
    out_.thread_slot[0] = 0;
    if (program_.entry) out_.entry = static_cast<std::uint32_t>(*program_.entry);
    for (const Task& task : program_.tasks) {
      out_.task_start.push_back(static_cast<std::uint32_t>(out_.steps.size()));
      out_.task_color.push_back(task.started_by ? index_of(*task.started_by) : kNoColor);
      const bool beside = task.started_by && !task.on_control && has_control_task(program_, *task.started_by);
      out_.on_control.push_back(task.on_control);
      out_.passes_control.push_back(beside);
      if (task.stays_loaded) out_.stay_loaded |= 1U << (out_.task_start.size() - 1);
      out_.has_data_tasks |= task.started_by.has_value();
      for (const Instruction& instruction : task.body)
        std::visit([this](const auto& it) { add(it); }, instruction);
      out_.steps.push_back({StepKind::end, 0});
    }
    out_.has_registers |= out_.has_data_tasks;
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::uint8_t index_of(Color color) const {
    const auto found = std::lower_bound(plan_.colors.begin(), plan_.colors.end(), color);
    return static_cast<std::uint8_t>(found - plan_.colors.begin());
  }

  void add(const VectorInstruction& vector) {
    CompiledVector compiled;
    compiled.source = vector;
    compiled.to = std::visit([this](const auto& it) { return operand(it); }, vector.to);
    compiled.a = std::visit([this](const auto& it) { return operand(it); }, vector.a);
    compiled.b = std::visit([this](const auto& it) { return operand(it); }, vector.b);
    compiled.lanes = lanes_of(vector, plan_.parameters);
    compiled.startup = startup_of(vector, plan_.parameters);
    if (vector.thread) compiled.thread = static_cast<std::uint8_t>(1 + static_cast<unsigned>(*vector.thread));
    const bool waits_for_fifo = read_fifo(vector) || appended_fifo(vector);
    compiled.brief = is_brief(vector);
    compiled.even = compiled.brief || is_even(vector);
    compiled.steady = compiled.brief && !waits_for_fifo;
    compiled.local = !uses_fabric(vector) && !waits_for_fifo;
    compiled.compact = compiled.local && is_compact(compiled);
    compiled.plain = vector.precision == Precision::f32 && !vector.copy_to && is_straight(compiled) &&
                     !vector.displaced && !uses_fifo(compiled);
    if (const auto* fabric = std::get_if<FabricOutput>(&vector.to)) {
      compiled.control = fabric->last == LastWavelet::control || fabric->controls != nullptr;
      compiled.filters = fabric->skips_zeros;
    }
    if (const auto fifo = read_fifo(vector)) compiled.reads_fifo = static_cast<std::uint8_t>(*fifo);
    if (const auto fifo = appended_fifo(vector)) compiled.appends_to = static_cast<std::uint8_t>(*fifo);
    if (vector.displaced) out_.has_registers = true;
    if (vector.thread) {
      std::uint8_t& slot = out_.thread_slot[compiled.thread];
      if (slot == kNoColor) slot = static_cast<std::uint8_t>(out_.threads++);
    }
    out_.steps.push_back({StepKind::vector, static_cast<std::uint32_t>(out_.vectors.size())});
    out_.vectors.push_back(std::move(compiled));
  }
  void add(const ScalarInstructions& scalar) { out_.steps.push_back({StepKind::scalar, scalar.count}); }
  void add(const Activate& it) {
    out_.steps.push_back({StepKind::activate, static_cast<std::uint32_t>(it.task)});
  }
  void add(const Block& it) { out_.steps.push_back({StepKind::block, static_cast<std::uint32_t>(it.task)}); }
  void add(const Unblock& it) {
    out_.steps.push_back({StepKind::unblock, static_cast<std::uint32_t>(it.task)});
  }

  void add(const Commit& it) {
    out_.steps.push_back({StepKind::commit, static_cast<std::uint32_t>(it.fifo)});
  }

  Operand operand(const FifoHead& it) {
    return {.kind = OperandKind::fifo, .fifo = static_cast<std::uint8_t>(it.fifo)};
  }
  Operand operand(const FifoTail& it) {
    return {.kind = OperandKind::fifo, .fifo = static_cast<std::uint8_t>(it.fifo)};
  }
  Operand operand(const FifoSlot& it) {
    return {.kind = OperandKind::fifo, .fifo = static_cast<std::uint8_t>(it.fifo)};
  }
  Operand operand(const MemoryVector& memory) { return {.kind = OperandKind::memory, .memory = memory}; }
  Operand operand(const FabricInput& in) {
    return {.kind = OperandKind::fabric, .color = index_of(in.color)};
  }
  Operand operand(const FabricOutput& out) {
    return {.kind = OperandKind::fabric, .color = index_of(out.color)};
  }
  Operand operand(const Immediate& it) { return {.kind = OperandKind::immediate, .bits = it.bits}; }
  Operand operand(const Register& reg) {
    out_.has_registers = true;
    return {
        .kind = OperandKind::reg, .reg = reg.index, .shift = static_cast<std::uint8_t>(reg.upper ? 16 : 0)};
  }

  [[nodiscard]] static bool is_straight(const MemoryVector& memory) {
    return memory.period == 0 && memory.hold <= 1;
  }
  [[nodiscard]] static bool is_straight(const CompiledVector& it) {
    return is_straight(it.to.memory) && is_straight(it.a.memory) && is_straight(it.b.memory);
  }
  [[nodiscard]] static bool uses_fifo(const CompiledVector& it) {
    return it.to.kind == OperandKind::fifo || it.a.kind == OperandKind::fifo ||
           it.b.kind == OperandKind::fifo;
  }
  // A register that is both source and result changes under way, and one takes an FP16 result as a whole.
  [[nodiscard]] static bool is_compact(const CompiledVector& it) {
    if (it.source.copy_to || !is_straight(it)) return false;
    if (it.to.kind != OperandKind::reg) return true;
    const auto is_result = [&](const Operand& a) { return a.kind == OperandKind::reg && a.reg == it.to.reg; };
    return it.source.precision != Precision::f16 && !is_result(it.a) && !is_result(it.b);
  }
  [[nodiscard]] bool is_brief(const VectorInstruction& vector) const {
    if (vector.row != 0) return false;
    if (!accumulates_in_memory(vector)) return vector.operation == Operation::move || !two_reads(vector);
    if (vector.precision == Precision::f32 || two_reads(vector)) return false;
    return vector.precision == Precision::mixed || never_conflicts(vector);
  }
  // Where they lie may be known only when it is issued; then each beat is like the first one.
  [[nodiscard]] static bool is_even(const VectorInstruction& vector) {
    return vector.row == 0 && accumulates_in_memory(vector) && vector.precision == Precision::f16 &&
           keeps_distance(vector);
  }
  [[nodiscard]] bool never_conflicts(const VectorInstruction& vector) const {
    if (!std::holds_alternative<MemoryVector>(vector.to) || vector.displaced) return false;
    return keeps_distance(vector) && !reads_conflict(vector, 0, plan_.parameters, {});
  }
  // Where source and sum go on side by side, their distance stays what it is at the first element.
  [[nodiscard]] static bool keeps_distance(const VectorInstruction& vector) {
    const MemoryVector* a = streamed(vector.a);
    const MemoryVector* source = a != nullptr ? a : streamed(vector.b);
    if (source == nullptr) return true;
    const auto* memory = std::get_if<MemoryVector>(&vector.to);
    const MemoryVector sum = memory != nullptr ? *memory : MemoryVector{};  // a slot goes on straight ahead
    return is_straight(*source) && is_straight(sum) && source->stride == sum.stride;
  }
  [[nodiscard]] static bool two_reads(const VectorInstruction& vector) {
    return std::holds_alternative<MemoryVector>(vector.a) && std::holds_alternative<MemoryVector>(vector.b);
  }

  const Program& program_;
  const MeshPlan& plan_;
  CompiledProgram out_;
};

}  // namespace

namespace {

// As many programs are looked at to find an equal one: rows of a kernel have few kinds, and a plan may hold
// thousands that are all different.
constexpr std::size_t kKinds = 16;

bool do_the_same(const Program& a, const Program& b) {
  return a.memory_bytes == b.memory_bytes && a.entry == b.entry && a.fifos == b.fifos && a.tasks == b.tasks;
}

}  // namespace

CompiledPrograms compile(const MeshPlan& plan) {
  CompiledPrograms compiled;
  std::vector<std::size_t> kinds;  // by number of the compiled program, a program of the plan that it is of
  for (std::size_t i = 0; i < plan.programs.size(); ++i) {
    const std::size_t first = kinds.size() - std::min(kinds.size(), kKinds);
    const auto known =
        std::find_if(kinds.begin() + static_cast<std::ptrdiff_t>(first), kinds.end(),
                     [&](std::size_t kind) { return do_the_same(plan.programs[kind], plan.programs[i]); });
    compiled.of.push_back(static_cast<std::uint16_t>(known - kinds.begin()));
    if (known != kinds.end()) continue;
    kinds.push_back(i);
    compiled.all.push_back(Compiler{plan.programs[i], plan}.run());
  }
  return compiled;
}

}  // namespace wafersim::fast
