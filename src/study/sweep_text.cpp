// A sweep as a table; long errors stand below it.
#include <fmt/format.h>

#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/row_writer.hpp"

#include "study/short_names.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kTerminal = 100;
constexpr std::size_t kNoteWidth = 56;
constexpr std::size_t kCellWidth = 20;
constexpr std::uint64_t kMostRows = 200;

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// Notes stand below their row, so that the table stays narrow.
std::string note_of(const SweepRow& row) {
  return row.figures ? row.reason : first_line(row.error);
}

std::vector<TableColumn> columns_of(const SweepHeading& heading) {
  std::vector<TableColumn> columns;
  for (const std::string& key : heading.keys)
    columns.push_back({clipped(study_detail::short_name(key, heading.keys), kCellWidth)});
  for (const char* title : {"step cycles", "time", "samples/s"}) columns.push_back({title});
  columns.push_back({heading.per_node ? "efficiency" : "vs first"});
  columns.push_back({"where it drops", Align::left});
  return columns;
}

class TextWriter : public RowWriter {
 public:
  TextWriter(const SweepHeading& heading, TextSink sink)
      : heading_{heading}, sink_{std::move(sink)}, table_{columns_of(heading)} {}

  void add(const SweepRow& row) override {
    if (++rows_ > kMostRows) return;
    std::vector<std::string> cells;
    for (const Override& setting : row.settings) cells.push_back(clipped(setting.value, kCellWidth));
    if (row.figures) {
      const PointFigures& figures = *row.figures;
      cells.push_back(grouped(figures.step.count()));
      cells.push_back(duration(figures.time));
      cells.push_back(si(figures.samples_per_second, ""));
      cells.push_back(row.efficiency ? percent(*row.efficiency) : "");
    } else {
      cells.insert(cells.end(), {"failed", "", "", ""});
    }
    cells.push_back(clipped(note_of(row), kNoteWidth));
    table_.add(std::move(cells));
    if (row.figures || row.error.size() <= kNoteWidth) return;
    std::string point;
    for (const Override& setting : row.settings) point += fmt::format(" {}={}", setting.key, setting.value);
    errors_ += fmt::format("\n{}:\n{}\n", point.empty() ? point : point.substr(1), row.error);
  }

  void finish() override {
    std::string title = fmt::format("{}: {} points", heading_.study, grouped(rows_));
    if (!heading_.held.empty()) title += ", " + heading_.held;
    sink_(wrapped(title, kTerminal, 2) + "\n\n" + table_.text());
    if (rows_ > kMostRows)
      sink_(fmt::format("  ... and {} more: see results.csv, or --format csv\n", grouped(rows_ - kMostRows)));
    sink_(errors_);
  }

 private:
  SweepHeading heading_;
  TextSink sink_;
  Table table_;
  std::uint64_t rows_{0};
  std::string errors_;
};

}  // namespace

SweepHeading heading_of(const Study& study, const SweepResults& results) {
  SweepHeading heading{.study = study.name,
                       .held = {},
                       .keys = keys_of(study),
                       .varied = varied_keys(study),
                       .per_node = results.per_node(),
                       .points = results.size()};
  if (study.tokens_per_node)
    heading.held = fmt::format("{} tokens per node and step", grouped(*study.tokens_per_node));
  if (study.global_batch) heading.held = fmt::format("{} sequences per step", grouped(*study.global_batch));
  return heading;
}

std::unique_ptr<RowWriter> text_writer(const SweepHeading& heading, TextSink sink) {
  return std::make_unique<TextWriter>(heading, std::move(sink));
}

}  // namespace wafersim
