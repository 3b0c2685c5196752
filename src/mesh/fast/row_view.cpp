// What a row shows to the outside: activity, state, size.
#include "row.hpp"

namespace wafersim::fast {
namespace {

template <class T>
std::size_t bytes_of(const std::vector<T>& items) {
  return items.capacity() * sizeof(T);
}

std::size_t bytes_of(const Lane& lane) {
  std::size_t bytes = sizeof(Lane) + lane.router.bytes() + lane.input.bytes() + lane.output.bytes();
  for (const Plane& plane : lane.accepts) bytes += bytes_of(plane);
  for (const Plane& plane : lane.sends) bytes += bytes_of(plane);
  for (const Plane* plane : {&lane.reading, &lane.writing, &lane.fire, &lane.fire_north, &lane.fire_south,
                             &lane.fire_control, &lane.inject}) {
    bytes += bytes_of(*plane);
  }
  return bytes + bytes_of(lane.moving) + lane.switched.bytes() + bytes_of(lane.switches);
}

std::vector<PeState::Wavelet> wavelets(const FifoRow& queue, std::uint32_t x) {
  std::vector<PeState::Wavelet> result;
  if (!queue.exists()) return result;
  for (std::uint32_t i = 0; i < queue.count(x); ++i) {
    const auto [value, control] = queue.at(i, x);
    result.push_back({value, control});
  }
  return result;
}

}  // namespace

bool Row::is_finished() const {
  for (const Core& core : cores_) {
    if (core.in_task || core.pending != 0) return false;
  }
  for (const Thread& thread : threads_) {
    if (thread.phase != ThreadPhase::idle) return false;
  }
  for (const EdgeLink& edge : edges_) {
    if (!edge.queue.empty()) return false;
  }
  for (const Lane* lane : used_) {
    for (const FifoRow* queue : {&lane->router, &lane->input.queue, &lane->output.queue}) {
      for (std::uint32_t w = 0; queue->exists() && w < lane->words; ++w) {
        if (queue->any(w) != 0) return false;
      }
    }
  }
  return true;
}

RowRecord Row::record() const {
  RowRecord result;
  result.counts = counts_;
  result.end = end_;
  return result;
}

PeActivity Row::activity(std::uint32_t x) const {
  const Core& core = cores_[x];
  PeActivity result{.first_start = core.first_start,
                    .last_end = core.last_end,
                    .dispatch = core.dispatch,
                    .scalar = core.scalar,
                    .startup = core.startup,
                    .datapath = core.datapath};
  if (bit(streaming_, x)) {
    const Thread& thread = threads_[core.thread + core.lone_slot];
    result.datapath += thread.done / thread.vector->lanes;
  }
  return result;
}

PeState Row::state(std::uint32_t x) const {
  PeState result;
  for (std::size_t color = 0; color < lanes_.size(); ++color) {
    PeState::ColorState entry;
    entry.color = context_.plan->colors[color];
    if (const Lane* lane = lanes_[color].get(); lane != nullptr && lane->covers(x)) {
      if (const Lane::Switch* positions = lane->switch_at(x); positions != nullptr) {
        entry.accepts_position = positions->accepts;
        entry.sends_position = positions->sends;
      }
      entry.router = wavelets(lane->router, x);
      entry.input = wavelets(lane->input.queue, x);
      entry.output = wavelets(lane->output.queue, x);
    }
    result.colors.push_back(std::move(entry));
  }
  const Core& core = cores_[x];
  const CompiledProgram& program = context_.programs.all[core.program];
  for (std::uint32_t number = 0; core.program != 0 && number < program.thread_slot.size(); ++number) {
    const std::uint8_t slot = program.thread_slot[number];
    if (slot == kNoColor) continue;
    const Thread& thread = threads_[core.thread + slot];
    if (thread.phase != ThreadPhase::running) continue;
    const VectorInstruction& source = thread.vector->source;
    PeState::ThreadState entry;
    entry.thread = number;
    entry.done = thread.done;
    entry.length = source.length;
    const auto a = color_of(source.a);
    entry.reads = a ? a : color_of(source.b);
    entry.writes = written_color(source);
    result.threads.push_back(entry);
  }
  if (core.in_task) result.task = static_cast<TaskId>(core.task);
  result.pending = core.pending;
  result.blocked = core.blocked;
  return result;
}

std::size_t Row::state_bytes() const {
  std::size_t bytes = sizeof(Row) + bytes_of(cores_) + bytes_of(threads_) + bytes_of(registers_) +
                      bytes_of(result_) + bytes_of(rivals_) + bytes_of(injector_turn_) +
                      (3 + wheel_.size()) * bytes_of(streaming_);
  for (const Lane* lane : used_) bytes += bytes_of(*lane);
  for (const Rivals& pair : rivals_) bytes += bytes_of(pair.second_goes_first);
  return bytes;
}

}  // namespace wafersim::fast
