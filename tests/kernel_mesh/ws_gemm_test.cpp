// The weight-streaming products: right values on ragged, grouped, dense and sparse shapes.
#include "wafersim/kernel/mesh/ws_gemm.hpp"

#include <gtest/gtest.h>

#include "wafersim/base/error.hpp"
#include "wafersim/mesh/deadlock.hpp"

namespace wafersim {
namespace {

struct Shape {
  GridSize grid;
  std::uint32_t tokens, in, out, groups = 1;
};

std::uint64_t run(const WsRequest& request) {
  const WsProgram program = make_ws_gemm(request);
  const auto engine = make_fast_engine(program.plan);
  program.load(*engine);
  const MeshOutcome outcome = engine->run();
  EXPECT_EQ(outcome.status, MeshStatus::finished)
      << (outcome.status == MeshStatus::deadlock ? to_string(explain_deadlock(*engine)) : "");
  if (outcome.status != MeshStatus::finished) return 0;
  EXPECT_TRUE(program.matches(*engine));
  if (request.integers) {
    for (std::uint32_t token = 0; token < request.tokens; ++token) {
      for (std::uint32_t j = 0; j < request.out; ++j) {
        double sum = 0;
        for (std::uint32_t i = 0; i < request.in; ++i) {
          if (request.mask == nullptr || request.mask->kept(j, i, i + 1) != 0)
            sum += double{ws_activation(request, token, i)} * double{ws_weight(request, j, i)};
        }
        EXPECT_EQ(program.result(*engine, token, j), sum) << "token " << token << ", feature " << j;
      }
    }
  }
  return outcome.cycles.count();
}

TEST(WsForward, IsExactInWholeNumbersOnEveryShape) {
  for (const Shape& s :
       {Shape{{1, 1}, 3, 4, 5}, Shape{{2, 1}, 4, 4, 4}, Shape{{3, 2}, 10, 7, 8}, Shape{{4, 3}, 25, 13, 9},
        Shape{{5, 2}, 7, 3, 11}, Shape{{6, 2}, 16, 6, 4, 2}, Shape{{7, 2}, 13, 9, 10, 3}}) {
    for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
      WsRequest request{.grid = s.grid,
                        .tokens = s.tokens,
                        .in = s.in,
                        .out = s.out,
                        .groups = s.groups,
                        .arithmetic = arithmetic,
                        .integers = true,
                        .parameters = ws_parameters()};
      (void)run(request);
      if (arithmetic == Arithmetic::fp32) continue;
      const MaskSample mask{s.in, s.out, Fraction{600'000'000}, 3};
      request.mask = &mask;
      (void)run(request);
    }
  }
}

}  // namespace
}  // namespace wafersim
