// One row of the grid in the fast engine: its routers and cores, in bit planes and arrays.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wafersim/mesh/engine.hpp"

#include "compiled.hpp"
#include "element_loop.hpp"
#include "fifo_row.hpp"
#include "link_comparison.hpp"
#include "page_array.hpp"
#include "row_engine.hpp"

namespace wafersim::fast {

using Cycle = std::uint64_t;
// Cores and threads remember cycles in half the space. A later one is kept as the last of all, which no run
// reaches.
using ShortCycle = std::uint32_t;
inline constexpr Cycle kLastCycle = ~ShortCycle{0};
[[nodiscard]] inline ShortCycle shorten(Cycle cycle) {
  return static_cast<ShortCycle>(std::min(cycle, kLastCycle));
}
inline constexpr std::uint32_t kHostLine = 16;  // words in a line of the host's cache
inline constexpr Cycle kNever = ~Cycle{0};
using Wheel = std::uint32_t;  // of timers: one bit a cycle
inline constexpr std::uint32_t kWheelTurn = 32;
inline constexpr std::uint8_t kNoLook = 0xff;

// What all rows share and none changes.
struct RowContext {
  const MeshPlan* plan{};
  CompiledPrograms programs;
  std::vector<bool> carries_control;  // per color of the plan: some wavelet may carry the control bit
  MaskedCopy copy{};
  bool arithmetic = true;  // FastEngineOptions::arithmetic
  std::uint32_t words{};   // of a plane
};

// One color in one row.
struct Lane {
  std::size_t index{};    // of the color in the plan
  std::uint32_t words{};  // of its planes: up to the last PE that has the color
  // Where the color is taken from, at the position of arrivals, and where it goes, at the position of
  // departures. Empty for ports that no route of the row names.
  std::array<Plane, kPorts> accepts;
  std::array<Plane, kPorts> sends;
  FifoRow router;
  RampRow input;
  RampRow output;
  Plane reading, writing;  // PEs that stream from or to this color, or are watched for it
  // Decisions of the cycle under way.
  Plane fire, fire_north, fire_south, fire_control, inject;
  std::vector<std::uint32_t> moving;  // heads of the routers for the rows north and south
  Word asks{}, takes{};               // of the word whose links are being dealt out
  bool live = false;                  // some router or output queue is not empty
  bool fires = false;
  bool injects = false;
  // Routers whose route has several positions.
  Members switched;
  struct Switch {
    std::uint16_t route{};
    std::uint8_t accepts{}, sends{};  // positions
  };
  std::vector<Switch> switches;

  [[nodiscard]] bool ever_sends(Port port) const { return !sends[index_of(port)].empty(); }
  [[nodiscard]] Word accepting(Port port, std::uint32_t w) const {
    const Plane& plane = accepts[index_of(port)];
    return plane.empty() ? 0 : plane[w];
  }
  [[nodiscard]] Word sending(Port port, std::uint32_t w) const {
    const Plane& plane = sends[index_of(port)];
    return plane.empty() ? 0 : plane[w];
  }
  [[nodiscard]] bool is_accepting(Port port, std::uint32_t x) const {
    return ((accepting(port, x / kWordBits) >> (x % kWordBits)) & 1U) != 0;
  }
  [[nodiscard]] bool is_sending(Port port, std::uint32_t x) const {
    return ((sending(port, x / kWordBits) >> (x % kWordBits)) & 1U) != 0;
  }
  [[nodiscard]] bool covers(std::uint32_t x) const { return x / kWordBits < words; }
  [[nodiscard]] const Switch* switch_at(std::uint32_t x) const {
    return switches.empty() || !covers(x) || !switched.contains(x) ? nullptr : &switches[switched.number(x)];
  }
  [[nodiscard]] Switch* switch_at(std::uint32_t x) {
    return const_cast<Switch*>(static_cast<const Lane&>(*this).switch_at(x));
  }
};

// PEs that would take a wavelet of the color from this side in this cycle.
[[nodiscard]] inline Word room(const Lane& lane, Port side, std::uint32_t w) {
  return lane.accepting(side, w) & ~lane.router.full(w);
}

// Two colors that may want the same link of a router of this row, in the order of their numbers.
struct Rivals {
  Lane* first{};
  Lane* second{};
  Plane second_goes_first;  // the second one fired longer ago; up to the last word with such a router

