// One row per point, with the figures that every point has.
#include <fmt/format.h>

#include "wafersim/report/csv.hpp"

#include "study/sweep_columns.hpp"

namespace wafersim {
namespace study_detail {

std::vector<Column> columns_of(const SweepHeading& heading) {
  std::vector<Column> columns;
  for (const std::string& key : heading.keys) columns.push_back({key, ColumnKind::text});
  for (const char* name : {"nodes_used", "step_cycles", "time_ps"})
    columns.push_back({name, ColumnKind::integer});
  for (const char* name : {"samples_per_second", "tokens_per_second", "utilization", "efficiency"})
    columns.push_back({name, ColumnKind::real});
  for (const Part part : kAllParts)
    columns.push_back({fmt::format("part_{}_cycles", to_string(part)), ColumnKind::integer});
  columns.push_back({"reason", ColumnKind::text});
  columns.push_back({"exit_code", ColumnKind::integer});
  columns.push_back({"error", ColumnKind::text});
  columns.push_back({"key", ColumnKind::text});
  return columns;
}

std::vector<std::string> cells_of(const SweepRow& row) {
  std::vector<std::string> cells;
  for (const Override& setting : row.settings) cells.push_back(setting.value);
  if (row.figures) {
    const PointFigures& figures = *row.figures;
    for (const std::uint64_t count : {figures.nodes, figures.step.count(), figures.time.count()})
      cells.push_back(std::to_string(count));
    for (const double figure : {figures.samples_per_second, figures.tokens_per_second, figures.utilization})
      cells.push_back(fmt::format("{}", figure));
    cells.push_back(row.efficiency ? fmt::format("{}", *row.efficiency) : "");
    for (const Cycles cycles : figures.parts) cells.push_back(std::to_string(cycles.count()));
  } else {
    constexpr std::size_t kFigures = 7;
    cells.insert(cells.end(), kFigures + kParts, "");
  }
  cells.insert(cells.end(), {row.reason, std::to_string(row.exit_code), row.error, row.key});
  return cells;
}

}  // namespace study_detail

namespace {

class CsvWriter : public RowWriter {
 public:
  CsvWriter(const SweepHeading& heading, TextSink sink) : sink_{std::move(sink)} {
    std::vector<std::string> titles;
    for (const study_detail::Column& column : study_detail::columns_of(heading))
      titles.push_back(column.name);
    put(titles);
  }
  void add(const SweepRow& row) override { put(study_detail::cells_of(row)); }

 private:
  void put(const std::vector<std::string>& cells) {
    std::string line;
    for (const std::string& cell : cells) line += (&cell == &cells.front() ? "" : ",") + csv_cell(cell);
    sink_(line + '\n');
  }

  TextSink sink_;
};

}  // namespace

std::unique_ptr<RowWriter> csv_writer(const SweepHeading& heading, TextSink sink) {
  return std::make_unique<CsvWriter>(heading, std::move(sink));
}

}  // namespace wafersim
