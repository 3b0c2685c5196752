// Forward and delta: each weight multiplies the tokens of its column, then the row adds up.
#include <bit>

#include "wafersim/mesh/arithmetic.hpp"

#include "ws_layout.hpp"
#include "ws_programs.hpp"

namespace wafersim {
namespace {

constexpr Color kResult{3};  // back from the end of the chain to the owner
constexpr FifoId kSums{0};
constexpr Microthread kChain{0};
constexpr Microthread kReceive{1};
constexpr TaskId kStart{0};
constexpr TaskId kOwn{3};

Color sum_color(std::uint32_t sender) {
  return Color{static_cast<std::uint8_t>(1 + sender % 2)};
}

class WsForward {
 public:
  explicit WsForward(const WsRequest& request) : request_{request}, tile_{request}, grid_{request_, tile_} {
    remote_blocks_ = std::min(tile_.blocks, tile_.columns - 1);
    remote_outputs_ = std::min(request.out, remote_blocks_ * tile_.block);
    for (std::uint32_t x = 0; x < grid_.columns(); ++x)
      streams_.push_back(weight_stream(request_, tile_, x % tile_.columns));
  }

  [[nodiscard]] MeshPlan plan() const {
    Layout layout{grid_.whole(), request_.parameters};
    paint_weights(layout, grid_, request_.entry, streams_);
    for (std::uint32_t x = 0; x < grid_.columns(); ++x) {
      paint_sums(layout, x);
      layout.program(grid_.column(x), program(x % tile_.columns));
    }
    MeshPlan plan = layout.build();
    slow_down(plan, grid_, request_);
    return plan;
  }

  void load(MeshEngine& engine) const {
    load_weights(engine, grid_, request_.entry, streams_);
    if (!request_.numbers) return;
    for (std::uint32_t x = 0; x < grid_.columns(); ++x) {
      for (std::uint32_t y = 0; y < grid_.rows(); ++y) {
        if (engine.keeps_values(grid_.at(x, y))) engine.write_memory(grid_.at(x, y), 0, activations(x, y));
      }
    }
  }

  [[nodiscard]] bool matches(const MeshEngine& engine) const {
    for (std::uint32_t group = 0; group < request_.groups; ++group) {
      for (std::uint32_t y = 0; y < grid_.rows(); ++y) {
        if (!engine.keeps_values(grid_.at(0, y))) continue;
        for (std::uint32_t j = 0; j < request_.out; ++j) {
          const std::vector<std::uint32_t> sums = expected(group, y, j);
          for (std::uint32_t k = 0; k < tile_.tokens; ++k) {
            const bool exists = (group * grid_.rows() + y) * tile_.tokens + k < request_.tokens;
            if (exists && value(engine, group, y, k, j) != sums[k]) return false;
          }
        }
      }
    }
    return true;
  }

  [[nodiscard]] float result(const MeshEngine& engine, std::uint32_t token, std::uint32_t feature) const {
    const std::uint32_t tile = token / tile_.tokens;
    const std::uint32_t bits =
        value(engine, tile / grid_.rows(), tile % grid_.rows(), token % tile_.tokens, feature);
    return tile_.sum_bytes == 2 ? f16_to_f32(static_cast<std::uint16_t>(bits)) : std::bit_cast<float>(bits);
  }

  [[nodiscard]] std::vector<PeAt> computing() const {
    std::vector<PeAt> all;
    for (std::uint32_t y = 0; y < grid_.rows(); ++y) {
      for (std::uint32_t x = 0; x < grid_.columns(); ++x) all.push_back(grid_.at(x, y));
    }
    return all;
  }