  [[nodiscard]] bool meet_in(std::uint32_t w) const { return w < second_goes_first.size(); }
  // PEs of a word where both would go out over one link now.
  [[nodiscard]] Word share(std::uint32_t w) const {
    Word links = 0;
    for (const Port port : kAllPorts) links |= first->sending(port, w) & second->sending(port, w);
    return links;
  }
};

// The outward link of the row's first or last PE, where the layout uses it.
struct EdgeLink {
  Port side{};
  std::uint32_t x{};
  EdgeQueue queue;
  std::vector<EdgeWavelet> departed;
  bool enters = false;  // decision of the cycle under way
};

class Row {
 public:
  Row(const RowContext& context, std::uint32_t y);

  // Decides what moves in this cycle from the state at its start; neighbours may be null.
  void decide(Cycle now, const Row* north, const Row* south);
  // Makes it happen. Neighbours must have decided, too.
  void commit(Cycle now, Row* north, Row* south);

  // True if nothing could have changed since the last cycle: no need to visit it.
  [[nodiscard]] bool needs_visit(Cycle now, const Row* north, const Row* south) const;
  [[nodiscard]] Cycle next_timer(Cycle now) const;
  [[nodiscard]] Cycle last_active() const { return last_active_; }
  [[nodiscard]] Cycle end() const { return end_; }
  [[nodiscard]] bool is_finished() const;
  // True if color indices of this row leave for, or arrive from, the row to the south.
  [[nodiscard]] bool is_linked_to(const Row& south) const;

  void write_memory(std::uint32_t x, std::uint32_t address, std::span<const std::uint32_t> words);
  [[nodiscard]] std::vector<std::uint32_t> read_memory(std::uint32_t x, std::uint32_t address,
                                                       std::uint32_t words) const;
  void line_up(Port side, std::span<const EdgeWavelet> wavelets) { edge(side)->queue.push(wavelets); }
  [[nodiscard]] std::vector<EdgeWavelet> outside(Port side) const;
  [[nodiscard]] std::vector<Cycles> take_crossings(Port side);
  [[nodiscard]] std::vector<EdgeWavelet> take_departures(Port side);
  [[nodiscard]] const MeshCounts& counts() const { return counts_; }
  [[nodiscard]] RowRecord record() const;
  // What happens on the links to the south is told to a comparison, as of its upper or its lower ones.
  void compare_south_as_upper(LinkComparison& comparison) {
    upper_south_ = &comparison;
    held_south_.assign(lanes_.size() * words_, 0);
  }
  void compare_south_as_lower(LinkComparison& comparison) {
    lower_south_ = &comparison;
    held_south_.assign(lanes_.size() * words_, 0);
  }
  void remember_rests() { remembers_rests_ = true; }
  [[nodiscard]] const std::vector<Rest>& rests() const { return rests_; }
  [[nodiscard]] PeActivity activity(std::uint32_t x) const;
  [[nodiscard]] PeState state(std::uint32_t x) const;
  [[nodiscard]] std::size_t state_bytes() const;
  // Brings all cores to the start of this cycle, as if each cycle before had been looked at.
  void catch_up_to(Cycle now);

 private:
  enum class ThreadPhase : std::uint8_t { idle, running, finishing };
  struct Thread {
    const CompiledVector* vector{};
    ShortCycle wake{};
    std::uint32_t done{};
    std::uint32_t displacement{};  // of source a
    ThreadPhase phase = ThreadPhase::idle;
  };
  struct Core {          // a line of the host's cache
    ShortCycle ready{};  // when the task can take its next step
    ShortCycle datapath_free{};
    ShortCycle first_start{}, last_end{};
    std::uint32_t step = kNowhere;  // of the running task
    std::uint32_t memory{};         // first word
    std::uint32_t thread{};         // first of its threads
    std::uint32_t pending{}, blocked{};
    std::uint32_t dispatch{}, scalar{}, startup{}, datapath{};
    std::uint32_t registers{};  // first of its registers
    std::uint16_t program{};
    std::uint8_t turn{};           // thread that had the last beat
    std::uint8_t task = kNoColor;  // runs or ran last
    std::uint8_t lone_slot{};      // of the thread that streams or coasts
    std::uint8_t look = kNoLook;   // place in the wheel of the next look; all others are out of date
    std::uint8_t turns{};          // of the wheel until then
    bool in_task : 1 = false;
    bool started : 1 = false;
    bool task_is_loaded : 1 = false;
  };
  static_assert(sizeof(Core) == kHostLine * sizeof(std::uint32_t));

