// Grows the layouts of random_layout.hpp from a seed.
#include "mesh_reference/random_layout.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "wafersim/base/random.hpp"

namespace wafersim {
namespace {

constexpr std::uint32_t kMemory = 1024;

class Grower {
 public:
  explicit Grower(std::uint64_t seed) : random_{seed} {}

  RandomMesh run() {
    columns_ = 1 + below(5);
    rows_ = 1 + below(4);
    if (below(8) == 0) columns_ = 62 + below(6);  // across the border between two words of a plane
    Layout layout{{columns_, rows_}, parameters()};
    const std::uint32_t colors = 1 + below(5);
    for (std::uint32_t c = 0; c < colors; ++c) {
      if (below(4) == 0) {
        grow_line(layout, Color{static_cast<std::uint8_t>(c)});
      } else {
        grow_trees(layout, Color{static_cast<std::uint8_t>(c)});
      }
    }
    for (const auto& [at, traffic] : traffic_) layout.program(Rectangle::pe(at), program(traffic));
    return {layout.build(), injections()};
  }

 private:
  struct Use {
    Color color{};
    std::uint32_t wavelets{};
    bool control = false;
  };
  struct Traffic {
    std::vector<Use> reads, writes;
  };

  // The side on which a PE's outward link lies, if it has one and luck will have it.
  std::optional<Port> edge_of(PeAt at) {
    if (below(3) != 0) return std::nullopt;
    if (at.x == 0) return Port::west;
    return at.x + 1 == columns_ ? std::optional{Port::east} : std::nullopt;
  }

  // Colors of one port in random turns, with gaps and rushes.
  std::vector<RandomMesh::Injection> injections() {
    std::vector<RandomMesh::Injection> result;
    for (auto& [port, uses] : incoming_) {
      RandomMesh::Injection injection{port, {}};
      std::uint64_t cycle = below(40);
      while (!uses.empty()) {
        const std::uint32_t i = below(static_cast<std::uint32_t>(uses.size()));
        Use& use = uses[i];
        injection.wavelets.push_back({Cycles{cycle}, use.color,
                                      static_cast<std::uint32_t>(random_.bits()) & 0x3fff3fffU,
                                      use.control && use.wavelets == 1});
        cycle += below(6) == 0 ? below(60) : below(3);
        if (--use.wavelets == 0) uses.erase(uses.begin() + i);
      }
      result.push_back(injection);
    }
    return result;
  }

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_.below(bound)); }

  MeshParameters parameters() {
    MeshParameters p;
    p.router_queue_depth = 1 + below(3);
    p.ramp_cycles = 1 + below(3);
    p.input_queue_depth = 1 + below(4);
    p.output_queue_depth = 1 + below(3);
    p.instruction_startup = below(8);
    p.accumulate_startup = 1 + below(12);
    p.task_dispatch = 1 + below(6);
    p.repeat_dispatch = 1 + below(3);
    p.control_cycles = 1 + below(2);
    p.loaded_startup = below(4);
    return p;
  }

  std::vector<std::pair<Port, PeAt>> neighbours(PeAt at) const {
    std::vector<std::pair<Port, PeAt>> result;
    if (at.y > 0) result.push_back({Port::north, {at.x, at.y - 1}});
    if (at.y + 1 < rows_) result.push_back({Port::south, {at.x, at.y + 1}});
    if (at.x + 1 < columns_) result.push_back({Port::east, {at.x + 1, at.y}});
    if (at.x > 0) result.push_back({Port::west, {at.x - 1, at.y}});
    return result;
  }

  // Disjoint trees, each from one ramp to at least one other.
  void grow_trees(Layout& layout, Color color) {
    std::set<PeAt> taken;
    const std::uint32_t trees = 1 + below(3);
    for (std::uint32_t t = 0; t < trees; ++t) {
      const PeAt root{below(columns_), below(rows_)};
      if (!taken.contains(root)) grow_tree(layout, color, root, taken);
    }
  }

