// The options of `wafersim sweep`.
#pragma once

#include <filesystem>
#include <string>

#include "wafersim/study/points.hpp"

#include "cli/command.hpp"

namespace wafersim::cli {

struct SweepChoices {
  std::size_t jobs{};
  Shard shard;
  std::uint64_t slurm_shards{};
};

[[nodiscard]] Usage sweep_usage();
// Throws InputError: wrong numbers, or options that do not go together.
[[nodiscard]] SweepChoices sweep_choices(const Parsed& parsed);

// `-j`: points or runs at a time; as many as there are cores without it.
[[nodiscard]] std::size_t jobs_of(const Parsed& parsed);
// Where this program's file is.
[[nodiscard]] std::filesystem::path own_program();

}  // namespace wafersim::cli
