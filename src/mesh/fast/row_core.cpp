// The cores of a row: those that stream run in masks, all others one by one.
#include <algorithm>
#include <cstring>

#include "wafersim/mesh/arithmetic.hpp"

#include "row.hpp"

namespace wafersim::fast {
namespace {

constexpr std::uint32_t kLongestTimer = kWordBits - 1;
constexpr std::uint32_t kLine = 16;  // words in a line of the host's cache

// Words between the memories of two PEs: an odd number of cache lines, so that equal addresses do not
// collide.
[[nodiscard]] std::uint32_t memory_stride(std::uint32_t words) {
  if (words == 0) return 0;
  const std::uint32_t lines = (words + kLine - 1) / kLine;
  return (lines | 1U) * kLine;
}

}  // namespace

void Row::build_cores(std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  cores_.resize(width_);
  streaming_.assign(words_, 0);
  polled_.assign(words_, 0);
  listening_.assign(words_, 0);
  stream_slot_.assign(width_, 0);
  wheel_.assign(kWordBits, Plane(words_));
  result_.assign(kWordBits, 0);
  std::size_t memory = 0;
  for (std::uint32_t x = 0; x < width_; ++x) {
    Core& core = cores_[x];
    core.program = plan.program_map[plan.index_of({x, y})];
    const CompiledProgram& program = context_.programs[core.program];
    core.thread = static_cast<std::uint32_t>(threads_.size());
    if (core.program != 0) threads_.resize(threads_.size() + program.threads);
    core.memory = static_cast<std::uint32_t>(memory);
    memory += memory_stride(program.memory_words);
    core.registers = static_cast<std::uint32_t>(registers_.size());
    if (program.has_registers) registers_.resize(registers_.size() + kRegisters);
    if (program.entry != kNowhere) {
      core.in_task = core.started = true;
      core.task = static_cast<std::uint8_t>(program.entry);
      core.step = program.task_start[program.entry];
      ++counts_.tasks;
    }
    if (program.entry != kNowhere || program.has_data_tasks) {
      set_bit(wheel_[0], x);
      wheel_used_ = 1;
    }
  }
  threads_.shrink_to_fit();
  memory_ = PageArray{memory};
}

void Row::schedule(std::uint32_t x, Cycle at, Cycle now) {
  const Cycle slot = std::min(at, now + kLongestTimer) % kWordBits;
  set_bit(wheel_[slot], x);
  wheel_used_ |= Word{1} << slot;
}

// Looks at every core that has something to decide in this cycle.
void Row::wake_cores(Cycle now) {
  const Cycle slot = now % kWordBits;
  const bool timed = ((wheel_used_ >> slot) & 1U) != 0;
  wheel_used_ &= ~(Word{1} << slot);
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word look = polled_[w];
    if (timed) {
      look |= wheel_[slot][w];
      wheel_[slot][w] = 0;
    }
    if (listening_[w] != 0) {
      Word ready = 0;
      for (const Lane* lane : used_) {
        if (lane->input.exists()) ready |= lane->input.ready(w);
      }
      look |= listening_[w] & ready;
    }
    look &= ~streaming_[w];
    for_each_bit(look, [&](std::uint32_t i) { evaluate(w * kWordBits + i, now); });
  }
}

void Row::evaluate(std::uint32_t x, Cycle now) {
  Core& core = cores_[x];
  const CompiledProgram& program = context_.programs[core.program];
  finish_threads(core, program, now);
  if (core.datapath_free <= now) try_beat(x, core, program, now);
  if (threads_[core.thread].phase == ThreadPhase::idle && core.ready <= now) step_task(x, core, program, now);
  plan_next(x, core, program, now);
}

void Row::finish_threads(Core& core, const CompiledProgram& program, Cycle now) {
  for (std::uint32_t slot = 0; slot < program.threads; ++slot) {
    Thread& thread = threads_[core.thread + slot];
    if (thread.phase != ThreadPhase::finishing || thread.wake > now) continue;
    thread.phase = ThreadPhase::idle;
    if (const auto& task = thread.vector->source.when_done)
      core.pending |= 1U << static_cast<unsigned>(*task);
  }
}

