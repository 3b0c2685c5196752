// From a product of a training step to programs on a dozen rows, and back to cycles.
#include "wafersim/kernel/mesh/ws_timer.hpp"

#include <algorithm>
#include <memory>

#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/ws_gemm.hpp"
#include "wafersim/kernel/ws_flow.hpp"
#include "wafersim/mesh/fold.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kRows = 4;         // that show whether a row leaves the one above it alone
constexpr std::uint64_t kStretch = 64;     // output features of a stretch of a sample, at least
constexpr std::uint64_t kAgreement = 100;  // paces agree within one part of so many

std::uint32_t small(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, ~std::uint32_t{0}));
}

// The mesh with the machine's numbers.
MeshParameters mesh_of(const WaferSpec& wafer) {
  MeshParameters mesh = ws_parameters(wafer.pe.wavelet_overhead);
  mesh.f16_lanes = small(wafer.pe.fmacs_fp16);
  mesh.mixed_lanes = small(wafer.pe.fmacs_mixed);
  mesh.task_dispatch = small(wafer.pe.task_dispatch);
  mesh.instruction_startup = small(wafer.pe.instruction_startup);
  mesh.ramp_cycles = small(wafer.fabric.ramp_latency);
  mesh.memory_bytes = small(wafer.pe.sram.count());
  mesh.code_reserve_bytes = small(wafer.pe.reserved.count());
  return mesh;
}

std::string obstacle(const FlowContext& c, const MatrixShape& shape, ProductPass pass) {
  if (c.layout.mapping().bands > 1) return "its features lie on several bands of rows";
  if (c.wafer.pe.fmacs_fp32 != 1 || c.wafer.fabric.hop_latency != 1 || c.wafer.fabric.wavelet != Bytes{4})
    return "the mesh knows one FP32 multiply-add a cycle, hops of one cycle and wavelets of 4 B only";
  if (pass == ProductPass::forward && shape.mask != nullptr && c.arithmetic == Arithmetic::fp32)
    return "an index and an FP32 weight do not share a wavelet";
  if (shape.zeros.share.billionths > 0)
    return "its rows filter zeros, each other ones: none stands for another, and all would have to run";
  return {};
}

bool agree(std::uint64_t a, std::uint64_t b) {
  return (std::max(a, b) - std::min(a, b)) * kAgreement <= std::max(a, b);
}

// What a run showed.
struct Seen {
  std::uint64_t busy{};         // cycles that RowTime::total counts
  std::vector<PeActivity> top;  // of the northernmost row of PEs that compute
};

// A product on a few rows, with the first `outputs` of its output features.
class Run {
 public:
  Run(const FlowContext& c, const MatrixShape& shape, ProductPass pass, Fidelity fidelity)
      : context_{c}, shape_{shape}, pass_{pass} {
    const bool gradient = pass == ProductPass::gradient;
    groups_ = gradient ? std::min<std::uint64_t>(c.layout.mapping().groups, 2) : 1;
    request_ = {.kernel = gradient ? "ws.gradient" : "ws.forward",
                .in = small(shape.in),
                .groups = small(groups_),
                .arithmetic = c.arithmetic,
                .accumulators = small(c.wafer.pe.accumulators),
                .block = small(c.layout.features_per_pe(shape.out)),
                .numbers = false,
                .parameters = mesh_of(c.wafer)};
    if (gradient) request_.gradient = gradient_plan(c, shape).style;
    choose_rows(fidelity);
  }

  // Whole blocks of output features.
  [[nodiscard]] std::uint64_t stretch() const {
    return divide_up(kStretch, request_.block) * std::uint64_t{request_.block};
  }
  [[nodiscard]] std::uint64_t busy(std::uint64_t outputs) const { return run(outputs, rows_).busy; }

 private:
  // A stretch from the beginning, on one row and on several: if those below leave the first row alone, it is
  // enough for the rest. For a sample it is also enough if they take as long, but for a hundredth.
  void choose_rows(Fidelity fidelity) {
    const std::uint64_t several = std::min(context_.layout.token_rows(), kRows);
    const std::uint64_t some = std::min<std::uint64_t>(shape_.out, stretch());
    const Seen one = run(some, 1);
    const Seen more = run(some, several);
    const bool alike = fidelity == Fidelity::sampled && agree(one.busy, more.busy);
    if (one.top != more.top && !alike) rows_ = several;
  }

