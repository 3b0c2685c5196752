// The fixed set of the ladder, and how it is judged.
#include "wafersim/kernel/mesh/ws_ladder.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "wafersim/kernel/mesh/ws_gemm.hpp"

namespace wafersim {
namespace {

constexpr std::uint32_t kOutputs = 128;

LadderPoint measure(const WsRequest& request, const std::string& what) {
  const WsProgram program = make_ws_gemm(request);
  const auto engine = make_fast_engine(program.kernel.plan);
  const MeshKernelResult result = run_mesh_kernel(program.kernel, *engine);
  return {.what = what,
          .wavelet = result.cycles,
          .flow = program.kernel.closed_form,
          .values_match = result.values_match};
}

struct Tile {
  GridSize grid;
  std::uint32_t groups;
};

const char* name_of(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::fp16:
      return "fp16";
    case Arithmetic::mixed:
      return "mixed";
    case Arithmetic::fp32:
      return "fp32";
  }
  return "";
}

// What the set goes through.
struct Steps {
  std::vector<Tile> tiles;
  std::vector<std::uint32_t> inputs;  // features
  std::vector<std::uint32_t> tokens;  // of a PE
  std::vector<std::uint64_t> levels;  // percent that are pruned
};

Steps steps_of(LadderSet set) {
  if (set == LadderSet::quick) return {{{{16, 1}, 1}, {{16, 1}, 2}}, {37}, {1, 16}, {0, 50, 90}};
  return {{{{16, 1}, 1}, {{24, 2}, 1}, {{32, 1}, 4}, {{64, 1}, 16}},
          {37, 240},
          {1, 3, 16, 66, 256},
          {0, 50, 75, 90, 95, 99}};
}

// A kernel of the set, and how it multiplies.
struct Way {
  const char* kernel;
  std::optional<GradientStyle> gradient;
  const char* words;
  [[nodiscard]] bool takes(Arithmetic arithmetic, std::uint64_t level) const {
    if (gradient == GradientStyle::by_delta) return level == 0;  // it computes all, whatever is pruned
    return arithmetic != Arithmetic::fp32 || level == 0;
  }
};
const std::vector<Way>& ways() {
  static const std::vector<Way> all{{"ws.forward", {}, ""},
                                    {"ws.gradient", GradientStyle::by_delta, "gradient by delta, "},
                                    {"ws.gradient", GradientStyle::by_weight, "gradient by weight, "}};
  return all;
}

}  // namespace

std::vector<LadderPoint> run_ladder(LadderSet set, const std::function<void(const LadderPoint&)>& seen) {
  const Steps steps = steps_of(set);
  std::vector<LadderPoint> points;
  const auto add = [&](const Way& way, Arithmetic arithmetic, std::uint64_t level, const Tile& tile,
                       std::uint32_t in, std::uint32_t t) {
    // A long tile of many tokens says nothing new with many features as well.
    if (t == 256 && in > 37) return;
    const std::uint32_t out = t == 256 ? kOutputs / 2 : kOutputs;  // or its results exceed the memory
    WsRequest request{.kernel = way.kernel,
                      .grid = tile.grid,
                      .tokens = static_cast<std::uint32_t>(t * tile.groups * tile.grid.rows),
                      .in = in,
                      .out = out,
                      .groups = tile.groups,
                      .arithmetic = arithmetic,
                      .entry = WeightEntry::edge,
                      .parameters = ws_parameters(),
                      .gradient = way.gradient};
    if (level != 0) request.mask = std::make_shared<MaskSample>(in, out, Fraction{level * 10'000'000}, 1);
    points.push_back(measure(
        request, fmt::format("{}{} {:>2} % sparse, {:>5} G {:>2}, {:>3} -> {} features, t {:>3}", way.words,
                             name_of(arithmetic), level, spell(tile.grid), tile.groups, in, out, t)));
    if (seen) seen(points.back());
  };
  for (const Way& way : ways()) {
    for (const Arithmetic arithmetic : {Arithmetic::mixed, Arithmetic::fp16, Arithmetic::fp32}) {
      for (const std::uint64_t level : steps.levels) {
        if (!way.takes(arithmetic, level)) continue;
        for (const Tile& tile : steps.tiles) {
          for (const std::uint32_t in : steps.inputs) {
            for (const std::uint32_t t : steps.tokens) add(way, arithmetic, level, tile, in, t);
          }
        }
      }
    }
  }
  return points;
}

LadderSummary summarize(const std::vector<LadderPoint>& points) {
  LadderSummary summary{.points = points.size()};
  std::vector<double> errors;
  for (const LadderPoint& point : points) {
    const double error = std::abs(point.error_percent());
    errors.push_back(error);
    summary.worst = std::max(summary.worst, error);
    summary.values_match = summary.values_match && point.values_match;
    if (point.wavelet <= kLongTile) continue;
    ++summary.long_points;
    summary.worst_long = std::max(summary.worst_long, error);
  }
  std::sort(errors.begin(), errors.end());
  if (!errors.empty()) summary.median = errors[errors.size() / 2];
  return summary;
}

}  // namespace wafersim
