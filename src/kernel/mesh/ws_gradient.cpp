// Gradient: deltas travel along the rows, meet the activations, and the sums go down the columns and out.
#include <bit>

#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/arithmetic.hpp"

#include "ws_gradient_layout.hpp"
#include "ws_programs.hpp"

namespace wafersim {
namespace {

constexpr FifoId kQueue{0};
constexpr Microthread kChain{0};
constexpr Microthread kDeltas{1};
constexpr Microthread kReceive{2};
constexpr TaskId kStart{0};
constexpr std::uint8_t kSumRegister = 1;

class WsGradient {
 public:
  explicit WsGradient(const WsRequest& request) : request_{request}, tile_{request}, ways_{request_, tile_} {
    if (tile_.by_delta) return;
    for (std::uint32_t x = 0; x < ways_.grid().columns(); ++x)
      streams_.push_back(index_stream(request_, tile_, x % tile_.deal.columns));
  }

  [[nodiscard]] MeshPlan plan() const {
    Layout layout{ways_.grid().whole(), request_.parameters};
    if (!tile_.by_delta) paint_weights(layout, ways_.grid(), request_.entry, streams_);
    ways_.paint_deltas(layout);
    ways_.paint_beginnings(layout);
    ways_.paint_sums(layout);
    for (const std::vector<std::uint32_t>& rows : alike()) {
      const auto paint = [&](const auto& place, Program program) {
        std::vector<Rectangle> where;
        for (const std::uint32_t y : rows) where.push_back(Rectangle::pe(place(y)));
        layout.program_on_all(where, std::move(program));
      };
      for (std::uint32_t x = 0; x < ways_.grid().columns(); ++x)
        paint([&](std::uint32_t y) { return ways_.grid().at(x, y); }, program(x, rows.front()));
      for (std::uint32_t group = 0; group < request_.groups; ++group)
        paint([&](std::uint32_t y) { return ways_.relay(group, y); }, relaying(group, rows.front()));
    }
    for (std::uint32_t x = 0; x < ways_.grid().columns(); ++x) {
      if (ways_.has_collector(x)) layout.program(Rectangle::pe(ways_.collector(x)), collecting(x));
    }
    MeshPlan plan = layout.build();
    slow_down(plan, ways_.grid(), request_);
    return plan;
  }

  void load(MeshEngine& engine) const {
    if (!tile_.by_delta) load_weights(engine, ways_.grid(), request_.entry, streams_);
    for (std::uint32_t x = 0; x < ways_.grid().columns(); ++x) {
      for (std::uint32_t y = 0; y < ways_.grid().rows(); ++y) {
        engine.write_memory(ways_.grid().at(x, y), 0, activations(x, y));
        const std::vector<std::uint32_t> words = deltas(x, y);
        if (!words.empty()) engine.write_memory(ways_.grid().at(x, y), tile_.block_address, words);
      }
    }
  }

  [[nodiscard]] std::vector<PeAt> last() const {
    std::vector<PeAt> all;
    for (std::uint32_t x = 0; x < ways_.grid().columns(); ++x) {
      for (std::uint32_t y = 0; y < ways_.grid().rows(); ++y) all.push_back(ways_.grid().at(x, y));
      if (ways_.has_collector(x)) all.push_back(ways_.collector(x));
    }
    return all;
  }
  [[nodiscard]] std::vector<EdgePort> exits() const { return ways_.exits(); }

  // What came out, column by column: from the outside of the ports, or the memory of the PEs that play them.
  void collect(const MeshEngine& engine, const Departures& departures) {
    sums_.clear();
    for (std::uint32_t column = 0; column < tile_.deal.columns; ++column) {
      const std::uint32_t count = ways_.sum_wavelets(column);
      std::vector<std::uint32_t>& sums = sums_.emplace_back();
      if (request_.entry == WeightEntry::ports) {
        if (count > 0) sums = engine.read_memory(ways_.collector(column), 0, count);
        continue;
      }
      for (const EdgeWavelet& wavelet : departures[column]) sums.push_back(wavelet.value);
    }
  }