bool Row::can_beat(std::uint32_t x, const Thread& thread, Cycle now) const {
  if (thread.phase != ThreadPhase::running || thread.wake > now) return false;
  const CompiledVector& vector = *thread.vector;
  for (const Operand* source : {&vector.a, &vector.b}) {
    if (source->kind == OperandKind::fabric && !lanes_[source->color]->input.is_ready(x)) return false;
  }
  return vector.to.kind != OperandKind::fabric || !lanes_[vector.to.color]->output.queue.is_full(x);
}

// One thread at most has a beat; they take turns.
void Row::try_beat(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  const std::size_t numbers = program.thread_slot.size();
  for (std::size_t i = 1; i <= numbers; ++i) {
    const std::size_t number = (core.turn + i) % numbers;
    const std::uint8_t slot = program.thread_slot[number];
    if (slot == kNoColor) continue;
    Thread& thread = threads_[core.thread + slot];
    if (!can_beat(x, thread, now)) continue;
    const CompiledVector& vector = *thread.vector;
    const std::uint32_t cycles = beat_cycles(vector.source, thread.done, context_.plan->parameters);
    const std::uint32_t value = compute_beat(x, core, thread);
    for (const Operand* source : {&vector.a, &vector.b}) {
      if (source->kind == OperandKind::fabric) lanes_[source->color]->input.queue.pop_one(x);
    }
    const bool done = thread.done >= vector.source.length;
    if (vector.to.kind == OperandKind::fabric) {
      Lane& lane = *lanes_[vector.to.color];
      lane.output.push_one(x, value, done && vector.control);
      lane.live = true;
    }
    core.turn = static_cast<std::uint8_t>(number);
    core.datapath += cycles;
    core.datapath_free = thread.wake = now + cycles;
    if (done) {
      thread.phase = ThreadPhase::finishing;
      core.last_end = now + cycles;
    }
    note(now, now + cycles);
    return;
  }
}

void Row::step_task(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  if (!core.in_task) {
    pick_task(x, core, program, now);
    return;
  }
  const Step& step = program.steps[core.step];
  const std::uint32_t control = context_.plan->parameters.control_cycles;
  switch (step.kind) {
    case StepKind::vector:
      launch(core, program, program.vectors[step.value], now);
      return;
    case StepKind::end:
      core.in_task = false;
      core.last_end = std::max(core.last_end, now);
      note(now, now);
      pick_task(x, core, program, now);
      return;
    case StepKind::scalar:
      core.ready = now + step.value;
      break;
    case StepKind::activate:
      core.pending |= 1U << step.value;
      core.ready = now + control;
      break;
    case StepKind::block:
      core.blocked |= 1U << step.value;
      core.ready = now + control;
      break;
    case StepKind::unblock:
      core.blocked &= ~(1U << step.value);
      core.ready = now + control;
      break;
  }
  core.scalar += static_cast<std::uint32_t>(core.ready - now);
  ++core.step;
  note(now, core.ready);
}

void Row::launch(Core& core, const CompiledProgram& program, const CompiledVector& vector, Cycle now) {
  const std::size_t number = vector.source.thread ? 1 + static_cast<std::size_t>(*vector.source.thread) : 0;
  Thread& thread = threads_[core.thread + program.thread_slot[number]];
  if (thread.phase != ThreadPhase::idle) return;  // the microthread is busy: wait for it
  thread = {.vector = &vector, .wake = now + vector.startup, .done = 0, .phase = ThreadPhase::running};
  core.ready = number == 0 ? now : now + context_.plan->parameters.control_cycles;
  core.startup += vector.startup;
  ++core.step;
  ++counts_.instructions;
  counts_.flops += flops_of(vector.source.operation) * vector.source.length;
  note(now, thread.wake);
}

