// attention: one head, FP32, for a sequence spread over the rows of the grid: softmax(Q K^T / sqrt(d)) V.
// Each row owns tokens, each column features. Blocks of K travel round the columns while every PE multiplies
// its features into partial scores; each row adds them up and spreads them; every PE takes the softmax of its
// row's scores; then blocks of V travel, and every PE sums up its features of the result.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "wafersim/mesh/timing.hpp"

#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "row_chain.hpp"
#include "shift_ring.hpp"
#include "tile_product.hpp"
#include "traveller.hpp"

namespace wafersim {
namespace {

// exp(x) = p(x / 2^7)^(2^7), p the Taylor polynomial of degree 5: for -64 <= x <= 0 the error is below 2e-5.
constexpr std::array kTaylor{1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F};
constexpr std::uint32_t kHalvings = 7;
constexpr double kAllowed = 2e-4;  // of the largest element of V: the polynomial, and FP32 sums

constexpr std::array kRowColors{Color{20}, Color{21}};
constexpr Color kSpreadColor{22};

class Attention {
 public:
  explicit Attention(const MatrixRequest& request)
      : request_{request},
        tokens_{divide_up(request.m, rows())},
        features_{divide_up(request.k, columns())},
        ring_{rows() > 2 ? interleaved_order(rows()) : plain_order(rows()), 0} {
    PeMemory memory;
    const std::uint32_t tile = tokens_ * features_ * kSingleBytes;
    query_ = memory.place(tile);
    result_ = memory.place(tile);
    for (std::uint32_t& address : keys_) address = memory.place(tile);
    for (std::uint32_t& address : values_) address = memory.place(tile);
    scores_ = memory.place(all_tokens() * tokens_ * kSingleBytes);
    powers_ = memory.place(all_tokens() * tokens_ * kSingleBytes);
    most_ = memory.place(tokens_ * kSingleBytes);
    total_ = memory.place(tokens_ * kSingleBytes);
    inverse_ = memory.place(tokens_ * kSingleBytes);
    memory_bytes_ = memory.used();
    memory.check(request.parameters,
                 fmt::format("{} tokens of {} features and their scores against {} tokens", tokens_,
                             features_, all_tokens()));
  }

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    for (std::uint32_t x = 0; x < columns(); ++x) ring_.paint(layout, Axis::column, x);
    RowChain chain{request_.grid, layout};
    std::vector<std::uint32_t> westward;
    for (std::uint32_t x = columns(); x > 0; --x) westward.push_back(x - 1);
    chain.add_chain(westward, kRowColors[0], kRowColors[1]);
    chain.add_broadcast(0, kSpreadColor);
    MeshKernel kernel;
    for (const PeAt at : all_pes(request_.grid)) {
      std::vector<Instruction> body = scores(at.y);
      const std::uint64_t before = busy_cycles(body, request_.parameters);
      for (const Instruction& it : chain.instructions(at.x, score_vector())) body.push_back(it);
      std::vector<Instruction> after = softmax();
      for (const Instruction& it : weighted_sum(at.y)) after.push_back(it);
      if (at == PeAt{}) set_closed_form(kernel, chain, before, busy_cycles(after, request_.parameters));
      body.insert(body.end(), after.begin(), after.end());
      layout.program(Rectangle::pe(at), {.name = "attention",
                                         .memory_bytes = memory_bytes_,
                                         .tasks = {{.name = "attention", .body = std::move(body)}},
                                         .entry = TaskId{0}});
    }
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [self = *this](MeshEngine& engine) { self.load(engine); };
    kernel.right = [self = *this](const MeshEngine& engine, const Departures&) {
      return self.is_right(engine);
    };
    return kernel;
  }

 private:
  [[nodiscard]] std::uint32_t columns() const { return static_cast<std::uint32_t>(request_.grid.columns); }
  [[nodiscard]] std::uint32_t rows() const { return static_cast<std::uint32_t>(request_.grid.rows); }
  [[nodiscard]] std::uint32_t all_tokens() const { return tokens_ * rows(); }
  [[nodiscard]] RowVector score_vector() const { return {scores_, all_tokens() * tokens_, Precision::f32}; }
  [[nodiscard]] std::uint32_t block(std::uint32_t number) const {
    return scores_ + number * tokens_ * tokens_ * kSingleBytes;
  }

  // A block of K or V in each of as many steps as rows; `product` says what to do with block `number` in a
  // buffer.
  template <class Product>
  std::vector<Instruction> round(std::uint32_t y, const std::array<std::uint32_t, 2>& buffers,
                                 Product&& product) const {
    std::vector<Instruction> body;
    Traveller tile{{.buffers = buffers, .length = tokens_ * features_, .precision = Precision::f32}, 0};
    for (std::uint32_t step = 0; step < rows(); ++step) {
      const std::uint32_t buffer = tile.buffer();
      body.push_back(ScalarInstructions{request_.parameters.task_dispatch + step_scalars()});
      if (step + 1 < rows()) {
        tile.wait_until_sent(body);
        tile.exchange(body, ring_, y);
      } else {
        tile.wait_until_received(body);
      }
      const std::uint32_t number = (ring_.place_of(y) + step) % rows();
      for (const Instruction& it : tile_product(product(number, buffers[buffer]))) body.push_back(it);
    }
    return body;
  }

