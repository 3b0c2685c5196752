// How a wafer is used, in words; private to this room.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wafersim/cluster/outcome.hpp"

namespace wafersim::report_detail {

struct EqualBatches {
  std::uint64_t sequences{};  // of each
  std::uint64_t count{};
};

[[nodiscard]] std::vector<EqualBatches> equal_batches(const std::vector<std::uint64_t>& batches);
// "32 micro-batches: 2 x 17 and 30 x 16 sequences".
[[nodiscard]] std::string describe_batches(const std::vector<std::uint64_t>& batches);
// "4 column groups", "2 row bands", "the whole grid".
[[nodiscard]] std::string describe_mapping(const Mapping& mapping);
// "pipeline: 25 layers on 994 columns of PEs, ...".
[[nodiscard]] std::string describe_pipeline(const PipelineOutcome& pipeline);
// A mapping that was not chosen, and what it would have cost.
[[nodiscard]] std::string describe_runner_up(const MappingChoice& other);

}  // namespace wafersim::report_detail
