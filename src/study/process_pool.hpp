// Runs jobs as processes, some at a time, and keeps what they give; private to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace wafersim::study_detail {

// What a process gives; an exception becomes an exit code and a message.
struct Job {
  std::size_t id{};
  std::function<std::string()> work;
};

struct Finished {
  std::size_t id{};
  int exit_code{};  // see ExitCode
  bool lasting{};  // false if a signal ended the process, or this computer was too small: a second try may do
  std::string output;   // what the job gave
  std::string message;  // what was wrong
};

struct PoolCalls {
  std::function<std::optional<Job>()> next;   // nothing: no more jobs
  std::function<void(Finished)> on_finished;  // in the order in which jobs end
  std::function<bool()> stop;                 // asked when a signal arrives: true ends all processes
};

// Forks a process for each job; a process does not outlive this one. Returns when all have ended, or after
// `stop`. Throws InternalFault if no process can be started; no process is left behind then either.
void run_jobs(std::size_t at_once, const PoolCalls& calls);

}  // namespace wafersim::study_detail
