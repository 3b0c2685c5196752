// A study as an array of Slurm jobs, one for each shard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace wafersim {

struct SlurmJob {
  std::filesystem::path program;  // absolute, as the compute nodes see it
  std::filesystem::path study;    // likewise
  std::filesystem::path folder;   // likewise; shared with the compute nodes
  std::string name;
  std::uint64_t shards{1};
  std::uint64_t jobs{1};  // points at a time in each shard: its CPUs
  std::string account;    // empty: the cluster's own choice, as for the next two
  std::string partition;
  std::string time;
  bool large{};
};

// The script for sbatch. Throws InputError if an option cannot stand in it.
[[nodiscard]] std::string slurm_script(const SlurmJob& job);

// Submits the script with sbatch and returns its job's number. Throws InputError with what sbatch says.
[[nodiscard]] std::string submit_to_slurm(const std::filesystem::path& script);

}  // namespace wafersim
