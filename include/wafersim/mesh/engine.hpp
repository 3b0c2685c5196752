// What every engine of the mesh can do: hold values, advance exactly, and answer what happened.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "wafersim/base/quantity.hpp"
#include "wafersim/mesh/edge.hpp"
#include "wafersim/mesh/layout.hpp"

namespace wafersim {

// Exact counts over the whole grid.
struct MeshCounts {
  std::uint64_t link_hops{};        // arrivals over links between routers
  std::uint64_t ramp_injections{};  // wavelets that entered a router from its core
  std::uint64_t ramp_deliveries{};  // wavelets that left a router for its core
  std::uint64_t edge_arrivals{};    // wavelets that entered a router from outside the grid
  std::uint64_t edge_departures{};  // wavelets that left the grid
  std::uint64_t instructions{};     // vector instructions issued
  std::uint64_t flops{};            // an add or a multiply counts 1, a multiply-accumulate 2
  std::uint64_t tasks{};            // tasks started

  [[nodiscard]] std::uint64_t landings() const { return link_hops + ramp_injections + edge_arrivals; }
  MeshCounts& operator+=(const MeshCounts& other) {
    link_hops += other.link_hops;
    ramp_injections += other.ramp_injections;
    ramp_deliveries += other.ramp_deliveries;
    edge_arrivals += other.edge_arrivals;
    edge_departures += other.edge_departures;
    instructions += other.instructions;
    flops += other.flops;
    tasks += other.tasks;
    return *this;
  }
  friend bool operator==(const MeshCounts&, const MeshCounts&) = default;
};

// Where one PE's cycles went; what is left of [first_start, last_end) is waiting.
struct PeActivity {
  std::uint64_t first_start{};  // first cycle of its first task
  std::uint64_t last_end{};     // first cycle after its last task or vector instruction
  std::uint32_t dispatch{};
  std::uint32_t scalar{};
  std::uint32_t startup{};
  std::uint32_t datapath{};
  friend bool operator==(const PeActivity&, const PeActivity&) = default;
};

// What a PE holds at the start of a cycle, in a form that does not depend on the engine.
struct PeState {
  struct Wavelet {
    std::uint32_t value{};
    bool control{};
    friend bool operator==(const Wavelet&, const Wavelet&) = default;
  };
  struct ColorState {
    Color color{};
    std::uint32_t accepts_position{};  // switch position for arrivals
    std::uint32_t sends_position{};    // switch position for departures
    std::vector<Wavelet> router;
    std::vector<Wavelet> input;   // ramp and input queue
    std::vector<Wavelet> output;  // output queue and ramp
    friend bool operator==(const ColorState&, const ColorState&) = default;
  };
  struct ThreadState {
    std::uint32_t thread{};  // 0: the task itself; n: microthread n - 1
    std::uint32_t done{};    // elements
    std::uint32_t length{};
    std::optional<Color> reads;
    std::optional<Color> writes;
    friend bool operator==(const ThreadState&, const ThreadState&) = default;
  };
  std::vector<ColorState> colors;    // of the plan, in order
  std::vector<ThreadState> threads;  // with a vector instruction under way
  std::optional<TaskId> task;        // being dispatched or run
  std::uint32_t pending{};           // activated tasks, one bit each
  std::uint32_t blocked{};
  friend bool operator==(const PeState&, const PeState&) = default;
};

enum class MeshStatus : std::uint8_t { finished, deadlock, running, interrupted };
struct MeshOutcome {
  MeshStatus status = MeshStatus::running;
  // Finished or stuck: the first cycle from which nothing can happen any more, unless something is injected;
  // else: now.
  Cycles cycles;
  friend bool operator==(const MeshOutcome&, const MeshOutcome&) = default;
};

class MeshEngine {
 public:
  MeshEngine() = default;
  MeshEngine(const MeshEngine&) = delete;
  MeshEngine& operator=(const MeshEngine&) = delete;
  virtual ~MeshEngine() = default;

  // 32-bit words at a byte address of a PE's memory, within what its program declares.
  virtual void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) = 0;
  [[nodiscard]] virtual std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                               std::uint32_t words) const = 0;
  // Whether this PE's memory is really there; a folded engine has that of representatives only.
  [[nodiscard]] virtual bool keeps_values(PeAt /*at*/) const { return true; }
  // Rows of PEs that are really there.
  [[nodiscard]] virtual std::uint64_t rows_run() const { return plan().grid.rows; }

  // Runs the cycles before `until`, or fewer if nothing can happen any more. However a run is cut into
  // advances, it gives the same.
  virtual MeshOutcome advance(Cycles until) = 0;
  MeshOutcome run() { return advance(Cycles::max()); }
  // Runs to the end of the first cycle in which a wavelet leaves the grid, or to `until`, or until nothing
  // can happen any more. Looks at every cycle on its own, so it is slower than advance().
  MeshOutcome advance_to_departure(Cycles until);
  // The first cycle that has not been run.
  [[nodiscard]] virtual Cycles now() const = 0;

  // Puts wavelets into the line outside a port, behind those that wait there. Throws std::invalid_argument if
  // the layout does not let a color in there, or if one arrives before now or before the one in front of it.
  void inject(EdgePort port, std::span<const EdgeWavelet> wavelets);
  // What still waits outside a port.
  [[nodiscard]] virtual std::vector<EdgeWavelet> outside(EdgePort port) const = 0;
  // The cycles in which wavelets have come in through a port since this was last asked, in order.
  [[nodiscard]] virtual std::vector<Cycles> take_crossings(EdgePort port) = 0;
  // What has left through a port since this was last asked, in order. The outside always takes it at once.
  [[nodiscard]] virtual std::vector<EdgeWavelet> take_departures(EdgePort port) = 0;

  [[nodiscard]] virtual MeshCounts counts() const = 0;
  [[nodiscard]] virtual PeActivity activity(PeAt at) const = 0;
  [[nodiscard]] virtual PeState state(PeAt at) const = 0;
  // Bytes of the engine's own state, without what programs declare.
  [[nodiscard]] virtual Bytes state_bytes() const = 0;
  [[nodiscard]] virtual const MeshPlan& plan() const = 0;

 private:
  virtual void line_up(EdgePort port, std::span<const EdgeWavelet> wavelets) = 0;
};

// The order in which the fast engine visits rows and cycles; none of them changes a cycle, a count or a
// value.
enum class VisitOrder : std::uint8_t {
  automatic,  // independent bands of rows run far ahead one by one; rows inside a band are skewed in time
  lockstep,   // every row each cycle, north to south
  reversed,   // every row each cycle, south to north
  skewed,     // the whole grid as one band, rows skewed in time
};
struct FastEngineOptions {
  VisitOrder order = VisitOrder::automatic;
  std::uint32_t threads = 1;
  std::uint32_t window = 2048;                         // cycles a band runs ahead before the next one's turn
  const std::atomic<bool>* stop = nullptr;             // set by another thread or a signal: end soon
  std::function<void(double cycles_done)> progress{};  // called now and then: mean cycle over all rows
  // False where only times and counts matter: sums and products are left out, and what would have had them is
  // unspecified; moved values stay right, as cores take indices from them.
  bool arithmetic = true;
};
// Runs up to 2^32 - 1 cycles, seconds of a wafer's time; throws QuantityOverflow beyond.
[[nodiscard]] std::unique_ptr<MeshEngine> make_fast_engine(MeshPlan plan, FastEngineOptions options = {});

}  // namespace wafersim
