// One overload for each family.
#include "study/runnable_kernel.hpp"

#include <memory>

namespace wafersim {
namespace {

template <class Result>
void add(const Result& result, KernelReport& report) {
  report.cycles = result.cycles;
  report.values_match = result.values_match;
  report.counts = result.counts;
  report.last_pe = result.root;
}

// A folded engine may not.
bool keeps_all_values(const MeshEngine& engine) {
  for (std::uint32_t y = 0; y < engine.plan().grid.rows; ++y) {
    if (!engine.keeps_values({0, y})) return false;
  }
  return true;
}

// Where values are missing that the comparison needs, it says nothing of them.
void judge(const MeshKernel& kernel, MeshEngine& engine, KernelReport& report) {
  if (kernel.rows_judged_alone || keeps_all_values(engine)) {
    add(finish_mesh_kernel(kernel, engine), report);
    return;
  }
  add(time_mesh_kernel(kernel, engine), report);
  report.values_match.reset();
}

RunnableKernel make(const CollectiveRequest& request) {
  const auto collective = std::make_shared<const Collective>(make_collective(request));
  return {.plan = collective->plan,
          .report = {.kernel = request.kernel,
                     .grid = request.grid,
                     .size = {request.length},
                     .dtype = std::string{name_of(request.precision)},
                     .closed_form = collective->closed_form,
                     .pe_costs = collective->pe_costs,
                     .published = collective->published,
                     .shares = collective->shares},
          .load = [collective](MeshEngine& engine) { load_initial_values(*collective, engine); },
          .judge = [collective](MeshEngine& engine,
                                KernelReport& report) { add(run_collective(*collective, engine), report); }};
}

RunnableKernel make(const MatrixRequest& request) {
  const auto kernel = std::make_shared<const MeshKernel>(make_matrix_kernel(request));
  std::vector<std::uint64_t> size{request.m};
  if (!request.kernel.starts_with("stencil.") && !request.kernel.starts_with("fft."))
    size.push_back(request.k);
  if (request.kernel.starts_with("gem") || request.kernel == "spmm") size.push_back(request.n);
  return {.plan = kernel->plan,
          .report = {.kernel = request.kernel,
                     .grid = request.grid,
                     .size = std::move(size),
                     .closed_form = kernel->closed_form,
                     .compute = kernel->compute},
          .load = kernel->load,
          .judge = [kernel](MeshEngine& engine, KernelReport& report) { judge(*kernel, engine, report); },
          .no_program = kernel->no_program};
}

RunnableKernel make(const WsRequest& request) {
  const auto program = std::make_shared<const WsProgram>(make_ws_gemm(request));
  return {.plan = program->kernel.plan,
          .report = {.kernel = request.kernel,
                     .grid = request.grid,
                     .size = {request.tokens, request.in, request.out},
                     .closed_form = program->kernel.closed_form},
          .load = program->kernel.load,
          .judge = [program](MeshEngine& engine, KernelReport& report) {
            judge(program->kernel, engine, report);
          }};
}

}  // namespace

RunnableKernel make_runnable(const KernelRequest& request) {
  return std::visit([](const auto& it) { return make(it); }, request);
}

}  // namespace wafersim
