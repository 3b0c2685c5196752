// The wafer at wavelet resolution between a sender and a receiver: when things come in and leave,
// back-pressure, and a layer whose weights arrive through the socket.
#include "wafersim/wafer/mesh_wafer.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

using namespace literals;
using testing::ElementsAre;

constexpr EdgePort kWest{0, Port::west};
constexpr EdgePort kEast{0, Port::east};

// Sends the chunks of each port in order, at most `window` of them under way; notes when each had gone in.
class Sender final : public sc_core::sc_module {
 public:
  Sender(const sc_core::sc_module_name& name, std::size_t window) : sc_module{name}, window_{window} {
    out.register_nb_transport_bw(this, &Sender::answered);
    SC_HAS_PROCESS(Sender);
    SC_METHOD(start);
  }
  tlm_utils::simple_initiator_socket<Sender> out{"out"};
  std::map<EdgePort, std::deque<std::vector<WaveletChunk::Wavelet>>> chunks;
  std::map<EdgePort, std::vector<Picoseconds>> gone_in;

 private:
  // The payloads live as long as the sender.
  struct Memory final : tlm::tlm_mm_interface {
    void free(tlm::tlm_generic_payload*) override { ++freed; }
    std::size_t freed = 0;
  };
  void start() {
    for (auto& [port, waiting] : chunks) {
      for (std::size_t i = 0; i < window_ && !waiting.empty(); ++i) send(port, {});
    }
  }
  void send(EdgePort port, Picoseconds delay) {
    auto* chunk = new WaveletChunk;  // owned by the payload
    chunk->port = port;
    chunk->wavelets = chunks.at(port).front();
    chunks.at(port).pop_front();
    payloads_.push_back(std::make_unique<tlm::tlm_generic_payload>(&memory_));
    tlm::tlm_generic_payload& payload = *payloads_.back();
    payload.set_command(tlm::TLM_WRITE_COMMAND);
    payload.set_extension(chunk);
    payload.acquire();
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    auto when = sc_core::sc_time::from_value(delay.count());
    EXPECT_EQ(out->nb_transport_fw(payload, phase, when), tlm::TLM_UPDATED);
    EXPECT_EQ(phase, tlm::END_REQ);
  }
  tlm::tlm_sync_enum answered(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay) {
    EXPECT_EQ(phase, tlm::BEGIN_RESP);
    const EdgePort port = payload.get_extension<WaveletChunk>()->port;
    gone_in[port].push_back(Picoseconds{(sc_core::sc_time_stamp() + delay).value()});
    payload.release();
    if (!chunks.at(port).empty()) send(port, Picoseconds{delay.value()});
    return tlm::TLM_COMPLETED;
  }

  std::size_t window_;
  Memory memory_;
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> payloads_;
};

class Receiver final : public sc_core::sc_module {
 public:
  explicit Receiver(const sc_core::sc_module_name& name) : sc_module{name} {
    in.register_b_transport(this, &Receiver::receive);
  }
  tlm_utils::simple_target_socket<Receiver> in{"in"};
  std::map<EdgePort, std::vector<WaveletChunk::Wavelet>> received;

 private:
  void receive(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto* chunk = payload.get_extension<WaveletChunk>();
    const Picoseconds last = chunk->wavelets.back().outside_at;
    EXPECT_EQ(Picoseconds{(sc_core::sc_time_stamp() + delay).value()}, last);  // never in the past
    auto& all = received[chunk->port];
    all.insert(all.end(), chunk->wavelets.begin(), chunk->wavelets.end());
  }
};

struct Bench {
  Bench(const MeshWaferSpec& spec, std::unique_ptr<MeshEngine> engine, std::size_t window)
      : wafer{"wafer", spec, std::move(engine), faults}, sender{"sender", window} {
    sender.out.bind(wafer.in);
    wafer.out.bind(receiver.in);
  }
  void run() {
    sc_core::sc_start();
    faults.rethrow_if_any();
  }
  Faults faults;
  MeshWafer wafer;
  Sender sender;
  Receiver receiver{"receiver"};
};

