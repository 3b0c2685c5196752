// What every importer gives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wafersim/config/tree.hpp"
#include "wafersim/workload/workload.hpp"

namespace wafersim::workload_detail {

struct ImportedModel {
  Graph graph{};
  std::string key{"model"};                      // the key of a workload file that `resolved` belongs under
  Tree resolved{};                               // what was read, with its defaults: reads as the same graph
  std::optional<std::uint64_t> max_positions{};  // the longest sequence the model is made for
  bool learned_positions{};                      // a longer one is impossible, not only unusual
  bool fixed_sequence{};                         // so is a shorter one
  std::vector<std::string> not_modelled{};       // operators that were left out
  std::vector<KeptWeights> kept{};               // what the model itself says about its weights
};

}  // namespace wafersim::workload_detail