  // row_router.cpp
  void build_lanes(std::uint32_t y);
  void build_lane(Lane& lane, std::size_t color, std::uint32_t y);
  void add_route(Lane& lane, std::uint32_t x, const Route& positions);
  void add_switches(Lane& lane, std::size_t color, std::uint32_t y);
  void build_ramps(std::uint32_t y);
  void find_ready(Lane& lane, const Lane* north, const Lane* south);
  [[nodiscard]] Word blocked_word(const Lane& lane, const Lane* north, const Lane* south,
                                  std::uint32_t w) const;
  void find_rivals(std::uint32_t y);
  void settle_contention();
  void settle_word(std::uint32_t w);
  void remember_who_fired();
  void settle_ramp();
  void settle_injector(std::uint32_t x);
  void take_heads(Lane& lane);
  void move_lane(std::size_t color, Cycle now, const Row* north, const Row* south);
  void note_arrival_at_rest(Cycle now, const Row& north);
  [[nodiscard]] bool is_compared() const { return upper_south_ != nullptr || lower_south_ != nullptr; }
  void compare_south(const LinkEvent& event) const;
  void compare_sent_south(const Lane& lane, std::uint32_t w, Cycle now) const;
  void compare_held_south(Cycle now, const Row& south);
  void leave(Lane& lane);
  void arrive(Lane& lane, std::uint32_t w, Word mask, const std::uint32_t* values, Word control);
  void advance_departures(Lane& lane, std::uint32_t w, Word mask);
  void advance_arrivals(Lane& lane, std::uint32_t w, Word mask);
  void end_cycle(Cycle now);
  void note(Cycle now, Cycle busy_until);
  [[nodiscard]] const Lane* lane_of(const Row* row, std::size_t color) const;

  // row_edge.cpp
  void build_edges(std::uint32_t y);
  [[nodiscard]] EdgeLink* edge(Port side);
  [[nodiscard]] Cycle next_edge_arrival(Cycle now) const;
  void decide_edges(Cycle now);
  void enter_from_edges(Cycle now);
  void leave_over_edges(const Lane& lane, Cycle now);
  // PEs of a word whose link to the east, or west, leads out of the grid.
  [[nodiscard]] Word east_rim(std::uint32_t w) const {
    return w + 1 == words_ ? Word{1} << ((width_ - 1) % kWordBits) : 0;
  }
  [[nodiscard]] static Word west_rim(std::uint32_t w) { return w == 0 ? 1 : 0; }
  [[nodiscard]] std::size_t lane_index(Color color) const;

