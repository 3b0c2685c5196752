// A station: trains pass it one after the other, at its rate.
#pragma once

#include <cstdint>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/stream/part.hpp"
#include "wafersim/stream/stamp.hpp"
#include "wafersim/stream/train.hpp"

namespace wafersim {

enum class Serving {
  store_and_forward,  // a chunk is served only when all of it has arrived
  cut_through,        // a chunk is served while it arrives
};

struct StationSpec {
  Part part{};
  BytesPerSecond rate;
  Picoseconds latency;  // from leaving the station to arriving at the next; counts as fill
  Serving serving{Serving::store_and_forward};
  bool updates{false};  // it works for the optimizer
};

struct StationStats {
  Bytes bytes;
  Picoseconds busy;  // time in which bytes were moved at the full rate
};

// The load that a train means for a station: mostly its bytes, but an update touches more bytes than arrive.
struct Load {
  Bytes total;
  Bytes each;          // of one chunk
  std::uint32_t op{};  // whose it is: index in the step's program
};

// When a station was at work on a train.
struct Span {
  std::uint32_t op{};  // in the step's program
  Picoseconds begin;
  Picoseconds end;
};

// Chunks are served first come, first served; a chunk leaves when it has been served completely.
// Time is an argument: the same passages always give the same answers.
class Station {
 public:
  Station(const StationSpec& spec, Trail& trail) : spec_{spec}, trail_{&trail} {}

  // When the train that arrives as `in` has left this station and arrived at the next.
  Passage pass(const Passage& in, const Load& load);

  // The same without the latency to the next, and without passing: the answer to "when would it have left?".
  [[nodiscard]] Passage serve(const Passage& in, const Load& load) const;

  // The next station took the last chunk only at `tail` (as arrived there): until then this one was blocked.
  void hold_until(const Stamp& tail);

  [[nodiscard]] const Stamp& free_at() const { return free_; }
  [[nodiscard]] const StationStats& stats() const { return stats_; }
  // One span per train, if the trail keeps times.
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
  [[nodiscard]] const StationSpec& spec() const { return spec_; }

 private:
  StationSpec spec_;
  // How long a load is served.
  struct Times {
    Picoseconds each;  // one chunk of it
    Picoseconds total;
  };
  [[nodiscard]] Times times_of(const Load& load) const;
  [[nodiscard]] Passage serve(const Passage& in, const Load& load, const Times& times) const;
  [[nodiscard]] Passage serve_whole_chunks(const Passage& in, const Times& times) const;
  [[nodiscard]] Passage serve_while_arriving(const Passage& in, const Load& load, const Times& times) const;

  Trail* trail_;
  Stamp free_;
  StationStats stats_;
  std::vector<Span> spans_;
};

// Load of a train that is simply moved.
[[nodiscard]] constexpr Load moved(const Train& train) {
  return {.total = train.bytes, .each = train.each(), .op = train.op};
}

}  // namespace wafersim