 private:
  void paint_sums(Layout& layout, std::uint32_t x) const {
    const std::uint32_t column = x % tile_.columns;
    if (column > 0) layout.route(sum_color(column - 1), grid_.column(x), {{Port::west, Port::ramp}});
    if (column + 1 < tile_.columns) {
      layout.route(sum_color(column), grid_.column(x), {{Port::ramp, Port::east}});
      const std::uint32_t block = tile_.block_of(column);
      if (block >= remote_blocks_) return;
      // What comes after the own block belongs to the columns further west.
      Route route{{Port::east, Port::ramp}};
      if (block + 1 < remote_blocks_) route.push_back({Port::east, Port::west});
      layout.route(kResult, grid_.column(x), route);
    } else if (remote_blocks_ > 0) {
      layout.route(kResult, grid_.column(x), {{Port::ramp, Port::west}});
    }
  }

  // One product of the wavelet that started the task with the tokens of a feature.
  [[nodiscard]] VectorInstruction product(Operation operation, bool upper) const {
    VectorInstruction it{.operation = operation,
                         .precision = tile_.multiply,
                         .to = FifoSlot{kSums},
                         .a = MemoryVector{},
                         .b = Register{kWaveletRegister, upper},
                         .length = tile_.tokens};
    const std::uint32_t ring = tile_.features * tile_.row_bytes;
    it.displaced =
        request_.mask != nullptr
            ? Displacement{.index = kWaveletRegister, .upper = true, .unit = tile_.row_bytes, .ring = ring}
            : Displacement{.index = 0, .step = tile_.row_bytes, .ring = ring};
    return it;
  }

  // The sum of what comes along the row and the own partial sums, in order of the output features.
  [[nodiscard]] VectorInstruction chain(std::uint32_t column, Destination to, std::uint32_t outputs) const {
    VectorInstruction it{.operation = Operation::add,
                         .precision = tile_.add,
                         .to = to,
                         .length = outputs * tile_.slot_elements,
                         .thread = kChain};
    if (column == 0) {
      it.operation = Operation::move;
      it.a = FifoHead{kSums};
    } else {
      it.a = FabricInput{sum_color(column - 1)};
      it.b = FifoHead{kSums};
    }
    return it;
  }

  [[nodiscard]] Program program(std::uint32_t column) const {
    const bool pairs = request_.mask == nullptr && request_.arithmetic != Arithmetic::fp32;
    Task start{.name = "start"};
    Task weight{.name = "weight", .started_by = kWeightColor, .stays_loaded = true};
    weight.body.push_back(product(Operation::accumulate, false));
    if (pairs) weight.body.push_back(product(Operation::accumulate, true));
    Task feature{.name = "feature", .started_by = kWeightColor, .on_control = true, .stays_loaded = true};
    feature.body.push_back(Commit{kSums});
    feature.body.push_back(product(Operation::multiply, false));
    if (pairs && tile_.features % 2 == 0) feature.body.push_back(product(Operation::accumulate, true));
    Task own{.name = "own"};

    const std::uint32_t block = tile_.block_of(column);
    const MemoryVector result{.address = tile_.result_address};
    if (column + 1 < tile_.columns) {
      start.body.push_back(chain(column, FabricOutput{sum_color(column)}, request_.out));
      if (block < tile_.blocks) {
        start.body.push_back(VectorInstruction{.precision = tile_.add,
                                               .to = result,
                                               .a = FabricInput{kResult},
                                               .length = tile_.size_of(block) * tile_.slot_elements,
                                               .thread = kReceive});
      }
    } else {
      const FabricOutput back{kResult, LastWavelet::control, tile_.block * tile_.slot_elements};
      const std::uint32_t left = request_.out - remote_outputs_;
      if (left > 0) own.body.push_back(chain(column, result, left));
      if (remote_outputs_ == 0) {
        start.body = own.body;
      } else {
        VectorInstruction it = chain(column, back, remote_outputs_);
        if (left > 0) it.when_done = kOwn;
        start.body.push_back(it);
      }
    }
    return {.name = "column " + std::to_string(column),
            .memory_bytes = tile_.memory_bytes,
            .tasks = {start, weight, feature, own},
            .entry = kStart,
            .fifos = {tile_.sums}};
  }

