// Matrix-matrix product by shifting tiles round rings.
//   gemm.cannon: as in the textbook: rings in plain order, whose last link crosses the whole line; the left
//   operand
//                is aligned on the wafer (row y by y shifts), then the right one (column x by x); then in
//                turns multiply, shift the left tiles, shift the right tiles. The measured program is not
//                public.
//   gemm.mesh:   interleaved rings, no link longer than 2 hops; the left operand is aligned on the wafer by
//   shifts
//                either way, the right one comes aligned; tiles travel while the core multiplies those that
//                it has (MeshGEMM; WaferLLM, OSDI'25).
#include <algorithm>
#include <map>
#include <tuple>

#include "wafersim/base/error.hpp"

#include "gemm_tiles.hpp"
#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "shift_ring.hpp"
#include "traveller.hpp"

namespace wafersim {
namespace {

// Scalar code of a shift of one operand: block, compare and count the steps, swap the buffers, choose the
// direction; set and load what is sent and where to receive.
constexpr std::uint32_t kShiftScalars = 1 + 2 + 5 + 2 * 3 + 3 + 2 + 2 * (kSetAddress + kLoadDescriptor);
// Starting the exchange of both operands beside a product.
constexpr std::uint32_t kExchangeScalars = 4 * (kSetAddress + kLoadDescriptor);
// Tasks that gather the ends of the exchange before the next step: one each axis, one for both.
constexpr std::uint32_t kFinishTasks = 3;

class RingGemm {
 public:
  explicit RingGemm(const MatrixRequest& request)
      : request_{request},
        tiles_{gemm_tiles(request)},
        interleaved_{request.kernel == "gemm.mesh"},
        left_{order(), 0},
        right_{order(), left_.first_free()},
        left_back_{reversed(order()), right_.first_free()} {}

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    left_.paint(layout, Axis::row);
    right_.paint(layout, Axis::column);
    for (std::uint32_t y = 0; y < tiles_.pes; ++y) {
      if (goes_back({0, y})) left_back_.paint(layout, Axis::row, y);
    }
    std::map<Key, std::vector<Rectangle>> alike;
    for (const PeAt at : all_pes(request_.grid)) alike[key_of(at)].push_back(Rectangle::pe(at));
    for (const auto& [key, where] : alike) layout.program_on_all(where, program({where[0].x, where[0].y}));
    MeshKernel kernel;
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [request = request_, tiles = tiles_, left = left_, right = right_,
                   aligned = interleaved_](MeshEngine& engine) {
      const auto place_x = [&](PeAt at) { return left.place_of(at.x); };
      const auto place_y = [&](PeAt at) { return right.place_of(at.y); };
      const auto sum = [&](PeAt at) { return (place_x(at) + place_y(at)) % tiles.pes; };
      load_gemm(request, tiles, engine, place_x, aligned ? InnerTile{sum} : InnerTile{place_y});
    };
    kernel.right = [request = request_, tiles = tiles_](const MeshEngine& engine, const Departures&) {
      return gemm_is_right(request, tiles, engine);
    };
    kernel.compute = compute_cycles();
    kernel.closed_form = closed_form();
    return kernel;
  }

 private:
  // Everything that a PE's program depends on.
  using Key = std::tuple<std::uint32_t, bool, std::uint32_t, Color, Color, Color, Color, Color, Color>;

  [[nodiscard]] std::vector<std::uint32_t> order() const {
    const auto pes = static_cast<std::uint32_t>(request_.grid.columns);
    return interleaved_ ? interleaved_order(pes) : plain_order(pes);
  }
  static std::vector<std::uint32_t> reversed(std::vector<std::uint32_t> order) {
    std::reverse(order.begin(), order.end());
    return order;
  }

  // Shifts that align the left tile of this PE's row, and whether they go against the ring.
  [[nodiscard]] std::uint32_t left_shifts(PeAt at) const {
    const std::uint32_t place = right_.place_of(at.y);
    return goes_back(at) ? tiles_.pes - place : place;
  }
  [[nodiscard]] bool goes_back(PeAt at) const {
    return interleaved_ && right_.place_of(at.y) > tiles_.pes / 2;
  }
  [[nodiscard]] std::uint32_t right_shifts(PeAt at) const { return interleaved_ ? 0 : left_.place_of(at.x); }

  [[nodiscard]] Key key_of(PeAt at) const {
    return {left_shifts(at),
            goes_back(at),
            right_shifts(at),
            left_.sends_on(at.x),
            left_.receives_on(at.x),
            right_.sends_on(at.y),
            right_.receives_on(at.y),
            left_back_.sends_on(at.x),
            left_back_.receives_on(at.x)};
  }

  [[nodiscard]] std::uint32_t shift_scalars() const {
    return request_.parameters.task_dispatch + kShiftScalars;
  }
  [[nodiscard]] std::uint32_t outer_scalars() const {
    return request_.parameters.task_dispatch + step_scalars();
  }
  [[nodiscard]] std::uint32_t finish_scalars() const {
    return kFinishTasks * (request_.parameters.task_dispatch + 2 * request_.parameters.control_cycles);
  }