  [[nodiscard]] Seen run(std::uint64_t outputs, std::uint64_t rows) const {
    WsRequest request = request_;
    request.grid = {context_.layout.feature_columns() * groups_, rows};
    request.tokens = small(context_.layout.tokens_per_pe() * rows * groups_);
    request.out = small(outputs);
    if (shape_.mask != nullptr) request.mask = std::make_shared<MaskSample>(shape_.mask->with_rows(outputs));
    const WsProgram program = make_ws_gemm(request);
    const auto engine = make_folded_engine(program.kernel.plan, {.arithmetic = false});
    program.kernel.load(*engine);
    const std::uint64_t cycles = time_mesh_kernel(program.kernel, *engine).cycles;
    Seen seen{.busy = cycles - std::min(cycles, program.kernel.closed_form - busy_by_flow(request)),
              .top = {}};
    std::uint32_t top = program.kernel.last.front().y;
    for (const PeAt at : program.kernel.last) top = std::min(top, at.y);
    for (const PeAt at : program.kernel.last) {
      if (at.y == top) seen.top.push_back(engine->activity(at));
    }
    return seen;
  }

  // What the closed form of this very run counts for that.
  [[nodiscard]] std::uint64_t busy_by_flow(const WsRequest& request) const {
    FlowContext c = context_;
    c.layout = {request.grid, {.groups = request.groups, .bands = 1}, request.tokens};
    MatrixShape shape = shape_;
    shape.out = request.out;
    shape.mask = request.mask.get();
    if (pass_ == ProductPass::gradient) return gradient_time(c, shape, *request.gradient).total;
    return row_time(c, shape).total;
  }

  const FlowContext& context_;
  const MatrixShape& shape_;
  ProductPass pass_;
  WsRequest request_;
  std::uint64_t groups_{};
  std::uint64_t rows_ = 1;
};

struct Answer {
  std::uint64_t cycles{};
  std::uint64_t outputs{};
};

// Three runs of two, three and four stretches: the pace from the first to the second, and from the second to
// the third.
Answer sampled(const Run& run, std::uint64_t outputs) {
  for (std::uint64_t stretch = run.stretch(); 4 * stretch < outputs; stretch *= 2) {
    const std::uint64_t two = run.busy(2 * stretch);
    const std::uint64_t three = run.busy(3 * stretch);
    const std::uint64_t four = run.busy(4 * stretch);
    const std::uint64_t before = three - std::min(two, three);
    const std::uint64_t after = four - std::min(three, four);
    if (!agree(before, after)) continue;
    return {.cycles = four + multiply_divide_up(four - two, outputs - 4 * stretch, 2 * stretch),
            .outputs = 4 * stretch};
  }
  return {.cycles = run.busy(outputs), .outputs = outputs};
}

}  // namespace

std::string_view to_string(ProductPass pass) {
  return pass == ProductPass::forward ? "forward" : "gradient";
}
std::string_view to_string(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::flow:
      return "flow";
    case Fidelity::sampled:
      return "sampled";
    case Fidelity::folded:
      return "folded";
  }
  return "";
}

double TimedProduct::error_percent() const {
  return mesh == 0 ? 0 : 100.0 * (static_cast<double>(flow) / static_cast<double>(mesh) - 1);
}

std::optional<std::uint64_t> MeshTimer::time(const FlowContext& c, const MatrixShape& shape, ProductPass pass,
                                             std::uint64_t flow) {
  const Key key{.pass = pass,
                .arithmetic = c.arithmetic,
                .in = shape.in,
                .out = shape.out,
                .tokens = c.layout.tokens_per_pe(),
                .columns = c.layout.feature_columns(),
                .groups = c.layout.mapping().groups,
                .mask = shape.mask,
                .zeros = shape.zeros.share.billionths};
  const auto [known, fresh] = known_.try_emplace(key, products_.size());
  if (fresh) {
    products_.push_back({.pass = pass,
                         .in = shape.in,
                         .out = shape.out,
                         .tokens = key.tokens,
                         .columns = key.columns,
                         .sparse = shape.mask != nullptr,
                         .flow = flow,
                         .mesh = flow});
    wanted_.push_back({c, shape});
  }
  if (known->second >= measured_) return std::nullopt;
  return products_[known->second].mesh;
}

void MeshTimer::measure(const std::function<void(double)>& progress) {
  double all = 0;
  const auto cost = [](const TimedProduct& it) {
    return static_cast<double>(it.flow) * static_cast<double>(it.columns);
  };
  for (std::size_t i = measured_; i < products_.size(); ++i) all += cost(products_[i]);
  double done = 0;
  for (; measured_ < products_.size(); ++measured_) {
    TimedProduct& product = products_[measured_];
    const auto& [context, shape] = wanted_[measured_];
    product.why_not = obstacle(context, shape, product.pass);
    if (product.why_not.empty()) {
      try {
        const Run run{context, shape, product.pass, fidelity_};
        const Answer answer = fidelity_ == Fidelity::sampled
                                  ? sampled(run, shape.out)
                                  : Answer{.cycles = run.busy(shape.out), .outputs = shape.out};
        product.mesh = answer.cycles;
        product.outputs_run = answer.outputs;
      } catch (const DoesNotFit& refusal) {
        product.why_not = refusal.what();
      }
    }
    done += cost(product);
    if (progress && all > 0) progress(done / all);
  }
}

}  // namespace wafersim