  [[nodiscard]] bool matches() const {
    for (std::uint32_t column = 0; column < tile_.deal.columns; ++column) {
      if (sums_[column].size() != ways_.sum_wavelets(column)) return false;
      std::uint32_t next = 0;
      for (std::uint32_t turn = 0; turn < request_.out; ++turn) {
        const std::uint32_t j = tile_.output_at(turn);
        for (const std::uint32_t feature : computed(column, j)) {
          const std::uint32_t at =
              tile_.by_delta ? turn * tile_.sum_elements + feature : next++ * tile_.sums_in_wavelet;
          if (sum_at(column, at) != expected(column, feature, j)) return false;
        }
      }
    }
    return true;
  }

  [[nodiscard]] float result(std::uint32_t output, std::uint32_t input) const {
    const std::uint32_t column = input / tile_.deal.features;
    const std::uint32_t feature = input % tile_.deal.features;
    std::uint32_t at = tile_.turn_of(output) * tile_.sum_elements + feature;
    if (!tile_.by_delta) {
      std::uint32_t before = 0;
      for (std::uint32_t turn = 0; turn <= tile_.turn_of(output); ++turn) {
        const std::uint32_t j = tile_.output_at(turn);
        for (const std::uint32_t other : computed(column, j))
          before += j != output || other < feature ? 1 : 0;
      }
      at = before * tile_.sums_in_wavelet;
    }
    const std::uint32_t bits = sum_at(column, at);
    return tile_.deal.sum_bytes == 2 ? f16_to_f32(static_cast<std::uint16_t>(bits))
                                     : std::bit_cast<float>(bits);
  }

 private:
  // Rows whose programs are the same: colors on the way south change from row to row.
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> alike() const {
    const std::uint32_t last = ways_.grid().rows() - 1;
    std::vector<std::vector<std::uint32_t>> classes{{0}};
    for (std::uint32_t y = 1; y < last; ++y) {
      if (y < 3) classes.push_back({});
      classes[1 + (y - 1) % 2].push_back(y);
    }
    if (last > 0) classes.push_back({last});
    return classes;
  }

  // Of deltas on their way.
  [[nodiscard]] Precision moved() const { return tile_.delta_bytes == 2 ? Precision::f16 : Precision::f32; }

  // One product of a delta of the wavelet that started the task with the features of a token.
  [[nodiscard]] VectorInstruction scale(Operation operation, bool upper) const {
    return {.operation = operation,
            .precision = tile_.deal.multiply,
            .to = FifoSlot{kQueue},
            .a = MemoryVector{},
            .b = Register{kWaveletRegister, upper},
            .length = tile_.deal.features,
            .displaced = tile_.filters ? Displacement{.index = kWaveletRegister,
                                                      .upper = true,
                                                      .unit = tile_.row_bytes,
                                                      .ring = tile_.rows * tile_.row_bytes}
                                       : Displacement{.index = 0,
                                                      .step = tile_.row_bytes,
                                                      .ring = tile_.rows * tile_.row_bytes}};
  }

  void add_tasks_by_delta(Program& program) const {
    Task delta{.name = "delta", .started_by = kDeltaColor, .stays_loaded = true};
    Task last{.name = "last delta", .started_by = kDeltaColor, .on_control = true, .stays_loaded = true};
    const bool alone = tile_.delta_wavelets() == 1;
    last.body.push_back(scale(alone ? Operation::multiply : Operation::accumulate, false));
    if (tile_.in_wavelet == 2 && tile_.deal.tokens % 2 == 0)
      last.body.push_back(scale(Operation::accumulate, true));
    last.body.push_back(Commit{kQueue});
    if (!alone) {
      delta.body.push_back(scale(Operation::accumulate, false));
      if (tile_.in_wavelet == 2) delta.body.push_back(scale(Operation::accumulate, true));
      last.body.push_back(VectorInstruction{.precision = tile_.deal.multiply,
                                            .to = FifoSlot{kQueue},
                                            .a = Immediate{},
                                            .length = tile_.deal.features});
      program.tasks.push_back(delta);
    }
    program.tasks.push_back(last);
    program.fifos = {tile_.queue};
  }

