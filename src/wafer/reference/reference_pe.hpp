// One PE as a SystemC module: a router with five ports and a core, ports to the four neighbours.
#pragma once

#include <iosfwd>
#include <systemc>

#include "reference_core.hpp"

namespace wafersim::reference {

// What a link carries in a cycle.
struct LinkSignal {
  bool valid = false;
  Color color{};
  Wavelet wavelet;
  friend bool operator==(const LinkSignal&, const LinkSignal&) = default;
};
std::ostream& operator<<(std::ostream& out, const LinkSignal& signal);
void sc_trace(sc_core::sc_trace_file* file, const LinkSignal& signal, const std::string& name);

// On the rising edge everything is decided from registered state; on the falling edge it happens.
class ReferencePe final : public sc_core::sc_module {
 public:
  sc_core::sc_in<bool> clock{"clock"};
  sc_core::sc_vector<sc_core::sc_in<LinkSignal>> in{"in", kLinks};
  sc_core::sc_vector<sc_core::sc_out<LinkSignal>> out{"out", kLinks};
  // One bit per color: a wavelet would be taken in this cycle.
  sc_core::sc_vector<sc_core::sc_in<std::uint32_t>> room_beyond{"room_beyond", kLinks};
  sc_core::sc_vector<sc_core::sc_out<std::uint32_t>> room{"room", kLinks};

  ReferencePe(const sc_core::sc_module_name& name, const MeshPlan& plan, PeAt at);

  [[nodiscard]] ReferenceCore& core() { return core_; }
  [[nodiscard]] const ReferenceCore& core() const { return core_; }
  // Shows the fill of the queues, the task and the beats of this PE in a waveform.
  void add_to_trace(sc_core::sc_trace_file* file);

  [[nodiscard]] MeshCounts counts() const;
  [[nodiscard]] PeState state() const;
  [[nodiscard]] bool is_finished() const;
  // Something moved or happened in the last cycle, or is on the ramp.
  [[nodiscard]] bool was_active() const { return active_; }
  [[nodiscard]] Cycle busy_until() const { return std::max(busy_until_, core_.busy_until()); }
  [[nodiscard]] std::optional<Cycle> next_timer() const { return core_.next_timer(now_ - 1); }

 private:
  struct RouterColor {
    Color color{};
    const Route* route{};
    std::deque<Wavelet> queue;
    std::size_t accepts{};  // switch position for arrivals
    std::size_t sends{};    // switch position for departures
    bool fires = false;
    Cycle fired{};  // the cycle after the last one in which it fired; 0: never
    bool injects = false;
    // As traced: wavelets in the router, and in the queues between it and the core.
    std::uint32_t filled{}, input_filled{}, output_filled{};
  };

  void decide();
  void happen();
  void decide_router();
  void decide_ramp();
  void drive_links();
  [[nodiscard]] bool outputs_have_room(const RouterColor& color) const;
  void move_out();
  void accept(RouterColor& color, Wavelet wavelet);
  void publish_room();
  void note_for_trace();
  [[nodiscard]] bool takes_from(const RouterColor& color, Port port) const;

  // True if this link leads out of the grid.
  [[nodiscard]] bool is_rim(Port port) const;

  const MeshPlan& plan_;
  PeAt at_;
  ReferenceCore core_;
  std::vector<RouterColor> colors_;  // of the plan; route null where this router does not have the color
  std::size_t ramp_turn_{};
  Cycle now_{};
  bool active_ = true;
  Cycle busy_until_{};
  MeshCounts counts_;
  bool traced_ = false;
  int traced_task_ = -1;
  std::uint32_t traced_datapath_{};
  bool traced_beat_ = false;
};

}  // namespace wafersim::reference
