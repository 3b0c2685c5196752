// A sweep as a table, as CSV and as lines of JSON.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/report/csv.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/sweep.hpp"

namespace wafersim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTerminal = 100;
constexpr std::size_t kNoteWidth = 56;

// "nodes" of "cluster.nodes", where no other key ends so.
std::string short_name(const std::string& key, const std::vector<std::string>& keys) {
  const auto last = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  const auto same = std::count_if(keys.begin(), keys.end(),
                                  [&](const std::string& other) { return last(other) == last(key); });
  return same == 1 ? last(key) : key;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// Notes stand below their row, so that the table stays narrow.
std::string note_of(const SweepRow& row) {
  return row.figures ? row.reason : first_line(row.error);
}

}  // namespace

std::string write_text(const Sweep& sweep) {
  std::vector<TableColumn> columns;
  for (const std::string& key : sweep.keys) columns.push_back({clipped(short_name(key, sweep.keys), 20)});
  for (const char* title : {"step cycles", "time", "samples/s"}) columns.push_back({title});
  columns.push_back({sweep.per_node ? "efficiency" : "vs first"});
  columns.push_back({"where it drops", Align::left});
  Table table{columns};
  for (const SweepRow& row : sweep.rows) {
    std::vector<std::string> cells;
    for (const Override& setting : row.settings) cells.push_back(clipped(setting.value, 20));
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
    table.add(std::move(cells));
  }
  std::string title = fmt::format("{}: {} points", sweep.study, grouped(sweep.rows.size()));
  if (!sweep.held.empty()) title += ", " + sweep.held;
  std::string out = wrapped(title, kTerminal, 2) + "\n\n" + table.text();
  for (const SweepRow& row : sweep.rows) {
    if (row.figures || row.error.size() <= kNoteWidth) continue;
    std::string point;
    for (const Override& setting : row.settings) point += fmt::format(" {}={}", setting.key, setting.value);
    out += fmt::format("\n{}:\n{}\n", point.empty() ? point : point.substr(1), row.error);
  }
  return out;
}

std::string write_csv(const Sweep& sweep) {
  std::string out;
  for (const std::string& key : sweep.keys) out += csv_cell(key) + ",";
  out += "nodes_used,step_cycles,time_ps,samples_per_second,tokens_per_second,utilization,efficiency";
  for (const Part part : kAllParts) out += fmt::format(",part_{}_cycles", to_string(part));
  out += ",reason,exit_code,error\n";
  for (const SweepRow& row : sweep.rows) {
    for (const Override& setting : row.settings) out += csv_cell(setting.value) + ",";
    if (row.figures) {
      const PointFigures& figures = *row.figures;
      out += fmt::format("{},{},{},{},{},{},{}", figures.nodes, figures.step.count(), figures.time.count(),
                         figures.samples_per_second, figures.tokens_per_second, figures.utilization,
                         row.efficiency ? fmt::format("{}", *row.efficiency) : "");
      for (const Cycles cycles : figures.parts) out += fmt::format(",{}", cycles.count());
    } else {
      out += std::string(6 + kParts, ',');
    }
    out += fmt::format(",{},{},{}\n", csv_cell(row.reason), row.exit_code, csv_cell(row.error));
  }
  return out;
}

std::string write_jsonl(const Sweep& sweep) {
  std::string out;
  for (const SweepRow& row : sweep.rows) {
    Json line = {{"schema", "wafersim.point/1"}, {"set", Json::object()}};
    for (const Override& setting : row.settings) line["set"][setting.key] = setting.value;
    line["exit_code"] = row.exit_code;
    if (row.figures) {
      const PointFigures& figures = *row.figures;
      line["nodes"] = figures.nodes;
      line["step"] = {{"cycles", figures.step.count()},
                      {"time_ps", figures.time.count()},
                      {"samples_per_second", figures.samples_per_second},
                      {"tokens_per_second", figures.tokens_per_second},
                      {"utilization", figures.utilization},
                      {"bottleneck", figures.bottleneck}};
      line["parts"] = Json::object();
      for (const Part part : kAllParts)
        line["parts"][std::string{to_string(part)}] = figures.parts[index_of(part)].count();
      line["efficiency"] = row.efficiency ? Json(*row.efficiency) : Json(nullptr);
      line["reason"] = row.reason;
    } else {
      line["error"] = row.error;
    }
    out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return out;
}

}  // namespace wafersim
