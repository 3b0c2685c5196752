// The non-blocking transport behind OutPort and InPort.
#include "wafersim/stream/port.hpp"

#include <algorithm>
#include <limits>

#include "wafersim/base/error.hpp"

namespace wafersim {

// Recycles payloads: a handful is ever alive, since a port has one train under way.
class OutPort::Pool final : public tlm::tlm_mm_interface {
 public:
  tlm::tlm_generic_payload& take() {
    if (free_.empty()) {
      all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
      all_.back()->set_extension(new TrainExtension);  // owned by the payload
      free_.push_back(all_.back().get());
    }
    tlm::tlm_generic_payload& payload = *free_.back();
    free_.pop_back();
    payload.acquire();
    return payload;
  }
  void free(tlm::tlm_generic_payload* payload) override { free_.push_back(payload); }

 private:
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
  std::vector<tlm::tlm_generic_payload*> free_;
};

sc_core::sc_time time_until(Picoseconds at) {
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  return sc_core::sc_time::from_value(at.count() > now ? at.count() - now : 0);
}

OutPort::OutPort(const char* name, Accepted accepted)
    : socket{name}, pool_{std::make_unique<Pool>()}, accepted_{std::move(accepted)} {
  socket.register_nb_transport_bw(this, &OutPort::nb_transport_bw);
}

OutPort::~OutPort() = default;

void OutPort::send(const Train& train, const Passage& passage) {
  if (busy_) throw InternalFault{"a train was sent before the one ahead of it was accepted"};
  busy_ = true;
  tlm::tlm_generic_payload& payload = pool_->take();
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(train.offset);
  // The payload stands for every chunk of the train; its length field has 32 bits.
  payload.set_data_length(static_cast<unsigned>(
      std::min<std::uint64_t>(train.bytes.count(), std::numeric_limits<unsigned>::max())));
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  auto* extension = payload.get_extension<TrainExtension>();
  extension->train = train;
  extension->passage = passage;

  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = time_until(passage.head.at);
  if (socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED) complete(payload);
}

tlm::tlm_sync_enum OutPort::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase&,
                                            sc_core::sc_time&) {
  complete(payload);
  return tlm::TLM_COMPLETED;
}

void OutPort::complete(tlm::tlm_generic_payload& payload) {
  const TrainExtension& extension = *payload.get_extension<TrainExtension>();
  busy_ = false;
  accepted_(extension.train, extension.accepted);  // it may send the next one, in another payload
  payload.release();
}

InPort::InPort(const char* name, Arrived arrived) : socket{name}, arrived_{std::move(arrived)} {
  socket.register_nb_transport_fw(this, &InPort::nb_transport_fw);
}

tlm::tlm_sync_enum InPort::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                           sc_core::sc_time&) {
  auto* const extension = payload.get_extension<TrainExtension>();
  if (phase != tlm::BEGIN_REQ || extension == nullptr || pending_ != nullptr) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    throw InternalFault{"a train arrived out of turn"};
  }
  pending_ = &payload;
  pending_extension_ = extension;
  in_call_ = true;
  accepted_in_call_ = false;
  arrived_(extension->train, extension->passage);
  in_call_ = false;
  return accepted_in_call_ ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
}

void InPort::accept(const Stamp& tail) {
  if (pending_ == nullptr) throw InternalFault{"a train was accepted that had not arrived"};
  tlm::tlm_generic_payload& payload = *pending_;
  pending_ = nullptr;
  pending_extension_->accepted = tail;
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (in_call_) {
    accepted_in_call_ = true;
    return;
  }
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = time_until(tail.at);
  (void)socket->nb_transport_bw(payload, phase, delay);
}

}  // namespace wafersim
