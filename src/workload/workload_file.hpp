// The top level of a workload file, beside the model or the graph.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workload/plan_fields.hpp"

namespace wafersim::workload_detail {

enum class Unknown { stop, skip };

inline std::span<const Choice<Unknown>> choices(Unknown /*kind*/) {
  static constexpr std::array kAll{Choice<Unknown>{"stop", Unknown::stop},
                                   Choice<Unknown>{"skip", Unknown::skip}};
  return kAll;
}

struct WorkloadRecord {
  std::string name;
  TrainingPlan plan;
  std::optional<std::string> bind{};
  Unknown unknown{Unknown::stop};
  std::optional<std::string> masks{};
  std::vector<std::string> not_modelled{};
};

template <class Visitor>
void visit_fields(Visitor& visit, WorkloadRecord& record) {
  visit.field("name", record.name,
              {.help = "as reports call it; the file's name if left out", .presence = Presence::defaulted});
  visit.field("bind", record.bind,
              {.help = "sizes of an ONNX model's symbolic dimensions: batch=1,sequence=2048"});
  visit.field("unknown", record.unknown,
              {.help = "what to do at an ONNX operator that is not known", .presence = Presence::defaulted});
  visit.field(
      "masks", record.masks,
      {.help = "weights or masks to count: a .npy, .npz, .safetensors or .mtx file, the index of several, "
               "or a folder of them; relative to this file"});
  visit.field("not_modelled", record.not_modelled,
              {.help = "parts of the model that were left out, in words", .presence = Presence::defaulted});
  visit_fields(visit, record.plan);
}

}  // namespace wafersim::workload_detail
