// The fidelity ladder: weight-streaming products at wavelet resolution beside their closed form.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace wafersim {

struct LadderPoint {
  std::string what;
  std::uint64_t wavelet{};  // cycles of the engine
  std::uint64_t flow{};     // of the closed form
  bool values_match = false;
  [[nodiscard]] double error_percent() const {
    return 100 * (static_cast<double>(flow) / static_cast<double>(wavelet) - 1);
  }
};

// Errors without their sign, in percent.
struct LadderSummary {
  std::size_t points{};
  double median{};
  double worst{};
  std::size_t long_points{};  // tiles that run longer than 10,000 cycles
  double worst_long{};
  bool values_match = true;
};

inline constexpr std::uint64_t kLongTile = 10'000;
inline constexpr double kLadderMedian = 2;
inline constexpr double kLadderWorst = 10;
inline constexpr double kLadderWorstLong = 5;

enum class LadderSet { quick, full };
// Runs the fixed set; `seen` is told each point as it is done.
[[nodiscard]] std::vector<LadderPoint> run_ladder(LadderSet set,
                                                  const std::function<void(const LadderPoint&)>& seen = {});
[[nodiscard]] LadderSummary summarize(const std::vector<LadderPoint>& points);

}  // namespace wafersim