  // row_core.cpp, row_wait.cpp, row_beat.cpp
  void build_cores(std::uint32_t y);
  void wake_cores(Cycle now);
  [[nodiscard]] Word due(std::uint32_t w, Cycle slot);
  void evaluate(std::uint32_t x, Cycle now);
  void finish_threads(Core& core, const CompiledProgram& program, Cycle now);
  static void finish(Core& core, Thread& thread);
  void try_beat(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now);
  // What a running thread waits for, beside its own time and the datapath.
  enum class Lack : std::uint8_t { nothing, wavelet, room, fifo };
  struct Want {
    Lack lack = Lack::nothing;
    std::uint8_t color = kNoColor;
  };
  [[nodiscard]] Want want_of(std::uint32_t x, const Core& core, const CompiledProgram& program,
                             const Thread& thread) const;
  [[nodiscard]] std::uint32_t cycles_of_beat(const Core& core, const Thread& thread) const;
  void step_task(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now);
  void launch(Core& core, const CompiledProgram& program, const CompiledVector& vector, Cycle now);
  [[nodiscard]] std::uint32_t startup_of(const Core& core, const CompiledVector& vector) const {
    return core.task_is_loaded ? context_.plan->parameters.loaded_startup : vector.startup;
  }
  void issue(Core& core, Thread& thread, const CompiledVector& vector, Cycle now);
  void pick_task(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now);
  void plan_next(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now);
  [[nodiscard]] Cycle next_step(const Core& core, const CompiledProgram& program, Cycle now) const;
  [[nodiscard]] bool can_stream(const Core& core, const CompiledProgram& program, const Thread& thread) const;
  [[nodiscard]] Cycle coast(std::uint32_t x, Core& core, const CompiledProgram& program, std::uint32_t slot,
                            Cycle now);
  [[nodiscard]] static const CompiledVector* next_local(const CompiledProgram& program, std::uint32_t step);
  [[nodiscard]] bool is_about_to_coast(const Core& core, const CompiledProgram& program, Cycle now) const;
  [[nodiscard]] Cycle end_of_local_steps(const Core& core, const CompiledProgram& program, Cycle from) const;
  void catch_up(std::uint32_t x, Core& core, const CompiledProgram& program, Cycle now);
  void catch_up_beats(std::uint32_t x, Core& core, Thread& thread, Cycle now);
  [[nodiscard]] Cycle expect_beat(std::uint32_t x, const Core& core, const CompiledProgram& program,
                                  const Thread& thread, Cycle now);
  [[nodiscard]] bool goes_first(const Core& core, const CompiledProgram& program, const Thread& thread,
                                const Thread& other) const;
  void watch(std::uint32_t x, const Want& want);
  void watch_for_tasks(std::uint32_t x, const CompiledProgram& program);
  void stop_watching(std::uint32_t x);
  [[nodiscard]] Word woken(std::uint32_t w) const;
  // The next step cannot be taken before a microthread does something.
  [[nodiscard]] bool waits_for_microthread(const Core& core, const CompiledProgram& program) const;
  [[nodiscard]] bool is_started(std::uint32_t x, const Core& core, const CompiledProgram& program,
                                std::size_t task) const;
  // Number of the first of a core's FIFOs.
  [[nodiscard]] std::uint32_t& first_fifo(const Core& core) {
    return registers_[core.registers + kRegisters];
  }
  [[nodiscard]] FifoState& fifo(const Core& core, std::uint32_t number) {
    return fifos_[first_fifo(core) + number];
  }
  [[nodiscard]] const FifoState& fifo(const Core& core, std::uint32_t number) const {
    return fifos_[registers_[core.registers + kRegisters] + number];
  }
  // Tasks whose descriptors are in registers, one bit each.
  [[nodiscard]] std::uint32_t& loaded(const Core& core) {
    return registers_[core.registers + kRegisters + 1];
  }
  [[nodiscard]] Placement placement_of(const Core& core, const Thread& thread) const;
  [[nodiscard]] MemoryVector memory_of(const Core& core, const Operand& operand) const;
  void enter_stream(std::uint32_t x, Core& core, std::uint32_t slot);
  void leave_stream(std::uint32_t x, Core& core, Thread& thread, Cycle now);
  void stream(Cycle now);
  void stream_word(std::uint32_t w, Word mask, Cycle now);
  void schedule(std::uint32_t x, Cycle at, Cycle now);
  [[nodiscard]] std::uint32_t operand(const Core& core, const Operand& source, std::uint32_t displacement,
                                      std::uint32_t element, Precision precision,
                                      std::uint32_t lane_of_wavelet, std::uint32_t x) const;
  [[nodiscard]] std::uint32_t load(const Core& core, const MemoryVector& vector, std::uint32_t element,
                                   std::uint32_t bytes) const;
  void store(const Core& core, const MemoryVector& vector, std::uint32_t element, std::uint32_t bytes,
             std::uint32_t value);
  // Computes one beat of up to `lanes` elements; returns the wavelet for the fabric, if there is one.
  std::uint32_t compute_plain_beat(std::uint32_t x, const Core& core, Thread& thread);
  std::uint32_t compute_beat(std::uint32_t x, const Core& core, Thread& thread);
  // False where a run leaves its arithmetic out.
  [[nodiscard]] bool is_computed(const CompiledVector& vector) const;
  void pass_fifos(const Core& core, Thread& thread, std::uint32_t end);
  // Of a compact vector, what is left before element `end`.
  void compute_until(const Core& core, Thread& thread, std::uint32_t end);
  [[nodiscard]] Walk walk_of(const Core& core, const Operand& operand, std::uint32_t displacement,
                             std::uint32_t element, std::uint32_t bytes);

  const RowContext& context_;
  std::uint32_t width_;
  std::uint32_t words_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // per color of the plan; null where the row does not use it
  std::vector<Lane*> used_;
  std::vector<Rivals> rivals_;
  std::vector<std::uint8_t> injector_turn_;
  std::vector<EdgeLink> edges_;

  std::vector<Core> cores_;
  std::vector<Thread> threads_;
  PageArray memory_;
  std::vector<std::uint32_t>
      registers_;  // with the two below behind each PE's own, where a program needs them
  std::vector<FifoState> fifos_;
  std::vector<std::uint32_t> result_;  // of the beats of one word of PEs
  Plane streaming_;
  Plane coasting_;            // one thread has all beats, and nobody looks
  Plane watched_;             // looked at when one of the colors they wait for has a wavelet, or room
  std::vector<Plane> wheel_;  // PEs to look at, by cycle modulo kWheelTurn
  Wheel wheel_used_{};

  Cycle decided_ = kNever;
  Cycle last_active_ = kNever;
  Cycle end_{};
  bool remembers_rests_ = false;
  bool arrived_ = false;  // something, from the north
  std::vector<Rest> rests_;
  LinkComparison* upper_south_{};
  LinkComparison* lower_south_{};
  std::vector<Word> held_south_;  // if compared: by color and word, what has no room there
  MeshCounts counts_;
};

}  // namespace wafersim::fast
