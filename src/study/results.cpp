// Two walks over the points: the first finds what each series is compared with.
#include <algorithm>
#include <map>

#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "wafersim/base/exit_code.hpp"
#include "wafersim/study/run_key.hpp"

#include "study/efficiency.hpp"
#include "study/point_inputs.hpp"
#include "study/point_row.hpp"
#include "study/sweep_parts.hpp"

namespace wafersim {
namespace {

constexpr const char* kNodes = "cluster.nodes";

bool has_nodes(const Factor& factor) {
  return std::any_of(factor.axes.begin(), factor.axes.end(),
                     [](const Axis& axis) { return axis.key == kNodes; });
}

// Keys that tell series apart: those that do not change together with the number of nodes.
std::vector<std::string> series_keys(const Study& study) {
  std::vector<std::string> keys;
  for (const Factor& factor : study.factors) {
    if (has_nodes(factor)) continue;
    for (const Axis& axis : factor.axes) keys.push_back(axis.key);
  }
  return keys;
}

class Rows {
 public:
  Rows(SweepResults::Parts& parts, bool per_node)
      : parts_{parts}, reader_{parts.study}, keys_{series_keys(parts.study)}, per_node_{per_node} {}

  void for_each(const std::function<void(const SweepRow&)>& visit) {
    walk([&](SweepRow& row) {
      if (row.figures) first_.try_emplace(series_of(row), *row.figures);
    });
    walk([&](SweepRow& row) {
      if (row.figures) study_detail::rate(row, first_.at(series_of(row)), per_node_);
      visit(row);
    });
  }

  std::uint64_t missing() {
    std::uint64_t count = 0;
    walk_keys([&](const Point&, const boost::uuids::uuid& key, const std::string&) {
      if (!key.is_nil() && !is_known(key)) ++count;
    });
    return count;
  }

  std::uint64_t lost() {
    std::uint64_t count = 0;
    walk_keys([&](const Point&, const boost::uuids::uuid& key, const std::string&) {
      if (!key.is_nil() && parts_.journal.has_lost(key)) ++count;
    });
    return count;
  }

  std::uint64_t size() {
    std::uint64_t count = 0;
    walk_keys([&](const Point&, const boost::uuids::uuid&, const std::string&) { ++count; });
    return count;
  }

 private:
  [[nodiscard]] bool is_known(const boost::uuids::uuid& key) const {
    return parts_.journal.has(key) || parts_.journal.has_lost(key);
  }
  [[nodiscard]] std::string series_of(const SweepRow& row) const {
    std::string series;
    if (!per_node_) return series;
    for (const Override& setting : row.settings) {
      if (std::find(keys_.begin(), keys_.end(), setting.key) != keys_.end())
        series += setting.key + '=' + setting.value + '\n';
    }
    return series;
  }

  // With the key of each point, or with the reason why it has none.
  template <class Visit>
  void walk_keys(const Visit& visit) {
    PointStream points{parts_.study};
    while (const std::optional<Point> point = points.next()) {
      std::string error;
      const bool known = point->ordinal < parts_.keys.size() && !parts_.keys[point->ordinal].is_nil();
      if (!known) {
        parts_.keys.resize(std::max<std::size_t>(parts_.keys.size(), point->ordinal + 1));
        error = resolve(*point);
      }
      visit(*point, parts_.keys[point->ordinal], error);
    }
  }
  std::string resolve(const Point& point) {
    try {
      const study_detail::PointInputs inputs = reader_.read(point.settings);
      parts_.keys[point.ordinal] = boost::uuids::string_generator{}(run_key(inputs.machine, inputs.workload));
      return {};
    } catch (const InputError& error) {
      return error.what();
    }
  }

  template <class Visit>
  void walk(const Visit& visit) {
    walk_keys([&](const Point& point, const boost::uuids::uuid& key, const std::string& error) {
      SweepRow row;
      row.ordinal = point.ordinal;
      row.settings = point.settings;
      if (key.is_nil()) {
        row.exit_code = ExitCode::wrong_input;
        row.error = error;
      } else if (!is_known(key)) {
        return;
      } else {
        row.key = boost::uuids::to_string(key);
        study_detail::JournalEntry entry = parts_.journal.read(key);
        row.exit_code = entry.exit_code;
        row.error = std::move(entry.error);
        row.document = std::move(entry.document);
        if (!row.document.empty()) row.figures = study_detail::figures_of(row.document);
      }
      visit(row);
    });
  }

  SweepResults::Parts& parts_;
  study_detail::PointReader reader_;
  std::vector<std::string> keys_;
  bool per_node_;
  std::map<std::string, PointFigures> first_;  // of each series
};

}  // namespace

SweepResults::SweepResults() = default;
SweepResults::SweepResults(SweepResults&&) noexcept = default;
SweepResults& SweepResults::operator=(SweepResults&&) noexcept = default;
SweepResults::~SweepResults() = default;
SweepResults::SweepResults(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {
}

std::uint64_t SweepResults::missing() const {
  return Rows{*parts_, per_node()}.missing();
}

std::uint64_t SweepResults::lost() const {
  return Rows{*parts_, per_node()}.lost();
}

std::uint64_t SweepResults::size() const {
  return Rows{*parts_, per_node()}.size();
}

void SweepResults::for_each(const std::function<void(const SweepRow&)>& visit) const {
  Rows{*parts_, per_node()}.for_each(visit);
}

std::string SweepResults::inputs() const {
  const Study& study = parts_->study;
  const study_detail::PointInputs base = study_detail::PointReader{study}.read_base();
  Tree held = make_tree(Tree::Kind::map);
  for (const Override& setting : held_settings(study))
    held.entries.push_back({.key = setting.key, .key_at = {}, .value = make_plain(setting.value)});
  Tree inputs = make_tree(Tree::Kind::map);
  inputs.entries = {{.key = "machine", .key_at = {}, .value = to_tree(base.machine)},
                    {.key = "workload", .key_at = {}, .value = base.workload.resolved}};
  Tree all = make_tree(Tree::Kind::map);
  all.entries = {{.key = "schema", .key_at = {}, .value = make_text("wafersim.sweep-inputs/1")},
                 {.key = "model", .key_at = {}, .value = make_text(std::string{model_version()})},
                 {.key = "held", .key_at = {}, .value = std::move(held)},
                 {.key = "inputs", .key_at = {}, .value = std::move(inputs)}};
  return to_indented_json(all);
}

bool SweepResults::per_node() const {
  return std::any_of(parts_->study.factors.begin(), parts_->study.factors.end(), has_nodes);
}

}  // namespace wafersim
