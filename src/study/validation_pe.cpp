// One PE against what was measured on WSE-2.
#include <fmt/format.h>

#include "wafersim/kernel/mesh/single_pe.hpp"

#include "study/validation_groups.hpp"

namespace wafersim {

std::vector<ValidationPoint> single_pe() {
  const auto vector = [](std::uint32_t length, Banks banks) {
    return static_cast<double>(vector_cycles(length, banks));
  };
  std::vector<ValidationPoint> points{
      {"FP32 vector instruction, 1028 elements", 1034, vector(1028, Banks::apart), 0, ""},
      {"the same with a bank conflict", 2062, vector(1028, Banks::together), 0, ""},
      {"FP32 vector instruction, 5124 elements", 5130, vector(5124, Banks::apart), 0, ""},
      {"the same with a bank conflict", 10254, vector(5124, Banks::together), 0, ""}};
  struct Point {
    std::uint32_t length;
    double cycles;
  };
  for (const Point& p : {Point{8, 38}, {32, 87}, {64, 155}, {128, 294}}) {
    points.push_back({fmt::format("FP32 accumulate in memory, {} elements", p.length), p.cycles,
                      static_cast<double>(accumulate_cycles(p.length)), 5, ""});
  }
  return points;
}

}  // namespace wafersim