  void grow_tree(Layout& layout, Color color, PeAt root, std::set<PeAt>& taken) {
    struct Node {
      Port from;
      Ports to;
    };
    const std::optional<Port> entrance = edge_of(root);
    std::map<PeAt, Node> nodes{{root, {entrance.value_or(Port::ramp), {}}}};
    taken.insert(root);
    const std::uint32_t tries = 1 + below(30);
    PeAt tip = root;
    for (std::uint32_t i = 0; i < tries; ++i) {
      const auto around = neighbours(tip);
      if (around.empty()) break;
      const auto [port, next] = around[below(static_cast<std::uint32_t>(around.size()))];
      if (taken.insert(next).second) {
        nodes.at(tip).to = nodes.at(tip).to | Ports{port};
        nodes.insert({next, {opposite(port), {}}});
        if (below(4) != 0) tip = next;
      } else if (below(3) == 0) {
        tip = root;
      }
    }
    if (nodes.size() == 1 && !entrance) return;
    const std::uint32_t wavelets = 1 + below(24);
    for (auto& [at, node] : nodes) {
      if (const auto exit = edge_of(at); exit && *exit != node.from) {
        node.to = node.to | Ports{*exit};
        layout.output(color, Rectangle::pe(at), *exit);
      }
      if ((at != root || entrance) && (node.to.empty() || below(3) == 0)) {
        node.to = node.to | Ports{Port::ramp};
        traffic_[at].reads.push_back({color, wavelets});
      }
      layout.route(color, Rectangle::pe(at), {{node.from, node.to}});
    }
    if (entrance) {
      layout.input(color, Rectangle::pe(root), *entrance);
      incoming_[{root.y, *entrance}].push_back({color, wavelets, below(2) == 0});
    } else {
      traffic_[root].writes.push_back({color, wavelets});
    }
  }

  // A row or column whose PEs send one after the other, each opening the way for the next by a control
  // wavelet.
  void grow_line(Layout& layout, Color color) {
    const bool vertical = below(2) == 0;
    const std::uint32_t length = vertical ? rows_ : columns_;
    if (length < 2) return;
    const std::uint32_t other = below(vertical ? columns_ : rows_);
    const auto at = [&](std::uint32_t i) { return vertical ? PeAt{other, i} : PeAt{i, other}; };
    const Port back = vertical ? Port::north : Port::west;
    const Port ahead = opposite(back);
    const std::uint32_t wavelets = 1 + below(6);
    // After the last PE of a row, the outside may have its turn.
    const bool outside = !vertical && below(2) == 0;
    if (outside) {
      layout.input(color, Rectangle::pe(at(length - 1)), ahead);
      incoming_[{other, ahead}].push_back({color, wavelets, true});
    }
    layout.route(color, Rectangle::pe(at(0)), {{ahead, Port::ramp}});
    traffic_[at(0)].reads.push_back({color, wavelets * (outside ? length : length - 1)});
    for (std::uint32_t i = 1; i < length; ++i) {
      Route route{{Port::ramp, back}};
      if (i + 1 < length || outside) route.push_back({ahead, back});
      layout.route(color, Rectangle::pe(at(i)), route);
      traffic_[at(i)].writes.push_back({color, wavelets, true});
    }
  }

  MemoryVector memory(std::uint32_t length, std::uint32_t bytes) {
    const std::uint32_t slots = kMemory / bytes;
    MemoryVector vector{.address = 0, .stride = static_cast<std::int32_t>(below(3))};
    if (below(3) == 0) vector.period = 1 + below(8);
    if (below(4) == 0) vector.hold = 1 + below(6);
    const std::uint32_t reach = static_cast<std::uint32_t>(vector.stride) * (length - 1);
    if (reach >= slots) {
      vector.stride = 0;
    } else {
      vector.address = below(slots - reach) * bytes;
    }
    return vector;
  }

  Source value(std::uint32_t length, std::uint32_t bytes) {
    switch (below(3)) {
      case 0:
        return Immediate{static_cast<std::uint32_t>(random_.bits()) & 0x3fff3fffU};
      case 1:
        return Register{static_cast<std::uint8_t>(below(kRegisters))};
      default:
        return memory(length, bytes);
    }
  }

