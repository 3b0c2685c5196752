// The columns that the CSV and the database of a sweep share; private to this room.
#pragma once

#include <string>
#include <vector>

#include "wafersim/study/row_writer.hpp"

namespace wafersim::study_detail {

enum class ColumnKind { text, integer, real };

struct Column {
  std::string name;
  ColumnKind kind{ColumnKind::text};
};

[[nodiscard]] std::vector<Column> columns_of(const SweepHeading& heading);
// One text per column; empty where a point has no such figure.
[[nodiscard]] std::vector<std::string> cells_of(const SweepRow& row);

}  // namespace wafersim::study_detail
