// Sizes and addresses of a gradient pass.
#include "ws_gradient_tile.hpp"

#include <algorithm>

#include "wafersim/kernel/ws_flow.hpp"

#include "ws_programs.hpp"

namespace wafersim {
namespace {

std::uint32_t up(std::uint32_t value, std::uint32_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

GradientTile::GradientTile(const WsRequest& r)
    : outputs{r.out},
      deal{r},
      filters{r.zeros.has_value()},
      by_delta{gradient_style_of(r) == GradientStyle::by_delta} {
  remote = std::min(outputs, (deal.columns - 1) * deal.block);
  delta_bytes = filters ? 4 : deal.operand_bytes;
  in_wavelet = 4 / delta_bytes;
  delta_elements = up(deal.tokens, in_wavelet);
  sums_in_wavelet = 4 / deal.sum_bytes;
  rows = by_delta ? deal.tokens : deal.features;
  row_bytes = up((by_delta ? deal.features : deal.tokens) * deal.operand_bytes, 16);
  queue = {.slots = r.accumulators};
  if (by_delta) {
    sum_elements = up(deal.features, sums_in_wavelet);
    queue.slot_elements = sum_elements;
    queue.element_bytes = deal.sum_bytes;
  } else {
    queue.slot_elements = delta_elements;
    queue.element_bytes = deal.operand_bytes;
  }
  queue.slot_bytes = up(queue.slot_elements * queue.element_bytes, 16);
  // Full width needs the two vectors that a beat reads eight bytes apart modulo sixteen.
  working_address = rows * row_bytes + 8;
  queue.address = by_delta ? working_address : working_address + queue.slot_bytes;
  const std::uint32_t used = queue.address + queue.slots * queue.slot_bytes;
  block_address = used;
  memory_bytes = up(block_address + deal.block * delta_elements * delta_bytes, 4) + 16;
}

std::uint32_t GradientTile::sum_wavelets(const WsRequest& request, std::uint32_t column) const {
  if (by_delta) return request.out * sum_elements / sums_in_wavelet;
  if (request.mask == nullptr) return request.out * (deal.last_of(column) - deal.first_of(column));
  std::uint64_t kept = 0;
  for (std::uint32_t j = 0; j < request.out; ++j)
    kept += request.mask->kept(j, deal.first_of(column), deal.last_of(column));
  return static_cast<std::uint32_t>(kept);
}

std::vector<WeightWavelet> index_stream(const WsRequest& request, const GradientTile& tile,
                                        std::uint32_t column) {
  std::vector<WeightWavelet> stream;
  for (std::uint32_t turn = 0; turn < request.out; ++turn) {
    stream.push_back({.value = 0, .control = true});
    for (const std::uint32_t feature : kept_features(request, tile.deal, column, tile.output_at(turn)))
      stream.push_back({feature << 16U});
  }
  return stream;
}

}  // namespace wafersim
