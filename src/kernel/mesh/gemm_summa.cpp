// gemm.summa: in step s, column s of the left tiles is broadcast along the rows and row s of the right tiles
// along the columns; then every core multiplies what came. Routes are static here, so a broadcast cannot
// start at another PE in each step, as the vendor's library makes it by rewriting routes. Instead a line's
// tiles travel to its first PE, one behind the other (each opens its router for the next by a control
// wavelet), and the first PE passes each on to all others.
#include <map>
#include <tuple>

#include "gemm_tiles.hpp"
#include "matrix_kernels.hpp"
#include "operands.hpp"

namespace wafersim {
namespace {

// What a broadcast by the vendor's library costs beside its wavelets: routes rewritten, tasks, callbacks.
// source: a SUMMA row broadcast of n words was measured at 1.6 n + 250 cycles. The two broadcasts of a step
// run beside each other, so it counts once.
constexpr std::uint32_t kLibraryBroadcast = 250;
// Choosing between the own tile and what came: compare, branch, set.
constexpr std::uint32_t kBufferChosen = kLoopEnd + kSetAddress;
// Calling both broadcasts: the buffers, four arguments, call and return.
constexpr std::uint32_t kCalls = 2 * (kBufferChosen + 4 + 2);
// Around the product: the buffers, two addresses and two lengths, the loop, the step counted, block, the end
// tested.
constexpr std::uint32_t kProductScalars = 2 * kBufferChosen + 4 * kSetAddress + 2 + 3 + 1 + 3;

// How one operand moves along its lines.
struct Axis {
  Color gather, spread;
  Port first, last;  // towards the first and the last PE of a line
  std::uint8_t send_thread, receive_thread;
};
constexpr Axis kAlongRow{Color{0}, Color{1}, Port::west, Port::east, 0, 1};
constexpr Axis kAlongColumn{Color{2}, Color{3}, Port::north, Port::south, 2, 3};

class Summa {
 public:
  explicit Summa(const MatrixRequest& request) : request_{request}, tiles_{gemm_tiles(request)} {}

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    for (std::uint32_t i = 0; i < tiles_.pes; ++i) {
      paint(layout, kAlongRow, i, {.x = i, .height = tiles_.pes});
      paint(layout, kAlongColumn, i, {.y = i, .width = tiles_.pes});
    }
    const std::uint32_t rest = tiles_.pes - 1;
    layout.program({}, program(true, true));
    layout.program({.x = 1, .width = rest}, program(false, true));
    layout.program({.y = 1, .height = rest}, program(true, false));
    layout.program({.x = 1, .y = 1, .width = rest, .height = rest}, program(false, false));
    MeshKernel kernel;
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [request = request_, tiles = tiles_](MeshEngine& engine) {
      load_gemm(
          request, tiles, engine, [](PeAt at) { return at.x; }, [](PeAt at) { return at.y; });
    };
    kernel.right = [request = request_, tiles = tiles_](const MeshEngine& engine, const Departures&) {
      return gemm_is_right(request, tiles, engine);
    };
    const TileTime product = tile_product_time(tiles_.product(1, 1), 0, request_.parameters);
    kernel.compute = tiles_.pes * (product_scalars() + product.cycles);
    kernel.closed_form = closed_form(product.cycles);
    return kernel;
  }

 private:
  void paint(Layout& layout, const Axis& axis, std::uint32_t place, const Rectangle& where) const {
    const std::uint32_t last = tiles_.pes - 1;
    if (place == 0) {
      layout.route(axis.gather, where, {{axis.last, Port::ramp}});
      layout.route(axis.spread, where, {{Port::ramp, axis.last}});
      return;
    }
    Route gather{{Port::ramp, axis.first}};
    if (place != last) gather.push_back({axis.last, axis.first});
    layout.route(axis.gather, where, gather);
    layout.route(axis.spread, where,
                 {{axis.first, place == last ? Ports{Port::ramp} : Port::ramp | axis.last}});
  }

