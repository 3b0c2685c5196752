// The router as one would draw it.
#include "reference_pe.hpp"

#include <algorithm>
#include <ostream>

namespace wafersim::reference {

std::ostream& operator<<(std::ostream& out, const LinkSignal& signal) {
  if (!signal.valid) return out << "-";
  return out << int{number_of(signal.color)} << ':' << signal.wavelet.value;
}

void sc_trace(sc_core::sc_trace_file* file, const LinkSignal& signal, const std::string& name) {
  sc_core::sc_trace(file, signal.valid, name + ".valid");
  sc_core::sc_trace(file, reinterpret_cast<const unsigned char&>(signal.color), name + ".color");
  sc_core::sc_trace(file, signal.wavelet.value, name + ".value");
  sc_core::sc_trace(file, signal.wavelet.control, name + ".control");
}

ReferencePe::ReferencePe(const sc_core::sc_module_name& name, const MeshPlan& plan, PeAt at)
    : sc_module{name}, plan_{plan}, at_{at}, core_{plan.program_at(at), plan.parameters} {
  const MeshParameters& parameters = plan.parameters;
  for (std::size_t c = 0; c < plan.colors.size(); ++c) {
    const std::uint16_t route = plan.route_maps[c][plan.index_of(at)];
    RouterColor color;
    color.color = plan.colors[c];
    color.route = route == 0 ? nullptr : &plan.routes[route];
    colors_.push_back(color);
    if (route == 0) continue;
    for (const RoutePosition& position : plan.routes[route]) {
      if (position.to.contains(Port::ramp)) {
        core_.inputs[plan.colors[c]].capacity = parameters.input_queue_depth + parameters.ramp_cycles;
      }
      if (position.from == Port::ramp) {
        core_.outputs[plan.colors[c]].capacity = parameters.output_queue_depth + parameters.ramp_cycles;
      }
    }
  }
  SC_HAS_PROCESS(ReferencePe);
  SC_METHOD(decide);
  sensitive << clock.pos();
  dont_initialize();
  SC_METHOD(happen);
  sensitive << clock.neg();
  dont_initialize();
  for (std::size_t port = 0; port < kLinks; ++port) {
    std::uint32_t mask = 0;
    for (const RouterColor& color : colors_) {
      if (takes_from(color, static_cast<Port>(port))) mask |= 1U << number_of(color.color);
    }
    room[port].initialize(mask);
  }
}

bool ReferencePe::is_rim(Port port) const {
  return (port == Port::west && at_.x == 0) || (port == Port::east && at_.x + 1 == plan_.grid.columns);
}

bool ReferencePe::takes_from(const RouterColor& color, Port port) const {
  return color.route != nullptr && (*color.route)[color.accepts].from == port &&
         color.queue.size() < plan_.parameters.router_queue_depth;
}

void ReferencePe::decide() {
  decide_router();
  decide_ramp();
  drive_links();
}

bool ReferencePe::outputs_have_room(const RouterColor& color) const {
  const Ports to = (*color.route)[color.sends].to;
  for (std::size_t port = 0; port < kLinks; ++port) {
    if (!to.contains(static_cast<Port>(port))) continue;
    if (((room_beyond[port].read() >> number_of(color.color)) & 1U) == 0) return false;
  }
  return !to.contains(Port::ramp) || !core_.inputs.at(color.color).is_full();
}

// Colors are asked in the order in which they last fired, the longest ago first.
void ReferencePe::decide_router() {
  std::vector<RouterColor*> ready;
  for (RouterColor& color : colors_) {
    color.fires = false;
    if (color.route != nullptr && !color.queue.empty() && outputs_have_room(color)) ready.push_back(&color);
  }
  std::stable_sort(ready.begin(), ready.end(), [](auto* a, auto* b) { return a->fired < b->fired; });
  std::uint8_t taken = 0;
  for (RouterColor* color : ready) {
    const std::uint8_t wanted = (*color->route)[color->sends].to.bits();
    if ((taken & wanted) != 0) continue;
    taken = static_cast<std::uint8_t>(taken | wanted);
    color->fires = true;
    color->fired = now_ + 1;
  }
}

// One wavelet a cycle leaves the core; output queues take turns when several could.
void ReferencePe::decide_ramp() {
  RouterColor* chosen = nullptr;
  bool contended = false;
  for (std::size_t i = 0; i < colors_.size(); ++i) {
    RouterColor& color = colors_[(ramp_turn_ + i) % colors_.size()];
    color.injects = false;
    if (!takes_from(color, Port::ramp) || !core_.outputs.at(color.color).has_ready(now_)) continue;
    if (chosen == nullptr) {
      chosen = &color;
      color.injects = true;
    } else {
      contended = true;
    }
  }
  if (contended) ramp_turn_ = (static_cast<std::size_t>(chosen - colors_.data()) + 1) % colors_.size();
}

void ReferencePe::drive_links() {
  for (std::size_t port = 0; port < kLinks; ++port) {
    LinkSignal signal;
    for (const RouterColor& color : colors_) {
      if (!color.fires || !(*color.route)[color.sends].to.contains(static_cast<Port>(port))) continue;
      signal = {true, color.color, color.queue.front()};
    }
    out[port].write(signal);
  }
}

void ReferencePe::happen() {
  core_.step(now_);
  active_ = core_.acted();
  move_out();
  for (std::size_t port = 0; port < kLinks; ++port) {
    const LinkSignal& arrival = in[port].read();
    if (!arrival.valid) continue;
    if (!is_rim(static_cast<Port>(port))) ++counts_.link_hops;
    for (RouterColor& color : colors_) {
      if (color.color == arrival.color) accept(color, arrival.wavelet);
    }
  }
  for (RouterColor& color : colors_) {
    if (!color.injects) continue;
    ++counts_.ramp_injections;
    accept(color, core_.outputs.at(color.color).take());
  }
  for (const auto* queues : {&core_.inputs, &core_.outputs}) {
    for (const auto& [color, queue] : *queues) {
      if (!queue.entries.empty() && queue.entries.back().ready > now_) active_ = true;
    }
  }
  publish_room();
  if (traced_) note_for_trace();
  ++now_;
}

void ReferencePe::add_to_trace(sc_core::sc_trace_file* file) {
  traced_ = true;
  const std::string prefix = name();
  sc_core::sc_trace(file, traced_task_, prefix + ".task");
  sc_core::sc_trace(file, traced_beat_, prefix + ".beat");
  for (RouterColor& color : colors_) {
    if (color.route == nullptr) continue;
    const std::string number = std::to_string(number_of(color.color));
    sc_core::sc_trace(file, color.filled, prefix + ".router_color_" + number);
    if (core_.inputs.contains(color.color))
      sc_core::sc_trace(file, color.input_filled, prefix + ".input_color_" + number);
    if (core_.outputs.contains(color.color))
      sc_core::sc_trace(file, color.output_filled, prefix + ".output_color_" + number);
  }
}

void ReferencePe::note_for_trace() {
  traced_beat_ = core_.activity.datapath != traced_datapath_;
  traced_datapath_ = core_.activity.datapath;
  traced_task_ = core_.running_task();
  const auto fill_of = [](const std::map<Color, RampQueue>& queues, Color color) {
    const auto found = queues.find(color);
    return found == queues.end() ? 0U : static_cast<std::uint32_t>(found->second.entries.size());
  };
  for (RouterColor& color : colors_) {
    color.filled = static_cast<std::uint32_t>(color.queue.size());
    color.input_filled = fill_of(core_.inputs, color.color);
    color.output_filled = fill_of(core_.outputs, color.color);
  }
}

void ReferencePe::move_out() {
  for (RouterColor& color : colors_) {
    if (!color.fires) continue;
    const Wavelet wavelet = color.queue.front();
    color.queue.pop_front();
    if ((*color.route)[color.sends].to.contains(Port::ramp)) {
      ++counts_.ramp_deliveries;
      core_.inputs.at(color.color).entries.push_back({wavelet, now_ + plan_.parameters.ramp_cycles});
    }
    if (wavelet.control && color.sends + 1 < color.route->size()) ++color.sends;
    active_ = true;
    busy_until_ = now_ + 1;
  }
}

void ReferencePe::accept(RouterColor& color, Wavelet wavelet) {
  color.queue.push_back(wavelet);
  if (wavelet.control && color.accepts + 1 < color.route->size()) ++color.accepts;
  active_ = true;
  busy_until_ = now_ + 1;
}

void ReferencePe::publish_room() {
  for (std::size_t port = 0; port < kLinks; ++port) {
    std::uint32_t mask = 0;
    for (const RouterColor& color : colors_) {
      if (takes_from(color, static_cast<Port>(port))) mask |= 1U << number_of(color.color);
    }
    room[port].write(mask);
  }
}

MeshCounts ReferencePe::counts() const {
  MeshCounts sum = counts_;
  sum.instructions = core_.counts.instructions;
  sum.flops = core_.counts.flops;
  sum.tasks = core_.counts.tasks;
  return sum;
}

bool ReferencePe::is_finished() const {
  if (!core_.is_idle()) return false;
  for (const RouterColor& color : colors_) {
    if (!color.queue.empty()) return false;
  }
  for (const auto* queues : {&core_.inputs, &core_.outputs}) {
    for (const auto& [color, queue] : *queues) {
      if (!queue.entries.empty()) return false;
    }
  }
  return true;
}

PeState ReferencePe::state() const {
  PeState state;
  const auto list = [](const std::map<Color, RampQueue>& queues, Color color) {
    std::vector<Wavelet> wavelets;
    if (const auto found = queues.find(color); found != queues.end()) {
      for (const RampQueue::Entry& entry : found->second.entries) wavelets.push_back(entry.wavelet);
    }
    return wavelets;
  };
  for (const RouterColor& color : colors_) {
    PeState::ColorState entry;
    entry.color = color.color;
    entry.accepts_position = static_cast<std::uint32_t>(color.accepts);
    entry.sends_position = static_cast<std::uint32_t>(color.sends);
    entry.router.assign(color.queue.begin(), color.queue.end());
    entry.input = list(core_.inputs, color.color);
    entry.output = list(core_.outputs, color.color);
    state.colors.push_back(std::move(entry));
  }
  core_.describe(state);
  return state;
}

}  // namespace wafersim::reference
