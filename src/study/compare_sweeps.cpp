// Points are matched by what the study set for them.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/difference.hpp"

#include "study/difference_parts.hpp"
#include "study/sweep_folder.hpp"

namespace wafersim {
namespace {

namespace fs = std::filesystem;
using study_detail::SweepFolder;
using study_detail::SweepPoint;

constexpr std::size_t kMostRows = 20;
constexpr std::size_t kMostNames = 5;
constexpr std::size_t kPointWidth = 44;

struct Pair {
  std::string point;
  const SweepPoint* before;
  const SweepPoint* after;

  [[nodiscard]] bool both() const { return before->cycles > 0 && after->cycles > 0; }
  [[nodiscard]] bool differs() const {
    return before->cycles != after->cycles || before->parts != after->parts;
  }
  [[nodiscard]] double relative() const {
    if (before->cycles == 0) return 0.0;
    return static_cast<double>(static_cast<std::int64_t>(after->cycles - before->cycles)) /
           static_cast<double>(before->cycles);
  }
};

Part changed_part(const Pair& pair) {
  SignedByPart change = pair.after->parts;
  for (std::size_t i = 0; i < kParts; ++i) change[i] -= pair.before->parts[i];
  return study_detail::leading_part(change);
}

// The name whose value changed most between two maps.
template <class Value>
std::string largest_change(const std::map<std::string, Value>& before,
                           const std::map<std::string, Value>& after) {
  std::string name;
  Value most{};
  for (const auto& [key, value] : after) {
    const auto known = before.find(key);
    const Value change = std::abs(value - (known == before.end() ? Value{} : known->second));
    if (change <= most) continue;
    most = change;
    name = key;
  }
  return name;
}

std::string change_of(const Pair& pair) {
  return fmt::format("{:+.3g} %", 100.0 * pair.relative());
}

std::string table_of(const std::vector<Pair>& pairs) {
  Table table{{{"point", Align::left},
               {"before"},
               {"now"},
               {"change"},
               {"part"},
               {"layer", Align::left},
               {"station", Align::left}}};
  for (std::size_t i = 0; i < std::min(pairs.size(), kMostRows); ++i) {
    const Pair& pair = pairs[i];
    const auto cycles = [](const SweepPoint& side) {
      return side.cycles == 0 ? "failed" : grouped(side.cycles);
    };
    const bool both = pair.both();
    table.add({clipped(pair.point, kPointWidth), cycles(*pair.before), cycles(*pair.after),
               both ? change_of(pair) : "", both ? std::string{to_string(changed_part(pair))} : "",
               both ? largest_change(pair.before->layers, pair.after->layers) : "",
               both ? largest_change(pair.before->busy, pair.after->busy) : ""});
  }
  std::string text = "\nCycles of a step, and the part, layer and station that changed most\n" + table.text();
  if (pairs.size() > kMostRows) text += fmt::format("  ... and {} more\n", pairs.size() - kMostRows);
  return text;
}

std::vector<Pair> pairs_of(const SweepFolder& before, const SweepFolder& after) {
  std::vector<Pair> pairs;
  for (const auto& [name, point] : before.points) {
    const auto found = after.points.find(name);
    if (found != after.points.end())
      pairs.push_back({.point = name, .before = &point, .after = &found->second});
  }
  return pairs;
}

// In the order of the largest change.
std::vector<Pair> changed_ones(const std::vector<Pair>& pairs) {
  std::vector<Pair> changed;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(changed),
               [](const Pair& pair) { return pair.differs(); });
  std::stable_sort(changed.begin(), changed.end(), [](const Pair& a, const Pair& b) {
    return std::abs(a.relative()) > std::abs(b.relative());
  });
  return changed;
}

std::string counts_of(const std::vector<Pair>& changed) {
  std::size_t fewer = 0;
  std::size_t more = 0;
  std::size_t failed = 0;
  for (const Pair& pair : changed) {
    if (!pair.both()) {
      ++failed;
    } else if (pair.after->cycles != pair.before->cycles) {
      ++(pair.after->cycles < pair.before->cycles ? fewer : more);
    }
  }
  return fmt::format("{} take fewer cycles, {} take more{}\n", fewer, more,
                     failed == 0 ? "" : fmt::format(", {} failed in one of the two", failed));
}

// The points that only `has` has; nothing if there are none.
std::string only_in(const SweepFolder& has, const SweepFolder& other) {
  std::string names;
  std::size_t count = 0;
  for (const auto& [name, point] : has.points) {
    if (other.points.contains(name)) continue;
    if (count < kMostNames) names += fmt::format("  {}\n", name);
    ++count;
  }
  if (count == 0) return {};
  if (count > kMostNames) names += fmt::format("  ... and {} more\n", count - kMostNames);
  return fmt::format("\nPoints only in {}\n{}", has.folder.string(), names);
}

std::string inputs_text(const SweepFolder& before, const SweepFolder& after) {
  for (const SweepFolder* sweep : {&before, &after}) {
    if (!sweep->has_inputs)
      return fmt::format("\n{} does not say what its inputs were: merge it again with this program\n",
                         sweep->folder.string());
  }
  const std::vector<ValueChange> changes = study_detail::value_changes(before.inputs, after.inputs);
  return changes.empty() ? "" : "\n" + study_detail::value_table("Inputs that differ", changes);
}

const Pair& wanted(const std::vector<Pair>& pairs, const std::string& point) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    return pair.point == point || pair.before->key == point || pair.after->key == point;
  });
  if (found != pairs.end() && found->both()) return *found;
  const bool failed = found != pairs.end();
  throw InputError{
      {.at = {.file = "--point"},
       .key = {},
       .message = failed ? fmt::format("'{}' failed in one of the sweeps", point)
                         : fmt::format("'{}' is not a point of both sweeps{}", point,
                                       pairs.empty() ? "" : ": they have '" + pairs[0].point + "'")}};
}

}  // namespace

std::string compare_sweeps(const fs::path& before, const fs::path& after, const std::string& point) {
  const SweepFolder old = study_detail::load_sweep(before);
  const SweepFolder now = study_detail::load_sweep(after);
  const std::vector<Pair> pairs = pairs_of(old, now);
  const std::vector<Pair> changed = changed_ones(pairs);
  const auto largest =
      std::find_if(changed.begin(), changed.end(), [](const Pair& pair) { return pair.both(); });
  const Pair* explained = largest == changed.end() ? nullptr : &*largest;
  if (!point.empty()) explained = &wanted(pairs, point);

  std::string text = fmt::format("{} points in both, {} differ; {} only in {}, {} only in {}\n", pairs.size(),
                                 changed.size(), old.points.size() - pairs.size(), before.string(),
                                 now.points.size() - pairs.size(), after.string());
  if (!changed.empty()) text += counts_of(changed) + table_of(changed);
  text += only_in(old, now) + only_in(now, old) + inputs_text(old, now);
  if (explained == nullptr) return text;
  return text + fmt::format("\n{}{}\n", explained->point, point.empty() ? ", which changed most" : "") +
         write_text(difference_of(study_detail::result_of(before, explained->point),
                                  study_detail::result_of(after, explained->point)));
}

}  // namespace wafersim