  [[nodiscard]] Program program(bool first_column, bool first_row) const {
    const std::uint32_t left = tiles_.left_length();
    const std::uint32_t right = tiles_.right_length();
    std::vector<Instruction> body{tiles_.clear_sum()};
    if (!first_column) send_own(body, kAlongRow, tiles_.left[0], left);
    if (!first_row) send_own(body, kAlongColumn, tiles_.right[0], right);
    for (std::uint32_t step = 0; step < tiles_.pes; ++step) {
      body.push_back(ScalarInstructions{kLibraryBroadcast + kCalls});
      get(body, kAlongRow, first_column, step, tiles_.left, left);
      get(body, kAlongColumn, first_row, step, tiles_.right, right);
      wait(body, kAlongRow);
      wait(body, kAlongColumn);
      body.push_back(ScalarInstructions{product_scalars()});
      const std::uint32_t left_buffer = first_column && step == 0 ? 0 : 1;
      const std::uint32_t right_buffer = first_row && step == 0 ? 0 : 1;
      for (const Instruction& it : tile_product(tiles_.product(left_buffer, right_buffer)))
        body.push_back(it);
    }
    return {.name = request_.kernel,
            .memory_bytes = tiles_.memory_bytes,
            .tasks = {{.name = "product", .body = std::move(body)}},
            .entry = TaskId{0}};
  }

  // Each waits in its router's ramp until the tile before it has left.
  static void send_own(std::vector<Instruction>& body, const Axis& axis, std::uint32_t address,
                       std::uint32_t length) {
    body.push_back(VectorInstruction{.precision = Precision::f16,
                                     .to = FabricOutput{axis.gather, LastWavelet::control},
                                     .a = MemoryVector{.address = address},
                                     .length = length,
                                     .thread = Microthread{axis.send_thread}});
  }

  // The first PE of a line passes the tile on and keeps a copy; the others take it.
  static void get(std::vector<Instruction>& body, const Axis& axis, bool first, std::uint32_t step,
                  const std::array<std::uint32_t, 2>& buffers, std::uint32_t length) {
    VectorInstruction it{.precision = Precision::f16,
                         .to = MemoryVector{.address = buffers[1]},
                         .a = FabricInput{axis.spread},
                         .length = length,
                         .thread = Microthread{axis.receive_thread}};
    if (first) {
      it.to = FabricOutput{axis.spread};
      it.a = MemoryVector{.address = buffers[0]};
      if (step > 0) {
        it.a = FabricInput{axis.gather};
        it.copy_to = MemoryVector{.address = buffers[1]};
      }
    }
    body.push_back(it);
  }

  // A microthread takes its next instruction when the one before it is done; the task waits that long.
  static void wait(std::vector<Instruction>& body, const Axis& axis) {
    const Microthread thread{axis.receive_thread};
    body.push_back(VectorInstruction{.to = Register{0}, .a = Immediate{}, .length = 1, .thread = thread});
  }

  // The tasks behind the two broadcasts, which let the product's task start, and that one.
  [[nodiscard]] std::uint32_t product_scalars() const {
    const MeshParameters& p = request_.parameters;
    return 2 * (p.task_dispatch + p.control_cycles) + p.task_dispatch + kProductScalars;
  }

  // A step: the library, start-up, the beats of both operands, the product. The first broadcast also crosses
  // the grid, and later ones keep that distance.
  [[nodiscard]] std::uint64_t closed_form(std::uint64_t product) const {
    const MeshParameters& p = request_.parameters;
    const std::uint64_t beats = divide_up(tiles_.left_length(), 2) + divide_up(tiles_.right_length(), 2);
    const std::uint64_t step = kLibraryBroadcast + kCalls + 4ULL * p.control_cycles + p.instruction_startup +
                               beats + product_scalars() + product;
    const std::uint64_t begin =
        p.instruction_startup + datapath_cycles(tiles_.clear_sum(), p) + 2ULL * p.control_cycles;
    return begin + tiles_.pes * step + 2 * (2ULL * p.ramp_cycles + tiles_.pes);
  }

  const MatrixRequest request_;
  GemmTiles tiles_;
};

}  // namespace

MeshKernel make_summa(const MatrixRequest& request) {
  return Summa{request}.run();
}

}  // namespace wafersim
