// The wafer at wavelet resolution as a SystemC module: it owns a mesh engine, takes weights in and gives
// results out at the ports of its edge.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <systemc>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "wafersim/base/time.hpp"
#include "wafersim/mesh/engine.hpp"
#include "wafersim/stream/faults.hpp"
#include "wafersim/wafer/wavelet_chunk.hpp"

namespace wafersim {

struct MeshWaferSpec {
  Hertz clock;
  BytesPerSecond port_rate;  // of one edge port, each way (wafer.io.port_rate)
  // From outside to the port, and back (wafer.io.latency); at least a cycle. It is also how far the module
  // may run ahead of the kernel, since nothing sent from now on can be at a port earlier.
  Picoseconds latency;
};

// `in` takes chunks by the non-blocking protocol: BEGIN_REQ, at any time and for any port, is answered with
// END_REQ at once; BEGIN_RESP, with its delay, says when the last wavelet of the chunk has entered the mesh.
// A sender that keeps at most n chunks under way models a buffer of n chunks in front of the port. `out`
// sends what leaves by b_transport, which must not block; the delay is until the chunk's last wavelet is
// outside.
class MeshWafer final : public sc_core::sc_module {
 public:
  // Throws InputError if the latency is shorter than a cycle.
  MeshWafer(const sc_core::sc_module_name& name, const MeshWaferSpec& spec,
            std::unique_ptr<MeshEngine> engine, Faults& faults);

  tlm_utils::simple_target_socket<MeshWafer> in{"in"};
  tlm_utils::simple_initiator_socket<MeshWafer> out{"out"};

  [[nodiscard]] const MeshEngine& engine() const { return *engine_; }
  // After the last activation: whether the mesh has finished, is stuck without more from outside, or runs.
  [[nodiscard]] const MeshOutcome& outcome() const { return outcome_; }
  [[nodiscard]] std::uint64_t activations() const { return activations_; }

 private:
  struct Incoming {
    Picoseconds free_at;  // when the port has taken all that was sent to it
    struct Pending {
      tlm::tlm_generic_payload* payload{};
      std::size_t wavelets{};  // still outside the mesh
    };
    std::deque<Pending> pending;
  };

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  void take(tlm::tlm_generic_payload& payload, const WaveletChunk& chunk, Picoseconds sent);
  // Runs all cycles that nothing from outside can reach any more.
  void run_ahead();
  void send_departures(EdgePort port);
  void answer_chunks(EdgePort port, Incoming& incoming);
  // When what crosses the edge in a cycle is known outside, but for the time of its transfer.
  [[nodiscard]] Picoseconds end_of(Cycles cycle) const { return time_of(cycle + Cycles{1}, spec_.clock); }

  MeshWaferSpec spec_;
  std::unique_ptr<MeshEngine> engine_;
  Faults& faults_;
  sc_core::sc_event wake_;
  std::map<EdgePort, Incoming> incoming_;
  std::map<EdgePort, Picoseconds> outgoing_free_at_;
  MeshOutcome outcome_;
  std::uint64_t activations_{};
};

}  // namespace wafersim
