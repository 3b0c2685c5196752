// What a core waits for while nobody looks at it, and when it is looked at again.
#include <algorithm>

#include "row.hpp"

namespace wafersim::fast {

bool Row::waits_for_microthread(const Core& core, const CompiledProgram& program) const {
  const Step& step = program.steps[core.step];
  if (step.kind == StepKind::commit) return !fifo(core, step.value).can_commit(program.fifos[step.value]);
  if (step.kind != StepKind::vector) return false;
  const auto& number = program.vectors[step.value].source.thread;
  if (!number) return false;
  const std::uint8_t slot = program.thread_slot[1 + static_cast<std::size_t>(*number)];
  return threads_[core.thread + slot].phase != ThreadPhase::idle;
}

Row::Want Row::want_of(std::uint32_t x, const Core& core, const CompiledProgram& program,
                       const Thread& thread) const {
  const CompiledVector& vector = *thread.vector;
  if (vector.local) return {};
  for (const Operand* source : {&vector.a, &vector.b}) {
    if (source->kind == OperandKind::fabric && !lanes_[source->color]->input.is_ready(x))
      return {Lack::wavelet, source->color};
  }
  if (vector.reads_fifo != kNoColor) {
    const std::uint64_t wanted = beat_elements(vector.source, thread.done, vector.lanes);
    if (fifo(core, vector.reads_fifo).filled() < wanted) return {Lack::fifo};
  }
  if (vector.appends_to != kNoColor) {
    const std::uint64_t more = beat_elements(vector.source, thread.done, vector.lanes);
    if (!fifo(core, vector.appends_to).has_room(program.fifos[vector.appends_to], more)) return {Lack::fifo};
  }
  if (vector.to.kind == OperandKind::fabric && lanes_[vector.to.color]->output.queue.is_full(x))
    return {Lack::room, vector.to.color};
  return {};
}

std::uint32_t Row::cycles_of_beat(const Core& core, const Thread& thread) const {
  if (thread.vector->brief) return 1;
  return beat_cycles(thread.vector->source, thread.done, context_.plan->parameters,
                     placement_of(core, thread));
}

// A thread whose vector waits for nothing has every beat that no other thread takes. So nobody needs to look
// before its vector ends, or another thread can have a beat, or the task can take a step; its beats until
// then are caught up with. A FIFO does not change meanwhile, as only the own core writes and reads it.
void Row::plan_next(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  Thread* const threads = &threads_[core.thread];
  Cycle next = kNever;
  std::uint32_t running = 0;
  std::uint32_t runner = 0;
  std::uint32_t coaster = kNowhere;
  for (std::uint32_t slot = 0; slot < program.threads; ++slot) {
    const Thread& thread = threads[slot];
    if (thread.phase == ThreadPhase::finishing) next = std::min<Cycle>(next, thread.wake);
    if (thread.phase != ThreadPhase::running) continue;
    ++running;
    runner = slot;
    if (thread.vector->local && coaster == kNowhere) coaster = slot;
  }
  if (coaster == kNowhere && is_about_to_coast(core, program, now)) coaster = 0;
  if (coaster != kNowhere) next = std::min(next, coast(x, core, program, coaster, now));
  if (coaster != 0) next = std::min(next, next_step(core, program, now));
  const Cycle soon = now + 1;
  if (running == 1 && next == kNever && threads[runner].wake <= soon && core.datapath_free <= soon &&
      can_stream(core, program, threads[runner])) {
    if (threads[runner].wake > now) schedule(x, soon, now);  // the row may be asleep by then
    enter_stream(x, core, runner);
    return;
  }
  for (std::uint32_t slot = 0; running > 0 && slot < program.threads; ++slot) {
    const Thread& thread = threads[slot];
    if (thread.phase != ThreadPhase::running || slot == coaster) continue;
    Cycle chance = expect_beat(x, core, program, thread, now);
    if (coaster != kNowhere && threads[coaster].phase == ThreadPhase::running &&
        chance == threads[coaster].wake && goes_first(core, program, threads[coaster], thread)) {
      chance += cycles_of_beat(core, threads[coaster]);
    }
    next = std::min(next, chance);
  }
  if (!core.in_task) watch_for_tasks(x, program);
  if (next != kNever) schedule(x, std::max(next, soon), now);
}

// Of the task; kNever if it waits for one of the threads.
Cycle Row::next_step(const Core& core, const CompiledProgram& program, Cycle now) const {
  if (!core.in_task || threads_[core.thread].phase != ThreadPhase::idle) return kNever;
  if (core.ready > now) return core.ready;
  return waits_for_microthread(core, program) ? kNever : now + 1;
}

bool Row::can_stream(const Core& core, const CompiledProgram& program, const Thread& thread) const {
  if (!thread.vector->steady) return false;
  if (thread.vector->thread == 0) return true;
  return !core.in_task && !program.has_data_tasks && (core.pending & ~core.blocked) == 0;
}

// The vector that the task issues next, if it is a local one of its own; else null.
const CompiledVector* Row::next_local(const CompiledProgram& program, std::uint32_t step) {
  if (program.steps[step].kind != StepKind::vector) return nullptr;
  const CompiledVector& vector = program.vectors[program.steps[step].value];
  return vector.thread == 0 && vector.local ? &vector : nullptr;
}

bool Row::is_about_to_coast(const Core& core, const CompiledProgram& program, Cycle now) const {
  return core.in_task && threads_[core.thread].phase == ThreadPhase::idle && core.ready > now &&
         next_local(program, core.step) != nullptr;
}

// Lets a thread have its beats unwatched, and the task issue the local vectors behind them. Returns when all
// that has ended, or a cycle before that.
Cycle Row::coast(std::uint32_t x, Core& core, const CompiledProgram& program, std::uint32_t slot, Cycle now) {
  set_bit(coasting_, x);
  core.lone_slot = static_cast<std::uint8_t>(slot);
  Thread& thread = threads_[core.thread + slot];
  if (thread.phase != ThreadPhase::running) return end_of_local_steps(core, program, core.ready);
  thread.wake = std::max({thread.wake, core.datapath_free, shorten(now + 1)});
  const CompiledVector& vector = *thread.vector;
  const Cycle beats = (vector.source.length - thread.done + vector.lanes - 1) / vector.lanes;
  const Cycle end = thread.wake + beats * (vector.even ? cycles_of_beat(core, thread) : 1);
  return vector.even && slot == 0 ? end_of_local_steps(core, program, end) : end;
}

// When the local vectors that a task issues from this cycle on will have ended, or a cycle before that, as
// how long a beat takes may depend on addresses that are not known yet.
Cycle Row::end_of_local_steps(const Core& core, const CompiledProgram& program, Cycle from) const {
  for (std::uint32_t step = core.step; const CompiledVector* vector = next_local(program, step); ++step) {
    const Cycle beats = (vector->source.length + vector->lanes - 1) / vector->lanes;
    from += std::max(startup_of(core, *vector), 1U) + beats;
    if (!vector->brief) break;
  }
  return from;
}

// What a core that coasts did before this cycle.
void Row::catch_up(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now) {
  Thread& thread = threads_[core.thread + core.lone_slot];
  for (;;) {
    if (thread.phase == ThreadPhase::running) catch_up_beats(x, core, thread, now);
    if (core.lone_slot != 0 || thread.phase == ThreadPhase::running) return;
    const Cycle at = thread.phase == ThreadPhase::finishing ? thread.wake : core.ready;
    const CompiledVector* const next = next_local(program, core.step);
    if (at >= now || next == nullptr) return;
    if (thread.phase == ThreadPhase::finishing) finish(core, thread);
    issue(core, thread, *next, at);
    thread.wake = std::max({thread.wake, core.datapath_free, shorten(at + 1)});
    end_ = std::max<Cycle>(end_, thread.wake);
  }
}

// The beats of a thread that coasts, as far as they began before this cycle.
void Row::catch_up_beats(std::uint32_t x, Core& core, Thread& thread, Cycle now) {
  if (thread.wake >= now) return;
  const CompiledVector& vector = *thread.vector;
  const std::uint32_t length = vector.source.length;
  Cycle at = thread.wake;
  std::uint32_t end = thread.done;
  if (vector.even) {
    const Cycle each = cycles_of_beat(core, thread);
    const Cycle left = (length - end + vector.lanes - 1) / vector.lanes;
    const Cycle beats = std::min(left, (now - at + each - 1) / each);
    at += beats * each;
    end = static_cast<std::uint32_t>(std::min<Cycle>(length, end + beats * vector.lanes));
  } else {
    const Placement placement = placement_of(core, thread);
    for (; at < now && end < length; end += beat_elements(vector.source, end, vector.lanes))
      at += beat_cycles(vector.source, end, context_.plan->parameters, placement);
  }
  core.datapath += static_cast<std::uint32_t>(at - thread.wake);
  core.datapath_free = thread.wake = shorten(at);
  core.turn = vector.thread;
  end_ = std::max(end_, at);
  if (vector.compact) {
    compute_until(core, thread, end);
  } else {
    while (thread.done < end) (void)compute_beat(x, core, thread);
  }
  if (end < length) return;
  thread.phase = ThreadPhase::finishing;
  core.last_end = thread.wake;
}

void Row::catch_up_to(Cycle now) {
  for (std::uint32_t w = 0; w < words_; ++w) {
    for_each_bit(coasting_[w], [&](std::uint32_t i) {
      const std::uint32_t x = w * kWordBits + i;
      catch_up(x, cores_[x], context_.programs.all[cores_[x].program], now);
    });
  }
}

// The first cycle in which this thread may have a beat; kNever if it is not known what it waits for comes, by
// which the core is woken.
Cycle Row::expect_beat(std::uint32_t x, const Core& core, const CompiledProgram& program,
                       const Thread& thread, Cycle now) {
  const Cycle chance = std::max<Cycle>({now + 1, thread.wake, core.datapath_free});
  if (thread.wake > now + 1) return chance;
  const Want want = want_of(x, core, program, thread);
  if (want.lack == Lack::nothing) return chance;
  watch(x, want);
  return kNever;
}

// Whether the turn comes to a thread before it comes to the other.
bool Row::goes_first(const Core& core, const CompiledProgram& program, const Thread& thread,
                     const Thread& other) const {
  const std::size_t numbers = program.thread_slot.size();
  // After the one whose turn is next.
  const auto turns = [&](const Thread& it) {
    const std::size_t number = it.vector->thread;
    return number > core.turn ? number - core.turn : number + numbers - core.turn;
  };
  return turns(thread) < turns(other);
}

void Row::watch(std::uint32_t x, const Want& want) {
  if (want.lack == Lack::fifo) return;  // changes only when the core is looked at
  Lane& lane = *lanes_[want.color];
  set_bit(want.lack == Lack::wavelet ? lane.reading : lane.writing, x);
  set_bit(watched_, x);
}

// A wavelet that is there starts nothing before some task is unblocked.
void Row::watch_for_tasks(std::uint32_t x, const CompiledProgram& program) {
  if (!program.has_data_tasks) return;
  for (const std::uint8_t color : program.task_color) {
    if (color != kNoColor && !lanes_[color]->input.is_ready(x)) watch(x, {Lack::wavelet, color});
  }
}

void Row::stop_watching(std::uint32_t x) {
  clear_bit(watched_, x);
  for (Lane* lane : used_) {
    if (!lane->covers(x)) continue;
    if (!lane->reading.empty()) clear_bit(lane->reading, x);
    if (!lane->writing.empty()) clear_bit(lane->writing, x);
  }
}

// PEs of a word to which something came that they were watched for.
Word Row::woken(std::uint32_t w) const {
  Word woken = 0;
  for (const Lane* lane : used_) {
    if (w >= lane->words) continue;
    if (lane->input.exists() && lane->reading[w] != 0) woken |= lane->reading[w] & lane->input.ready(w);
    if (lane->output.exists() && lane->writing[w] != 0)
      woken |= lane->writing[w] & ~lane->output.queue.full(w);
  }
  return woken & watched_[w];
}

}  // namespace wafersim::fast
