// How parcels are dealt to lanes.
#include "wafersim/stream/program.hpp"

namespace wafersim {

namespace {
constexpr std::uint64_t share(std::uint64_t count, std::uint64_t lane, std::uint64_t lanes) {
  return count / lanes + (lane < count % lanes ? 1 : 0);
}
}  // namespace

Parcel Parcel::on_lane(std::uint64_t lane, std::uint64_t lanes) const {
  return {.matrix = share(matrix, lane, lanes),
          .vector = share(vector, lane, lanes),
          .bytes_per_matrix = bytes_per_matrix,
          .bytes_per_vector = bytes_per_vector};
}

std::string_view to_string(Pass pass) {
  switch (pass) {
    case Pass::forward:
      return "forward";
    case Pass::recompute:
      return "recompute";
    case Pass::gradient:
      return "gradient";
    case Pass::delta:
      return "delta";
  }
  return "?";
}

}  // namespace wafersim
