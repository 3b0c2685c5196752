// Random numbers that are the same on every machine, compiler and library version.
#pragma once

#include <cstdint>

#include <boost/random/mersenne_twister.hpp>

#include "wafersim/base/wide.hpp"

namespace wafersim {

// A fixed engine of Boost's, seeded with a number that appears in every report.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_{seed} {}

  [[nodiscard]] std::uint64_t bits() { return engine_(); }
  // Uniform in [0, bound); bound must not be zero. The bias of at most bound/2^64 is far below any count of
  // ours.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Wide>(engine_()) * bound) >> 64U);
  }

 private:
  boost::random::mt19937_64 engine_;
};

}  // namespace wafersim
