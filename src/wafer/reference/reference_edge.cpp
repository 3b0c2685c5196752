// Sends in what has arrived and finds room; takes whatever comes out.
#include "reference_edge.hpp"

namespace wafersim::reference {

ReferenceEdge::ReferenceEdge(const sc_core::sc_module_name& name) : sc_module{name} {
  SC_HAS_PROCESS(ReferenceEdge);
  SC_METHOD(decide);
  sensitive << clock.pos();
  dont_initialize();
  SC_METHOD(happen);
  sensitive << clock.neg();
  dont_initialize();
  room.initialize(~std::uint32_t{0});  // for every color, always
}

void ReferenceEdge::decide() {
  const EdgeWavelet* head = queue.head(now_);
  enters_ = head != nullptr && ((room_beyond.read() >> number_of(head->color)) & 1U) != 0;
  LinkSignal signal;
  if (enters_) signal = {true, head->color, {head->value, head->control}};
  out.write(signal);
}

void ReferenceEdge::happen() {
  if (enters_) {
    queue.take(now_);
    ++counts.edge_arrivals;
  }
  if (const LinkSignal& leaving = in.read(); leaving.valid) {
    departed.push_back({Cycles{now_}, leaving.color, leaving.wavelet.value, leaving.wavelet.control});
    ++counts.edge_departures;
  }
  ++now_;
}

}  // namespace wafersim::reference
