// The cores of a row that are looked at one by one: tasks, issue, timers.
#include <algorithm>

#include "row.hpp"

namespace wafersim::fast {
namespace {

constexpr Cycle kMostTurns = 255;  // of the wheel, before a core is looked at in vain

// Words between the memories of two PEs: an odd number of cache lines, so that equal addresses do not
// collide.
[[nodiscard]] std::uint32_t memory_stride(std::uint32_t words) {
  if (words == 0) return 0;
  const std::uint32_t lines = (words + kHostLine - 1) / kHostLine;
  return (lines | 1U) * kHostLine;
}

}  // namespace

void Row::build_cores(std::uint32_t y) {
  const MeshPlan& plan = *context_.plan;
  cores_.resize(width_);
  streaming_.assign(words_, 0);
  coasting_.assign(words_, 0);
  watched_.assign(words_, 0);
  wheel_.assign(kWheelTurn, Plane(words_));
  result_.assign(kWordBits, 0);
  std::size_t memory = 0;
  for (std::uint32_t x = 0; x < width_; ++x) {
    Core& core = cores_[x];
    core.program = context_.programs.of[plan.program_map[plan.index_of({x, y})]];
    const CompiledProgram& program = context_.programs.all[core.program];
    core.thread = static_cast<std::uint32_t>(threads_.size());
    if (core.program != 0) threads_.resize(threads_.size() + program.threads);
    core.memory = static_cast<std::uint32_t>(memory);
    memory += memory_stride(program.memory_words);
    core.registers = static_cast<std::uint32_t>(registers_.size());
    const bool extended = !program.fifos.empty() || program.stay_loaded != 0;
    if (program.has_registers || extended)
      registers_.resize(registers_.size() + kRegisters + (extended ? 2 : 0));
    if (extended) first_fifo(core) = static_cast<std::uint32_t>(fifos_.size());
    fifos_.resize(fifos_.size() + program.fifos.size());
    if (program.entry != kNowhere) {
      core.in_task = core.started = true;
      core.task = static_cast<std::uint8_t>(program.entry);
      core.step = program.task_start[program.entry];
      ++counts_.tasks;
    }
    if (program.entry != kNowhere || program.has_data_tasks) {
      schedule(x, 0, 0);
    }
  }
  threads_.shrink_to_fit();
  memory_ = PageArray{memory};
}

void Row::schedule(std::uint32_t x, Cycle at, Cycle now) {
  const Cycle slot = at % kWheelTurn;
  const Cycle turns = at == now ? 0 : (at - now - 1) / kWheelTurn;
  cores_[x].look = static_cast<std::uint8_t>(slot);
  cores_[x].turns = static_cast<std::uint8_t>(std::min(turns, kMostTurns));
  set_bit(wheel_[slot], x);
  wheel_used_ |= Wheel{1} << slot;
}

// Cores of a word whose timers ran out; those with turns of the wheel to go stay.
Word Row::due(std::uint32_t w, Cycle slot) {
  Word due = 0;
  Word stay = 0;
  for_each_bit(wheel_[slot][w], [&](std::uint32_t i) {
    Core& core = cores_[w * kWordBits + i];
    if (core.look != slot) return;
    (core.turns == 0 ? due : stay) |= Word{1} << i;
    if (core.turns > 0) --core.turns;
  });
  wheel_[slot][w] = stay;
  if (stay != 0) wheel_used_ |= Wheel{1} << slot;
  return due;
}

// Looks at every core that has something to decide in this cycle.
void Row::wake_cores(Cycle now) {
  const Cycle slot = now % kWheelTurn;
  const bool timed = ((wheel_used_ >> slot) & 1U) != 0;
  wheel_used_ &= ~(Wheel{1} << slot);
  for (std::uint32_t w = 0; w < words_; ++w) {
    Word look = watched_[w] == 0 ? 0 : woken(w);
    if (timed) look |= due(w, slot);
    look &= ~streaming_[w];
    for_each_bit(look, [&](std::uint32_t i) { evaluate(w * kWordBits + i, now); });
  }
}

void Row::evaluate(std::uint32_t x, Cycle now) {
  Core& core = cores_[x];
  const CompiledProgram& program = context_.programs.all[core.program];
  core.look = kNoLook;
  if (bit(watched_, x)) stop_watching(x);
  if (bit(coasting_, x)) {
    catch_up(x, core, program, now);
    clear_bit(coasting_, x);
  }
  finish_threads(core, program, now);
  if (core.datapath_free <= now) try_beat(x, core, program, now);
  if (threads_[core.thread].phase == ThreadPhase::idle && core.ready <= now) step_task(x, core, program, now);
  plan_next(x, core, program, now);
}

void Row::finish_threads(Core& core, const CompiledProgram& program, Cycle now) {
  for (std::uint32_t slot = 0; slot < program.threads; ++slot) {
    Thread& thread = threads_[core.thread + slot];
    if (thread.phase != ThreadPhase::finishing || thread.wake > now) continue;
    finish(core, thread);
  }
}

void Row::finish(Core& core, Thread& thread) {
  thread.phase = ThreadPhase::idle;
  if (const auto& task = thread.vector->source.when_done) core.pending |= 1U << static_cast<unsigned>(*task);
}

// One thread at most has a beat; they take turns.
void Row::try_beat(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  const std::size_t numbers = program.thread_slot.size();
  std::size_t number = core.turn;
  for (std::size_t i = 0; i < numbers; ++i) {
    if (++number >= numbers) number = 0;
    const std::uint8_t slot = program.thread_slot[number];
    if (slot == kNoColor) continue;
    Thread& thread = threads_[core.thread + slot];
    if (thread.phase != ThreadPhase::running || thread.wake > now) continue;
    if (want_of(x, core, program, thread).lack != Lack::nothing) continue;
    const CompiledVector& vector = *thread.vector;
    const std::uint32_t cycles = cycles_of_beat(core, thread);
    const std::uint32_t value = compute_beat(x, core, thread);
    for (const Operand* source : {&vector.a, &vector.b}) {
      if (source->kind == OperandKind::fabric) lanes_[source->color]->input.queue.pop_one(x);
    }
    const bool done = thread.done >= vector.source.length;
    if (vector.to.kind == OperandKind::fabric) {
      Lane& lane = *lanes_[vector.to.color];
      const bool control = vector.control && carries_control(vector, thread.done);
      if (!vector.filters || control || !has_zero_value(value)) {
        lane.output.push_one(x, value, control);
        lane.live = true;
      }
    }
    core.turn = static_cast<std::uint8_t>(number);
    core.datapath += cycles;
    core.datapath_free = thread.wake = shorten(now + cycles);
    if (done) {
      thread.phase = ThreadPhase::finishing;
      core.last_end = shorten(now + cycles);
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
      core.last_end = std::max(core.last_end, shorten(now));
      note(now, now);
      pick_task(x, core, program, now);
      return;
    case StepKind::commit:
      if (waits_for_microthread(core, program)) return;
      fifo(core, step.value).commit(program.fifos[step.value]);
      core.ready = shorten(now + control);
      break;
    case StepKind::scalar:
      core.ready = shorten(now + step.value);
      break;
    case StepKind::activate:
      core.pending |= 1U << step.value;
      core.ready = shorten(now + control);
      break;
    case StepKind::block:
      core.blocked |= 1U << step.value;
      core.ready = shorten(now + control);
      break;
    case StepKind::unblock:
      core.blocked &= ~(1U << step.value);
      core.ready = shorten(now + control);
      break;
  }
  core.scalar += static_cast<std::uint32_t>(core.ready - now);
  ++core.step;
  note(now, core.ready);
}

void Row::launch(Core& core, const CompiledProgram& program, const CompiledVector& vector, Cycle now) {
  Thread& thread = threads_[core.thread + program.thread_slot[vector.thread]];
  if (thread.phase != ThreadPhase::idle) return;  // the microthread is busy: wait for it
  issue(core, thread, vector, now);
  note(now, thread.wake);
}

void Row::issue(Core& core, Thread& thread, const CompiledVector& vector, Cycle now) {
  const std::uint32_t startup = startup_of(core, vector);
  thread = {.vector = &vector,
            .wake = shorten(now + startup),
            .done = 0,
            .displacement = 0,
            .phase = ThreadPhase::running};
  if (const auto& displacement = vector.source.displaced) {
    std::uint32_t& value = registers_[core.registers + displacement->index];
    const Displaced displaced = displaced_by(*displacement, value);
    thread.displacement = displaced.bytes;
    value = displaced.after;
  }
  core.ready = shorten(vector.thread == 0 ? now : now + context_.plan->parameters.control_cycles);
  core.startup += startup;
  ++core.step;
  ++counts_.instructions;
  counts_.flops += flops_of(vector.source.operation) * vector.source.length;
}

bool Row::is_started(std::uint32_t x, const Core& core, const CompiledProgram& program,
                     std::size_t task) const {
  const std::uint8_t color = program.task_color[task];
  if (color == kNoColor) return (core.pending & (1U << task)) != 0;
  const RampRow& input = lanes_[color]->input;
  if (!input.is_ready(x)) return false;
  if (!program.on_control[task] && !program.passes_control[task]) return true;
  return input.queue.at(0, x).second == program.on_control[task];
}

// Tasks take turns, too. A wavelet starts its task by leaving the queue.
void Row::pick_task(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  const std::size_t tasks = program.task_start.size();
  const std::size_t last = core.task == kNoColor ? tasks - 1 : core.task;
  const MeshParameters& parameters = context_.plan->parameters;
  std::size_t task = last;
  for (std::size_t i = 0; i < tasks; ++i) {
    if (++task >= tasks) task = 0;
    const std::uint32_t mask = 1U << task;
    if ((core.blocked & mask) != 0) continue;
    const std::uint8_t color = program.task_color[task];
    const bool data = color != kNoColor;
    if (!is_started(x, core, program, task)) continue;
    if (data) {
      registers_[core.registers + kWaveletRegister] = lanes_[color]->input.queue.head(x);
      lanes_[color]->input.queue.pop_one(x);
    }
    core.pending &= ~mask;
    const bool repeats = data && core.task == task;
    const std::uint32_t cost = repeats ? parameters.repeat_dispatch : parameters.task_dispatch;
    core.ready = shorten(now + cost);
    core.dispatch += cost;
    if (!core.started) core.first_start = core.ready;
    core.in_task = core.started = true;
    core.task = static_cast<std::uint8_t>(task);
    core.task_is_loaded = false;
    if ((program.stay_loaded & mask) != 0) {
      core.task_is_loaded = (loaded(core) & mask) != 0;
      loaded(core) |= mask;
    }
    core.step = program.task_start[task];
    ++counts_.tasks;
    note(now, core.ready);
    return;
  }
}

}  // namespace wafersim::fast
