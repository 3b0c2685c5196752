// The closed form of weight streaming against the wavelet engine.
#include "wafersim/base/error.hpp"
#include "wafersim/kernel/mesh/ws_ladder.hpp"

#include "study/validation_groups.hpp"

namespace wafersim {

std::vector<ValidationPoint> ladder() {
  std::vector<ValidationPoint> points;
  for (const LadderPoint& point : run_ladder(LadderSet::full)) {
    if (!point.values_match) throw InternalFault{point.what + " gave wrong values"};
    points.push_back({.what = point.what,
                      .published = static_cast<double>(point.wavelet),
                      .simulated = static_cast<double>(point.flow),
                      .tolerance = point.wavelet > kLongTile ? kLadderWorstLong : kLadderWorst,
                      .known_gap = {}});
  }
  return points;
}

}  // namespace wafersim
