// Written to be read, not to be fast: every cycle looks at everything.
#include "reference_core.hpp"

#include <algorithm>

#include "wafersim/mesh/arithmetic.hpp"
#include "wafersim/mesh/timing.hpp"

namespace wafersim::reference {

ReferenceCore::ReferenceCore(const Program& program, const MeshParameters& parameters)
    : memory(program.memory_bytes / 4),
      program_{program},
      parameters_{parameters},
      threads_(1 + parameters.microthreads),
      fifos_(program.fifos.size()) {
  if (!program.entry) return;
  task_ = last_ = static_cast<std::size_t>(*program.entry);
  started_ = true;
  ++counts.tasks;
}

void ReferenceCore::act(Cycle busy_until) {
  acted_ = true;
  busy_until_ = std::max(busy_until_, busy_until);
}

void ReferenceCore::step(Cycle now) {
  acted_ = false;
  retire(now);
  if (datapath_free_ <= now) beat(now);
  if (threads_[0].vector == nullptr && ready_ <= now) task_step(now);
}

void ReferenceCore::retire(Cycle now) {
  for (Thread& thread : threads_) {
    if (thread.vector == nullptr || !thread.finishing || thread.wake > now) continue;
    if (thread.vector->when_done) pending_ |= 1U << static_cast<unsigned>(*thread.vector->when_done);
    thread = {};
  }
}

bool ReferenceCore::can_beat(const Thread& thread, Cycle now) const {
  if (thread.vector == nullptr || thread.finishing || thread.wake > now) return false;
  for (const Source* source : {&thread.vector->a, &thread.vector->b}) {
    const auto* in = std::get_if<FabricInput>(source);
    if (in != nullptr && !inputs.at(in->color).has_ready(now)) return false;
  }
  if (const auto fifo = read_fifo(*thread.vector)) {
    const std::uint64_t wanted =
        beat_elements(*thread.vector, thread.done, lanes_of(*thread.vector, parameters_));
    if (fifos_[static_cast<std::size_t>(*fifo)].filled() < wanted) return false;
  }
  if (const auto tail = appended_fifo(*thread.vector)) {
    const auto fifo = static_cast<std::size_t>(*tail);
    const std::uint64_t more =
        beat_elements(*thread.vector, thread.done, lanes_of(*thread.vector, parameters_));
    if (!fifos_[fifo].has_room(program_.fifos[fifo], more)) return false;
  }
  const auto* out = std::get_if<FabricOutput>(&thread.vector->to);
  return out == nullptr || !outputs.at(out->color).is_full();
}

void ReferenceCore::beat(Cycle now) {
  for (std::size_t i = 1; i <= threads_.size(); ++i) {
    const std::size_t candidate = (turn_ + i) % threads_.size();
    if (!can_beat(threads_[candidate], now)) continue;
    turn_ = candidate;
    run_beat(threads_[candidate], now);
    return;
  }
}

std::uint32_t ReferenceCore::element_of(const Source& source, const Thread& thread, std::uint32_t lane,
                                        std::uint32_t wavelet) const {
  const std::uint32_t bytes = source_bytes(thread.vector->precision);
  if (const auto* mem = std::get_if<MemoryVector>(&source)) {
    const std::uint32_t begins = &source == &thread.vector->a ? thread.displacement : 0;
    return load(begins + address_of(*mem, thread.done + lane, bytes), bytes);
  }
  if (std::holds_alternative<FabricInput>(source))
    return bytes == 4 ? wavelet : (wavelet >> (16 * lane)) & 0xffffU;
  if (const auto* reg = std::get_if<Register>(&source))
    return registers_.at(reg->index) >> (reg->upper ? 16U : 0U);
  if (const auto* head = std::get_if<FifoHead>(&source)) {
    const auto fifo = static_cast<std::size_t>(head->fifo);
    return load(address_in(program_.fifos[fifo], fifos_[fifo].read + lane), bytes);
  }
  return std::get<Immediate>(source).bits;
}

Placement ReferenceCore::placement_of(const Thread& thread) const {
  Placement placement{.displacement = thread.displacement};
  if (const auto* slot = std::get_if<FifoSlot>(&thread.vector->to)) {
    const auto fifo = static_cast<std::size_t>(slot->fifo);
    placement.slot = open_slot_of(program_.fifos[fifo], fifos_[fifo]);
  }
  return placement;
}

void ReferenceCore::run_beat(Thread& thread, Cycle now) {
  const VectorInstruction& vector = *thread.vector;
  const Placement placement = placement_of(thread);
  const std::uint32_t cycles = beat_cycles(vector, thread.done, parameters_, placement);
  const std::uint32_t lanes = beat_elements(vector, thread.done, lanes_of(vector, parameters_));
  const std::uint32_t out_bytes = result_bytes(vector.precision);

  std::array<std::uint32_t, 2> wavelets{};
  const std::array<const Source*, 2> sources{&vector.a, &vector.b};
  for (std::size_t s = 0; s < 2; ++s) {
    if (const auto* in = std::get_if<FabricInput>(sources[s]))
      wavelets[s] = inputs.at(in->color).take().value;
  }
  std::uint32_t sent = 0;
  for (std::uint32_t lane = 0; lane < lanes; ++lane) {
    const std::uint32_t element = thread.done + lane;
    std::array<std::uint32_t, 2> values{};
    for (std::size_t s = 0; s < 2; ++s) values[s] = element_of(*sources[s], thread, lane, wavelets[s]);
    std::optional<MemoryVector> to_memory = placement.slot;
    if (const auto* memory_vector = std::get_if<MemoryVector>(&vector.to)) to_memory = *memory_vector;
    const auto* to_register = std::get_if<Register>(&vector.to);
    std::uint32_t accumulator = 0;
    if (to_memory) accumulator = load(address_of(*to_memory, element, out_bytes), out_bytes);
    if (to_register != nullptr) accumulator = registers_.at(to_register->index);
    const std::uint32_t value =
        compute_element(vector.operation, vector.precision, values[0], values[1], accumulator);
    if (to_memory) store(address_of(*to_memory, element, out_bytes), out_bytes, value);
    if (to_register != nullptr) registers_.at(to_register->index) = value;
    if (const auto tail = appended_fifo(vector)) {
      const auto fifo = static_cast<std::size_t>(*tail);
      store(address_in(program_.fifos[fifo], fifos_[fifo].committed + lane), out_bytes, value);
    }
    if (vector.copy_to) store(address_of(*vector.copy_to, element, out_bytes), out_bytes, value);
    if (std::holds_alternative<FabricOutput>(vector.to))
      sent |= out_bytes == 4 ? value : value << (16 * lane);
  }
  thread.done += lanes;
  if (const auto fifo = read_fifo(vector)) fifos_[static_cast<std::size_t>(*fifo)].read += lanes;
  if (const auto fifo = appended_fifo(vector)) fifos_[static_cast<std::size_t>(*fifo)].committed += lanes;
  const bool last = thread.done == vector.length;
  if (const auto* out = std::get_if<FabricOutput>(&vector.to)) {
    const bool control = carries_control(*out, thread.done, vector.length);
    if (!is_filtered(*out, sent, control)) {
      outputs.at(out->color).entries.push_back({{sent, control}, now + parameters_.ramp_cycles});
    }
  }
  activity.datapath += cycles;
  datapath_free_ = thread.wake = now + cycles;
  thread.finishing = last;
  if (last) activity.last_end = now + cycles;
  act(now + cycles);
}

void ReferenceCore::task_step(Cycle now) {
  if (!task_) {
    pick(now);
    return;
  }
  const Task& task = program_.tasks[*task_];
  if (next_instruction_ == task.body.size()) {
    task_.reset();
    activity.last_end = std::max(activity.last_end, now);
    act(now);
    pick(now);
    return;
  }
  const Instruction& instruction = task.body[next_instruction_];
  if (const auto* vector = std::get_if<VectorInstruction>(&instruction)) {
    issue(*vector, now);
    return;
  }
  if (waits_for_thread()) return;
  std::uint32_t cycles = parameters_.control_cycles;
  if (const auto* it = std::get_if<Commit>(&instruction)) {
    const auto fifo = static_cast<std::size_t>(it->fifo);
    fifos_[fifo].commit(program_.fifos[fifo]);
  }
  if (const auto* scalar = std::get_if<ScalarInstructions>(&instruction)) cycles = scalar->count;
  if (const auto* it = std::get_if<Activate>(&instruction)) pending_ |= 1U << static_cast<unsigned>(it->task);
  if (const auto* it = std::get_if<Block>(&instruction)) blocked_ |= 1U << static_cast<unsigned>(it->task);
  if (const auto* it = std::get_if<Unblock>(&instruction))
    blocked_ &= ~(1U << static_cast<unsigned>(it->task));
  ++next_instruction_;
  ready_ = now + cycles;
  activity.scalar += cycles;
  act(ready_);
}

void ReferenceCore::issue(const VectorInstruction& vector, Cycle now) {
  Thread& thread = threads_[number(vector)];
  if (thread.vector != nullptr) return;
  const std::uint32_t startup = startup_of(vector, parameters_, task_is_loaded_);
  thread = {.vector = &vector, .wake = now + startup, .done = 0, .finishing = false, .displacement = 0};
  if (vector.displaced) {
    std::uint32_t& value = registers_.at(vector.displaced->index);
    const Displaced displaced = displaced_by(*vector.displaced, value);
    thread.displacement = displaced.bytes;
    value = displaced.after;
  }
  if (vector.thread) ready_ = now + parameters_.control_cycles;
  ++next_instruction_;
  activity.startup += startup;
  ++counts.instructions;
  counts.flops += flops_of(vector.operation) * vector.length;
  act(now + startup);
}

bool ReferenceCore::is_started(const Task& task, std::uint32_t mask, Cycle now) const {
  if (!task.started_by) return (pending_ & mask) != 0;
  const RampQueue& queue = inputs.at(*task.started_by);
  if (!queue.has_ready(now)) return false;
  if (task.on_control) return queue.has_control();
  return !queue.has_control() || !has_control_task(program_, *task.started_by);
}

void ReferenceCore::pick(Cycle now) {
  const std::size_t tasks = program_.tasks.size();
  const std::size_t last = last_.value_or(tasks - 1);
  for (std::size_t i = 1; i <= tasks; ++i) {
    const std::size_t task = (last + i) % tasks;
    const std::uint32_t mask = 1U << task;
    const auto& color = program_.tasks[task].started_by;
    if ((blocked_ & mask) != 0) continue;
    if (!is_started(program_.tasks[task], mask, now)) continue;
    if (color) registers_.at(kWaveletRegister) = inputs.at(*color).take().value;
    pending_ &= ~mask;
    const bool repeats = color && last_ == task;
    const std::uint32_t cost = repeats ? parameters_.repeat_dispatch : parameters_.task_dispatch;
    ready_ = now + cost;
    activity.dispatch += cost;
    if (!started_) activity.first_start = ready_;
    started_ = true;
    task_ = last_ = task;
    task_is_loaded_ = (loaded_ & mask) != 0;
    if (program_.tasks[task].stays_loaded) loaded_ |= mask;
    next_instruction_ = 0;
    ++counts.tasks;
    act(ready_);
    return;
  }
}

bool ReferenceCore::waits_for_thread() const {
  const Task& task = program_.tasks[*task_];
  if (next_instruction_ == task.body.size()) return false;
  if (const auto* commit = std::get_if<Commit>(&task.body[next_instruction_])) {
    const auto fifo = static_cast<std::size_t>(commit->fifo);
    return !fifos_[fifo].can_commit(program_.fifos[fifo]);
  }
  const auto* vector = std::get_if<VectorInstruction>(&task.body[next_instruction_]);
  return vector != nullptr && threads_[number(*vector)].vector != nullptr;
}

bool ReferenceCore::is_idle() const {
  if (task_ || pending_ != 0) return false;
  return std::all_of(threads_.begin(), threads_.end(), [](const Thread& it) { return it.vector == nullptr; });
}

std::optional<Cycle> ReferenceCore::next_timer(Cycle now) const {
  std::optional<Cycle> next;
  const auto consider = [&](Cycle at) {
    if (at > now && (!next || at < *next)) next = at;
  };
  for (const Thread& thread : threads_) {
    if (thread.vector == nullptr) continue;
    consider(thread.wake);
    consider(datapath_free_);
  }
  if (task_ && threads_[0].vector == nullptr && (ready_ > now || !waits_for_thread())) {
    consider(std::max(ready_, now + 1));
  }
  return next;
}

std::uint32_t ReferenceCore::load(std::uint32_t address, std::uint32_t bytes) const {
  const std::uint32_t word = memory.at(address / 4);
  return bytes == 4 ? word : (word >> (address % 4 * 8)) & 0xffffU;
}

void ReferenceCore::store(std::uint32_t address, std::uint32_t bytes, std::uint32_t value) {
  std::uint32_t& word = memory.at(address / 4);
  const std::uint32_t shift = address % 4 * 8;
  word = bytes == 4 ? value : (word & ~(0xffffU << shift)) | ((value & 0xffffU) << shift);
}

void ReferenceCore::describe(PeState& state) const {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const Thread& thread = threads_[i];
    if (thread.vector == nullptr || thread.finishing) continue;
    PeState::ThreadState entry;
    entry.thread = static_cast<std::uint32_t>(i);
    entry.done = thread.done;
    entry.length = thread.vector->length;
    const auto a = color_of(thread.vector->a);
    entry.reads = a ? a : color_of(thread.vector->b);
    entry.writes = written_color(*thread.vector);
    state.threads.push_back(entry);
  }
  if (task_) state.task = static_cast<TaskId>(*task_);
  state.pending = pending_;
  state.blocked = blocked_;
}

}  // namespace wafersim::reference