  [[nodiscard]] Program program(PeAt at) const {
    std::vector<Instruction> body{tiles_.clear_sum()};
    Traveller left{{.buffers = tiles_.left, .length = tiles_.left_length()}, 0};
    Traveller right{{.buffers = tiles_.right, .length = tiles_.right_length()}, 2};
    for (std::uint32_t i = 0; i < left_shifts(at); ++i)
      shift(body, left, goes_back(at) ? left_back_ : left_, at.x);
    for (std::uint32_t i = 0; i < right_shifts(at); ++i) shift(body, right, right_, at.y);
    for (std::uint32_t step = 0; step < tiles_.pes; ++step) {
      const bool last = step + 1 == tiles_.pes;
      if (interleaved_) {
        add_overlapped_step(body, at, left, right, last);
      } else {
        add_plain_step(body, at, left, right, last);
      }
    }
    return {.name = request_.kernel,
            .memory_bytes = tiles_.memory_bytes,
            .tasks = {{.name = "product", .body = std::move(body)}},
            .entry = TaskId{0}};
  }

  void shift(std::vector<Instruction>& body, Traveller& operand, const ShiftRing& ring,
             std::uint32_t position) const {
    body.push_back(ScalarInstructions{shift_scalars()});
    operand.wait_until_sent(body);
    operand.exchange(body, ring, position);
  }

  void add_plain_step(std::vector<Instruction>& body, PeAt at, Traveller& left, Traveller& right,
                      bool last) const {
    left.wait_until_received(body);
    right.wait_until_received(body);
    body.push_back(ScalarInstructions{outer_scalars()});
    for (const Instruction& it : tile_product(tiles_.product(left.buffer(), right.buffer())))
      body.push_back(it);
    if (last) return;
    shift(body, left, left_, at.x);
    left.wait_until_received(body);
    shift(body, right, right_, at.y);
  }

  void add_overlapped_step(std::vector<Instruction>& body, PeAt at, Traveller& left, Traveller& right,
                           bool last) const {
    body.push_back(ScalarInstructions{outer_scalars()});
    const std::uint32_t left_buffer = left.buffer();
    const std::uint32_t right_buffer = right.buffer();
    if (last) {
      left.wait_until_received(body);
      right.wait_until_received(body);
    } else {
      body.push_back(ScalarInstructions{kExchangeScalars});
      left.wait_until_sent(body);
      right.wait_until_sent(body);
      left.exchange(body, left_, at.x);
      right.exchange(body, right_, at.y);
    }
    for (const Instruction& it : tile_product(tiles_.product(left_buffer, right_buffer))) body.push_back(it);
    if (!last) body.push_back(ScalarInstructions{finish_scalars()});
  }

  [[nodiscard]] std::uint64_t beats_of(std::uint32_t length) const { return divide_up(length, 2); }

  // From the start of a shift to the next: the task's code, start-up, the way to the next core, and the beats
  // of sending that did not fit into the way.
  [[nodiscard]] std::uint64_t shift_cycles(std::uint32_t length) const {
    const MeshParameters& p = request_.parameters;
    const std::uint64_t way = 2ULL * p.ramp_cycles + 1 + (interleaved_ ? 2 : 1);
    const std::uint64_t beats = beats_of(length);
    return shift_scalars() + 2ULL * p.control_cycles + p.instruction_startup + way + beats +
           (beats > way ? beats - way : 0);
  }

  [[nodiscard]] std::uint64_t compute_cycles() const {
    const TileTime alone = tile_product_time(tiles_.product(0, 0), 0, request_.parameters);
    return tiles_.pes * (outer_scalars() + alone.cycles);
  }

  [[nodiscard]] std::uint64_t closed_form() const {
    const VectorInstruction clear = tiles_.clear_sum();
    const std::uint64_t begin =
        request_.parameters.instruction_startup + datapath_cycles(clear, request_.parameters);
    return begin + (interleaved_ ? overlapped_cycles() : plain_cycles());
  }

  // Shifts to align, then as many products as PEs with shifts between them. The far link of a ring costs its
  // length once: who waits for it falls behind, and stays behind.
  [[nodiscard]] std::uint64_t plain_cycles() const {
    const std::uint32_t last = tiles_.pes - 1;
    return compute_cycles() + left_.longest_link() +
           2ULL * last * (shift_cycles(tiles_.left_length()) + shift_cycles(tiles_.right_length()));
  }

  // Half as many shifts to align; then the exchange runs beside each product but the last.
  [[nodiscard]] std::uint64_t overlapped_cycles() const {
    const MeshParameters& p = request_.parameters;
    const std::uint32_t last = tiles_.pes - 1;
    const std::uint64_t others = 2 * (beats_of(tiles_.left_length()) + beats_of(tiles_.right_length()));
    const TileTime busy = tile_product_time(tiles_.product(0, 0), others, p);
    const std::uint64_t waits = p.instruction_startup + 4ULL * p.control_cycles;
    const std::uint64_t step = kExchangeScalars + waits + busy.cycles + busy.others_left + finish_scalars();
    const TileTime alone = tile_product_time(tiles_.product(0, 0), 0, p);
    return tiles_.pes / 2 * shift_cycles(tiles_.left_length()) + tiles_.pes * outer_scalars() + last * step +
           alone.cycles + 2ULL * p.control_cycles;
  }

  const MatrixRequest request_;
  GemmTiles tiles_;
  bool interleaved_;
  ShiftRing left_, right_, left_back_;
};

}  // namespace

MeshKernel make_ring_gemm(const MatrixRequest& request) {
  return RingGemm{request}.run();
}

}  // namespace wafersim
