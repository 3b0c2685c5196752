// The beats of a row's cores: one by one, or under masks while they stream.
#include <algorithm>
#include <bit>

#include "wafersim/mesh/arithmetic.hpp"

#include "row.hpp"

namespace wafersim::fast {

void Row::enter_stream(std::uint32_t x, Core& core, std::uint32_t slot) {
  const Thread& thread = threads_[core.thread + slot];
  const CompiledVector& vector = *thread.vector;
  set_bit(streaming_, x);
  core.lone_slot = static_cast<std::uint8_t>(slot);
  for (const Operand* source : {&vector.a, &vector.b}) {
    if (source->kind == OperandKind::fabric) set_bit(lanes_[source->color]->reading, x);
  }
  if (vector.to.kind == OperandKind::fabric) set_bit(lanes_[vector.to.color]->writing, x);
  core.turn = vector.thread;
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
  core.datapath_free = thread.wake = core.last_end = shorten(now + 1);
  thread.phase = ThreadPhase::finishing;
  schedule(x, now + 1, now);
}

// One beat of every streaming core whose queues allow it.
void Row::stream(Cycle now) {
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word go = streaming_[w];
    if (go == 0) continue;
    for (const Lane* lane : used_) {
      if (w >= lane->words) continue;
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
  Word zeros = 0;  // that the sender filters
  for_each_bit(go, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Core& core = cores_[x];
    Thread& thread = threads_[core.thread + core.lone_slot];
    result_[i] = compute_beat(x, core, thread);
    if (thread.vector->control && carries_control(*thread.vector, thread.done)) control |= Word{1} << i;
    if (thread.vector->filters && has_zero_value(result_[i])) zeros |= Word{1} << i;
    if (thread.done == thread.vector->source.length) finished |= Word{1} << i;
  });
  for (Lane* lane : used_) {
    if (w >= lane->words) continue;
    if (lane->input.exists()) {
      if (const Word mask = lane->reading[w] & go; mask != 0) lane->input.queue.pop(w, mask);
    }
    if (lane->output.exists()) {
      if (const Word mask = lane->writing[w] & go & (control | ~zeros); mask != 0) {
        lane->output.push(w, mask, result_.data(), control);
        lane->live = true;
      }
    }
  }
  for_each_bit(finished, [&](std::uint32_t i) {
    const std::uint32_t x = w * kWordBits + i;
    Core& core = cores_[x];
    leave_stream(x, core, threads_[core.thread + core.lone_slot], now);
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

// Where an operand in memory lies now.
MemoryVector Row::memory_of(const Core& core, const Operand& operand) const {
  if (operand.kind == OperandKind::memory) return operand.memory;
  return open_slot_of(context_.programs.all[core.program].fifos[operand.fifo], fifo(core, operand.fifo));
}

Placement Row::placement_of(const Core& core, const Thread& thread) const {
  Placement placement{.displacement = thread.displacement};
  if (thread.vector->to.kind == OperandKind::fifo) placement.slot = memory_of(core, thread.vector->to);
  return placement;
}

std::uint32_t Row::operand(const Core& core, const Operand& source, std::uint32_t displacement,
                           std::uint32_t element, Precision precision, std::uint32_t lane_of_wavelet,
                           std::uint32_t x) const {
  switch (source.kind) {
    case OperandKind::memory:
      if (displacement != 0) {
        MemoryVector displaced = source.memory;
        displaced.address += displacement;
        return load(core, displaced, element, source_bytes(precision));
      }
      return load(core, source.memory, element, source_bytes(precision));
    case OperandKind::fifo: {
      const Fifo& ring = context_.programs.all[core.program].fifos[source.fifo];
      const std::uint64_t at = fifo(core, source.fifo).read + lane_of_wavelet;
      return load(core, {.address = address_in(ring, at)}, 0, source_bytes(precision));
    }
    case OperandKind::fabric: {
      const std::uint32_t wavelet = lanes_[source.color]->input.queue.head(x);
      return precision == Precision::f32 ? wavelet : (wavelet >> (16 * lane_of_wavelet)) & 0xffffU;
    }
    case OperandKind::reg:
      return registers_[core.registers + source.reg] >> source.shift;
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
    if (element % kHostLine == 0) __builtin_prefetch(word + kHostLine, 1);  // will be wanted in so many beats
    return *word;
  };
  const auto value_of = [&](const Operand& operand) -> std::uint32_t {
    switch (operand.kind) {
      case OperandKind::memory:
        return word_of(operand);
      case OperandKind::fabric:
        return lanes_[operand.color]->input.queue.head(x);
      case OperandKind::reg:
        return registers_[core.registers + operand.reg] >> operand.shift;
      case OperandKind::fifo:  // never plain
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
  } else if (operation == Operation::maximum) {
    value = compute_element(operation, Precision::f32, value, value_of(vector.b), 0);
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

Walk Row::walk_of(const Core& core, const Operand& operand, std::uint32_t displacement, std::uint32_t element,
                  std::uint32_t bytes) {
  switch (operand.kind) {
    case OperandKind::memory:
    case OperandKind::fifo: {
      const MemoryVector vector = memory_of(core, operand);
      return {.words = &memory_[core.memory],
              .byte = displacement + address_of(vector, element, bytes),
              .step = static_cast<std::uint32_t>(vector.stride) * bytes};
    }
    case OperandKind::reg: {
      std::uint32_t& word = registers_[core.registers + operand.reg];
      return {.words = &word, .value = word >> operand.shift, .moves = false};
    }
    case OperandKind::immediate:
    case OperandKind::fabric:  // never compact
      break;
  }
  return {.value = operand.bits, .moves = false};
}

bool Row::is_computed(const CompiledVector& vector) const {
  return context_.arithmetic || vector.source.operation == Operation::move;
}

// Takes and gives what a FIFO holds of the elements before `end`.
void Row::pass_fifos(const Core& core, Thread& thread, std::uint32_t end) {
  const CompiledVector& vector = *thread.vector;
  if (vector.reads_fifo != kNoColor) fifo(core, vector.reads_fifo).read += end - thread.done;
  if (vector.appends_to != kNoColor) fifo(core, vector.appends_to).committed += end - thread.done;
  thread.done = end;
}

void Row::compute_until(const Core& core, Thread& thread, std::uint32_t end) {
  const CompiledVector& vector = *thread.vector;
  if (!is_computed(vector)) {
    thread.done = end;
    return;
  }
  const Precision precision = vector.source.precision;
  const std::uint32_t bytes = source_bytes(precision);
  compute_elements(vector.source.operation, precision, end - thread.done,
                   walk_of(core, vector.to, 0, thread.done, result_bytes(precision)),
                   walk_of(core, vector.a, thread.displacement, thread.done, bytes),
                   walk_of(core, vector.b, 0, thread.done, bytes));
  thread.done = end;
}

std::uint32_t Row::compute_beat(std::uint32_t x, const Core& core, Thread& thread) {
  const CompiledVector& vector = *thread.vector;
  const VectorInstruction& source = vector.source;
  const std::uint32_t end = thread.done + beat_elements(source, thread.done, vector.lanes);
  if (!is_computed(vector)) {
    pass_fifos(core, thread, end);
    return 0;
  }
  if (vector.plain) return compute_plain_beat(x, core, thread);
  const std::uint32_t result_size = result_bytes(source.precision);
  if (vector.compact) {
    compute_until(core, thread, end);
    return 0;
  }
  const bool to_memory = vector.to.kind == OperandKind::memory || vector.to.kind == OperandKind::fifo;
  const MemoryVector result = to_memory ? memory_of(core, vector.to) : MemoryVector{};
  std::uint32_t wavelet = 0;
  for (std::uint32_t element = thread.done, lane = 0; element < end; ++element, ++lane) {
    const std::uint32_t a = operand(core, vector.a, thread.displacement, element, source.precision, lane, x);
    const std::uint32_t b = source.operation == Operation::move
                                ? 0
                                : operand(core, vector.b, 0, element, source.precision, lane, x);
    std::uint32_t accumulator = 0;
    if (source.operation == Operation::accumulate) {
      accumulator =
          to_memory ? load(core, result, element, result_size) : registers_[core.registers + vector.to.reg];
    }
    const std::uint32_t value = compute_element(source.operation, source.precision, a, b, accumulator);
    switch (vector.to.kind) {
      case OperandKind::memory:
      case OperandKind::fifo:
        if (vector.appends_to != kNoColor) {
          const Fifo& ring = context_.programs.all[core.program].fifos[vector.appends_to];
          const std::uint64_t at = fifo(core, vector.appends_to).committed + lane;
          store(core, {.address = address_in(ring, at)}, 0, result_size, value);
          break;
        }
        store(core, result, element, result_size, value);
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
  pass_fifos(core, thread, end);
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
