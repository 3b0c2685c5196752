// What crosses between the wafer and the outside at wavelet resolution: a run of wavelets for one edge port.
#pragma once

#include <cstdint>
#include <tlm>
#include <vector>

#include "wafersim/mesh/edge.hpp"

namespace wafersim {

// Rides on a generic payload. Towards the wafer the wavelets follow each other at the port's rate; away from
// it, each has the time at which its last bit is outside.
struct WaveletChunk : tlm::tlm_extension<WaveletChunk> {
  struct Wavelet {
    Color color{};
    std::uint32_t value{};
    bool control{};
    Picoseconds outside_at;
    friend bool operator==(const Wavelet&, const Wavelet&) = default;
  };
  EdgePort port;
  std::vector<Wavelet> wavelets;

  [[nodiscard]] tlm::tlm_extension_base* clone() const override { return new WaveletChunk{*this}; }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const WaveletChunk&>(other);
  }
};
inline constexpr Bytes kWaveletBytes{4};

}  // namespace wafersim
