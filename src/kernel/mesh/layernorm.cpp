// layernorm: every token's features to mean 0 and variance 1, FP32. Rows of the grid own tokens, columns
// features: each PE sums its features and their squares, every row adds the sums up and spreads them, and
// each PE scales its own.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/mesh/timing.hpp"

#include "matrix_kernels.hpp"
#include "operands.hpp"
#include "row_chain.hpp"
#include "tile_product.hpp"

namespace wafersim {
namespace {

constexpr float kEpsilon = 1e-5F;  // added to the variance, as is usual
// Newton's method for 1/sqrt(v) from 1/2: it grows by up to 1.5 a round until it is near, then doubles its
// digits; 24 rounds reach FP32's precision for variances from 1e-5 to 11.
constexpr float kFirstGuess = 0.5F;
constexpr std::uint32_t kRounds = 24;
constexpr double kAllowed = 1e-3;  // of results that lie around 1: FP32 sums, and the method's last digits

class LayerNorm {
 public:
  explicit LayerNorm(const MatrixRequest& request)
      : request_{request}, tokens_{divide_up(request.m, rows())}, features_{divide_up(request.k, columns())} {
    PeMemory memory;
    data_ = memory.place(tokens_ * features_ * kSingleBytes);
    squares_ = memory.place(tokens_ * features_ * kSingleBytes);
    sums_ = memory.place(2 * tokens_ * kSingleBytes);
    scale_ = memory.place(tokens_ * kSingleBytes);
    work_ = memory.place(tokens_ * kSingleBytes);
    memory_bytes_ = memory.used();
    memory.check(request.parameters,
                 fmt::format("{} tokens of {} features and their squares", tokens_, features_));
  }

  MeshKernel run() const {
    Layout layout{request_.grid, request_.parameters};
    RowChain chain{request_.grid, layout};
    std::vector<std::uint32_t> westward;
    for (std::uint32_t x = columns(); x > 0; --x) westward.push_back(x - 1);
    chain.add_chain(westward, Color{0}, Color{1});
    chain.add_broadcast(0, Color{2});
    const RowVector sums{sums_, 2 * tokens_, Precision::f32};
    for (std::uint32_t x = 0; x < columns(); ++x) {
      std::vector<Instruction> body = add_up();
      for (const Instruction& it : chain.instructions(x, sums)) body.push_back(it);
      for (const Instruction& it : normalize()) body.push_back(it);
      layout.program({.x = x, .height = rows()}, {.name = "layernorm",
                                                  .memory_bytes = memory_bytes_,
                                                  .tasks = {{.name = "normalize", .body = std::move(body)}},
                                                  .entry = TaskId{0}});
    }
    MeshKernel kernel;
    kernel.plan = layout.build();
    kernel.last = all_pes(request_.grid);
    kernel.load = [self = *this](MeshEngine& engine) { self.load(engine); };
    kernel.right = [self = *this](const MeshEngine& engine, const Departures&) {
      return self.is_right(engine);
    };
    const std::uint64_t before = busy_cycles(add_up(), request_.parameters);
    const std::uint64_t after = busy_cycles(normalize(), request_.parameters);
    kernel.compute = before + after;
    kernel.closed_form =
        chain.end(std::vector<std::uint64_t>(columns(), before), sums, request_.parameters) + after;
    return kernel;
  }

 private:
  [[nodiscard]] std::uint32_t columns() const { return static_cast<std::uint32_t>(request_.grid.columns); }
  [[nodiscard]] std::uint32_t rows() const { return static_cast<std::uint32_t>(request_.grid.rows); }
  [[nodiscard]] std::uint32_t sums_of_squares() const { return sums_ + tokens_ * kSingleBytes; }
  // One element for each token, again for each feature.
  [[nodiscard]] MemoryVector of_token(std::uint32_t address) const {
    return {.address = address, .period = tokens_};
  }
  [[nodiscard]] std::uint32_t all() const { return tokens_ * features_; }

  static void add(std::vector<Instruction>& body, const VectorInstruction& it) {
    body.push_back(ScalarInstructions{3 * kLoadDescriptor});
    body.push_back(it);
  }

