// What is known of a machine, of a workload and of the two together before anything is simulated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wafersim/config/derived.hpp"
#include "wafersim/config/tree.hpp"
#include "wafersim/memoryx/tensor.hpp"
#include "wafersim/wafer/mapper.hpp"
#include "wafersim/wafer/sram.hpp"
#include "wafersim/workload/load.hpp"
#include "wafersim/workload/summary.hpp"

namespace wafersim {

struct MachineDescription {
  Tree resolved;
  std::vector<DerivedFigure> figures;
};

struct WorkloadDescription {
  Tree resolved;
  Workload workload;
  WorkloadSummary summary;
  SramBudget sequence;     // of one sequence, in all PEs together
  ByTensor<Bytes> stored;  // in MemoryX
};
[[nodiscard]] WorkloadDescription describe_workload(const LoadedWorkload& loaded);

// Where the workload fits: on every one of so many nodes.
struct FitDescription {
  std::uint64_t nodes{};
  WaferPlan plan;
};

struct Description {
  std::optional<MachineDescription> machine;
  std::optional<WorkloadDescription> workload;
  std::optional<FitDescription> fit;  // of both
};

[[nodiscard]] std::string write_text(const Description& description);
// One JSON document.
[[nodiscard]] std::string write_json(const Description& description);

}  // namespace wafersim
