// The wafer as a SystemC module: runs the step's operations one after the other, as their weights arrive.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <vector>

#include "wafersim/base/parse.hpp"
#include "wafersim/stream/buffer.hpp"
#include "wafersim/stream/faults.hpp"
#include "wafersim/stream/port.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/stream/station.hpp"
#include "wafersim/wafer/instant.hpp"

namespace wafersim {

struct WaferModuleSpec {
  Hertz clock;
  std::uint64_t lanes{};                       // of the node, that work
  std::vector<std::uint64_t> simulated_lanes;  // all, or one of each class of equal ones; ascending
  std::uint32_t steps{};
  Bytes chunk;
  Bytes receive_buffer;               // per lane
  Bytes gradient_buffer;              // per lane
  std::vector<StationSpec> links_up;  // the way out of each simulated lane
  // Instead of the operation's own cost, for the question "what if it were infinitely fast?".
  bool free_compute{false};
  bool free_fabric{false};
  bool free_fill{false};
  Fraction speed{Fraction::kOne};  // against the other wafers
  Fraction jitter{};               // each operation takes longer by a share drawn between 0 and this
  std::uint64_t jitter_seed{};     // of this wafer's draws
};

// Where the time of one operation went. `began` is the end of the operation before it.
struct OpRecord {
  Instant began;
  Instant ended;
  Cycles compute;  // as this wafer needs them
  Cycles fabric;
  Cycles fill;
  Waits stream_wait;    // for weights
  Waits gradient_wait;  // for room for gradients

  [[nodiscard]] Cycles busy() const { return compute + fabric + fill; }
};

struct WaferStats {
  std::uint64_t weights_received{};  // over the simulated lanes
  Bytes weight_bytes_received;
  std::uint64_t gradients_sent{};
  Bytes gradient_bytes_sent;
  Cycles busy;
};

class Wafer final : public sc_core::sc_module {
 public:
  Wafer(const sc_core::sc_module_name& name, const WaferModuleSpec& spec, const StepProgram& program,
        Trail& trail, Faults& faults);

  [[nodiscard]] InPort& weights_in(std::size_t lane) { return lanes_[lane]->in; }
  [[nodiscard]] OutPort& gradients_out(std::size_t lane) { return lanes_[lane]->out; }

  [[nodiscard]] bool finished() const { return step_ == spec_.steps; }
  // End of each step; step k lasts from the end of step k−1 (or time zero) to its own end.
  [[nodiscard]] const std::vector<Instant>& step_ends() const { return step_ends_; }
  // One record per operation, of the last step; empty unless they are kept.
  [[nodiscard]] const std::vector<OpRecord>& records() const { return records_; }
  [[nodiscard]] const WaferStats& stats() const { return stats_; }
  [[nodiscard]] const Station& link_up(std::size_t lane) const { return lanes_[lane]->link; }
  [[nodiscard]] const WaferClock& clock() const { return clock_; }
  // Cycles in which it is at work in one step.
  [[nodiscard]] Cycles busy_per_step() const;
  [[nodiscard]] Fraction speed() const { return spec_.speed; }
  void keep_records() { records_.resize(program_.ops.size()); }
  // What it waits for, for the message about a run that came to a halt.
  [[nodiscard]] std::string waiting_for() const;

 private:
  // The operation at `position` as this wafer runs it.
  struct Work {
    Cycles compute;
    Cycles fabric;
    Cycles fill;
  };
  struct Lane {
    Lane(Wafer& owner, std::size_t index, Trail& trail);
    std::uint64_t number;  // of the node's working lanes
    InPort in;
    OutPort out;
    Station link;
    Buffer received;
    Buffer outgoing;
    std::deque<std::pair<Train, Passage>> arrived;  // not yet used
    std::optional<std::pair<Train, Passage>> unanswered;
    std::uint64_t drained{};   // bytes of weights used up
    std::uint64_t sequence{};  // chunks of gradients sent
    std::uint64_t offset{};    // bytes of gradients sent
    Train sending;             // gradients under way
    Passage sending_passage;
  };

  void arrived(std::size_t index, const Train& train, const Passage& passage);
  void gradients_taken(std::size_t index, const Train& train, const Stamp& tail);
  void wake();
  void advance();
  [[nodiscard]] bool can_run() const;
  void run(const StepOp& op);
  void drain_weights(const StepOp& op, const Instant& start, const Instant& end, Cycles busy);
  void send_gradients(const StepOp& op, const Instant& start, const Instant& end, const Work& work);
  void finish(const Instant& end);
  void answer(Lane& lane) const;
  [[nodiscard]] Work work(std::size_t position) const;

  WaferModuleSpec spec_;
  const StepProgram& program_;
  Trail& trail_;
  Faults& faults_;
  WaferClock clock_;
  std::vector<std::uint64_t>
      longer_;  // by operation: billionths by which jitter makes it longer; empty: none
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::size_t position_{};
  std::uint32_t step_{};
  Instant now_;       // end of the last operation
  OpRecord running_;  // the operation whose gradients are not all taken yet
  Instant running_end_;
  std::size_t gradients_waited_for_{};
  bool advancing_{false};
  std::vector<Instant> step_ends_;
  std::vector<OpRecord> records_;
  WaferStats stats_;
  sc_core::sc_event wake_;
};

}  // namespace wafersim
