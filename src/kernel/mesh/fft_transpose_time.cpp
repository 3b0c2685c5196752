// Follows the steps of an exchange along the line, one way after the other.
#include <algorithm>
#include <vector>

#include "fft_transpose.hpp"

namespace wafersim {
namespace {

// One way along a line, as its PEs see it: place 0 lies at the beginning, behind all others, and place i
// passes on the numbers of i PEs.
class OneWay {
 public:
  OneWay(std::vector<std::uint64_t> starts, const MeshParameters& parameters)
      : ends_{std::move(starts)},
        first_beat_(ends_.size()),
        held_(ends_.size()),
        own_{kOwnScalars + parameters.instruction_startup},
        pass_{kPassScalars + parameters.instruction_startup},
        hop_{2ULL * parameters.ramp_cycles + 2},
        room_{parameters.input_queue_depth + parameters.output_queue_depth + 2 * parameters.ramp_cycles} {}

  // All PEs in front of the receiver send it their number.
  void step(std::uint32_t receiver) {
    begin(receiver);
    // Who passes a wavelet on has to wait for the next PE, whose beats may wait for the one behind it.
    if (receiver > 0) held_[receiver - 1] = first_beat_[receiver];
    for (std::uint32_t i = receiver; i > 1; --i)
      held_[i - 2] = std::max(first_beat_[i - 1] + room_, held_[i - 1] + kComplexWords) - room_;
    finish(receiver);
  }

  [[nodiscard]] const std::vector<std::uint64_t>& ends() const { return ends_; }

 private:
  // First beats of what each PE passes on: it is ready, and its neighbour's number has come.
  void begin(std::uint32_t receiver) {
    std::uint64_t came = 0;
    for (std::uint32_t i = 0; i < ends_.size(); ++i) {
      ends_[i] += kChoiceScalars;
      if (i > receiver) continue;
      const std::uint64_t own = ends_[i] + own_;
      const std::uint64_t ready = i == receiver ? ends_[i] : own + kComplexWords;
      first_beat_[i] = i == 0 ? ready : std::max(ready + pass_, came);
      came = own + hop_;
    }
  }

  // Last beats: one for each wavelet, none before the last one has come, and none of those that the queues
  // cannot hold before the next PE takes them.
  void finish(std::uint32_t receiver) {
    for (std::uint32_t i = 0; i <= receiver; ++i) {
      std::uint64_t end = first_beat_[i] + std::uint64_t{kComplexWords} * i;
      if (i > 0) end = std::max(end, ends_[i - 1] + hop_);
      const std::uint64_t sent = std::uint64_t{kComplexWords} * (i + 1);
      if (i < receiver && sent > room_) end = std::max(end, held_[i] + sent - room_);
      ends_[i] = end;
    }
  }

  std::vector<std::uint64_t> ends_, first_beat_, held_;
  std::uint64_t own_, pass_;
  std::uint64_t hop_;   // from a beat of one core to that of the next
  std::uint64_t room_;  // wavelets between two cores, in their queues and ramps
};

}  // namespace

std::uint64_t line_transpose_cycles(std::uint32_t pes, const MeshParameters& parameters) {
  const std::uint64_t own_move = kOwnScalars + parameters.instruction_startup + kComplexWords;
  std::vector<std::uint64_t> ends(pes, own_move);
  for (const bool up : {true, false}) {
    OneWay way{ends, parameters};
    for (std::uint32_t k = 0; k < pes; ++k) {
      const std::uint32_t receiver = reversed_bits(k, pes);
      way.step(up ? receiver : pes - 1 - receiver);
    }
    // The way back begins at the other end.
    ends.assign(way.ends().rbegin(), way.ends().rend());
  }
  return *std::max_element(ends.begin(), ends.end());
}

}  // namespace wafersim
