// The top level of a workload file, beside the model or the graph.
#pragma once

#include <string>

#include "workload/plan_fields.hpp"

namespace wafersim::workload_detail {

struct WorkloadRecord {
  std::string name;
  TrainingPlan plan;
};

template <class Visitor>
void visit_fields(Visitor& visit, WorkloadRecord& record) {
  visit.field("name", record.name,
              {.help = "as reports call it; the file's name if left out", .presence = Presence::defaulted});
  visit_fields(visit, record.plan);
}

}  // namespace wafersim::workload_detail