  void add_tasks_by_weight(Program& program, std::uint32_t x, std::uint32_t y) const {
    Task feature{.name = "feature", .started_by = kWeightColor, .on_control = true, .stays_loaded = true};
    feature.body.push_back(VectorInstruction{.precision = moved(),
                                             .to = MemoryVector{.address = tile_.working_address},
                                             .a = FifoHead{kQueue},
                                             .length = tile_.delta_elements});
    program.tasks.push_back(feature);
    program.fifos = {tile_.queue};
    program.tasks[0].body.push_back(VectorInstruction{.precision = moved(),
                                                      .to = FifoTail{kQueue},
                                                      .a = FabricInput{kDeltaColor},
                                                      .length = request_.out * tile_.delta_elements,
                                                      .thread = kReceive});
    if (ways_.sum_wavelets(x % tile_.deal.columns) == 0) return;
    Task weight{.name = "weight", .started_by = kWeightColor, .stays_loaded = true};
    const Register sum{kSumRegister};
    weight.body.push_back(
        VectorInstruction{.precision = tile_.deal.add, .to = sum, .a = Immediate{}, .length = 1});
    weight.body.push_back(VectorInstruction{.operation = Operation::accumulate,
                                            .precision = tile_.deal.multiply,
                                            .to = sum,
                                            .a = MemoryVector{},
                                            .b = MemoryVector{.address = tile_.working_address},
                                            .length = tile_.deal.tokens,
                                            .displaced = Displacement{.index = kWaveletRegister,
                                                                      .upper = true,
                                                                      .unit = tile_.row_bytes,
                                                                      .ring = tile_.rows * tile_.row_bytes}});
    VectorInstruction send{
        .precision = tile_.deal.add, .to = FabricOutput{ways_.out_color(x, y)}, .a = sum, .length = 1};
    if (y > 0) {
      send.operation = Operation::add;
      send.a = FabricInput{ways_.sum_color(y - 1)};
      send.b = sum;
    }
    weight.body.push_back(send);
    program.tasks.push_back(weight);
  }

  // Partial sums from the north, with the own ones, to the south.
  [[nodiscard]] VectorInstruction chain(std::uint32_t y, Color out) const {
    VectorInstruction it{.precision = tile_.deal.add,
                         .to = FabricOutput{out},
                         .a = FifoHead{kQueue},
                         .length = request_.out * tile_.sum_elements,
                         .thread = kChain};
    if (y > 0) {
      it.operation = Operation::add;
      it.a = FabricInput{ways_.sum_color(y - 1)};
      it.b = FifoHead{kQueue};
    }
    return it;
  }

  // The last wavelet of an owner's block lets the next owner send.
  [[nodiscard]] Program program(std::uint32_t x, std::uint32_t y) const {
    const std::uint32_t column = x % tile_.deal.columns;
    const std::uint32_t block = tile_.deal.block_of(column);
    Program program{.name = "column " + std::to_string(column),
                    .memory_bytes = tile_.memory_bytes,
                    .tasks = {{.name = "start"}},
                    .entry = kStart};
    if (tile_.by_delta) program.tasks[0].body.push_back(chain(y, ways_.out_color(x, y)));
    if (block < tile_.deal.blocks) {
      program.tasks[0].body.push_back(
          VectorInstruction{.precision = moved(),
                            .to = FabricOutput{kGatherColor, LastWavelet::control},
                            .a = MemoryVector{.address = tile_.block_address},
                            .length = tile_.deal.size_of(block) * tile_.delta_elements,
                            .thread = kDeltas});
    }
    if (tile_.by_delta) {
      add_tasks_by_delta(program);
    } else {
      add_tasks_by_weight(program, x, y);
    }
    return program;
  }

