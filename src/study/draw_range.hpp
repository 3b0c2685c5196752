// Ranges that random keys are drawn from; private to this room.
#pragma once

#include <optional>
#include <string>

#include "wafersim/study/study.hpp"

namespace wafersim::study_detail {

// The range between two texts such as "0.10" and "0.9" or "100 GB/s" and "400 GB/s": as many decimals as the
// more exact of them has. Nothing if they are no numbers, of different units, or the wrong way round.
[[nodiscard]] std::optional<DrawRange> parse_range(const std::string& from, const std::string& to);

}  // namespace wafersim::study_detail
