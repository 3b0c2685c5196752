// Advances the engine from one point of contact with the outside to the next.
#include "wafersim/wafer/mesh_wafer.hpp"

#include <algorithm>

#include "wafersim/base/error.hpp"
#include "wafersim/stream/port.hpp"

namespace wafersim {
namespace {

[[nodiscard]] Picoseconds kernel_time() {
  return Picoseconds{sc_core::sc_time_stamp().value()};
}

}  // namespace

MeshWafer::MeshWafer(const sc_core::sc_module_name& name, const MeshWaferSpec& spec,
                     std::unique_ptr<MeshEngine> engine, Faults& faults)
    : sc_module{name}, spec_{spec}, engine_{std::move(engine)}, faults_{faults} {
  if (spec.latency < time_of(Cycles{1}, spec.clock))
    throw InputError{Problem{{}, "wafer.io.latency", "must be at least one cycle of the wafer's clock"}};
  for (const EdgeUse& use : engine_->plan().inputs) incoming_.try_emplace(use.port);
  for (const EdgeUse& use : engine_->plan().outputs) outgoing_free_at_.try_emplace(use.port);
  in.register_nb_transport_fw(this, &MeshWafer::nb_transport_fw);
  SC_HAS_PROCESS(MeshWafer);
  SC_METHOD(run_ahead);
  sensitive << wake_;
}

tlm::tlm_sync_enum MeshWafer::nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                              sc_core::sc_time& delay) {
  if (phase == tlm::END_RESP) return tlm::TLM_COMPLETED;
  faults_.guard([&] {
    const auto* chunk = payload.get_extension<WaveletChunk>();
    if (phase != tlm::BEGIN_REQ || chunk == nullptr || chunk->wavelets.empty())
      throw InternalFault{"the wafer was sent something that is no chunk of wavelets"};
    take(payload, *chunk, kernel_time() + Picoseconds{delay.value()});
  });
  phase = tlm::END_REQ;
  return tlm::TLM_UPDATED;
}

// Wavelets come one after the other at the port's rate, each complete with its last bit.
void MeshWafer::take(tlm::tlm_generic_payload& payload, const WaveletChunk& chunk, Picoseconds sent) {
  const auto found = incoming_.find(chunk.port);
  if (found == incoming_.end()) throw InternalFault{"the wafer was sent wavelets for a port that takes none"};
  Incoming& port = found->second;
  port.free_at = std::max(port.free_at, sent + spec_.latency);
  std::vector<EdgeWavelet> wavelets;
  for (const WaveletChunk::Wavelet& wavelet : chunk.wavelets) {
    port.free_at += transfer_time(kWaveletBytes, spec_.port_rate);
    wavelets.push_back({cycles_in(port.free_at, spec_.clock), wavelet.color, wavelet.value, wavelet.control});
  }
  engine_->inject(chunk.port, wavelets);
  payload.acquire();
  port.pending.push_back({&payload, wavelets.size()});
  if (outcome_.status != MeshStatus::running) wake_.notify(sc_core::SC_ZERO_TIME);
}

void MeshWafer::run_ahead() {
  faults_.guard([&] {
    ++activations_;
    outcome_ =
        engine_->advance(std::max(engine_->now(), cycles_in(kernel_time() + spec_.latency, spec_.clock)));
    for (auto& [port, incoming] : incoming_) answer_chunks(port, incoming);
    for (const auto& [port, free_at] : outgoing_free_at_) send_departures(port);
    if (outcome_.status == MeshStatus::running)
      wake_.notify(sc_core::sc_time::from_value(spec_.latency.count()));
  });
}

void MeshWafer::answer_chunks(EdgePort port, Incoming& incoming) {
  for (const Cycles cycle : engine_->take_crossings(port)) {
    Incoming::Pending& first = incoming.pending.front();
    if (--first.wavelets > 0) continue;
    tlm::tlm_generic_payload& payload = *first.payload;
    incoming.pending.pop_front();
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_core::sc_time delay = time_until(end_of(cycle) + spec_.latency);
    (void)in->nb_transport_bw(payload, phase, delay);
    payload.release();
  }
}

void MeshWafer::send_departures(EdgePort port) {
  const std::vector<EdgeWavelet> departures = engine_->take_departures(port);
  if (departures.empty()) return;
  Picoseconds& free_at = outgoing_free_at_.at(port);
  WaveletChunk chunk;
  chunk.port = port;
  for (const EdgeWavelet& it : departures) {
    free_at = std::max(free_at, end_of(it.cycle)) + transfer_time(kWaveletBytes, spec_.port_rate);
    chunk.wavelets.push_back({it.color, it.value, it.control, free_at + spec_.latency});
  }
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_data_length(static_cast<unsigned>(departures.size() * kWaveletBytes.count()));
  payload.set_extension(&chunk);
  sc_core::sc_time delay = time_until(free_at + spec_.latency);
  out->b_transport(payload, delay);
  payload.clear_extension(&chunk);
}

}  // namespace wafersim