// Tasks take turns, too. A wavelet starts its task by leaving the queue.
void Row::pick_task(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  const std::size_t tasks = program.task_start.size();
  const std::size_t last = core.task == kNoColor ? tasks - 1 : core.task;
  const MeshParameters& parameters = context_.plan->parameters;
  for (std::size_t i = 1; i <= tasks; ++i) {
    const std::size_t task = (last + i) % tasks;
    const std::uint32_t mask = 1U << task;
    if ((core.blocked & mask) != 0) continue;
    const std::uint8_t color = program.task_color[task];
    const bool data = color != kNoColor;
    if (data ? !lanes_[color]->input.is_ready(x) : (core.pending & mask) == 0) continue;
    if (data) {
      registers_[core.registers + kWaveletRegister] = lanes_[color]->input.queue.head(x);
      lanes_[color]->input.queue.pop_one(x);
    }
    core.pending &= ~mask;
    const bool repeats = data && core.task == task;
    const std::uint32_t cost = repeats ? parameters.repeat_dispatch : parameters.task_dispatch;
    core.ready = now + cost;
    core.dispatch += cost;
    if (!core.started) core.first_start = core.ready;
    core.in_task = core.started = true;
    core.task = static_cast<std::uint8_t>(task);
    core.step = program.task_start[task];
    ++counts_.tasks;
    note(now, core.ready);
    return;
  }
}

bool Row::waits_for_microthread(const Core& core, const CompiledProgram& program) const {
  const Step& step = program.steps[core.step];
  if (step.kind != StepKind::vector) return false;
  const auto& number = program.vectors[step.value].source.thread;
  if (!number) return false;
  const std::uint8_t slot = program.thread_slot[1 + static_cast<std::size_t>(*number)];
  return threads_[core.thread + slot].phase != ThreadPhase::idle;
}

// When this core has to be looked at again, or whether it streams from now on.
void Row::plan_next(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  Cycle next = kNever;
  std::uint32_t running = 0;
  std::uint32_t runner = 0;
  for (std::uint32_t slot = 0; slot < program.threads; ++slot) {
    const Thread& thread = threads_[core.thread + slot];
    if (thread.phase == ThreadPhase::idle) continue;
    if (thread.phase == ThreadPhase::finishing || thread.wake > now + 1) next = std::min(next, thread.wake);
    if (thread.phase == ThreadPhase::finishing) continue;
    if (thread.wake > now) schedule(x, thread.wake, now);  // the row may be asleep by then
    ++running;
    runner = slot;
  }
  if (running != 0 && core.datapath_free > now + 1) next = std::min(next, core.datapath_free);
  const bool task_waits_for_vector = threads_[core.thread].phase != ThreadPhase::idle;
  if (core.in_task && !task_waits_for_vector && core.ready > now) next = std::min(next, core.ready);
  if (core.in_task && !task_waits_for_vector && core.ready <= now && !waits_for_microthread(core, program)) {
    next = std::min(next, now + 1);
  }
  const bool idle = !core.in_task;
  clear_bit(listening_, x);
  if (idle && program.has_data_tasks) set_bit(listening_, x);
  clear_bit(polled_, x);
  if (next != kNever) schedule(x, std::max(next, now + 1), now);
  if (running == 0) return;
  const bool alone =
      running == 1 && next == kNever &&
      (runner == 0 || (idle && !program.has_data_tasks && (core.pending & ~core.blocked) == 0));
  if (alone && threads_[core.thread + runner].vector->steady) {
    enter_stream(x, core, runner);
  } else {
    set_bit(polled_, x);
  }
}

void Row::enter_stream(std::uint32_t x, Core& core, std::uint32_t slot) {
  const Thread& thread = threads_[core.thread + slot];
  const CompiledVector& vector = *thread.vector;
  set_bit(streaming_, x);
  stream_slot_[x] = static_cast<std::uint8_t>(slot);
  for (const Operand* source : {&vector.a, &vector.b}) {
    if (source->kind == OperandKind::fabric) set_bit(lanes_[source->color]->reading, x);
  }
  if (vector.to.kind == OperandKind::fabric) set_bit(lanes_[vector.to.color]->writing, x);
  const auto& thread_of = vector.source.thread;
  core.turn = thread_of ? static_cast<std::uint8_t>(1 + static_cast<unsigned>(*thread_of)) : std::uint8_t{0};
  core.datapath -= thread.done / vector.lanes;  // leave_stream adds all beats
}

