// Plots for the terminal: a bar per point, or a shade per cell of a grid.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/row_writer.hpp"

#include "study/short_names.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kBar = 50;
constexpr std::array kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
constexpr std::array kShades{"  ", "░░", "▒▒", "▓▓", "██"};

struct Figure {
  const char* name;
  double (*of)(const SweepRow& row);
  std::string (*spell)(double value);
};

std::string whole(double value) {
  return grouped(static_cast<std::uint64_t>(value));
}
std::string short_number(double value) {
  return si(value, "");
}

constexpr std::array kFigures{
    Figure{"cycles", [](const SweepRow& row) { return static_cast<double>(row.figures->step.count()); },
           whole},
    Figure{"tokens_per_second", [](const SweepRow& row) { return row.figures->tokens_per_second; },
           short_number},
    Figure{"samples_per_second", [](const SweepRow& row) { return row.figures->samples_per_second; },
           short_number},
    Figure{"utilization", [](const SweepRow& row) { return row.figures->utilization; }, percent},
    Figure{"efficiency", [](const SweepRow& row) { return row.efficiency.value_or(0.0); }, percent},
};

std::string bar(double share) {
  const auto eighths = static_cast<std::size_t>(std::lround(share * 8.0 * static_cast<double>(kBar)));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + kEighths[eighths % 8];
}

void refuse_many(std::size_t varied) {
  if (varied <= 2) return;
  throw InputError{
      {.at = {.file = "--plot"},
       .key = {},
       .message = fmt::format("draws one or two keys, this study has {} with more than one value", varied)}};
}

class PlotWriter : public RowWriter {
 public:
  PlotWriter(const SweepHeading& heading, const Figure& figure, TextSink sink)
      : heading_{heading}, drawn_{heading.varied}, figure_{figure}, sink_{std::move(sink)} {
    refuse_many(drawn_.size());
    if (drawn_.empty()) drawn_.push_back(0);  // a single point is a single bar
  }

  void add(const SweepRow& row) override {
    const std::string& y = row.settings[drawn_.front()].value;
    const std::string x = drawn_.size() == 2 ? row.settings[drawn_.back()].value : "";
    remember(ys_, y);
    remember(xs_, x);
    if (row.figures) values_[{y, x}] = figure_.of(row);
  }

  void finish() override {
    double most = 0.0;
    for (const auto& cell : values_) most = std::max(most, cell.second);
    std::string title = "\n" + std::string{figure_.name};
    if (drawn_.size() == 2) {
      title += fmt::format(" by {} (down) and {} (across); full shade is {}", name(0), name(1),
                           figure_.spell(most));
    }
    sink_(title + "\n\n" + (drawn_.size() == 1 ? bars(most) : shades(most)));
  }

 private:
  static void remember(std::vector<std::string>& known, const std::string& value) {
    if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
  }
  [[nodiscard]] std::string name(std::size_t drawn) const {
    return study_detail::short_name(heading_.keys[drawn_[drawn]], heading_.keys);
  }
  // Nothing of a point that failed.
  [[nodiscard]] const double* value(const std::string& y, const std::string& x) const {
    const auto found = values_.find({y, x});
    return found == values_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::string bars(double most) const {
    Table table{{{name(0)}, {figure_.name}, {"", Align::left}}};
    for (const std::string& y : ys_) {
      const double* at = value(y, "");
      table.add({y, at == nullptr ? "failed" : figure_.spell(*at),
                 at == nullptr || most <= 0.0 ? "" : bar(*at / most)});
    }
    return table.text();
  }
  [[nodiscard]] std::string shades(double most) const {
    std::vector<TableColumn> columns{{name(0)}};
    for (const std::string& x : xs_) columns.push_back({x});
    Table table{columns};
    for (const std::string& y : ys_) {
      std::vector<std::string> cells{y};
      for (const std::string& x : xs_) {
        const double* at = value(y, x);
        const double share = at == nullptr || most <= 0.0 ? 0.0 : *at / most;
        const auto shade =
            static_cast<std::size_t>(std::lround(share * static_cast<double>(kShades.size() - 1)));
        cells.push_back(at == nullptr ? "failed" : fmt::format("{} {}", figure_.spell(*at), kShades[shade]));
      }
      table.add(std::move(cells));
    }
    return table.text();
  }

  SweepHeading heading_;
  std::vector<std::size_t> drawn_;  // of its keys
  Figure figure_;
  TextSink sink_;
  std::vector<std::string> ys_;
  std::vector<std::string> xs_;
  std::map<std::pair<std::string, std::string>, double> values_;
};

}  // namespace

std::vector<std::string> plot_figures() {
  std::vector<std::string> names;
  for (const Figure& figure : kFigures) names.emplace_back(figure.name);
  return names;
}

void check_plot(const Study& study) {
  refuse_many(varied_keys(study).size());
}

std::unique_ptr<RowWriter> plot_writer(const SweepHeading& heading, const std::string& figure,
                                       TextSink sink) {
  const auto found = std::find_if(kFigures.begin(), kFigures.end(),
                                  [&](const Figure& known) { return known.name == figure; });
  if (found == kFigures.end()) throw InternalFault{"there is no figure " + figure};
  return std::make_unique<PlotWriter>(heading, *found, std::move(sink));
}

}  // namespace wafersim
