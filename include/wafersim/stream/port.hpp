// How a train crosses from module to module: one TLM-2.0 transaction per train, accepted by its receiver.
#pragma once

#include <functional>
#include <memory>
#include <tlm>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "wafersim/stream/train.hpp"

namespace wafersim {

// What the generic payload carries beside address (offset in the lane's stream) and length (one chunk).
struct TrainExtension : tlm::tlm_extension<TrainExtension> {
  Train train;
  Passage passage;  // at the receiver
  Stamp accepted;   // when the receiver's buffer had taken the last chunk

  [[nodiscard]] tlm::tlm_extension_base* clone() const override { return new TrainExtension{*this}; }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const TrainExtension&>(other);
  }
};

// The sending side. BEGIN_REQ announces a train when its times are known; TLM_COMPLETED, at once or later as
// BEGIN_RESP, is the credit for the next one: one train at a time, as the base protocol demands.
class OutPort {
 public:
  using Accepted = std::function<void(const Train& train, const Stamp& tail)>;

  OutPort(const char* name, Accepted accepted);
  OutPort(const OutPort&) = delete;
  OutPort& operator=(const OutPort&) = delete;
  ~OutPort();

  tlm_utils::simple_initiator_socket<OutPort> socket;

  void send(const Train& train, const Passage& passage);
  [[nodiscard]] bool busy() const { return busy_; }

 private:
  class Pool;
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  void complete(tlm::tlm_generic_payload& payload);

  std::unique_ptr<Pool> pool_;
  Accepted accepted_;
  bool busy_{false};
};

// The receiving side. `arrived` is called with each train; accept() answers it, then or later.
class InPort {
 public:
  using Arrived = std::function<void(const Train& train, const Passage& passage)>;

  InPort(const char* name, Arrived arrived);
  InPort(const InPort&) = delete;
  InPort& operator=(const InPort&) = delete;
  ~InPort() = default;

  tlm_utils::simple_target_socket<InPort> socket;

  void accept(const Stamp& tail);

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);

  Arrived arrived_;
  tlm::tlm_generic_payload* pending_{};
  TrainExtension* pending_extension_{};  // of it
  bool in_call_{false};
  bool accepted_in_call_{false};
};

// Kernel time until `at`, which must not lie in the past by the model's own laws; if it does, zero.
[[nodiscard]] sc_core::sc_time time_until(Picoseconds at);

}  // namespace wafersim
