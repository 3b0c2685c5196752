#include "model_sweep.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace wafersim {
namespace {

bool on_a_grid(const std::string& kernel) {
  return kernel.ends_with(".2d") || kernel.ends_with(".snake");
}

// Where the published model says something else than this machine does; docs/validation.md says why.
bool known_to_differ(const std::string& kernel, const SweepPoint& at) {
  const double chunk = double{1} * at.length / at.pes;
  if (kernel == "allreduce.ring") return at.pes <= 8 || chunk == 0.5 || (chunk > 10 && chunk < 128);
  return kernel.find("tree") != std::string::npos;  // measured otherwise, see TreeReduce
}

void expect_near(const std::string& kernel, const SweepPoint& at) {
  const std::string where = kernel + " of " + std::to_string(at.pes) + " PEs, B " + std::to_string(at.length);
  EXPECT_LT(std::abs(at.closed_form_off), 4.0) << where;
  if (!at.published || known_to_differ(kernel, at)) return;
  // The model of the star leaves out the link to each root: 1 cycle a line.
  const double link = kernel.find("star") == std::string::npos  ? 0
                      : kernel.find(".2d") == std::string::npos ? 1
                                                                : 2;
  EXPECT_LT(std::abs(at.body - link - *at.published), 0.04 * *at.published) << where << ": " << at.body;
}

}  // namespace

std::vector<SweepPoint> sweep_models(const std::string& kernel, Powers pes, Powers lengths) {
  constexpr std::uint64_t kLongestStar = 150'000;
  const bool star = kernel.find("star") != std::string::npos;
  std::vector<SweepPoint> points;
  for (std::uint32_t p = pes.first; p <= pes.last; p *= pes.factor) {
    for (std::uint32_t b = lengths.first; b <= lengths.last; b *= lengths.factor) {
      if (star && std::uint64_t{p} * b > kLongestStar) continue;
      const Collective collective =
          make_collective({.kernel = kernel, .grid = {p, on_a_grid(kernel) ? p : 1}, .length = b});
      const auto engine = make_fast_engine(collective.plan);
      load_initial_values(collective, *engine);
      const CollectiveResult result = run_collective(collective, *engine);
      EXPECT_TRUE(result.values_match) << kernel << " " << p << " B " << b;
      const auto cycles = static_cast<double>(result.cycles);
      points.push_back({p, b, 100 * (static_cast<double>(collective.closed_form) / cycles - 1),
                        cycles - static_cast<double>(collective.pe_costs), collective.published});
    }
  }
  return points;
}

void expect_models_hold(Powers pes_of_a_row, Powers side_of_a_grid, Powers lengths) {
  for (const std::string& kernel : collective_names()) {
    const Powers pes = on_a_grid(kernel) ? side_of_a_grid : pes_of_a_row;
    for (const SweepPoint& at : sweep_models(kernel, pes, lengths)) expect_near(kernel, at);
  }
}

}  // namespace wafersim