  // Features that only fill the last columns up are zero and add nothing.
  [[nodiscard]] std::vector<Instruction> add_up() const {
    std::vector<Instruction> body;
    const MemoryVector data{.address = data_};
    const MemoryVector squares{.address = squares_};
    add(body, {.to = MemoryVector{.address = sums_}, .a = Immediate{}, .length = 2 * tokens_});
    add(body, {.operation = Operation::multiply, .to = squares, .a = data, .b = data, .length = all()});
    add(body, {.operation = Operation::add,
               .to = of_token(sums_),
               .a = data,
               .b = of_token(sums_),
               .length = all()});
    add(body, {.operation = Operation::add,
               .to = of_token(sums_of_squares()),
               .a = squares,
               .b = of_token(sums_of_squares()),
               .length = all()});
    return body;
  }

  [[nodiscard]] std::vector<Instruction> normalize() const {
    std::vector<Instruction> body;
    const MemoryVector mean{.address = sums_};  // from here on, with the opposite sign
    const MemoryVector variance{.address = sums_of_squares()};
    const MemoryVector scale{.address = scale_};
    const MemoryVector work{.address = work_};
    const auto on_tokens = [&](Operation operation, const MemoryVector& to, const Source& a,
                               const Source& b) {
      add(body, {.operation = operation, .to = to, .a = a, .b = b, .length = tokens_});
    };
    const float share = 1.0F / static_cast<float>(request_.k);
    on_tokens(Operation::multiply, mean, mean, Immediate::f32(-share));
    on_tokens(Operation::multiply, variance, variance, Immediate::f32(share));
    on_tokens(Operation::multiply, work, mean, mean);
    on_tokens(Operation::multiply, work, work, Immediate::f32(-1));
    on_tokens(Operation::add, variance, variance, work);
    on_tokens(Operation::add, variance, variance, Immediate::f32(kEpsilon));
    // r (3/2 - v/2 r^2)
    on_tokens(Operation::multiply, variance, variance, Immediate::f32(-0.5F));
    on_tokens(Operation::move, scale, Immediate::f32(kFirstGuess), Immediate{});
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      on_tokens(Operation::multiply, work, scale, scale);
      on_tokens(Operation::multiply, work, work, variance);
      on_tokens(Operation::add, work, work, Immediate::f32(1.5F));
      on_tokens(Operation::multiply, scale, scale, work);
    }
    const MemoryVector data{.address = data_};
    add(body, {.operation = Operation::add, .to = data, .a = data, .b = of_token(sums_), .length = all()});
    add(body,
        {.operation = Operation::multiply, .to = data, .a = data, .b = of_token(scale_), .length = all()});
    return body;
  }

  [[nodiscard]] float element(std::uint32_t token, std::uint32_t feature) const {
    return token < request_.m && feature < request_.k ? operand(request_, 'x', token, feature) : 0.0F;
  }

  void load(MeshEngine& engine) const {
    for (const PeAt at : all_pes(request_.grid)) {
      write_singles(engine, at, data_, all(), [&](std::uint32_t i) {
        return element(at.y * tokens_ + i % tokens_, at.x * features_ + i / tokens_);
      });
    }
  }

  [[nodiscard]] bool is_right(const MeshEngine& engine) const {
    for (std::uint32_t token = 0; token < request_.m; ++token) {
      double sum = 0;
      double squares = 0;
      for (std::uint32_t f = 0; f < request_.k; ++f) {
        const double x = element(token, f);
        sum += x;
        squares += x * x;
      }
      const double mean = sum / request_.k;
      const double scale = 1 / std::sqrt(squares / request_.k - mean * mean + double{kEpsilon});
      for (std::uint32_t x = 0; x < columns(); ++x) {
        const std::vector<float> found = read_singles(engine, {x, token / tokens_}, data_, all());
        for (std::uint32_t f = 0; f < features_ && x * features_ + f < request_.k; ++f) {
          const double expected = (element(token, x * features_ + f) - mean) * scale;
          if (!(std::abs(found[f * tokens_ + token % tokens_] - expected) <= kAllowed)) return false;
        }
      }
    }
    return true;
  }

  MatrixRequest request_;
  std::uint32_t tokens_, features_;  // of a PE
  std::uint32_t data_{}, squares_{}, sums_{}, scale_{}, work_{}, memory_bytes_{};
};

}  // namespace

MeshKernel make_layernorm(const MatrixRequest& request) {
  return LayerNorm{request}.run();
}

}  // namespace wafersim
