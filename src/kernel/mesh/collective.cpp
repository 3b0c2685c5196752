// Which collectives there are, and what they refuse.
#include "wafersim/kernel/mesh/collective.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wafersim/base/suggest.hpp"

#include "collective_builder.hpp"

namespace wafersim {

std::vector<PeAt> every_pe(GridSize grid) {
  std::vector<PeAt> all;
  for (std::uint32_t y = 0; y < rows_of(grid); ++y) {
    for (std::uint32_t x = 0; x < columns_of(grid); ++x) all.push_back({x, y});
  }
  return all;
}
std::vector<PeAt> first_column_pes(GridSize grid) {
  std::vector<PeAt> all;
  for (std::uint32_t y = 0; y < rows_of(grid); ++y) all.push_back({0, y});
  return all;
}

const std::vector<std::string>& collective_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{"broadcast", "broadcast.2d"};
    for (const char* algorithm : {"star", "chain", "tree", "two_phase", "auto"}) {
      for (const char* kind : {"reduce.", "allreduce."}) {
        names.push_back(std::string{kind} + algorithm);
        names.push_back(std::string{kind} + algorithm + ".2d");
      }
    }
    names.insert(names.end(), {"reduce.chain.snake", "allreduce.ring"});
    std::sort(names.begin(), names.end());
    return names;
  }();
  return kNames;
}

namespace {
Collective make(const CollectiveRequest& request) {
  if (request.kernel == "allreduce.ring") return make_ring(request);
  if (request.kernel == "reduce.chain.snake") return make_snake(request);
  const bool whole_grid = request.kernel.ends_with(".2d");
  const std::string name = whole_grid ? request.kernel.substr(0, request.kernel.size() - 3) : request.kernel;
  if (name == "broadcast" && request.precision == Precision::mixed) {
    throw InputError{
        Problem{{}, "kernel.dtype", "a broadcast adds nothing up: expected f16 or f32, got mixed"}};
  }
  if (name == "broadcast") return make_broadcast(request, whole_grid);
  return make_reduce(request, name.substr(name.find('.') + 1), whole_grid, name.starts_with("allreduce."));
}
}  // namespace

Collective make_collective(const CollectiveRequest& request) {
  const std::vector<std::string>& names = collective_names();
  if (std::find(names.begin(), names.end(), request.kernel) == names.end()) {
    const auto near = nearest_word(request.kernel, names);
    throw InputError{Problem{{},
                             "kernel",
                             fmt::format("unknown kernel '{}'{}", request.kernel,
                                         near ? " (did you mean '" + *near + "'?)" : "")}};
  }
  if (request.grid.columns < 2) {
    throw InputError{
        Problem{{},
                "--grid",
                fmt::format("{} needs rows of at least 2 PEs, got {}", request.kernel, spell(request.grid))}};
  }
  if (request.length == 0) throw InputError{Problem{{}, "--size", "a vector has at least one element"}};
  const std::uint32_t room = request.parameters.memory_bytes - request.parameters.code_reserve_bytes;
  const std::uint64_t needed = VectorFormat{request}.memory_bytes();
  if (needed > room) {
    throw DoesNotFit{fmt::format(
        "a vector of {} elements does not fit in a PE: it needs {} bytes of {}, of which {} are for code",
        request.length, needed, request.parameters.memory_bytes, request.parameters.code_reserve_bytes)};
  }
  Collective result = make(request);
  if (request.precision == Precision::mixed) result.published.reset();  // no model has the widening
  return result;
}

}  // namespace wafersim