  // The last wavelet of each output feature carries the control bit, so even a zero goes on there.
  [[nodiscard]] Program relaying(std::uint32_t group, std::uint32_t y) const {
    VectorInstruction begin{.to = Register{kSumRegister}, .a = Immediate{}, .length = 1};
    if (const auto color = ways_.awaited_color(group, y)) begin.a = FabricInput{*color};
    if (!ways_.is_last_to_begin(group, y)) begin.to = FabricOutput{ways_.begin_color(group, y)};
    const FabricOutput out{kDeltaColor,
                           tile_.by_delta ? LastWavelet::control : LastWavelet::plain,
                           tile_.delta_elements,
                           {},
                           tile_.filters};
    Task relay{.name = "relay"};
    if (!ways_.awaited_color(group, y))
      relay.body.push_back(ScalarInstructions{gradient_prelude(request_.parameters)});
    relay.body.push_back(begin);
    relay.body.push_back(VectorInstruction{.precision = moved(),
                                           .to = out,
                                           .a = FabricInput{kGatherColor},
                                           .length = request_.out * tile_.delta_elements});
    return {.name = "relay", .memory_bytes = 4, .tasks = {relay}, .entry = kStart};
  }

  // Below a column: adds up the groups, and keeps the sums where it plays a port.
  [[nodiscard]] Program collecting(std::uint32_t x) const {
    const std::uint32_t group = x / tile_.deal.columns;
    const std::uint32_t wavelets = ways_.sum_wavelets(x % tile_.deal.columns);
    const bool keeps = group == 0 && request_.entry == WeightEntry::ports;
    VectorInstruction it{.precision = tile_.deal.add,
                         .a = FabricInput{ways_.down_color(group)},
                         .length = wavelets * tile_.sums_in_wavelet,
                         .thread = kChain};
    if (group + 1 < request_.groups) {
      it.operation = Operation::add;
      it.b = it.a;
      it.a = FabricInput{ways_.across_color(group + 1)};
    }
    it.to = keeps ? Destination{MemoryVector{}} : Destination{FabricOutput{ways_.across_color(group)}};
    return {.name = "collector of column " + std::to_string(x),
            .memory_bytes = keeps ? 4 * wavelets : 4,
            .tasks = {{.name = "start", .body = {it}}},
            .entry = kStart,
            .fifos = {},
            .stands_in = keeps};
  }

  [[nodiscard]] std::uint32_t token_of(std::uint32_t x, std::uint32_t y, std::uint32_t k) const {
    return (x / tile_.deal.columns * ways_.grid().rows() + y) * tile_.deal.tokens + k;
  }
  [[nodiscard]] std::uint32_t activation(std::uint32_t x, std::uint32_t y, std::uint32_t k,
                                         std::uint32_t feature) const {
    const std::uint32_t column = x % tile_.deal.columns;
    const std::uint32_t token = token_of(x, y, k);
    const std::uint32_t input = tile_.deal.first_of(column) + feature;
    if (token >= request_.tokens || input >= tile_.deal.last_of(column)) return 0;
    return operand_bits(request_.arithmetic, ws_activation(request_, token, input));
  }
  [[nodiscard]] std::uint32_t delta(std::uint32_t x, std::uint32_t y, std::uint32_t k,
                                    std::uint32_t j) const {
    const std::uint32_t token = token_of(x, y, k);
    return token < request_.tokens ? operand_bits(request_.arithmetic, ws_delta(request_, token, j)) : 0;
  }

