// Wires the grid of PE modules together and runs it cycle by cycle.
#include "wafersim/wafer/reference/reference_mesh.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "reference_edge.hpp"

namespace wafersim {
namespace {

using reference::Cycle;
using reference::LinkSignal;
using reference::ReferenceEdge;
using reference::ReferencePe;

class ReferenceMesh final : public sc_core::sc_module {
 public:
  ReferenceMesh(const sc_core::sc_module_name& name, const MeshPlan& plan) : sc_module{name}, plan_{plan} {
    for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
      for (std::uint32_t x = 0; x < plan.grid.columns; ++x) {
        const std::string pe = "pe_" + std::to_string(x) + "_" + std::to_string(y);
        pes.push_back(std::make_unique<ReferencePe>(pe.c_str(), plan, PeAt{x, y}));
        pes.back()->clock(clock);
      }
    }
    for (const auto* uses : {&plan.inputs, &plan.outputs}) {
      for (const EdgeUse& use : *uses) add_edge(use.port);
    }
    for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
      for (std::uint32_t x = 0; x < plan.grid.columns; ++x) {
        for (const Port port : {Port::north, Port::south, Port::east, Port::west}) bind({x, y}, port);
      }
    }
  }

  // Adds the PEs of the rectangle, and the links that leave them, to a waveform.
  void add_to_trace(sc_core::sc_trace_file* file, const Rectangle& area) {
    sc_core::sc_trace(file, clock, "clock");
    for (std::uint32_t y = area.y; y < area.y + area.height; ++y) {
      for (std::uint32_t x = area.x; x < area.x + area.width; ++x) {
        ReferencePe& pe = *pes[plan_.index_of({x, y})];
        pe.add_to_trace(file);
        for (const Port port : {Port::north, Port::south, Port::east, Port::west}) {
          const std::size_t index = plan_.index_of({x, y}) * kLinks + index_of(port);
          const std::string side{name_of(port)};
          reference::sc_trace(file, outgoing_[index]->data.read(), std::string{pe.name()} + ".to_" + side);
          if (const Link* incoming = edge_links_[index])
            reference::sc_trace(file, incoming->data.read(), std::string{pe.name()} + ".from_" + side);
        }
      }
    }
  }

  // The edges lie inside each period, so that a run of whole periods never ends on one.
  sc_core::sc_clock clock{"clock", sc_core::sc_time{4, sc_core::SC_NS}, 0.5,
                          sc_core::sc_time{1, sc_core::SC_NS}};
  std::vector<std::unique_ptr<ReferencePe>> pes;
  std::map<EdgePort, std::unique_ptr<ReferenceEdge>> edges;

 private:
  struct Link {
    sc_core::sc_signal<LinkSignal> data;
    sc_core::sc_signal<std::uint32_t> room;
  };

  void add_edge(EdgePort port) {
    auto& edge = edges[port];
    if (edge != nullptr) return;
    const std::string name = std::string{name_of(port.side)} + "_" + std::to_string(port.row);
    edge = std::make_unique<ReferenceEdge>(name.c_str());
    edge->clock(clock);
  }

  // The link from this PE through `port`; at the rim it ends at the outside, or nowhere.
  void bind(PeAt at, Port port) {
    ReferencePe& here = *pes[plan_.index_of(at)];
    const std::size_t mine = index_of(port);
    links_.push_back(std::make_unique<Link>());
    Link& link = *links_.back();
    outgoing_.push_back(&link);  // by PE, then by port
    edge_links_.push_back(nullptr);
    here.out[mine](link.data);
    here.room_beyond[mine](link.room);
    if (ReferencePe* beyond = neighbour(at, port); beyond != nullptr) {
      beyond->in[index_of(opposite(port))](link.data);
      beyond->room[index_of(opposite(port))](link.room);
      return;
    }
    links_.push_back(std::make_unique<Link>());
    Link& incoming = *links_.back();
    here.in[mine](incoming.data);
    here.room[mine](incoming.room);
    const auto edge = edges.find({at.y, port});
    if (edge == edges.end()) return;
    edge_links_.back() = &incoming;
    edge->second->in(link.data);
    edge->second->room(link.room);
    edge->second->out(incoming.data);
    edge->second->room_beyond(incoming.room);
  }

  [[nodiscard]] ReferencePe* neighbour(PeAt at, Port port) {
    const std::int64_t x = at.x + (port == Port::east ? 1 : port == Port::west ? -1 : 0);
    const std::int64_t y = at.y + (port == Port::south ? 1 : port == Port::north ? -1 : 0);
    if (x < 0 || y < 0 || x >= static_cast<std::int64_t>(plan_.grid.columns) ||
        y >= static_cast<std::int64_t>(plan_.grid.rows)) {
      return nullptr;
    }
    return pes[plan_.index_of({static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y)})].get();
  }

  const MeshPlan& plan_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Link*> outgoing_;
  std::vector<Link*> edge_links_;  // in the same order: what comes in from outside, or null
};

