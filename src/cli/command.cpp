// Reads a command line with Boost.Program_options, and words its complaints as ours.
#include "cli/command.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/suggest.hpp"
#include "wafersim/report/output.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kOperands = "operand";

std::string advice(const std::string& name, const po::options_description& options) {
  std::vector<std::string> known;
  for (const auto& option : options.options()) known.push_back(option->long_name());
  const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  const std::optional<std::string> near = nearest_word(bare, known);
  return near ? fmt::format("unknown option (did you mean '--{}'?)", *near) : "unknown option";
}

void print_help(const Usage& usage) {
  std::ostringstream options;
  options << usage.options;
  print(fmt::format("usage: {}\n\n{}\n{}", usage.synopsis, usage.explanation, options.str()));
}

po::variables_map read(const Usage& usage, const po::options_description& all, const Arguments& arguments) {
  po::positional_options_description positions;
  positions.add(kOperands, -1);
  po::variables_map values;
  try {
    constexpr int kStyle =
        po::command_line_style::default_style & ~static_cast<int>(po::command_line_style::allow_guessing);
    po::store(po::command_line_parser(arguments).options(all).positional(positions).style(kStyle).run(),
              values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    refuse(error.get_option_name(), advice(error.get_option_name(), usage.options));
  } catch (const po::multiple_occurrences& error) {
    refuse(error.get_option_name(), "is given more than once");
  } catch (const po::error_with_option_name& error) {
    refuse(error.get_option_name(), "needs a value, see --help");
  } catch (const po::error& error) {
    refuse("command line", error.what());
  }
  return values;
}

}  // namespace

void refuse(const std::string& place, const std::string& message) {
  throw InputError{{.at = {.file = place}, .key = {}, .message = message}};
}

std::string Parsed::text(const std::string& name) const {
  return has(name) ? values[name].as<std::string>() : std::string{};
}

std::vector<std::string> Parsed::list(const std::string& name) const {
  return has(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

Parsed parse(Usage& usage, const Arguments& arguments) {
  usage.options.add_options()("help,h", "print this");
  po::options_description all;
  all.add(usage.options).add_options()(kOperands, po::value<std::vector<std::string>>());
  Parsed parsed;
  parsed.values = read(usage, all, arguments);
  parsed.operands = parsed.list(kOperands);
  if (parsed.has("help")) {
    parsed.help = true;
    print_help(usage);
    return parsed;
  }
  if (parsed.operands.size() < usage.required_operands) {
    refuse("command line",
           fmt::format("{} is missing; usage: {}", usage.operands[parsed.operands.size()], usage.synopsis));
  }
  if (!usage.any_number && parsed.operands.size() > usage.operands.size()) {
    refuse("command line", fmt::format("'{}' is one too many; usage: {}",
                                       parsed.operands[usage.operands.size()], usage.synopsis));
  }
  return parsed;
}

std::string one_of(const Parsed& parsed, const std::string& name, const std::vector<std::string>& known) {
  std::string value = parsed.text(name);
  if (std::find(known.begin(), known.end(), value) != known.end()) return value;
  std::string words;
  for (const std::string& word : known) words += fmt::format("{}'{}'", words.empty() ? "" : ", ", word);
  refuse("--" + name, fmt::format("expected one of {}, got '{}'", words, value));
}

void deliver(const Parsed& parsed, const std::string& text) {
  if (parsed.has("output")) {
    save(parsed.text("output"), text);
  } else {
    print(text);
  }
}

void check_outputs(const Parsed& parsed, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (parsed.has(name)) require_writable(parsed.text(name));
  }
}

void say(std::string_view message) {
  static const std::shared_ptr<spdlog::logger> kLogger = [] {
    auto logger = spdlog::stderr_logger_st("wafersim");
    logger->set_pattern("%v");
    return logger;
  }();
  kLogger->info(message);
}

}  // namespace wafersim::cli