  void put(std::vector<std::uint32_t>& words, std::uint32_t element, std::uint32_t bits) const {
    const std::uint32_t byte = element * tile_.deal.operand_bytes;
    words[byte / 4] |= bits << (byte % 4 * 8);
  }
  [[nodiscard]] std::vector<std::uint32_t> activations(std::uint32_t x, std::uint32_t y) const {
    std::vector<std::uint32_t> words(tile_.rows * tile_.row_bytes / 4);
    const std::uint32_t in_row = tile_.row_bytes / tile_.deal.operand_bytes;
    for (std::uint32_t k = 0; k < tile_.deal.tokens; ++k) {
      for (std::uint32_t feature = 0; feature < tile_.deal.features; ++feature) {
        put(words, tile_.by_delta ? k * in_row + feature : feature * in_row + k,
            activation(x, y, k, feature));
      }
    }
    return words;
  }
  // Of the block that the PE owns, if it owns one.
  [[nodiscard]] std::vector<std::uint32_t> deltas(std::uint32_t x, std::uint32_t y) const {
    const std::uint32_t index = tile_.deal.block_of(x % tile_.deal.columns);
    if (index >= tile_.deal.blocks) return {};
    const std::uint32_t outputs = tile_.deal.size_of(index);
    std::vector<std::uint32_t> words(outputs * tile_.delta_wavelets());
    for (std::uint32_t i = 0; i < outputs; ++i) {
      for (std::uint32_t k = 0; k < tile_.deal.tokens; ++k) {
        const std::uint32_t bits = delta(x, y, k, index * tile_.deal.block + i);
        if (tile_.filters) {
          words[i * tile_.delta_elements + k] = k << 16U | bits;
        } else {
          put(words, i * tile_.delta_elements + k, bits);
        }
      }
    }
    return words;
  }

  // Features of a column for which an output feature has a sum that leaves.
  [[nodiscard]] std::vector<std::uint32_t> computed(std::uint32_t column, std::uint32_t output) const {
    if (!tile_.by_delta) return kept_features(request_, tile_.deal, column, output);
    std::vector<std::uint32_t> all(tile_.deal.last_of(column) - tile_.deal.first_of(column));
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    return all;
  }
  [[nodiscard]] std::uint32_t sum_at(std::uint32_t column, std::uint32_t element) const {
    const std::uint32_t word = sums_[column][element / tile_.sums_in_wavelet];
    return tile_.deal.sum_bytes == 4 ? word : (word >> (element % 2 * 16)) & 0xffffU;
  }

  // A sum in the order of the programs: over the tokens of a PE, down the rows, then the groups from the
  // east.
  [[nodiscard]] std::uint32_t expected(std::uint32_t column, std::uint32_t feature, std::uint32_t j) const {
    const WsTile& deal = tile_.deal;
    const auto add = [&](std::uint32_t a, std::uint32_t b) {
      return compute_element(Operation::add, deal.add, a, b, 0);
    };
    std::uint32_t total = 0;
    for (std::uint32_t group = request_.groups; group-- > 0;) {
      const std::uint32_t x = group * deal.columns + column;
      std::uint32_t down = 0;
      for (std::uint32_t y = 0; y < ways_.grid().rows(); ++y) {
        std::uint32_t sum = 0;
        for (std::uint32_t k = 0; k < deal.tokens; ++k) {
          const bool first = k == 0 && tile_.by_delta && tile_.delta_wavelets() == 1;
          sum = compute_element(first ? Operation::multiply : Operation::accumulate, deal.multiply,
                                activation(x, y, k, feature), delta(x, y, k, j), sum);
        }
        down = y == 0 ? sum : add(down, sum);
      }
      total = group + 1 == request_.groups ? down : add(total, down);
    }
    return total;
  }

  WsRequest request_;
  GradientTile tile_;
  GradientWays ways_;
  WeightStreams streams_;                           // by weight: which sums are wanted
  std::vector<std::vector<std::uint32_t>> sums_{};  // that came out, by column
};

}  // namespace

WsProgram make_ws_gradient(const WsRequest& request) {
  const auto it = std::make_shared<WsGradient>(request);
  return {.kernel = {.plan = it->plan(),
                     .load = [it](MeshEngine& engine) { it->load(engine); },
                     .right =
                         [it](const MeshEngine& engine, const Departures& departures) {
                           it->collect(engine, departures);
                           return it->matches();
                         },
                     .last = it->last(),
                     .closed_form = gradient_closed_form(request),
                     .exits = it->exits()},
          .result = [it](const MeshEngine&, std::uint32_t output, std::uint32_t input) {
            return it->result(output, input);
          }};
}

}  // namespace wafersim