  VectorInstruction receive(const Use& use) {
    VectorInstruction vector;
    vector.precision = below(3) == 0 ? Precision::f16 : below(4) == 0 ? Precision::mixed : Precision::f32;
    const std::uint32_t bytes = vector.precision == Precision::f32 ? 4 : 2;
    const std::uint32_t result = vector.precision == Precision::f16 ? 2 : 4;
    vector.length = use.wavelets * (bytes == 4 ? 1 : 2);
    vector.operation = static_cast<Operation>(below(kOperations));
    vector.a = FabricInput{use.color};
    vector.b = value(vector.length, bytes);
    vector.to = memory(vector.length, result);
    const bool to_register = vector.operation == Operation::accumulate || vector.operation == Operation::move;
    if (to_register && below(2) == 0) vector.to = Register{static_cast<std::uint8_t>(below(kRegisters))};
    return vector;
  }

  VectorInstruction send(const Use& use) {
    VectorInstruction vector;
    vector.precision = below(3) == 0 ? Precision::f16 : Precision::f32;
    const std::uint32_t bytes = vector.precision == Precision::f32 ? 4 : 2;
    vector.length = use.wavelets * (bytes == 4 ? 1 : 2);
    vector.operation = static_cast<Operation>(below(3));
    vector.a = value(vector.length, bytes);
    vector.b = value(vector.length, bytes);
    vector.to = FabricOutput{use.color, use.control ? LastWavelet::control : LastWavelet::plain,
                             below(3) == 0 ? 2 * below(4) : 0};
    if (below(4) == 0) vector.copy_to = memory(vector.length, bytes);
    return vector;
  }

  // Begins source a somewhere within the first words, by a wavelet's index or walking round a ring.
  void displace(VectorInstruction& vector) {
    const std::uint32_t bytes = vector.precision == Precision::f32 ? 4 : 2;
    vector.a = MemoryVector{};
    vector.displaced = Displacement{.index = kWaveletRegister, .upper = true, .unit = bytes, .ring = 64};
    if (below(2) == 0) {
      vector.displaced =
          Displacement{.index = static_cast<std::uint8_t>(below(3)), .step = bytes, .ring = 32};
    }
  }

  // The task's result goes to a FIFO, and the instruction that is returned takes it out again.
  VectorInstruction pass_through_fifo(Program& program, Task& task, VectorInstruction axpy,
                                      std::uint32_t runs) {
    const std::uint32_t bytes = axpy.precision == Precision::f16 ? 2 : 4;
    const auto fifo = FifoId{static_cast<std::uint8_t>(program.fifos.size())};
    const std::uint32_t gap = below(2) == 0 ? 0 : (axpy.length + 2) * bytes;
    program.fifos.push_back({.address = 0,
                             .slots = 2 + below(3),
                             .slot_elements = axpy.length,
                             .element_bytes = bytes,
                             .slot_bytes = gap,
                             .starts_closed = below(3) == 0});
    if (below(3) == 0) {
      axpy.to = FifoTail{fifo};
      if (axpy.operation == Operation::accumulate) axpy.operation = Operation::multiply;
      task.body.push_back(axpy);
    } else {
      axpy.to = FifoSlot{fifo};
      task.body.push_back(axpy);
      task.body.push_back(Commit{fifo});
    }
    return read_back(fifo, bytes, axpy.length * runs);
  }

  // Sends what comes in through the tail of a FIFO; the instruction that is returned takes it out again.
  VectorInstruction queue_up(Program& program, VectorInstruction& vector) {
    const std::uint32_t bytes = vector.precision == Precision::f16 ? 2 : 4;
    const auto fifo = FifoId{static_cast<std::uint8_t>(program.fifos.size())};
    program.fifos.push_back(
        {.address = 0, .slots = 2 + below(3), .slot_elements = 4 + below(4), .element_bytes = bytes});
    vector.to = FifoTail{fifo};
    return read_back(fifo, bytes, vector.length);
  }

  VectorInstruction read_back(FifoId fifo, std::uint32_t bytes, std::uint32_t length) {
    VectorInstruction reader{
        .precision = bytes == 2 ? Precision::f16 : Precision::f32, .a = FifoHead{fifo}, .length = length};
    reader.operation = below(2) == 0 ? Operation::move : Operation::add;
    reader.b = value(reader.length, bytes);
    reader.to = memory(reader.length, bytes);
    return reader;
  }

