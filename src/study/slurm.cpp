// Shards rather than points are tasks of the array: starting one costs Slurm about half a second.
#include "wafersim/study/slurm.hpp"

#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

[[noreturn]] void refuse(const std::string& place, const std::string& message) {
  throw InputError{{.at = {.file = place}, .key = {}, .message = message}};
}

// In single quotes, for a shell.
std::string quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return quoted + "'";
}

std::string directive(const std::string& option, const std::string& value) {
  if (value.empty()) return {};
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:,+-";
  if (value.find_first_not_of(kAllowed) != std::string::npos)
    refuse("--" + option, fmt::format("expected letters, digits and _.:,+-, got '{}'", value));
  return fmt::format("#SBATCH --{}={}\n", option, value);
}

std::string safe_name(std::string name) {
  for (char& c : name) {
    if (std::string_view{" \t\n\"'\\%"}.find(c) != std::string_view::npos) c = '-';
  }
  return name;
}

}  // namespace

std::string slurm_script(const SlurmJob& job) {
  if (job.folder.string().find_first_of("%\n\"\\ ") != std::string::npos)
    refuse("--output",
           "expected a folder without blanks, quotes, \\ and %, which Slurm reads in its own way");
  std::string script = fmt::format(
      "#!/bin/bash\n"
      "#SBATCH --job-name=wafersim-{}\n"
      "#SBATCH --array=1-{}\n"
      "#SBATCH --ntasks=1\n"
      "#SBATCH --cpus-per-task={}\n"
      "#SBATCH --output={}/slurm-%a.log\n",
      safe_name(job.name), job.shards, job.jobs, job.folder.string());
  script +=
      directive("account", job.account) + directive("partition", job.partition) + directive("time", job.time);
  script +=
      fmt::format("exec {} sweep {} -o {} --resume --quiet{} -j {} --shard \"$SLURM_ARRAY_TASK_ID/{}\"\n",
                  quoted(job.program.string()), quoted(job.study.string()), quoted(job.folder.string()),
                  job.large ? " --yes" : "", job.jobs, job.shards);
  return script;
}

std::string submit_to_slurm(const std::filesystem::path& script) {
  const std::string command = "sbatch --parsable " + quoted(script.string()) + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) refuse("--slurm", "sbatch cannot be started");
  std::string said;
  std::array<char, 256> block{};
  while (std::fgets(block.data(), static_cast<int>(block.size()), pipe) != nullptr) said += block.data();
  const int status = ::pclose(pipe);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  if (status != 0) refuse("--slurm", fmt::format("sbatch refuses {}: {}", script.string(), said));
  return said;
}

}  // namespace wafersim