void Row::leave_stream(std::uint32_t x, Core& core, Thread& thread, Cycle now) {
  const CompiledVector& vector = *thread.vector;
  clear_bit(streaming_, x);
  for (const Operand* source : {&vector.a, &vector.b}) {
    if (source->kind == OperandKind::fabric) clear_bit(lanes_[source->color]->reading, x);
  }
  if (vector.to.kind == OperandKind::fabric) clear_bit(lanes_[vector.to.color]->writing, x);
  core.datapath += (vector.source.length + vector.lanes - 1) / vector.lanes;
  core.datapath_free = thread.wake = now + 1;
  core.last_end = now + 1;
  thread.phase = ThreadPhase::finishing;
  schedule(x, now + 1, now);
}

// One beat of every streaming core whose queues allow it.
void Row::stream(Cycle now) {
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word go = streaming_[w];
    if (go == 0) continue;
    for (const Lane* lane : used_) {
      if (lane->input.exists() && lane->reading[w] != 0) go &= ~(lane->reading[w] & ~lane->input.ready(w));
      if (lane->output.exists() && lane->writing[w] != 0)
        go &= ~(lane->writing[w] & lane->output.queue.full(w));
    }
    if (go != 0) stream_word(w, go, now);
  }
}

void Row::stream_word(std::uint32_t w, Word go, Cycle now) {
  Word finished = 0;
  Word control = 0;
  for_each_bit(go, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Core& core = cores_[x];
    Thread& thread = threads_[core.thread + stream_slot_[x]];
    result_[i] = compute_beat(x, core, thread);
    if (thread.done < thread.vector->source.length) return;
    finished |= Word{1} << i;
    if (thread.vector->control) control |= Word{1} << i;
  });
  for (Lane* lane : used_) {
    if (lane->input.exists()) {
      if (const Word mask = lane->reading[w] & go; mask != 0) lane->input.queue.pop(w, mask);
    }
    if (lane->output.exists()) {
      if (const Word mask = lane->writing[w] & go; mask != 0) {
        lane->output.push(w, mask, result_.data(), control);
        lane->live = true;
      }
    }
  }
  for_each_bit(finished, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Core& core = cores_[x];
    leave_stream(x, core, threads_[core.thread + stream_slot_[x]], now);
  });
  note(now, now + 1);
}

std::uint32_t Row::load(const Core& core, const MemoryVector& vector, std::uint32_t element,
                        std::uint32_t bytes) const {
  const std::uint32_t address = address_of(vector, element, bytes);
  const std::uint32_t word = memory_[core.memory + address / 4];
  if (bytes == 4) return word;
  return (word >> (address % 4 * 8)) & 0xffffU;
}

void Row::store(const Core& core, const MemoryVector& vector, std::uint32_t element, std::uint32_t bytes,
                std::uint32_t value) {
  const std::uint32_t address = address_of(vector, element, bytes);
  std::uint32_t& word = memory_[core.memory + address / 4];
  if (bytes == 4) {
    word = value;
    return;
  }
  const std::uint32_t shift = address % 4 * 8;
  word = (word & ~(0xffffU << shift)) | ((value & 0xffffU) << shift);
}

std::uint32_t Row::operand(const Core& core, const Operand& source, std::uint32_t element,
                           Precision precision, std::uint32_t lane_of_wavelet, std::uint32_t x) const {
  switch (source.kind) {
    case OperandKind::memory:
      return load(core, source.memory, element, source_bytes(precision));
    case OperandKind::fabric: {
      const std::uint32_t wavelet = lanes_[source.color]->input.queue.head(x);
      return precision == Precision::f32 ? wavelet : (wavelet >> (16 * lane_of_wavelet)) & 0xffffU;
    }
    case OperandKind::reg:
      return registers_[core.registers + source.reg];
    case OperandKind::immediate:
      return source.bits;
  }
  return 0;
}

