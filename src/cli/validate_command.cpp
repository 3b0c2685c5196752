// `wafersim validate`: published numbers beside the simulator's, with error, tolerance and source.
#include <algorithm>
#include <cmath>
#include <iostream>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/suggest.hpp"
#include "wafersim/study/validation.hpp"

#include "cli/mesh_commands.hpp"

namespace wafersim {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const ValidationGroup& group : validation_groups()) names.push_back(group.name);
  return names;
}

void print_help() {
  std::cout << "usage: wafersim validate [NAME...]\n\nPublished numbers beside the simulator's; exits 1 when "
               "one is "
               "out of its tolerance.\nWithout a name, all of:\n\n";
  for (const ValidationGroup& group : validation_groups())
    std::cout << fmt::format("  {:<12} {}\n", group.name, group.title);
}

void check_names(std::span<const std::string> wanted) {
  const std::vector<std::string> known = names();
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = nearest_word(name, known);
    throw InputError{
        Problem{{},
                name,
                fmt::format("nothing to validate by this name{}; known: {}",
                            near ? " (did you mean '" + *near + "'?)" : "", fmt::join(known, ", "))}};
  }
}

struct Tally {
  std::size_t points{};
  std::size_t out{};
  std::vector<std::string> gaps;  // reasons, numbered from 1 where they are shown
};

std::string mark_of(const ValidationPoint& point, Tally& tally) {
  if (!point.holds()) return "  OUT OF TOLERANCE";
  if (point.known_gap.empty()) return "";
  const auto at = std::find(tally.gaps.begin(), tally.gaps.end(), point.known_gap);
  const auto number = at - tally.gaps.begin() + 1;
  if (at == tally.gaps.end()) tally.gaps.push_back(point.known_gap);
  return fmt::format("  [{}]", number);
}

void print_group(const ValidationGroup& group, Tally& tally) {
  std::cout << fmt::format("{}\nsource: {}\n\n{:<44} {:>10} {:>10} {:>9} {:>9}\n", group.title, group.source,
                           "", "published", "simulated", "error", "allowed");
  std::vector<double> errors;
  for (const ValidationPoint& point : group.run()) {
    errors.push_back(std::abs(point.error()));
    ++tally.points;
    tally.out += point.holds() ? 0 : 1;
    std::cout << fmt::format("{:<44} {:>10.0f} {:>10.0f} {:>+8.2f}% {:>8.1f}%{}\n", point.what,
                             point.published, point.simulated, point.error(), point.tolerance,
                             mark_of(point, tally));
  }
  if (errors.empty()) return;
  std::sort(errors.begin(), errors.end());
  const auto at = [&](std::size_t percent) { return errors[(errors.size() - 1) * percent / 100]; };
  std::cout << fmt::format("\nerrors without sign: median {:.2f} %, 90 % within {:.2f} %, worst {:.2f} %\n",
                           at(50), at(90), at(100));
  std::cout << '\n';
}

}  // namespace

int run_validate_command(std::span<const std::string> args) {
  if (std::find(args.begin(), args.end(), "--help") != args.end()) {
    print_help();
    return 0;
  }
  check_names(args);
  Tally tally;
  for (const ValidationGroup& group : validation_groups()) {
    if ((args.empty() && !group.only_by_name) ||
        std::find(args.begin(), args.end(), group.name) != args.end())
      print_group(group, tally);
  }
  for (std::size_t i = 0; i < tally.gaps.size(); ++i)
    std::cout << fmt::format("[{}] a known gap, with the bound that it keeps: {}\n", i + 1, tally.gaps[i]);
  std::cout << fmt::format("{} of {} points are within what is allowed\n", tally.points - tally.out,
                           tally.points);
  return tally.out == 0 ? 0 : 1;
}

}  // namespace wafersim
