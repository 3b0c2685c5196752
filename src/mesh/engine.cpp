// What all engines do alike with the edge of the grid.
#include "wafersim/mesh/engine.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace wafersim {

void MeshEngine::inject(EdgePort port, std::span<const EdgeWavelet> wavelets) {
  const std::vector<EdgeUse>& inputs = plan().inputs;
  for (const EdgeWavelet& wavelet : wavelets) {
    if (!std::binary_search(inputs.begin(), inputs.end(), EdgeUse{port, wavelet.color})) {
      throw std::invalid_argument{fmt::format("the layout lets no color {} in at row {} from the {}",
                                              number_of(wavelet.color), port.row, name_of(port.side))};
    }
    if (wavelet.cycle < now()) {
      throw std::invalid_argument{fmt::format("a wavelet cannot arrive in cycle {}: it is cycle {} already",
                                              wavelet.cycle.count(), now().count())};
    }
  }
  if (!wavelets.empty()) line_up(port, wavelets);
}

MeshOutcome MeshEngine::advance_to_departure(Cycles until) {
  const std::uint64_t before = counts().edge_departures;
  MeshOutcome outcome = advance(now());
  while (outcome.status == MeshStatus::running && now() < until && counts().edge_departures == before)
    outcome = advance(now() + Cycles{1});
  return outcome;
}

}  // namespace wafersim
