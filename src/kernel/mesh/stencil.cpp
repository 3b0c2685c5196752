// Stencils on a box of cells, a column of cells in each PE: every PE sends its column as far as the stencil
// reaches, in all four directions, and multiplies what comes into its sum as it comes.
//   stencil.7pt:  one cell each way; the result is the weighted sum.
//   stencil.25pt: four cells each way (8th order); the result is the next time step of the wave equation,
//                 2 u - before + speed * sum (Jacquelin et al., SC'22).
// Four microthreads send and four receive while the task works along the column; all add into the same sum,
// element by element (assumption: an element that two threads want is never lost between its read and its
// write). In each direction the PEs of a line send in turns: those whose place is t modulo reach + 1 in turn
// t. A control wavelet behind each message moves the switches of all routers that it passes to the next turn.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/mesh/timing.hpp"

#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

constexpr std::uint32_t kTurnsAColor = 3;  // so that a router needs no more switch positions than it has
constexpr std::array kDirections{Port::east, Port::west, Port::south, Port::north};

struct Message {
  std::size_t direction{};
  std::uint32_t turn{};
  std::uint32_t distance{};  // from its sender; 0: it is this PE's own
};

class Stencil {
 public:
  explicit Stencil(const MatrixRequest& request)
      : request_{request}, reach_{request.kernel == "stencil.7pt" ? 1U : 4U}, cells_{request.m} {
    PeMemory memory;
    field_ = memory.place((cells_ + 2 * reach_) * kSingleBytes);  // with cells that stay zero at both ends
    sum_ = memory.place(cells_ * kSingleBytes);
    if (reach_ > 1) {
      before_ = memory.place(cells_ * kSingleBytes);
      speed_ = memory.place(cells_ * kSingleBytes);
    }
    memory_bytes_ = memory.used();
    memory.check(request.parameters, fmt::format("columns of {} FP32 cells", cells_));
  }

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    std::map<std::vector<std::uint32_t>, std::vector<Rectangle>> alike;
    for (const PeAt at : all_pes(request_.grid)) {
      for (std::size_t d = 0; d < kDirections.size(); ++d) paint(layout, at, d);
      alike[key_of(at)].push_back(Rectangle::pe(at));
    }
    for (const auto& [key, where] : alike) layout.program_on_all(where, program({where[0].x, where[0].y}));
    MeshKernel kernel;
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [self = *this](MeshEngine& engine) { self.load(engine); };
    kernel.right = [self = *this](const MeshEngine& engine, const Departures&) {
      return self.is_right(engine);
    };
    for (const auto& [key, where] : alike)
      kernel.compute = std::max(kernel.compute, compute_cycles(program({where[0].x, where[0].y})));
    // What a PE has to do beside it: send its column once in each direction.
    kernel.closed_form = kernel.compute + std::uint64_t{cells_} * kDirections.size();
    return kernel;
  }

 private:
  [[nodiscard]] std::uint32_t columns() const { return static_cast<std::uint32_t>(request_.grid.columns); }
  [[nodiscard]] std::uint32_t rows() const { return static_cast<std::uint32_t>(request_.grid.rows); }

  // The PE's place on the line along a direction, counted in that direction, and the line's length.
  [[nodiscard]] std::uint32_t place(PeAt at, std::size_t direction) const {
    switch (kDirections[direction]) {
      case Port::east:
        return at.x;
      case Port::west:
        return columns() - 1 - at.x;
      case Port::south:
        return at.y;
      default:
        return rows() - 1 - at.y;
    }
  }
  [[nodiscard]] std::uint32_t line(std::size_t direction) const {
    return kDirections[direction] == Port::east || kDirections[direction] == Port::west ? columns() : rows();
  }
  [[nodiscard]] Color color(std::size_t direction, std::uint32_t turn) const {
    const std::uint32_t colors = reach_ / kTurnsAColor + 1;
    return Color{static_cast<std::uint8_t>(direction * colors + turn / kTurnsAColor)};
  }

  // The messages that touch a PE in one direction, in their order: its own, and those of senders that exist.
  [[nodiscard]] std::vector<Message> messages(PeAt at, std::size_t direction) const {
    std::vector<Message> result;
    const std::uint32_t here = place(at, direction);
    const bool sends = here + 1 < line(direction);
    for (std::uint32_t turn = 0; turn <= reach_; ++turn) {
      const std::uint32_t distance = (here + reach_ + 1 - turn) % (reach_ + 1);
      if (distance == 0 ? sends : distance <= here) result.push_back({direction, turn, distance});
    }
    return result;
  }

  void paint(Layout& layout, PeAt at, std::size_t direction) const {
    const Port ahead = kDirections[direction];
    std::map<Color, Route> routes;
    for (const Message& it : messages(at, direction)) {
      RoutePosition position{Port::ramp, ahead};
      if (it.distance != 0) {
        const bool ends = it.distance == reach_ || place(at, direction) + 1 == line(direction);
        position = {opposite(ahead), ends ? Ports{Port::ramp} : Port::ramp | ahead};
      }
      routes[color(direction, it.turn)].push_back(position);
    }
    for (const auto& [used, route] : routes) layout.route(used, Rectangle::pe(at), route);
  }

  // Everything that a PE's program depends on.
  [[nodiscard]] std::vector<std::uint32_t> key_of(PeAt at) const {
    std::vector<std::uint32_t> key;
    for (std::size_t d = 0; d < kDirections.size(); ++d) {
      for (const Message& it : messages(at, d))
        key.push_back((static_cast<std::uint32_t>(d) * 8 + it.turn) * 8 + it.distance);
    }
    return key;
  }

  // Weights: of the cell itself, and of cells so far away along the column or across it.
  [[nodiscard]] float weight(char kind, std::uint32_t distance) const {
    return operand(request_, kind, 0, distance);
  }

  static void add(std::vector<Instruction>& body, const VectorInstruction& it) {
    body.push_back(ScalarInstructions{2 * (kSetAddress + kLoadDescriptor)});
    body.push_back(it);
  }

  [[nodiscard]] VectorInstruction accumulate(std::uint32_t to, const Source& a, const Source& b) const {
    return {.operation = Operation::accumulate,
            .to = MemoryVector{.address = to},
            .a = a,
            .b = b,
            .length = cells_};
  }
  [[nodiscard]] MemoryVector field(std::int32_t up = 0) const {
    const std::int64_t first = static_cast<std::int64_t>(reach_) + up;
    return {.address = field_ + static_cast<std::uint32_t>(first) * kSingleBytes};
  }

  [[nodiscard]] Program program(PeAt at) const {
    std::vector<Instruction> body;
    std::vector<Message> all;
    for (std::size_t d = 0; d < kDirections.size(); ++d) {
      for (const Message& it : messages(at, d)) all.push_back(it);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Message& a, const Message& b) { return a.turn < b.turn; });
    for (const Message& it : all) {
      if (it.distance != 0) continue;
      add(body, {.to = FabricOutput{color(it.direction, it.turn), LastWavelet::control},
                 .a = field(),
                 .length = cells_,
                 .thread = Microthread{static_cast<std::uint8_t>(it.direction)}});
    }
    add(body, {.operation = Operation::multiply,
               .to = MemoryVector{.address = sum_},
               .a = field(),
               .b = Immediate::f32(weight('c', 0)),
               .length = cells_});
    for (const Message& it : all) {
      if (it.distance != 0) add(body, receive(it));
    }
    for (std::uint32_t up = 1; up <= reach_; ++up) {
      for (const std::int32_t sign : {1, -1})
        add(body,
            accumulate(sum_, field(sign * static_cast<std::int32_t>(up)), Immediate::f32(weight('z', up))));
    }
    if (reach_ > 1) add_time_step(body, all);
    return {.name = request_.kernel,
            .memory_bytes = memory_bytes_,
            .tasks = {{.name = "stencil", .body = std::move(body)}},
            .entry = TaskId{0}};
  }

  [[nodiscard]] VectorInstruction receive(const Message& it) const {
    VectorInstruction vector =
        accumulate(sum_, FabricInput{color(it.direction, it.turn)}, Immediate::f32(weight('r', it.distance)));
    vector.thread = receiver(it);
    return vector;
  }
  [[nodiscard]] static Microthread receiver(const Message& it) {
    return Microthread{static_cast<std::uint8_t>(kDirections.size() + it.direction)};
  }

  void add_time_step(std::vector<Instruction>& body, const std::vector<Message>& all) const {
    const MemoryVector before{.address = before_};
    add(body, {.operation = Operation::multiply,
               .to = before,
               .a = before,
               .b = Immediate::f32(-1),
               .length = cells_});
    add(body, accumulate(before_, field(), Immediate::f32(2)));
    std::set<Microthread> receivers;
    for (const Message& it : all) {
      if (it.distance != 0) receivers.insert(receiver(it));
    }
    // A microthread takes its next instruction when the one before it is done: behind these, the sum is
    // complete.
    for (const Microthread thread : receivers)
      body.push_back(VectorInstruction{.to = Register{0}, .a = Immediate{}, .length = 1, .thread = thread});
    add(body, accumulate(before_, MemoryVector{.address = sum_}, MemoryVector{.address = speed_}));
  }

  // The task's scalar code, the start-ups that it waits for, and the beats of all threads but those that
  // send.
  [[nodiscard]] std::uint64_t compute_cycles(const Program& program) const {
    std::uint64_t cycles = 0;
    for (const Instruction& it : program.tasks[0].body) {
      if (const auto* scalars = std::get_if<ScalarInstructions>(&it)) cycles += scalars->count;
      const auto* vector = std::get_if<VectorInstruction>(&it);
      if (vector == nullptr) continue;
      cycles +=
          vector->thread ? request_.parameters.control_cycles : startup_of(*vector, request_.parameters);
      if (written_color(*vector)) continue;
      cycles += datapath_cycles(*vector, request_.parameters);
    }
    return cycles;
  }

  // A cell of the field; zero outside the box.
  [[nodiscard]] float cell(std::int64_t x, std::int64_t y, std::int64_t z) const {
    if (x < 0 || y < 0 || z < 0 || x >= columns() || y >= rows() || z >= cells_) return 0;
    return operand(request_, 'u', static_cast<std::uint32_t>(y * columns() + x),
                   static_cast<std::uint32_t>(z));
  }

  void load(MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      const std::uint32_t number = at.y * columns() + at.x;
      write_singles(engine, at, field_, cells_ + 2 * reach_,
                    [&](std::uint32_t i) { return cell(at.x, at.y, static_cast<std::int64_t>(i) - reach_); });
      if (reach_ == 1) continue;
      write_singles(engine, at, before_, cells_,
                    [&](std::uint32_t z) { return operand(request_, 'b', number, z); });
      write_singles(engine, at, speed_, cells_,
                    [&](std::uint32_t z) { return operand(request_, 'v', number, z); });
    }
  }

  // The plain stencil at one cell.
  [[nodiscard]] PlainSum plain(PeAt at, std::uint32_t z) const {
    const std::uint32_t number = at.y * columns() + at.x;
    const double speed = reach_ > 1 ? operand(request_, 'v', number, z) : 1;
    PlainSum sum;
    const auto weigh = [&](double weight, std::int64_t dx, std::int64_t dy, std::int64_t dz) {
      sum.add(weight * speed, cell(at.x + dx, at.y + dy, static_cast<std::int64_t>(z) + dz));
    };
    weigh(weight('c', 0), 0, 0, 0);
    for (std::uint32_t i = 1; i <= reach_; ++i) {
      const std::int64_t d = i;
      for (const std::int64_t s : {d, -d}) {
        weigh(weight('z', i), 0, 0, s);
        weigh(weight('r', i), s, 0, 0);
        weigh(weight('r', i), 0, s, 0);
      }
    }
    if (reach_ > 1) {
      sum.add(2, cell(at.x, at.y, z));
      sum.add(-1, operand(request_, 'b', number, z));
    }
    return sum;
  }

  [[nodiscard]] bool is_right(const MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      const std::vector<float> found = read_singles(engine, at, reach_ > 1 ? before_ : sum_, cells_);
      for (std::uint32_t z = 0; z < cells_; ++z) {
        if (!plain(at, z).allows(found[z], request_.values, kSingleUnit)) return false;
      }
    }
    return true;
  }

  MatrixRequest request_;
  std::uint32_t reach_, cells_;
  std::uint32_t field_{}, sum_{}, before_{}, speed_{};
  std::uint32_t memory_bytes_{};
};

}  // namespace

MeshKernel make_stencil(const MatrixRequest& request) {
  return Stencil{request}.run();
}

}  // namespace wafersim