  [[nodiscard]] std::uint32_t activation(std::uint32_t x, std::uint32_t y, std::uint32_t k,
                                         std::uint32_t feature) const {
    const std::uint32_t token = (x / tile_.columns * grid_.rows() + y) * tile_.tokens + k;
    const std::uint32_t first = tile_.first_of(x % tile_.columns);
    if (token >= request_.tokens || first + feature >= tile_.last_of(x % tile_.columns)) return 0;
    return operand_bits(request_.arithmetic, ws_activation(request_, token, first + feature));
  }

  [[nodiscard]] std::vector<std::uint32_t> activations(std::uint32_t x, std::uint32_t y) const {
    std::vector<std::uint32_t> words(tile_.features * tile_.row_bytes / 4);
    for (std::uint32_t feature = 0; feature < tile_.features; ++feature) {
      for (std::uint32_t k = 0; k < tile_.tokens; ++k) {
        const std::uint32_t byte = feature * tile_.row_bytes + k * tile_.operand_bytes;
        words[byte / 4] |= activation(x, y, k, feature) << (byte % 4 * 8);
      }
    }
    return words;
  }

  // The sums of one output feature in a row of a group, added up in the order of the programs.
  [[nodiscard]] std::vector<std::uint32_t> expected(std::uint32_t group, std::uint32_t y,
                                                    std::uint32_t j) const {
    std::vector<std::uint32_t> total(tile_.tokens);
    for (std::uint32_t column = 0; column < tile_.columns; ++column) {
      const std::uint32_t x = group * tile_.columns + column;
      std::vector<std::uint32_t> kept = kept_features(request_, tile_, column, j);
      for (std::uint32_t k = 0; k < tile_.tokens; ++k) {
        // Without weights, one of value 0 meets the first feature.
        std::uint32_t sum =
            compute_element(Operation::multiply, tile_.multiply, activation(x, y, k, 0), 0, 0);
        bool first = true;
        for (const std::uint32_t feature : kept) {
          const std::uint32_t weight =
              operand_bits(request_.arithmetic, ws_weight(request_, j, tile_.first_of(column) + feature));
          sum = compute_element(first ? Operation::multiply : Operation::accumulate, tile_.multiply,
                                activation(x, y, k, feature), weight, sum);
          first = false;
        }
        total[k] = column == 0 ? sum : compute_element(Operation::add, tile_.add, total[k], sum, 0);
      }
    }
    return total;
  }

  // A result as it lies in its owner's memory.
  [[nodiscard]] std::uint32_t value(const MeshEngine& engine, std::uint32_t group, std::uint32_t y,
                                    std::uint32_t k, std::uint32_t j) const {
    const std::uint32_t block = j / tile_.block;
    const std::uint32_t element = j % tile_.block * tile_.slot_elements + k;
    const std::uint32_t address = tile_.result_address + element * tile_.sum_bytes;
    const PeAt at = grid_.at(group * tile_.columns + tile_.owner_of(block), y);
    const std::uint32_t word = engine.read_memory(at, address / 4 * 4, 1)[0];
    return tile_.sum_bytes == 4 ? word : (word >> (address % 4 * 8)) & 0xffffU;
  }

  WsRequest request_;
  WsTile tile_;
  WsGrid grid_;
  WeightStreams streams_;
  std::uint32_t remote_blocks_{};   // that are sent back along the row
  std::uint32_t remote_outputs_{};  // output features in them
};

}  // namespace

WsProgram make_ws_forward(const WsRequest& request) {
  const auto it = std::make_shared<WsForward>(request);
  return {
      .kernel = {.plan = it->plan(),
                 .load = [it](MeshEngine& engine) { it->load(engine); },
                 .right = [it](const MeshEngine& engine, const Departures&) { return it->matches(engine); },
                 .last = it->computing(),
                 .closed_form = ws_closed_form(request),
                 .rows_judged_alone = true},
      .result = [it](const MeshEngine& engine, std::uint32_t token, std::uint32_t feature) {
        return it->result(engine, token, feature);
      }};
}

}  // namespace wafersim