  VectorInstruction compute() {
    VectorInstruction vector;
    vector.precision = static_cast<Precision>(below(3));
    vector.length = 1 + below(20);
    if (below(3) == 0) {
      vector.row = 1 + below(7);
      vector.length = vector.row * (1 + below(4));
    }
    vector.operation = static_cast<Operation>(below(kOperations));
    const std::uint32_t bytes = vector.precision == Precision::f32 ? 4 : 2;
    vector.a = memory(vector.length, bytes);
    vector.b = value(vector.length, bytes);
    vector.to = memory(vector.length, vector.precision == Precision::f16 ? 2 : 4);
    return vector;
  }

  Program program(const Traffic& traffic) {
    Program program{.name = "random", .memory_bytes = kMemory};
    program.tasks.resize(1 + below(3));
    for (Task& task : program.tasks) task.name = "task";
    program.entry = TaskId{0};
    std::vector<VectorInstruction> work;
    std::vector<Use> writes = traffic.writes;
    for (const Use& use : traffic.reads) {
      if (below(5) == 0 && program.tasks.size() < 6) {
        Task task{.name = "data", .started_by = use.color};
        VectorInstruction axpy = compute();
        axpy.b = Register{kWaveletRegister, below(2) == 0};
        task.stays_loaded = below(2) == 0;
        if (below(2) == 0) displace(axpy);
        if (below(2) == 0) {
          work.push_back(pass_through_fifo(program, task, axpy, use.wavelets));
        } else {
          task.body.push_back(axpy);
        }
        program.tasks.push_back(task);
        if (below(2) == 0) {
          task.on_control = true;
          task.body.resize(1);
          program.tasks.push_back(task);
        }
        continue;
      }
      VectorInstruction vector = receive(use);
      const auto same = std::find_if(writes.begin(), writes.end(),
                                     [&](const Use& write) { return write.wavelets == use.wavelets; });
      if (same != writes.end() && vector.precision != Precision::mixed &&
          vector.operation != Operation::accumulate) {
        vector.to = FabricOutput{same->color, same->control ? LastWavelet::control : LastWavelet::plain};
        writes.erase(same);
      }
      if (below(4) == 0 && vector.operation != Operation::accumulate &&
          !std::holds_alternative<FabricOutput>(vector.to)) {
        work.push_back(queue_up(program, vector));
      }
      work.push_back(vector);
    }
    for (const Use& use : writes) work.push_back(send(use));
    for (std::uint32_t extra = below(3); extra > 0; --extra) work.push_back(compute());
    for (std::size_t i = work.size(); i > 1; --i)
      std::swap(work[i - 1], work[below(static_cast<std::uint32_t>(i))]);
    spread(program, work);
    return program;
  }

  // Some instructions run in the task, some beside it; later tasks are activated by earlier ones.
  void spread(Program& program, const std::vector<VectorInstruction>& work) {
    std::uint32_t plain = 0;
    while (plain < program.tasks.size() && !program.tasks[plain].started_by) ++plain;
    std::uint8_t thread = 0;
    for (VectorInstruction vector : work) {
      const std::uint32_t task = below(plain);
      if (below(3) == 0) program.tasks[task].body.push_back(ScalarInstructions{1 + below(90)});
      if (below(2) == 0 && thread < 8) {
        vector.thread = Microthread{thread++};
        if (below(3) == 0) vector.when_done = TaskId{static_cast<std::uint8_t>(below(plain))};
      }
      program.tasks[task].body.push_back(vector);
    }
    for (std::uint32_t task = 1; task < plain; ++task) {
      auto& body = program.tasks[task - 1].body;
      body.push_back(Activate{TaskId{static_cast<std::uint8_t>(task)}});
    }
    limit_activations(program);
  }

  // Instructions that read or write the fabric must not run twice by a second activation: drop such
  // activations.
  static void limit_activations(Program& program) {
    for (Task& task : program.tasks) {
      for (Instruction& instruction : task.body) {
        auto* vector = std::get_if<VectorInstruction>(&instruction);
        if (vector == nullptr || !vector->when_done) continue;
        if (!program.tasks[static_cast<std::size_t>(*vector->when_done)].body.empty())
          vector->when_done.reset();
      }
    }
  }

  Random random_;
  std::uint32_t columns_{}, rows_{};
  std::map<PeAt, Traffic> traffic_;
  std::map<EdgePort, std::vector<Use>> incoming_;
};

}  // namespace

RandomMesh random_mesh(std::uint64_t seed) {
  return Grower{seed}.run();
}

}  // namespace wafersim
