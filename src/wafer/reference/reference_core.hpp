// The core of one PE: memory, registers, queues, threads and tasks. Plain C++; a cycle is one call.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "wafersim/mesh/engine.hpp"
#include "wafersim/mesh/timing.hpp"

namespace wafersim::reference {

using Cycle = std::uint64_t;
using Wavelet = PeState::Wavelet;

// A queue at one end of the ramp: a wavelet can be taken `ramp_cycles` after it was put in.
struct RampQueue {
  struct Entry {
    Wavelet wavelet;
    Cycle ready{};
  };
  std::deque<Entry> entries;
  std::size_t capacity{};

  [[nodiscard]] bool is_full() const { return entries.size() >= capacity; }
  [[nodiscard]] bool has_ready(Cycle now) const { return !entries.empty() && entries.front().ready <= now; }
  [[nodiscard]] bool has_control() const { return entries.front().wavelet.control; }
  Wavelet take() {
    const Wavelet wavelet = entries.front().wavelet;
    entries.pop_front();
    return wavelet;
  }
};

class ReferenceCore {
 public:
  ReferenceCore(const Program& program, const MeshParameters& parameters);

  // What the core does in this cycle, seeing its queues as they were at the start of it.
  void step(Cycle now);

  [[nodiscard]] bool is_idle() const;
  // The first cycle in which something will happen without any wavelet moving, if there is one.
  [[nodiscard]] std::optional<Cycle> next_timer(Cycle now) const;
  // True if the last step did something, and until when that keeps the core busy.
  [[nodiscard]] bool acted() const { return acted_; }
  [[nodiscard]] Cycle busy_until() const { return busy_until_; }

  std::map<Color, RampQueue> inputs;
  std::map<Color, RampQueue> outputs;
  std::vector<std::uint32_t> memory;
  MeshCounts counts;
  PeActivity activity;

  void describe(PeState& state) const;
  [[nodiscard]] int running_task() const { return task_ ? static_cast<int>(*task_) : -1; }

 private:
  struct Thread {
    const VectorInstruction* vector{};  // null: idle
    Cycle wake{};
    std::uint32_t done{};
    bool finishing = false;
    std::uint32_t displacement{};  // of source a
  };

  void retire(Cycle now);
  void beat(Cycle now);
  void task_step(Cycle now);
  void pick(Cycle now);
  void issue(const VectorInstruction& vector, Cycle now);
  void act(Cycle busy_until);
  [[nodiscard]] bool can_beat(const Thread& thread, Cycle now) const;
  // The next instruction of the task cannot be issued before another thread does something.
  [[nodiscard]] bool waits_for_thread() const;
  [[nodiscard]] Placement placement_of(const Thread& thread) const;
  [[nodiscard]] bool is_started(const Task& task, std::uint32_t mask, Cycle now) const;
  [[nodiscard]] std::uint32_t element_of(const Source& source, const Thread& thread, std::uint32_t lane,
                                         std::uint32_t wavelet) const;
  void run_beat(Thread& thread, Cycle now);
  [[nodiscard]] std::uint32_t load(std::uint32_t address, std::uint32_t bytes) const;
  void store(std::uint32_t address, std::uint32_t bytes, std::uint32_t value);
  [[nodiscard]] static std::size_t number(const VectorInstruction& vector) {
    return vector.thread ? 1 + static_cast<std::size_t>(*vector.thread) : 0;
  }

  const Program& program_;
  const MeshParameters& parameters_;
  std::vector<Thread> threads_;  // [0]: the task's own
  std::array<std::uint32_t, kRegisters> registers_{};
  std::size_t turn_{};
  Cycle datapath_free_{};
  std::optional<std::size_t> task_;  // running
  std::optional<std::size_t> last_;  // running or last run
  std::size_t next_instruction_{};
  Cycle ready_{};
  std::uint32_t pending_{}, blocked_{};
  std::uint32_t loaded_{};        // tasks whose descriptors are in registers
  bool task_is_loaded_ = false;   // the running one's were, when it began
  std::vector<FifoState> fifos_;  // of the program
  bool started_ = false;
  bool acted_ = false;
  Cycle busy_until_{};
};

}  // namespace wafersim::reference
