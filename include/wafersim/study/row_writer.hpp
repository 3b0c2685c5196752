// Ways to write down the rows of a sweep, one after the other.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wafersim/study/sweep.hpp"

namespace wafersim {

// What all rows of a sweep have in common.
struct SweepHeading {
  std::string study;
  std::string held;                 // in words, empty if nothing is
  std::vector<std::string> keys;    // of the settings of every row
  std::vector<std::size_t> varied;  // of them, those with more than one value
  bool per_node{};                  // efficiency is that of a node
  std::uint64_t points{};
};

[[nodiscard]] SweepHeading heading_of(const Study& study, const SweepResults& results);

class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  virtual ~RowWriter() = default;
  virtual void add(const SweepRow& row) = 0;
  virtual void finish() {}  // after the last row
};

// A point that has not been run, as one line of JSON.
[[nodiscard]] std::string point_line(const Point& point);

using TextSink = std::function<void(std::string_view text)>;

// One line of JSON per point.
[[nodiscard]] std::unique_ptr<RowWriter> jsonl_writer(TextSink sink);
// One row per point.
[[nodiscard]] std::unique_ptr<RowWriter> csv_writer(const SweepHeading& heading, TextSink sink);
// A table for the terminal, of the first points only if there are very many.
[[nodiscard]] std::unique_ptr<RowWriter> text_writer(const SweepHeading& heading, TextSink sink);
// A table `points` with the columns of the CSV and the whole document, and a table `study`. The file appears
// when it is complete; the same rows give the same bytes. Throws InputError if it cannot be written.
[[nodiscard]] std::unique_ptr<RowWriter> sqlite_writer(const SweepHeading& heading,
                                                       const std::filesystem::path& file);
// Throws InputError if more than two keys of the study have more than one value.
void check_plot(const Study& study);
// Bars over the values of one key, or shades over those of two; keys with one value are left out. `figure` is
// one of plot_figures(). Throws InputError as check_plot does.
[[nodiscard]] std::unique_ptr<RowWriter> plot_writer(const SweepHeading& heading, const std::string& figure,
                                                     TextSink sink);
[[nodiscard]] std::vector<std::string> plot_figures();

// results.jsonl, results.csv, results.sqlite and inputs.json of a folder, each whole or as it was. `also`
// sees the rows too.
void write_results(const SweepResults& results, const SweepHeading& heading,
                   const std::filesystem::path& folder, RowWriter& also);

}  // namespace wafersim