  [[nodiscard]] std::vector<Instruction> scores(std::uint32_t y) const {
    std::vector<Instruction> body;
    add(body, {.to = all(scores_), .a = Immediate{}});
    add(body, {.to = MemoryVector{.address = result_}, .a = Immediate{}, .length = tokens_ * features_});
    const std::vector<Instruction> steps =
        round(y, keys_, [this](std::uint32_t number, std::uint32_t keys) -> TileProduct {
          return {tokens_, features_, tokens_, query_, keys, block(number), Precision::f32};
        });
    body.insert(body.end(), steps.begin(), steps.end());
    return body;
  }

  [[nodiscard]] std::vector<Instruction> weighted_sum(std::uint32_t y) const {
    return round(y, values_, [this](std::uint32_t number, std::uint32_t values) -> TileProduct {
      return {tokens_, tokens_, features_, block(number), values, result_, Precision::f32};
    });
  }

  [[nodiscard]] static MemoryVector all(std::uint32_t address) { return {.address = address}; }
  // One element for each of the row's tokens, against all scores.
  [[nodiscard]] MemoryVector of_token(std::uint32_t address) const {
    return {.address = address, .period = tokens_};
  }

  // Over all scores unless it has a length.
  void add(std::vector<Instruction>& body, VectorInstruction it) const {
    if (it.length == 0) it.length = all_tokens() * tokens_;
    body.push_back(ScalarInstructions{3 * kLoadDescriptor});
    body.push_back(it);
  }

