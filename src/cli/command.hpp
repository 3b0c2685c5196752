// The subcommands, and what they share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options.hpp>

namespace wafersim::cli {

using Arguments = std::vector<std::string>;

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const Arguments& arguments);  // gives the exit code
};

[[nodiscard]] std::span<const Command> commands();

int run_command(const Arguments& arguments);
int describe_command(const Arguments& arguments);
int convert_command(const Arguments& arguments);
int pipeline_command(const Arguments& arguments);
int scale_command(const Arguments& arguments);
int sweep_command(const Arguments& arguments);
int compare_command(const Arguments& arguments);
int check_command(const Arguments& arguments);
int sensitivity_command(const Arguments& arguments);
int kernel_command(const Arguments& arguments);
int layer_command(const Arguments& arguments);

// How a subcommand is called: `options` are those that have a name, `operands` those that have none.
struct Usage {
  std::string_view synopsis;
  std::string_view explanation;  // with examples
  boost::program_options::options_description options;
  std::vector<std::string> operands;
  std::size_t required_operands{};
  bool any_number{};  // the last operand may be repeated
};

struct Parsed {
  boost::program_options::variables_map values;
  std::vector<std::string> operands;
  bool help{};  // was asked for, and has been printed

  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const { return values.count(name) > 0; }
};

// Throws InputError with this message on an option or file.
[[noreturn]] void refuse(const std::string& place, const std::string& message);

// Throws InputError that names the option.
[[nodiscard]] Parsed parse(Usage& usage, const Arguments& arguments);

// The one of `known` that `--name` gives. Throws InputError.
std::string one_of(const Parsed& parsed, const std::string& name, const std::vector<std::string>& known);

// Gives a result to the file of `-o`, or to standard output.
void deliver(const Parsed& parsed, const std::string& text);
// Refuses files that could not be written, before the work begins.
void check_outputs(const Parsed& parsed, const std::vector<std::string>& names);

// A message to the user, on stderr.
void say(std::string_view message);

}  // namespace wafersim::cli
