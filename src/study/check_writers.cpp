// What a check found, for people and for CI.
#include <algorithm>

#include <fmt/format.h>

#include "wafersim/study/check.hpp"

namespace wafersim {
namespace {

constexpr std::size_t kMostViolations = 10;

std::string_view word_for(const CheckResult& result) {
  switch (result.verdict) {
    case CheckResult::Verdict::same:
      return "same";
    case CheckResult::Verdict::tolerated:
      return "within tolerance";
    case CheckResult::Verdict::changed:
      return result.updated ? "CHANGED, baseline updated" : "CHANGED";
    case CheckResult::Verdict::failed:
      return "FAILED";
  }
  return "";
}

std::string details(const CheckResult& result) {
  if (result.verdict == CheckResult::Verdict::failed) return result.error + "\n";
  if (result.holds()) return {};
  std::string text = explain(result.difference);
  text += fmt::format("\n{} {} differ{}:\n", result.violations.size(),
                      result.violations.size() == 1 ? "figure" : "figures",
                      result.violations.size() == 1 ? "s" : "");
  for (std::size_t i = 0; i < std::min(result.violations.size(), kMostViolations); ++i) {
    const ValueChange& change = result.violations[i];
    text += fmt::format("  {}: {} -> {}\n", change.name, change.before.empty() ? "none" : change.before,
                        change.after.empty() ? "none" : change.after);
  }
  if (result.violations.size() > kMostViolations) text += "  ...\n";
  return text;
}

std::string indented(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += end == begin ? "\n" : "    " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

// XML 1.0 has no way to write most control characters.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20U ? ' ' : c;
    }
  }
  return out;
}

}  // namespace

std::string write_text(const std::vector<CheckResult>& results) {
  std::string text;
  for (const CheckResult& result : results)
    text += fmt::format("{}: {}\n{}", result.file.string(), word_for(result), indented(details(result)));
  const auto held =
      std::count_if(results.begin(), results.end(), [](const CheckResult& r) { return r.holds(); });
  return text + fmt::format("{} of {} baselines hold\n", held, results.size());
}

std::string write_junit(const std::vector<CheckResult>& results) {
  const auto failed =
      std::count_if(results.begin(), results.end(), [](const CheckResult& r) { return !r.holds(); });
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "  <testsuite name=\"wafersim check\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n",
      results.size(), failed);
  for (const CheckResult& result : results) {
    const std::string head =
        fmt::format("    <testcase classname=\"wafersim.check\" name=\"{}\"", escaped(result.file.string()));
    if (result.holds()) {
      text += head + "/>\n";
      continue;
    }
    const std::string what = details(result);
    text += fmt::format("{}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", head,
                        escaped(what.substr(0, what.find('\n'))), escaped(what));
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace wafersim
