// Runs that leave the arithmetic out, because only their cycles matter.
#include <gtest/gtest.h>

#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/kernel/mesh/matrix.hpp"
#include "wafersim/kernel/mesh/ws_gemm.hpp"

namespace wafersim {
namespace {

void expect_the_same(const std::string& what, const MeshPlan& plan,
                     const std::function<void(MeshEngine&)>& load) {
  const auto whole = make_fast_engine(plan);
  const auto timed = make_fast_engine(plan, {.arithmetic = false});
  for (MeshEngine* engine : {whole.get(), timed.get()}) load(*engine);
  EXPECT_EQ(whole->run(), timed->run()) << what;
  EXPECT_EQ(whole->counts(), timed->counts()) << what;
  for (std::uint32_t y = 0; y < plan.grid.rows; ++y) {
    for (std::uint32_t x = 0; x < plan.grid.columns; ++x)
      EXPECT_EQ(whole->activity({x, y}), timed->activity({x, y})) << what << " " << x << "," << y;
  }
}

TEST(LeavingArithmeticOut, ChangesNoCycleOfWeightStreaming) {
  const auto mask = std::make_shared<MaskSample>(30, 20, Fraction{700'000'000}, 2);
  for (const Arithmetic arithmetic : {Arithmetic::fp16, Arithmetic::mixed, Arithmetic::fp32}) {
    for (const char* kernel : {"ws.forward", "ws.gradient"}) {
      for (const bool sparse : {false, true}) {
        WsRequest request{
            .kernel = kernel, .grid = {6, 3}, .tokens = 72, .in = 30, .out = 20, .arithmetic = arithmetic};
        if (sparse && arithmetic != Arithmetic::fp32) request.mask = mask;
        const WsProgram program = make_ws_gemm(request);
        expect_the_same(kernel, program.kernel.plan, program.kernel.load);
        // Numbers that are all zero take as long, but for the indices beside them, which stay.
        WsRequest zeros = request;
        zeros.numbers = false;
        const auto engine = make_fast_engine(program.kernel.plan, {.arithmetic = false});
        make_ws_gemm(zeros).kernel.load(*engine);
        const auto whole = make_fast_engine(program.kernel.plan);
        program.kernel.load(*whole);
        EXPECT_EQ(whole->run(), engine->run()) << kernel;
      }
    }
  }
}

TEST(LeavingArithmeticOut, ChangesNoCycleOfAnyOtherKernel) {
  for (const std::string& kernel : collective_names()) {
    const Collective collective = make_collective({.kernel = kernel, .grid = {4, 4}, .length = 9});
    expect_the_same(kernel, collective.plan, [](MeshEngine&) {});
  }
  for (const std::string& kernel : matrix_kernel_names()) {
    const GridSize grid = kernel.starts_with("gemv") ? GridSize{4, 1} : GridSize{4, 4};
    MatrixRequest request{.kernel = kernel, .grid = grid, .m = 8, .k = 8, .n = 8};
    if (kernel.starts_with("stencil")) request.grid = {10, 10};
    if (kernel.starts_with("fft")) request.grid = {8, 8};
    MeshKernel program;
    try {
      program = make_matrix_kernel(request);
    } catch (const std::exception& refusal) {
      ADD_FAILURE() << kernel << ": " << refusal.what();
      continue;
    }
    expect_the_same(kernel, program.plan, program.load);
  }
}

}  // namespace
}  // namespace wafersim