  // Scores lie token by token of the others, so that one element for each of the row's tokens repeats along
  // them.
  [[nodiscard]] std::vector<Instruction> softmax() const {
    std::vector<Instruction> body;
    const MemoryVector scores = all(scores_);
    const MemoryVector powers = all(powers_);
    const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(request_.k)));
    add(body, {.operation = Operation::multiply, .to = scores, .a = scores, .b = Immediate::f32(scale)});
    fill_padding(body, scores_, of_token(scores_));
    add(body, {.to = MemoryVector{.address = most_}, .a = scores, .length = tokens_});
    add(body, {.operation = Operation::maximum, .to = of_token(most_), .a = scores, .b = of_token(most_)});
    const MemoryVector most{.address = most_};
    add(body, {.operation = Operation::multiply,
               .to = most,
               .a = most,
               .b = Immediate::f32(-1),
               .length = tokens_});
    add(body, {.operation = Operation::add, .to = scores, .a = scores, .b = of_token(most_)});
    add_exp(body, scores, powers);
    fill_padding(body, powers_, Immediate{});
    add(body, {.to = MemoryVector{.address = total_}, .a = Immediate{}, .length = tokens_});
    add(body, {.operation = Operation::add, .to = of_token(total_), .a = powers, .b = of_token(total_)});
    add_inverse(body);
    add(body, {.operation = Operation::multiply, .to = scores, .a = powers, .b = of_token(inverse_)});
    return body;
  }

  // Tokens that only fill the last rows up: before the softmax they have another token's score, so that they
  // do not change the largest; behind it no weight.
  void fill_padding(std::vector<Instruction>& body, std::uint32_t scores, const Source& value) const {
    const std::uint32_t padding = all_tokens() - request_.m;
    if (padding == 0) return;
    add(body,
        {.to = all(scores + request_.m * tokens_ * kSingleBytes), .a = value, .length = padding * tokens_});
  }

  // Horner's scheme on a 2^-7th of the exponent, then squared seven times.
  void add_exp(std::vector<Instruction>& body, const MemoryVector& exponents,
               const MemoryVector& powers) const {
    add(body, {.operation = Operation::multiply,
               .to = exponents,
               .a = exponents,
               .b = Immediate::f32(1.0F / (1U << kHalvings))});
    add(body, {.to = powers, .a = Immediate::f32(kTaylor[0])});
    for (std::size_t i = 1; i < kTaylor.size(); ++i) {
      add(body, {.operation = Operation::multiply, .to = powers, .a = powers, .b = exponents});
      add(body, {.operation = Operation::add, .to = powers, .a = powers, .b = Immediate::f32(kTaylor[i])});
    }
    for (std::uint32_t i = 0; i < kHalvings; ++i)
      add(body, {.operation = Operation::multiply, .to = powers, .a = powers, .b = powers});
  }

  // Newton's r (2 - s r), from 1 over the number of tokens: a sum of powers lies between 1 and that number.
  // Each round squares the relative error, which begins at 1 - 1 / tokens at most.
  void add_inverse(std::vector<Instruction>& body) const {
    const MemoryVector inverse{.address = inverse_};
    const MemoryVector rest{.address = most_};
    const auto on_tokens = [&](Operation operation, const MemoryVector& to, const Source& a,
                               const Source& b) {
      add(body, {.operation = operation, .to = to, .a = a, .b = b, .length = tokens_});
    };
    on_tokens(Operation::move, inverse, Immediate::f32(1.0F / static_cast<float>(all_tokens())), Immediate{});
    const auto rounds = static_cast<std::uint32_t>(std::ceil(std::log2(16.0 * all_tokens())));
    for (std::uint32_t i = 0; i < rounds; ++i) {
      on_tokens(Operation::multiply, rest, MemoryVector{.address = total_}, inverse);
      on_tokens(Operation::multiply, rest, rest, Immediate::f32(-1));
      on_tokens(Operation::add, rest, rest, Immediate::f32(2));
      on_tokens(Operation::multiply, inverse, inverse, rest);
    }
  }

  // Scalar code, start-ups and beats, those of microthreads as far as they are more than what the task leaves
  // idle.
  void set_closed_form(MeshKernel& kernel, const RowChain& chain, std::uint64_t before,
                       std::uint64_t after) const {
    // Every second beat of a product may be one of the exchange beside it, which the product then waits for.
    const std::uint64_t exchanged = 2ULL * (rows() - 1) * tokens_ * features_;
    const std::uint64_t begin = before + exchanged;
    kernel.compute = before + after;
    kernel.closed_form =
        chain.end(std::vector<std::uint64_t>(columns(), begin), score_vector(), request_.parameters) + after +
        exchanged;
  }

  // Element (token, feature) of Q, K or V; zero where they are padded.
  [[nodiscard]] float element(char matrix, std::uint32_t token, std::uint32_t feature) const {
    return token < request_.m && feature < request_.k ? operand(request_, matrix, token, feature) : 0.0F;
  }

  void load(MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      const std::uint32_t own = at.y * tokens_;
      const std::uint32_t travelling = ring_.place_of(at.y) * tokens_;
      const std::uint32_t first = at.x * features_;
      const std::uint32_t count = tokens_ * features_;
      write_singles(engine, at, query_, count,
                    [&](std::uint32_t i) { return element('Q', own + i % tokens_, first + i / tokens_); });
      write_singles(engine, at, keys_[0], count, [&](std::uint32_t i) {
        return element('K', travelling + i % tokens_, first + i / tokens_);
      });
      write_singles(engine, at, values_[0], count, [&](std::uint32_t i) {
        return element('V', travelling + i / features_, first + i % features_);
      });
    }
  }

  // The plain computation for one token: its weights on all others.
  [[nodiscard]] std::vector<double> weights(std::uint32_t token) const {
    std::vector<double> weights(request_.m);
    for (std::uint32_t j = 0; j < request_.m; ++j) {
      for (std::uint32_t f = 0; f < request_.k; ++f)
        weights[j] += double{element('Q', token, f)} * element('K', j, f) / std::sqrt(double(request_.k));
    }
    const double most = *std::max_element(weights.begin(), weights.end());
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - most);
    for (double& weight : weights) weight /= total;
    return weights;
  }

  [[nodiscard]] bool is_right(const MeshEngine& engine) const {
    for (std::uint32_t y = 0; y < rows(); ++y) {
      for (std::uint32_t i = 0; i < tokens_ && y * tokens_ + i < request_.m; ++i) {
        const std::vector<double> weight = weights(y * tokens_ + i);
        for (std::uint32_t x = 0; x < columns(); ++x) {
          const std::vector<float> found = read_singles(engine, {x, y}, result_, tokens_ * features_);
          for (std::uint32_t f = 0; f < features_; ++f) {
            double expected = 0;
            for (std::uint32_t j = 0; j < request_.m; ++j)
              expected += weight[j] * element('V', j, x * features_ + f);
            if (!(std::abs(found[f * tokens_ + i] - expected) <= 2 * kAllowed))
              return false;  // V lies in [-2, 2]
          }
        }
      }
    }
    return true;
  }

  MatrixRequest request_;
  std::uint32_t tokens_, features_;  // of a PE
  ShiftRing ring_;
  std::array<std::uint32_t, 2> keys_{}, values_{};
  std::uint32_t query_{}, result_{}, scores_{}, powers_{}, most_{}, total_{}, inverse_{};
  std::uint32_t memory_bytes_{};
};

}  // namespace

MeshKernel make_attention(const MatrixRequest& request) {
  return Attention{request}.run();
}

}  // namespace wafersim