// A cycle is 1,000 ps, a wavelet 3,200 ps on a port's 10 Gb/s.
constexpr MeshWaferSpec kSpec{.clock = 1_GHz, .port_rate = BytesPerSecond{1'250'000'000}, .latency = 10_ns};

WaveletChunk::Wavelet wavelet(std::uint32_t value) {
  return {.color = Color{3}, .value = value, .control = false, .outside_at = {}};
}

// Three routers from west to east.
MeshPlan passage() {
  Layout layout{{3, 1}};
  layout.route(Color{3}, {.width = 3}, {{Port::west, Port::east}})
      .input(Color{3}, {}, Port::west)
      .output(Color{3}, {.x = 2}, Port::east);
  return layout.build();
}

TEST(MeshWafer, LetsWaveletsInAndOutAtTheRateOfItsPorts) {
  Bench bench{kSpec, make_fast_engine(passage()), 1};
  bench.sender.chunks[kWest] = {{wavelet(70), wavelet(71)}};
  bench.run();
  // At the port after 10 ns and their own 3.2 ns each: 13.2 and 16.4 ns, so they cross in cycles 14 and 17.
  // Three cycles later they leave: the ends of cycles 17 and 20, 18 and 21 ns. The first is outside after 3.2
  // + 10 ns; the second finds the port busy until 21.2 ns and is there at 21.2 + 3.2 + 10.
  EXPECT_THAT(bench.receiver.received[kEast],
              ElementsAre(WaveletChunk::Wavelet{Color{3}, 70, false, 31'200_ps},
                          WaveletChunk::Wavelet{Color{3}, 71, false, 34'400_ps}));
  // Cycle 17 ends at 18 ns; the news takes 10 ns.
  EXPECT_THAT(bench.sender.gone_in[kWest], ElementsAre(28_ns));
  EXPECT_EQ(bench.wafer.outcome(), (MeshOutcome{MeshStatus::finished, Cycles{21}}));
  // The cycles up to 21 in steps of the latency, 10 cycles: at 0 (up to 10), 10 ns (20), 20 ns (30).
  EXPECT_LE(bench.wafer.activations(), 4U);
}

TEST(MeshWafer, WakesUpForAChunkThatComesWhenNothingIsLeftToDo) {
  Bench bench{kSpec, make_fast_engine(passage()), 1};
  bench.sender.chunks[kWest] = {{wavelet(1)}, {wavelet(2)}};  // the second when the first has gone in
  bench.run();
  // In at 13.2 ns, cycle 14, known outside at 15 + 10 = 25 ns; the second at the port at 25 + 10 + 3.2 = 38.2
  // ns, cycle 39.
  EXPECT_THAT(bench.sender.gone_in[kWest], ElementsAre(25_ns, 50_ns));
  ASSERT_EQ(bench.receiver.received[kEast].size(), 2U);
  EXPECT_EQ(bench.receiver.received[kEast][1].outside_at, 56'200_ps);  // leaves in cycle 42: 43 + 3.2 + 10 ns
}

TEST(MeshWafer, HoldsBackASenderWhoseWaveletsNobodyTakes) {
  Layout layout{{1, 1}};
  layout.route(Color{3}, {}, {{Port::west, Port::ramp}}).input(Color{3}, {}, Port::west);
  const VectorInstruction receive{.to = MemoryVector{}, .a = FabricInput{Color{3}}, .length = 4};
  layout.program({}, {.name = "slow",
                      .memory_bytes = 64,
                      .tasks = {{.name = "work", .body = {ScalarInstructions{1000}, receive}}},
                      .entry = TaskId{0}});
  Bench bench{kSpec, make_fast_engine(layout.build()), 1};
  for (std::uint32_t i = 0; i < 8; ++i) bench.sender.chunks[kWest].push_back({wavelet(i), wavelet(i)});
  bench.run();
  // Queues hold 2 + 4 + 2 wavelets, four chunks. The PE starts to read in cycle 1,006 and takes four: two
  // more chunks go in. The seventh waits for ever, and the eighth is never sent.
  const std::vector<Picoseconds>& gone_in = bench.sender.gone_in[kWest];
  ASSERT_EQ(gone_in.size(), 6U);
  EXPECT_LT(gone_in[3], 1000_ns);
  EXPECT_GT(gone_in[4], 1000_ns);
  EXPECT_EQ(bench.sender.chunks[kWest].size(), 1U);
  EXPECT_EQ(bench.wafer.engine().outside(kWest).size(), 2U);
  EXPECT_EQ(bench.wafer.outcome().status, MeshStatus::deadlock);
}

TEST(MeshWafer, RefusesALatencyBelowACycle) {
  MeshWaferSpec spec = kSpec;
  spec.latency = 999_ps;
  Faults faults;
  EXPECT_THROW((MeshWafer{"wafer", spec, make_fast_engine(passage()), faults}), InputError);
}

// A linear layer of 4 inputs and 6 outputs for 3 tokens. Column i holds feature i, row t token t. Color i
// takes the weights of feature i from the west edge along the first row to column i and down; each PE
// multiplies them with its feature of its token; the rows add up from west to east, where the results leave.
constexpr std::uint32_t kInputs = 4;
constexpr std::uint32_t kOutputs = 6;
constexpr std::uint32_t kTokens = 3;
constexpr std::uint32_t kProducts = 4;  // address behind the feature

float weight(std::uint32_t output, std::uint32_t input) {
  return 0.1F * static_cast<float>(1 + output) - 0.3F * static_cast<float>(input);
}
float feature(std::uint32_t token, std::uint32_t input) {
  return 1.0F / static_cast<float>(3 + token) + 0.7F * static_cast<float>(input);
}
Color weights_of(std::uint32_t column) {
  return Color{static_cast<std::uint8_t>(column)};
}
Color sum_from(std::uint32_t column) {  // PEs in turn, so that no router has two senders of a color
  return Color{static_cast<std::uint8_t>(10 + column % 2)};
}

Program multiply_and_add(std::uint32_t x) {
  const MemoryVector products{.address = kProducts};
  const VectorInstruction multiply{.operation = Operation::multiply,
                                   .to = products,
                                   .a = FabricInput{weights_of(x)},
                                   .b = MemoryVector{.address = 0, .stride = 0},
                                   .length = kOutputs};
  VectorInstruction add{.to = FabricOutput{sum_from(x)}, .a = products, .length = kOutputs};
  if (x > 0) {
    add.operation = Operation::add;
    add.b = FabricInput{sum_from(x - 1)};
  }
  return {.name = "column " + std::to_string(x),
          .memory_bytes = 4 + 4 * kOutputs,
          .tasks = {{.name = "work", .body = {multiply, add}}},
          .entry = TaskId{0}};
}

MeshPlan linear_layer() {
  Layout layout{{kInputs, kTokens}};
  for (std::uint32_t x = 0; x < kInputs; ++x) {
    const Color color = weights_of(x);
    layout.input(color, {}, Port::west);
    if (x > 0) layout.route(color, {.width = x}, {{Port::west, Port::east}});
    layout.route(color, {.x = x}, {{Port::west, Port::ramp | Port::south}});
    layout.route(color, {.x = x, .y = 1, .height = kTokens - 2}, {{Port::north, Port::ramp | Port::south}});
    layout.route(color, {.x = x, .y = kTokens - 1}, {{Port::north, Port::ramp}});
    const Rectangle column{.x = x, .height = kTokens};
    layout.route(sum_from(x), column, {{Port::ramp, Port::east}});
    if (x > 0) layout.route(sum_from(x - 1), column, {{Port::west, Port::ramp}});
    layout.program(column, multiply_and_add(x));
  }
  layout.output(sum_from(kInputs - 1), {.x = kInputs - 1, .height = kTokens}, Port::east);
  return layout.build();
}

std::unique_ptr<MeshEngine> engine_with_features() {
  auto engine = make_fast_engine(linear_layer());
  for (std::uint32_t token = 0; token < kTokens; ++token) {
    for (std::uint32_t input = 0; input < kInputs; ++input)
      engine->write_memory({input, token}, 0,
                           std::vector{std::bit_cast<std::uint32_t>(feature(token, input))});
  }
  return engine;
}

// One chunk per output: its row of the matrix.
std::vector<WaveletChunk::Wavelet> row_of_weights(std::uint32_t output) {
  std::vector<WaveletChunk::Wavelet> row;
  for (std::uint32_t input = 0; input < kInputs; ++input)
    row.push_back({weights_of(input), std::bit_cast<std::uint32_t>(weight(output, input)), false, {}});
  return row;
}

TEST(MeshWafer, MultipliesALayerWhoseWeightsArriveThroughItsSocket) {
  constexpr MeshWaferSpec spec{
      .clock = 1'100_MHz, .port_rate = BytesPerSecond{1'250'000'000}, .latency = 500_ns};
  Bench bench{spec, engine_with_features(), kOutputs};
  for (std::uint32_t j = 0; j < kOutputs; ++j) bench.sender.chunks[kWest].push_back(row_of_weights(j));
  bench.run();

  // The same layout without SystemC: wavelet n is at the port 500 ns + (n + 1) x 3.2 ns after the start.
  const auto direct = engine_with_features();
  std::vector<EdgeWavelet> line;
  for (std::uint32_t j = 0; j < kOutputs; ++j) {
    for (const auto& it : row_of_weights(j)) {
      const std::uint64_t picoseconds = 500'000 + (line.size() + 1) * 3'200;
      line.push_back({Cycles{(picoseconds * 1'100 + 999'999) / 1'000'000}, it.color, it.value, false});
    }
  }
  direct->inject(kWest, line);
  const MeshOutcome outcome = direct->run();
  EXPECT_EQ(outcome.status, MeshStatus::finished);
  EXPECT_EQ(bench.wafer.outcome(), outcome);
  EXPECT_EQ(bench.wafer.engine().counts(), direct->counts());

  for (std::uint32_t token = 0; token < kTokens; ++token) {
    const EdgePort port{token, Port::east};
    const auto left = direct->take_departures(port);
    const auto& received = bench.receiver.received[port];
    ASSERT_EQ(received.size(), kOutputs);
    ASSERT_EQ(left.size(), kOutputs);
    Picoseconds free_at;
    for (std::uint32_t j = 0; j < kOutputs; ++j) {
      float expected = weight(j, 0) * feature(token, 0);
      for (std::uint32_t i = 1; i < kInputs; ++i) {
        const float product = weight(j, i) * feature(token, i);
        expected = product + expected;
      }
      EXPECT_EQ(std::bit_cast<float>(received[j].value), expected) << "output " << j << " of token " << token;
      EXPECT_EQ(received[j].value, left[j].value);
      free_at = std::max(free_at, time_of(left[j].cycle + 1_cyc, spec.clock)) + 3'200_ps;
      EXPECT_EQ(received[j].outside_at, free_at + 500_ns);
    }
  }
  // 24 weights need 77 ns at the port; the whole run, some 600 cycles, took two activations of 550 cycles
  // each.
  EXPECT_LE(bench.wafer.activations(), 3U);
}

}  // namespace
}  // namespace wafersim
