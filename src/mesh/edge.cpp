// The line outside a port.
#include "wafersim/mesh/edge.hpp"

#include <stdexcept>

namespace wafersim {

void EdgeQueue::push(std::span<const EdgeWavelet> wavelets) {
  for (const EdgeWavelet& wavelet : wavelets) {
    if (!waiting_.empty() && wavelet.cycle < waiting_.back().cycle)
      throw std::invalid_argument{"a wavelet arrives at the edge before the one in front of it"};
    waiting_.push_back(wavelet);
  }
}

EdgeWavelet EdgeQueue::take(std::uint64_t cycle) {
  const EdgeWavelet wavelet = waiting_.front();
  waiting_.pop_front();
  crossings_.emplace_back(cycle);
  return wavelet;
}

}  // namespace wafersim