// One FP32 element without any of the rarer features: what nearly all beats of a large run are.
std::uint32_t Row::compute_plain_beat(std::uint32_t x, const Core& core, Thread& thread) {
  const CompiledVector& vector = *thread.vector;
  const std::uint32_t element = thread.done++;
  const auto word_of = [&](const Operand& operand) -> std::uint32_t& {
    const auto offset = static_cast<std::int32_t>(element) * operand.memory.stride;
    std::uint32_t* const word =
        &memory_[core.memory + operand.memory.address / 4 + static_cast<std::uint32_t>(offset)];
    if (element % kLine == 0) __builtin_prefetch(word + kLine, 1);  // will be wanted in so many beats
    return *word;
  };
  const auto value_of = [&](const Operand& operand) -> std::uint32_t {
    switch (operand.kind) {
      case OperandKind::memory:
        return word_of(operand);
      case OperandKind::fabric:
        return lanes_[operand.color]->input.queue.head(x);
      case OperandKind::reg:
        return registers_[core.registers + operand.reg];
      case OperandKind::immediate:
        break;
    }
    return operand.bits;
  };
  const bool to_memory = vector.to.kind == OperandKind::memory;
  const Operation operation = vector.source.operation;
  std::uint32_t value = value_of(vector.a);
  if (operation == Operation::add) {
    value =
        std::bit_cast<std::uint32_t>(std::bit_cast<float>(value) + std::bit_cast<float>(value_of(vector.b)));
  } else if (operation != Operation::move) {
    const float product = std::bit_cast<float>(value) * std::bit_cast<float>(value_of(vector.b));
    value = std::bit_cast<std::uint32_t>(product);
    if (operation == Operation::accumulate) {
      const std::uint32_t before =
          to_memory ? word_of(vector.to) : registers_[core.registers + vector.to.reg];
      value = std::bit_cast<std::uint32_t>(std::bit_cast<float>(before) + product);
    }
  }
  if (to_memory) {
    word_of(vector.to) = value;
  } else if (vector.to.kind == OperandKind::reg) {
    registers_[core.registers + vector.to.reg] = value;
  }
  return value;
}

std::uint32_t Row::compute_beat(std::uint32_t x, Core& core, Thread& thread) {
  const CompiledVector& vector = *thread.vector;
  if (vector.plain) return compute_plain_beat(x, core, thread);
  const VectorInstruction& source = vector.source;
  const std::uint32_t result_size = result_bytes(source.precision);
  const std::uint32_t end = std::min(thread.done + vector.lanes, source.length);
  std::uint32_t wavelet = 0;
  for (std::uint32_t element = thread.done, lane = 0; element < end; ++element, ++lane) {
    const std::uint32_t a = operand(core, vector.a, element, source.precision, lane, x);
    const std::uint32_t b =
        source.operation == Operation::move ? 0 : operand(core, vector.b, element, source.precision, lane, x);
    std::uint32_t accumulator = 0;
    if (source.operation == Operation::accumulate) {
      accumulator = vector.to.kind == OperandKind::memory ? load(core, vector.to.memory, element, result_size)
                                                          : registers_[core.registers + vector.to.reg];
    }
    const std::uint32_t value = compute_element(source.operation, source.precision, a, b, accumulator);
    switch (vector.to.kind) {
      case OperandKind::memory:
        store(core, vector.to.memory, element, result_size, value);
        break;
      case OperandKind::fabric:
        wavelet |= source.precision == Precision::f32 ? value : value << (16 * lane);
        break;
      case OperandKind::reg:
        registers_[core.registers + vector.to.reg] = value;
        break;
      case OperandKind::immediate:
        break;
    }
    if (source.copy_to) store(core, *source.copy_to, element, result_size, value);
  }
  thread.done = end;
  return wavelet;
}

void Row::write_memory(std::uint32_t x, std::uint32_t address, std::span<const std::uint32_t> words) {
  std::copy(words.begin(), words.end(), memory_.begin() + cores_[x].memory + address / 4);
}

std::vector<std::uint32_t> Row::read_memory(std::uint32_t x, std::uint32_t address,
                                            std::uint32_t words) const {
  const auto first = memory_.begin() + cores_[x].memory + address / 4;
  return {first, first + words};
}

}  // namespace wafersim::fast
