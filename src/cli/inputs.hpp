// Machines and workloads as the command line names them: files, and `--set` for both.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wafersim/config/machine.hpp"
#include "wafersim/workload/load.hpp"

#include "cli/command.hpp"

namespace wafersim::cli {

// `--set workload.KEY=VALUE` goes to the workload, any other to the machine.
struct Overrides {
  std::vector<Override> machine;
  std::vector<Override> workload;

  explicit Overrides(const std::vector<std::string>& settings);
  // Of a command with the options below.
  explicit Overrides(const Parsed& parsed);
};

// `--set`, and `--bind` and `--unknown`, which are short for keys of the workload.
void add_input_options(Usage& usage);

// What the user should know beside the result: parts of the model left out, masks that fit no layer.
void say_notes(const LoadedWorkload& workload);

struct Inputs {
  MachineSpec machine;
  LoadedWorkload workload;
};

enum class FileKind { machine, workload };

// What a file describes. Throws InputError if it is neither.
[[nodiscard]] FileKind kind_of(const std::string& file);

[[nodiscard]] MachineSpec machine_from(const std::string& file, const Overrides& overrides);
[[nodiscard]] LoadedWorkload workload_from(const std::string& file, const Overrides& overrides);
// Both; throws InputError with the problems of both.
[[nodiscard]] Inputs inputs_from(const std::string& machine, const std::string& workload,
                                 const Overrides& overrides);

// A command that turns a machine and a workload into one result: its options, and what every one of them
// reads first.
struct Request {
  Parsed parsed;
  std::string format;
  Inputs inputs;
};

// The options above, `--format` (one of `formats`, in these words), `-o` and `--quiet`.
void add_request_options(Usage& usage, const char* formats);
// Nothing if only help was asked for. Files named by `outputs` can be written. Throws InputError.
[[nodiscard]] std::optional<Request> request_of(Usage& usage, const Arguments& arguments,
                                                const std::vector<std::string>& formats,
                                                const std::vector<std::string>& outputs);

}  // namespace wafersim::cli