class ReferenceEngine final : public MeshEngine {
 public:
  ReferenceEngine(MeshPlan plan, const std::optional<TraceRequest>& trace)
      : plan_{std::move(plan)}, mesh_{"mesh", plan_} {
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    if (!trace) return;
    trace_file_ = sc_core::sc_create_vcd_trace_file(trace->file.c_str());
    mesh_.add_to_trace(trace_file_, trace->area);
  }
  ~ReferenceEngine() override {
    if (trace_file_ != nullptr) sc_core::sc_close_vcd_trace_file(trace_file_);
  }

  void write_memory(PeAt at, std::uint32_t address, std::span<const std::uint32_t> words) override {
    auto& memory = pe(at).core().memory;
    for (std::size_t i = 0; i < words.size(); ++i) memory.at(address / 4 + i) = words[i];
  }
  [[nodiscard]] std::vector<std::uint32_t> read_memory(PeAt at, std::uint32_t address,
                                                       std::uint32_t words) const override {
    const auto& memory = pe(at).core().memory;
    std::vector<std::uint32_t> result;
    for (std::uint32_t i = 0; i < words; ++i) result.push_back(memory.at(address / 4 + i));
    return result;
  }

  MeshOutcome advance(Cycles until) override {
    while (!quiet_ && now_ < until.count()) {
      sc_core::sc_start(mesh_.clock.period());
      ++now_;
      quiet_ = is_quiet();
    }
    asked_ = std::max(asked_, until == Cycles::max() ? now_ : until.count());
    if (!quiet_) return {MeshStatus::running, Cycles{now_}};
    Cycle end = 0;
    bool finished = true;
    for (const auto& it : mesh_.pes) {
      end = std::max(end, it->busy_until());
      finished = finished && it->is_finished();
    }
    for (const auto& [port, edge] : mesh_.edges) finished = finished && edge->queue.empty();
    return {finished ? MeshStatus::finished : MeshStatus::deadlock, Cycles{end}};
  }

  // Cycles in which nothing happens are only made up for when something new has come in.
  [[nodiscard]] Cycles now() const override { return Cycles{asked_}; }

  [[nodiscard]] std::vector<EdgeWavelet> outside(EdgePort port) const override {
    const auto edge = mesh_.edges.find(port);
    return edge == mesh_.edges.end() ? std::vector<EdgeWavelet>{} : edge->second->queue.list();
  }
  [[nodiscard]] std::vector<Cycles> take_crossings(EdgePort port) override {
    const auto edge = mesh_.edges.find(port);
    return edge == mesh_.edges.end() ? std::vector<Cycles>{} : edge->second->queue.take_crossings();
  }
  [[nodiscard]] std::vector<EdgeWavelet> take_departures(EdgePort port) override {
    const auto edge = mesh_.edges.find(port);
    return edge == mesh_.edges.end() ? std::vector<EdgeWavelet>{} : std::exchange(edge->second->departed, {});
  }

  [[nodiscard]] MeshCounts counts() const override {
    MeshCounts sum;
    for (const auto& it : mesh_.pes) sum += it->counts();
    for (const auto& [port, edge] : mesh_.edges) sum += edge->counts;
    return sum;
  }
  [[nodiscard]] PeActivity activity(PeAt at) const override { return pe(at).core().activity; }
  [[nodiscard]] PeState state(PeAt at) const override { return pe(at).state(); }
  [[nodiscard]] Bytes state_bytes() const override {
    return Bytes{mesh_.pes.size() * sizeof(ReferencePe)};  // without what SystemC keeps for ports and signals
  }
  [[nodiscard]] const MeshPlan& plan() const override { return plan_; }

 private:
  void line_up(EdgePort port, std::span<const EdgeWavelet> wavelets) override {
    mesh_.edges.at(port)->queue.push(wavelets);
    quiet_ = false;
  }

  [[nodiscard]] ReferencePe& pe(PeAt at) const { return *mesh_.pes[plan_.index_of(at)]; }

  [[nodiscard]] bool is_quiet() const {
    return std::none_of(mesh_.pes.begin(), mesh_.pes.end(),
                        [](const auto& it) { return it->was_active() || it->next_timer().has_value(); }) &&
           std::none_of(mesh_.edges.begin(), mesh_.edges.end(),
                        [](const auto& it) { return it.second->expects_arrival(); });
  }

  MeshPlan plan_;
  ReferenceMesh mesh_;
  Cycle now_{};
  Cycle asked_{};  // the first cycle that nobody has asked for yet
  bool quiet_ = false;
  sc_core::sc_trace_file* trace_file_ = nullptr;
};

}  // namespace

std::unique_ptr<MeshEngine> make_reference_engine(MeshPlan plan, const std::optional<TraceRequest>& trace) {
  if (trace && (std::uint64_t{trace->area.x} + trace->area.width > plan.grid.columns ||
                std::uint64_t{trace->area.y} + trace->area.height > plan.grid.rows)) {
    throw InputError{Problem{{}, "trace", "the area to trace leaves the grid of " + spell(plan.grid)}};
  }
  return std::make_unique<ReferenceEngine>(std::move(plan), trace);
}

}  // namespace wafersim
